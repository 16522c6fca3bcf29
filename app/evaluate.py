"""How good a model's answers are: simulated clicks against known masks, without Qt.

The protocol is the usual one for interactive segmentation. The first click is the object pixel
farthest from the object's border; each later one is the pixel farthest from the border of the
largest connected error, included where the object was missed and excluded where the mask spilt.
After each click the overlap (IoU) with the known mask is noted. An object that has reached 90 % is
left after ten clicks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, cast

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from app.domain.mask import Mask, upsample
from models.base import Click, Logits, Model, Rgb8

Bits: TypeAlias = NDArray[np.bool_]  # (height, width)

AT = (1, 2, 3, 5, 10)  # clicks after which the mean IoU is reported
TARGETS = (0.85, 0.90)  # IoU whose number of clicks is reported
# MobileSAM as it comes, by the same protocol on the same objects: the curve to beat
GIVEN: Mapping[str, tuple[float, ...]] = {
    "davis": (0.643, 0.704, 0.791, 0.843, 0.875),
    "grabcut": (0.620, 0.666, 0.875, 0.925, 0.959),
    "alpha": (0.898, 0.890, 0.885, 0.960, 0.962),
    "coco": (0.496, 0.615, 0.714, 0.810, 0.871),
}
PER_FOLDER = {"davis": 5}  # frames taken of each sequence, as for the curve above; else all
FRAME_SUFFIXES = {".jpg", ".jpeg", ".png"}


class EvaluationError(Exception):
    """The data cannot be evaluated on; the text names the folder or file."""


@dataclass(frozen=True, slots=True)
class Folders:
    """A folder of frames and the folder of their masks: PNG files of the same stems.

    At most `per_folder` frames are taken, evenly spaced; 0 takes all. With `ids`, a grey mask holds
    object numbers; without, it holds one object: 255 inside, 0 outside, 128 not scored. A palette
    PNG always holds object numbers.
    """

    frames: Path
    masks: Path
    per_folder: int = 0
    ids: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class Target:
    """An object to be found: its pixels and the pixels that count."""

    id: int
    object: Bits
    scored: Bits


@dataclass(frozen=True, slots=True)
class Row:
    """What the clicks on one object gave: `ious[k]` after click k + 1."""

    folder: str
    frame: str
    id: int
    area: int
    ious: tuple[float, ...]

    def after(self, clicks: int) -> float:
        """The IoU after so many clicks, or after the last where fewer were played."""
        return self.ious[min(clicks, len(self.ious)) - 1]


@dataclass(frozen=True, slots=True)
class Summary:
    """Means over objects. Keys of `miou` are clicks; of `noc` and `never`, the IoU in per cent."""

    objects: int
    miou: Mapping[int, float]
    noc: Mapping[int, float]  # mean number of clicks to reach it; all clicks where never reached
    never: Mapping[int, int]  # objects that never reached it


def run_clicks(
    model: Model,
    folders: Sequence[Folders],
    *,
    clicks: int = 20,
    max_objects: int = 0,
    min_area: int = 100,
    progress: Callable[[str], None] | None = None,
) -> list[Row]:
    """A row for every object of at least `min_area` pixels, the largest `max_objects` of a frame.

    `progress` is told of each frame before it is played. Raises EvaluationError for
    folders and files that do not fit, ModelError from the model.
    """
    rows: list[Row] = []
    pairs = [(pair, *paths) for pair in folders for paths in frame_pairs(pair)]
    for number, (pair, frame, mask) in enumerate(pairs, start=1):
        if progress:
            progress(f"frame {number} of {len(pairs)}: {frame}")
        targets = [t for t in read_targets(mask, ids=pair.ids) if t.object.sum() >= min_area]
        targets.sort(key=lambda target: -int(target.object.sum()))
        targets = targets[: max_objects or None]
        if targets:
            rows += _rows_of(model, frame, targets, clicks)
    return rows


def summary(rows: Sequence[Row], clicks: int = 20) -> Summary:
    """The means over `rows`, which were played for up to `clicks` clicks."""
    if not rows:
        raise EvaluationError("There is no object to evaluate on: every mask is empty or small.")
    needed = {t: [_clicks_to(row, t) for row in rows] for t in TARGETS}
    return Summary(
        objects=len(rows),
        miou={k: float(np.mean([row.after(k) for row in rows])) for k in AT if k <= clicks},
        noc={_percent(t): float(np.mean([n or clicks for n in needed[t]])) for t in TARGETS},
        never={_percent(t): sum(n is None for n in needed[t]) for t in TARGETS},
    )


def find_sets(root: Path) -> dict[str, list[Folders]]:
    """The sets of GIVEN under `root`, as <set>/<sequence>/frames and masks.

    Raises EvaluationError for a set that is not there.
    """
    found: dict[str, list[Folders]] = {}
    for name in GIVEN:
        frames = sorted((root / name).glob("*/frames"))
        if not frames:
            raise EvaluationError(f"{root / name} holds no <sequence>/frames.")
        count = PER_FOLDER.get(name, 0)
        found[name] = [Folders(f, f.parent / "masks", per_folder=count) for f in frames]
    return found


def table(summaries: Mapping[str, Summary]) -> str:
    """A Markdown table of `summaries` by the name of the set, beside GIVEN where it is known.

    The difference is to GIVEN; the last row is the mean over the sets.
    """
    clicks = [k for k in AT if all(k in found.miou for found in summaries.values())]
    headings = ["set", "objects", *map(_heading, clicks), "NoC@85", "NoC@90", "never 90"]
    lines = [f"| {' | '.join(headings)} |", "|---" * len(headings) + "|"]
    for name, found in summaries.items():
        cells = [_beside(found.miou[k], _given(name, k)) for k in clicks]
        noc = f"{found.noc[85]:.2f} | {found.noc[90]:.2f} | {found.never[90]}"
        lines.append(f"| {name} | {found.objects} | {' | '.join(cells)} | {noc} |")
    means = [float(np.mean([found.miou[k] for found in summaries.values()])) for k in clicks]
    known = all(name in GIVEN for name in summaries)
    cells = [
        _beside(mean, float(np.mean([_given(name, k) for name in summaries])) if known else None)
        for mean, k in zip(means, clicks, strict=True)
    ]
    return "\n".join([*lines, f"| mean | | {' | '.join(cells)} | | | |"])


def frame_pairs(folders: Folders) -> list[tuple[Path, Path]]:
    """Frames and their masks, in order of name. Raises EvaluationError where a mask is alone."""
    for folder in (folders.frames, folders.masks):
        if not folder.is_dir():
            raise EvaluationError(f"{folder} is not a folder.")
    frames = {p.stem: p for p in sorted(folders.frames.iterdir()) if _is_frame(p)}
    masks = sorted(p for p in folders.masks.iterdir() if p.suffix.lower() == ".png")
    pairs = [(frames[mask.stem], mask) for mask in masks if mask.stem in frames]
    if pairs and len(pairs) < len(masks):
        alone = next(mask for mask in masks if mask.stem not in frames)
        raise EvaluationError(f"{alone} has no frame in {folders.frames}: is it of another clip?")
    if not pairs:
        raise EvaluationError(f"No mask in {folders.masks} is named like a frame.")
    if folders.per_folder and len(pairs) > folders.per_folder:
        chosen = np.linspace(0, len(pairs) - 1, folders.per_folder).round().astype(int)
        pairs = [pairs[k] for k in chosen]
    return pairs


def read_targets(path: Path, *, ids: bool = False) -> list[Target]:
    """The objects in a mask file. Raises EvaluationError where it is no picture."""
    values, indexed = _read_mask(path)
    if indexed or ids:
        everywhere = np.ones(values.shape, bool)
        return [Target(int(i), values == i, everywhere) for i in np.unique(values) if i]
    return [Target(1, values > 200, (values < 64) | (values > 200))]


def overlap(predicted: Bits, target: Target) -> float:
    """The IoU with the target over the pixels that count, 0..1; 1 where both are empty."""
    found, wanted = predicted & target.scored, target.object & target.scored
    union = np.count_nonzero(found | wanted)
    return float(np.count_nonzero(found & wanted) / union) if union else 1.0


def next_click(predicted: Bits, target: Target, used: Bits) -> Click | None:
    """The click in the middle of the largest error; None where nothing is wrong.

    Its coordinates are the centre of a pixel that is not in `used`.
    """
    missed = _largest_part(target.object & ~predicted & target.scored)
    spilt = _largest_part(predicted & ~target.object & target.scored)
    include = missed.sum() >= spilt.sum()
    error = missed if include else spilt
    framed = np.pad(error, 1).astype(np.uint8)  # the picture's edge is a border too
    depth = cv2.distanceTransform(framed, cv2.DIST_L2, 5)[1:-1, 1:-1]
    depth = np.where(used, 0, depth)
    y, x = np.unravel_index(int(depth.argmax()), depth.shape)
    if depth[y, x] <= 0:
        return None
    return Click(float(x) + 0.5, float(y) + 0.5, include=bool(include))


def play(model: Model, rgb: Rgb8, targets: Sequence[Target], clicks: int) -> list[list[float]]:
    """The IoU after each click, for each target."""
    embedding = model.encode(rgb)
    size = (rgb.shape[1], rgb.shape[0])

    def predict(steps: Sequence[Click], prior: Logits | None) -> tuple[Logits, Bits]:
        answer = model.decode(embedding, steps, prior)
        mask = Mask.pack(
            answer.logits, window=answer.window, prompt=None, model="", score=answer.score
        )
        return answer.logits, upsample(mask, size) > 0

    return [_play_one(predict, target, clicks) for target in targets]


_Predict: TypeAlias = Callable[[Sequence[Click], Logits | None], tuple[Logits, Bits]]


def _play_one(predict: _Predict, target: Target, clicks: int) -> list[float]:
    predicted = np.zeros(target.object.shape, bool)
    used = predicted.copy()
    prior: Logits | None = None
    steps: list[Click] = []
    ious: list[float] = []
    while len(steps) < clicks:
        click = next_click(predicted, target, used)
        if click is None:  # perfect: later clicks change nothing
            return ious + [ious[-1] if ious else 1.0] * (clicks - len(ious))
        used[int(click.y), int(click.x)] = True
        steps.append(click)
        prior, predicted = predict(steps, prior)
        ious.append(overlap(predicted, target))
        if len(steps) >= max(AT) and max(ious) >= max(TARGETS):
            break
    return ious


def _rows_of(model: Model, frame: Path, targets: Sequence[Target], clicks: int) -> list[Row]:
    bgr = cv2.imread(str(frame), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if bgr is None:
        raise EvaluationError(f"{frame} cannot be read as a picture.")
    if bgr.shape[:2] != targets[0].object.shape:
        raise EvaluationError(f"{frame} and its mask differ in size.")
    rgb = cast("Rgb8", cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB))
    played = play(model, rgb, targets, clicks)
    return [
        Row(str(frame.parent), frame.stem, target.id, int(target.object.sum()), tuple(ious))
        for target, ious in zip(targets, played, strict=True)
    ]


def _largest_part(error: Bits) -> Bits:
    _, labels, stats, _ = cv2.connectedComponentsWithStats(error.astype(np.uint8), connectivity=8)
    if len(stats) == 1:
        return error
    largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    return cast("Bits", labels == largest)


def _read_mask(path: Path) -> tuple[NDArray[np.uint8], bool]:
    """Grey values or palette indices, and whether they are indices (OpenCV reads only colours)."""
    try:
        with av.open(str(path)) as container:
            frame = next(container.decode(video=0))
        if frame.format.name == "pal8":
            indices, _ = frame.to_ndarray()
            return cast("NDArray[np.uint8]", indices), True
        return cast("NDArray[np.uint8]", frame.to_ndarray(format="gray")), False
    except (av.FFmpegError, StopIteration) as e:
        raise EvaluationError(f"{path} cannot be read as a mask.") from e


def _given(name: str, clicks: int) -> float | None:
    return GIVEN[name][AT.index(clicks)] if name in GIVEN else None


def _beside(value: float, given: float | None) -> str:
    return f"{value:.3f}" if given is None else f"{value:.3f} ({value - given:+.3f})"


def _heading(clicks: int) -> str:
    return f"{clicks} click" if clicks == 1 else f"{clicks} clicks"


def _is_frame(path: Path) -> bool:
    return path.suffix.lower() in FRAME_SUFFIXES


def _clicks_to(row: Row, iou: float) -> int | None:
    return next((k for k, value in enumerate(row.ious, 1) if value >= iou), None)


def _percent(fraction: float) -> int:
    return round(100 * fraction)
