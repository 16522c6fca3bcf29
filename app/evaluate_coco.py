"""How well points are answered: a model and its original on the same points of known objects.

Points are drawn at random from each object's pixels, the same ones each time for one seed, and all
are asked at once: the original's way, in which the two must agree. What the model answers when an
artist clicks them one by one stands beside it. All overlaps are Jaccard indices (IoU).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, cast

import cv2
import numpy as np

from app.coco_layout import Photo
from app.domain.mask import Mask, upsample
from app.evaluate import Bits, EvaluationError, Target, overlap
from models.at_once import at_once
from models.base import Click, Embedding, Model, Prediction, Rgb8

SHOWN = {  # what was compared, by field of Row
    "ours": "ours, truth",
    "original": "original, truth",
    "same": "ours, original",
    "clicked": "ours clicked, truth",
}
MEANING = {  # of the columns, for people
    "ours": "all points in one prompt, against the true mask",
    "original": "the original's mask of the same prompt, against the true mask",
    "same": "both masks against each other",
    "clicked": "the points clicked one after the other, as in the window, against the true mask",
}


class Original(Protocol):
    """The model that ours was made from."""

    def masks(self, frame: Path, prompts: Sequence[Sequence[Click]]) -> list[Bits]:
        """Its mask for each prompt on the picture in the file. Raises ModelError."""


@dataclass(frozen=True, slots=True)
class Row:
    """The overlaps on one object with one number of points; None without an original."""

    picture: str
    id: int
    area: int
    points: int
    ours: float
    clicked: float
    original: float | None = field(default=None)
    same: float | None = field(default=None)


def run_points(
    model: Model,
    photos: Sequence[Photo],
    counts: Sequence[int],
    *,
    seed: int = 0,
    min_area: int = 100,
    original: Original | None = None,
    progress: Callable[[str], None] | None = None,
) -> list[Row]:
    """A row for every object of at least `min_area` pixels and every number of points in `counts`.

    `progress` is told of each picture. Raises EvaluationError for files, ModelError from models.
    """
    rows: list[Row] = []
    for number, photo in enumerate(photos, start=1):
        if progress:
            progress(f"picture {number} of {len(photos)}: {photo.path}")
        rgb = _read(photo.path)
        targets = photo.objects((rgb.shape[1], rgb.shape[0]))
        targets = [one for one in targets if _is_asked(one, min_area)]
        if targets:
            rows += _on_photo(model, original, photo, rgb, targets, counts, seed)
    if not rows:
        raise EvaluationError("There is no object to evaluate on: there are none, or all small.")
    return rows


def sample(target: Target, count: int, seed: int, name: str) -> list[Click]:
    """`count` pixels of the object, or all where it has fewer, as clicks on their centres.

    The first ones are the same whatever `count` is.
    """
    number = target.id if target.id >= 0 else zlib.crc32(str(target.id).encode())
    dice = np.random.default_rng([seed, zlib.crc32(name.encode()), number])
    ys, xs = np.nonzero(target.object & target.scored)
    return [Click(xs[k] + 0.5, ys[k] + 0.5) for k in dice.permutation(len(xs))[:count]]


def table(rows: Sequence[Row]) -> str:
    """A Markdown table of means, a row for each number of points."""
    first = rows[0]
    columns = [name for name in SHOWN if getattr(first, name) is not None]
    headings = ["points", "objects", *(SHOWN[name] for name in columns)]
    lines = [f"| {' | '.join(headings)} |", "|---" * len(headings) + "|"]
    for points in sorted({row.points for row in rows}):
        chosen = [row for row in rows if row.points == points]
        means = [float(np.mean([getattr(row, name) for row in chosen])) for name in columns]
        cells = " | ".join(f"{mean:.4f}" for mean in means)
        lines.append(f"| {points} | {len(chosen)} | {cells} |")
    legend = [f"- {SHOWN[name]}: {MEANING[name]}." for name in columns]
    return "\n".join([*lines, "", "Means of the Jaccard index, 0 to 1:", *legend])


def _is_asked(target: Target, min_area: int) -> bool:
    """Whether it is large enough, and has a pixel on which a point can lie."""
    large = np.count_nonzero(target.object) >= min_area
    return bool(large and (target.object & target.scored).any())


def _on_photo(
    model: Model,
    original: Original | None,
    photo: Photo,
    rgb: Rgb8,
    targets: Sequence[Target],
    counts: Sequence[int],
    seed: int,
) -> list[Row]:
    embedding = model.encode(rgb)
    asked = [
        (target, count, sample(target, count, seed, photo.path.name))
        for target in targets
        for count in counts
    ]
    prompts = [clicks for _, _, clicks in asked]
    theirs = original.masks(photo.path, prompts) if original else [None] * len(asked)
    rows = []
    for (target, count, clicks), their in zip(asked, theirs, strict=True):
        ours = _drawn(at_once(model, embedding, clicks), embedding)
        rows.append(
            Row(
                photo.path.name,
                target.id,
                int(np.count_nonzero(target.object)),
                count,
                overlap(ours, target),
                overlap(_drawn(model.decode(embedding, clicks), embedding), target),
                None if their is None else overlap(their, target),
                None if their is None else overlap(ours, Target(0, their, target.scored)),
            )
        )
    return rows


def _drawn(answer: Prediction, embedding: Embedding) -> Bits:
    mask = Mask.pack(answer.logits, window=answer.window, prompt=None, model="", score=answer.score)
    return upsample(mask, embedding.frame_size) > 0


def _read(path: Path) -> Rgb8:
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if bgr is None:
        raise EvaluationError(f"{path} cannot be read as a picture.")
    return cast("Rgb8", cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB))
