"""What a bench found as a picture: bars, to scale within each task."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

from app.bench import ORIGINAL, Report
from app.bench_report import titles
from app.cli_results import unwritable
from models.bench.contest import spread

WIDTH, MARGIN, TITLE = 1200, 28, 20
NAMES, BAR, GAP, GROUP_GAP = 190, 22, 6, 18  # pixels: left column, bar, between bars, between tasks
LONGEST = 560  # of a bar
PAPER, INK, FAINT = "#ffffff", "#1b1d21", "#6b7280"
COLOURS = ("#2563eb", "#0d9488", "#9333ea", "#d97706")  # of ours, by device
THEIRS = "#9ca3af"


class Bar(NamedTuple):
    """One bar: whose, how long against the longest of its group (0..1), and what is said of it."""

    who: str
    share: float
    words: str


class Group(NamedTuple):
    """The bars of one task."""

    name: str
    bars: list[Bar]


def groups(report: Report) -> list[Group]:
    """What is drawn: times of tasks and of starts, then peak memory."""
    found = [
        _group(
            task.name,
            {who: spread([s.seconds for s in all_]).median for who, all_ in task.samples.items()},
        )
        for task in report.tasks
    ]
    starts = {who: spread(seconds).median for who, seconds in report.starts.items()}
    found += [_group("start", starts)] if starts else []
    for task in report.tasks:
        peaks = {who: max(s.peak or 0 for s in all_) for who, all_ in task.samples.items()}
        if all(peaks.values()):
            found.append(_group(f"{task.name}, memory", peaks, unit="MB", scale=1e-6))
    return found


def draw(report: Report, path: Path) -> None:
    """Write the chart as PNG. Raises CommandError where the file cannot be written."""
    found = groups(report)
    heights = [len(group.bars) * (BAR + GAP) + GROUP_GAP for group in found]
    top = MARGIN + 2 * (TITLE + 8) + GROUP_GAP
    image = Image.new("RGB", (WIDTH, top + sum(heights) + MARGIN), PAPER)
    pen = ImageDraw.Draw(image)
    large, small = ImageFont.load_default(TITLE), ImageFont.load_default(15)
    pen.text(
        (MARGIN, MARGIN),
        "Median times, then peak memory; bars of a task are to scale",
        INK,
        font=large,
    )
    pen.text((MARGIN, MARGIN + TITLE + 8), titles(report)[0], FAINT, font=small)
    colours = _colours([bar.who for group in found for bar in group.bars])
    y = top
    for group, height in zip(found, heights, strict=True):
        pen.text((MARGIN, y + 2), group.name, INK, font=small)
        for k, bar in enumerate(group.bars):
            above = y + k * (BAR + GAP)
            length = max(2, round(LONGEST * bar.share))
            left = MARGIN + NAMES
            pen.rectangle((left, above, left + length, above + BAR), colours[bar.who])
            said = f"{bar.who}  {bar.words}"
            pen.text((left + length + 10, above + 2), said, INK, font=small)
        y += height
    try:
        image.save(path, "PNG")
    except OSError as e:
        raise unwritable(path, e) from e


def _group(
    name: str, found: dict[str, float] | dict[str, int], unit: str = "ms", scale: float = 1e3
) -> Group:
    longest, theirs = max(found.values()), found.get(ORIGINAL)
    bars = []
    for who, value in found.items():
        words = (
            f"{value * scale:.3g} {unit}" if value * scale < 100 else f"{value * scale:.0f} {unit}"
        )
        if theirs and who != ORIGINAL:
            words += f"  ({value / theirs:.2f} of {ORIGINAL})"
        bars.append(Bar(who, value / longest, words))
    return Group(name, bars)


def _colours(names: Sequence[str]) -> dict[str, str]:
    ours = [name for name in dict.fromkeys(names) if name != ORIGINAL]
    chosen = {name: COLOURS[k % len(COLOURS)] for k, name in enumerate(ours)}
    return {**chosen, ORIGINAL: THEIRS}
