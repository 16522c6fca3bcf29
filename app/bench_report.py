"""What a bench found, as a table and as JSON values."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.bench import ORIGINAL, Report, Task
from models.bench.contest import Sample, ratio, spread
from models.bench.gemm import OPERATIONS, SIDE
from models.ort import runtime_module

TIMES = (
    "what",
    "on",
    "runs",
    "median ms",
    "5-95 %",
    "CPU ms",
    "of PyTorch's",
    "quartiles",
    "by CPU",
    "GFLOP/s",
    "of peak",
    "peak MB",
    "steady MB",
)
LEGEND = (
    "of PyTorch's: our median time as a share of its, which is that of the CPU beside a GPU too;\n"
    "quartiles: of that, run by run;\n"
    "by CPU: the same of processor time; of peak: of the fastest product of matrices here."
)
PRODUCT = f"{SIDE}² product"
Rows = list[list[str]]


def rows(report: Report) -> Rows:
    """The table: a heading, then a row for each task and contestant, products, and starts."""
    found = [list(TIMES)]
    for task in report.tasks:
        found += [_row(report, task, who) for who in task.samples]
    products = Task(PRODUCT, report.gemm, OPERATIONS)
    found += [_row(report, products, who) for who in report.gemm]
    for who, seconds in report.starts.items():
        taken = [Sample(one) for one in seconds]
        found.append(_row(report, Task("start", {**_as_samples(report), who: taken}), who))
    return found


def aligned(table: Rows) -> str:
    """The table for a terminal: the first two columns to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = []
    for row in table:
        cells = [
            cell.ljust(width) if k < 2 else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def markdown(table: Rows) -> str:
    """The table for pasting into a page."""
    heading, *others = (f"| {' | '.join(row)} |" for row in table)
    return "\n".join([heading, "|---" * len(table[0]) + "|", *others])


def values(report: Report) -> dict[str, Any]:
    """Everything measured, every run of it, as JSON values; seconds and bytes."""
    return {
        "machine": machine(),
        "pack": report.pack,
        "notes": report.notes,
        "tasks": [asdict(task) for task in report.tasks],
        "product": {
            "operations": OPERATIONS,
            "samples": {who: [asdict(one) for one in found] for who, found in report.gemm.items()},
        },
        "starts": report.starts,
    }


def machine() -> dict[str, Any]:
    """What was measured on."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "onnxruntime": runtime_module().__version__,
    }


def _as_samples(report: Report) -> dict[str, list[Sample]]:
    return {who: [Sample(one) for one in found] for who, found in report.starts.items()}


def _row(report: Report, task: Task, who: str) -> list[str]:
    samples = task.samples[who]
    found = spread([one.seconds for one in samples])
    speed = _operations(task, who) / found.least
    peak = report.peak(who)
    most = [one.peak for one in samples if one.peak is not None]
    now = [float(one.now) for one in samples if one.now is not None]
    return [
        task.name,
        who,
        str(len(samples)),
        _ms(found.median),
        f"{_ms(found.ends[0])}-{_ms(found.ends[1])}",
        _ms(spread([one.cpu for one in samples]).median) if samples[0].cpu else "",
        *_compared(task, who),
        f"{speed / 1e9:.0f}" if speed else "",
        f"{speed / peak:.0%}" if speed and peak else "",
        f"{max(most) / 1e6:.0f}" if most else "",
        f"{spread(now).median / 1e6:.0f}" if now else "",
    ]


def _operations(task: Task, who: str) -> int:
    """Those of one run, 0 where unknown: the original does more arithmetic than our graphs do."""
    same = who != ORIGINAL or task.name == PRODUCT
    return task.operations if task.operations and same else 0


def _compared(task: Task, who: str) -> list[str]:
    """The ratios to the original: of medians, its quartiles, and of CPU time."""
    theirs, ours = task.samples.get(ORIGINAL), task.samples[who]
    if not theirs or who == ORIGINAL:
        return ["", "", ""]
    wall = ratio([one.seconds for one in ours], [one.seconds for one in theirs])
    low, high = wall.quartiles
    cpu = ""
    if ours[0].cpu and theirs[0].cpu:
        cpu = f"{ratio([one.cpu for one in ours], [one.cpu for one in theirs]).medians:.2f}"
    return [f"{wall.medians:.2f}", f"{low:.2f}-{high:.2f}", cpu]


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.0f}" if seconds >= 0.1 else f"{1000 * seconds:.1f}"


def _processor() -> str:
    """The processor as its maker numbers it: clouds rent several generations under one name."""
    info = Path("/proc/cpuinfo")
    if not info.exists():
        return platform.processor()
    lines = [line.split(":", 1) for line in info.read_text("utf-8").splitlines() if ":" in line]
    facts = {key.strip(): value.strip() for key, value in reversed(lines)}  # the first core's
    numbers = [f"{key} {facts[key]}" for key in ("cpu family", "model") if key in facts]
    return ", ".join([facts.get("model name", platform.machine()), *numbers])


def titles(report: Report) -> Sequence[str]:
    """What stands above the table."""
    on = machine()
    where = f"{on['processor']}, {on['cores']} cores, {on['system']}"
    return [f"{report.pack} on {where}, ONNX Runtime {on['onnxruntime']}", *report.notes]
