"""J and F over folders of masks: which files belong together, which objects are in them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.davis import Scores, mean, measure
from app.evaluate import EvaluationError

Ids: TypeAlias = NDArray[Any]  # (height, width) of whole numbers; 0 is background

INSIDE = 127  # above it a grey pixel is inside the object


@dataclass(frozen=True, slots=True)
class Rules:
    """What is scored, and how files are read."""

    skip_ends: bool = False  # without the first and the last frame, as DAVIS 2017 does
    missing_empty: bool = False  # a mask that is not there counts as empty
    ids: bool = False  # grey values are ids of objects


@dataclass(frozen=True, slots=True)
class MaskFolders:
    """A sequence: its name ("." where the folder itself is one) and where its masks lie."""

    name: str
    truth: Path
    predicted: Path


def find_sequences(truth: Path, predicted: Path) -> list[MaskFolders]:
    """The sequences under `truth`: its sub-folders, or itself where it holds masks.

    Masks lie in a sequence's folder or in its folder `masks`. Raises EvaluationError where a
    folder is missing or nothing is found.
    """
    for folder in (truth, predicted):
        if not folder.is_dir():
            raise EvaluationError(f"{folder} is not a folder.")
    if _masks_in(_mask_folder(truth)):
        return [MaskFolders(truth.absolute().name, _mask_folder(truth), _mask_folder(predicted))]
    names = sorted(folder.name for folder in truth.iterdir() if folder.is_dir())
    found = [MaskFolders(n, _mask_folder(truth / n), _mask_folder(predicted / n)) for n in names]
    if not found:
        raise EvaluationError(f"{truth} holds neither PNG masks nor folders of them.")
    return found


def score_all(
    sequences: Sequence[MaskFolders], rules: Rules, progress: Callable[[str], None] | None = None
) -> dict[str, dict[int, Scores]]:
    """The scores of every object of every sequence, by name and id.

    A sequence without an object, or without masks, is left out; `progress` is told of each.
    Raises EvaluationError for files that do not fit, and where nothing is left.
    """
    found: dict[str, dict[int, Scores]] = {}
    for number, sequence in enumerate(sequences, start=1):
        if progress:
            progress(f"sequence {number} of {len(sequences)}: {sequence.name}")
        if scores := score(sequence, rules):
            found[sequence.name] = scores
    if not found:
        raise EvaluationError("There is no object to score: every true mask is empty.")
    return found


def score(sequence: MaskFolders, rules: Rules) -> dict[int, Scores]:
    """The mean scores of each object over the frames, by id. Raises EvaluationError."""
    paths = _masks_in(sequence.truth)
    _check_alike(paths, sequence)
    paths = paths[1:-1] if rules.skip_ends else paths
    ids, indexed = _objects(paths, rules.ids)
    scores: dict[int, list[Scores]] = {one: [] for one in ids}
    for path in paths if ids else []:
        true, _ = read_ids(path, rules.ids)
        predicted = _predicted(sequence.predicted / path.name, true, indexed, rules)
        for one, so_far in scores.items():
            so_far.append(measure(predicted == one, true == one))
    return {one: mean(frames) for one, frames in scores.items()}


def _check_alike(paths: Sequence[Path], sequence: MaskFolders) -> None:
    """Raise EvaluationError where masks are there that the truth has none for."""
    names = {path.name for path in paths}
    more = [path for path in _masks_in(sequence.predicted) if path.name not in names]
    if paths and more:
        raise EvaluationError(
            f"{more[0]} has no true mask in {sequence.truth}: is it of another clip?"
        )


def overall(found: Mapping[str, Mapping[int, Scores]]) -> Scores:
    """The mean over all objects of all sequences."""
    return mean([scores for objects in found.values() for scores in objects.values()])


def read_ids(path: Path, ids: bool) -> tuple[Ids, bool]:
    """Object ids of a mask, and whether they are told apart: by palette, or by grey with `ids`.

    Without, a grey mask is one object of id 1. Raises EvaluationError where it is no such picture.
    """
    try:
        with warnings.catch_warnings(), Image.open(path) as image:
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            if image.mode == "P":
                return np.asarray(image), True
            if ids:
                return _grey_ids(path, image), True
            return (np.asarray(image.convert("L")) > INSIDE).astype(np.uint8), False
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Warning) as e:
        raise EvaluationError(f"{path} cannot be read as a mask.") from e


def _grey_ids(path: Path, image: Image.Image) -> Ids:
    values = np.asarray(image)
    if values.ndim != 2:
        raise EvaluationError(f"{path} is in colour; ids are a palette or grey values.")
    return values


def _objects(paths: Sequence[Path], ids: bool) -> tuple[list[int], bool]:
    """The ids in any of the masks, and whether any mask tells objects apart."""
    seen: set[int] = set()
    indexed = False
    for path in paths:
        values, apart = read_ids(path, ids)
        seen |= {int(value) for value in np.unique(values)}
        indexed |= apart
    return sorted(seen - {0}), indexed


def _predicted(path: Path, true: Ids, indexed: bool, rules: Rules) -> Ids:
    if not path.exists():
        if rules.missing_empty:
            return np.zeros_like(true)
        raise EvaluationError(
            f"{path} is missing; with --missing-empty a missing mask counts as empty."
        )
    found, apart = read_ids(path, rules.ids)
    if indexed and not apart:
        raise EvaluationError(
            f"{path} is grey where the truth tells objects apart; with --ids grey values are ids."
        )
    if found.shape != true.shape:
        raise EvaluationError(f"{path} is {_size(found)}, its truth {_size(true)}.")
    return found if indexed else (found > 0).astype(np.uint8)


def _size(values: Ids) -> str:
    return f"{values.shape[1]}x{values.shape[0]}"


def _mask_folder(folder: Path) -> Path:
    return folder / "masks" if (folder / "masks").is_dir() else folder


def _masks_in(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted((p for p in folder.iterdir() if p.suffix.lower() == ".png"), key=lambda p: p.name)
