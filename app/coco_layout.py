"""Pictures and their objects from a COCO folder: instances as polygons or runs, read by hand.

Two layouts: `instances*.json` in the folder or in `annotations`, with the pictures beside it, in
`images`, or in a folder named like the rest of the file's name (`val2017`); or `frames` and `masks`
(see `app.evaluate.Folders`), alone or in sub-folders. Crowds are left out: they are not one object.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from app.evaluate import Bits, EvaluationError, Folders, Target, frame_pairs, read_targets

Values: TypeAlias = Mapping[str, Any]

FINER = 4  # polygons are filled this much finer, then averaged
SHIFT = 4  # binary digits after the point of polygon corners in OpenCV
FARTHEST = 100_000.0  # a corner beyond is a fault


@dataclass(frozen=True, eq=False, slots=True)
class Photo:
    """A picture and what finds its objects, given its (width, height)."""

    path: Path
    objects: Callable[[tuple[int, int]], list[Target]]


def find_photos(folder: Path) -> list[Photo]:
    """The pictures in `folder` that have objects, by name. Raises EvaluationError."""
    if not folder.is_dir():
        raise EvaluationError(f"{folder} is not a folder.")
    files = sorted([*folder.glob("instances*.json"), *folder.glob("annotations/instances*.json")])
    for file in files:
        values = _json(file)
        if images := _image_folder(folder, file, values):
            return sorted(_photos(file, values, images), key=lambda photo: photo.path.name)
    if files:
        raise EvaluationError(f"The pictures that {files[0]} names are not in {folder}.")
    pairs = [frames.parent for frames in sorted([*folder.glob("frames"), *folder.glob("*/frames")])]
    if not pairs:
        raise EvaluationError(f"{folder} holds neither instances*.json nor frames and masks.")
    return [photo for pair in pairs for photo in _masked(pair)]


def from_runs(counts: Sequence[int], size: tuple[int, int]) -> Bits:
    """The mask of (width, height) whose columns, top to bottom, are runs off, on, off, ...

    Raises ValueError where the runs do not fill it.
    """
    width, height = size
    runs = np.asarray(counts, np.int64)
    if runs.ndim != 1 or (runs < 0).any() or runs.sum() != width * height:
        raise ValueError("its runs do not fill the picture")
    on = np.arange(len(runs)) % 2 == 1
    return cast("Bits", np.repeat(on, runs).reshape(width, height).T)


def parse_runs(text: str) -> list[int]:
    """The runs in COCO's text form. Raises ValueError.

    Characters from `0` on carry six bits: five of the number, lowest first, and whether more
    follow; the last one's fifth bit is the sign. From the fourth on a number is the difference to
    the run two before it.
    """
    counts: list[int] = []
    at = 0
    while at < len(text):
        number = shift = 0
        more = True
        while more:
            if at == len(text) or not 0 <= (bits := ord(text[at]) - 48) < 64:
                raise ValueError("its runs are cut off or hold other characters")
            number |= (bits & 31) << shift
            shift, at, more = shift + 5, at + 1, bool(bits & 32)
        if bits & 16:
            number -= 1 << shift
        counts.append(number + (counts[-2] if len(counts) > 2 else 0))
    return counts


def from_polygons(parts: Sequence[Sequence[float]], size: tuple[int, int]) -> Bits:
    """The mask of (width, height) that the polygons cover together, each x0, y0, x1, y1, ...

    A pixel is inside where at least half of it is covered. Raises ValueError.
    """
    width, height = size
    canvas = np.zeros((FINER * height, FINER * width), np.uint8)
    for part in parts:
        corners = np.asarray(part, np.float64)
        if corners.ndim != 1 or len(corners) < 6 or len(corners) % 2:
            raise ValueError("a polygon has not three corners or more, as x and y in turn")
        if not np.isfinite(corners).all() or np.abs(corners).max() > FARTHEST:
            raise ValueError("a corner of a polygon lies nowhere near the picture")
        placed = (FINER * corners.reshape(-1, 2) - 0.5) * (1 << SHIFT)  # OpenCV: centres of pixels
        cv2.fillPoly(canvas, [placed.round().astype(np.int32)], 255, shift=SHIFT)
    covered: NDArray[np.uint8] = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA)
    return covered >= 128


def _masked(folder: Path) -> Iterator[Photo]:
    for frame, mask in frame_pairs(Folders(folder / "frames", folder / "masks")):
        yield Photo(frame, lambda size, mask=mask: _of_size(read_targets(mask), size, mask))  # type: ignore[misc]


def _of_size(targets: list[Target], size: tuple[int, int], mask: Path) -> list[Target]:
    if targets and targets[0].object.shape != size[::-1]:
        raise EvaluationError(f"{mask} and its frame differ in size.")
    return targets


def _json(file: Path) -> Values:
    try:
        values = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as e:
        raise EvaluationError(f"{file} cannot be read as JSON.") from e
    if not isinstance(values, dict) or not values.get("images") or "annotations" not in values:
        raise EvaluationError(f"{file} lacks the images or annotations of COCO instances.")
    return values


def _image_folder(folder: Path, file: Path, values: Values) -> Path | None:
    """Where the first picture lies; the file's name tells of the folder: instances_val2017."""
    set_name = file.stem.removeprefix("instances").strip("_-")
    with _sense(file):
        name = str(values["images"][0]["file_name"])
    places = [folder / "images", folder]
    if set_name:
        places = [folder / "images" / set_name, folder / set_name, *places]
    return next((place for place in places if (place / name).is_file()), None)


def _photos(file: Path, values: Values, images: Path) -> Iterator[Photo]:
    by_image: dict[int, list[Values]] = {}
    with _sense(file):
        for annotation in values["annotations"]:
            if not annotation.get("iscrowd"):
                by_image.setdefault(annotation["image_id"], []).append(annotation)
        names = {int(image["id"]): str(image["file_name"]) for image in values["images"]}
    for image, shapes in by_image.items():
        if image not in names:
            raise EvaluationError(f"{file} has objects of an image {image} that it does not name.")
        path = images / names[image]
        yield Photo(path, lambda size, found=shapes: _targets(file, found, size))  # type: ignore[misc]


def _targets(file: Path, shapes: Sequence[Values], size: tuple[int, int]) -> list[Target]:
    everywhere = np.ones(size[::-1], bool)
    with _sense(file):
        return [
            Target(int(one["id"]), _mask(one["segmentation"], size), everywhere) for one in shapes
        ]


def _mask(shape: object, size: tuple[int, int]) -> Bits:
    if isinstance(shape, list):
        return from_polygons(shape, size)
    if not isinstance(shape, dict):
        raise TypeError("a segmentation is neither polygons nor runs")
    if tuple(shape["size"]) != size[::-1]:
        raise ValueError("a mask differs in size from its picture")
    counts = shape["counts"]
    return from_runs(parse_runs(counts) if isinstance(counts, str) else counts, size)


@contextmanager
def _sense(file: Path) -> Iterator[None]:
    """Turns what makes no sense in a file into EvaluationError."""
    try:
        yield
    except KeyError as e:
        raise EvaluationError(f"{file} makes no sense: {e} is missing.") from e
    except (TypeError, ValueError, AttributeError, OverflowError, IndexError) as e:
        raise EvaluationError(f"{file} makes no sense: {e}.") from e
