"""J and F: what they are on masks that can be told beforehand, and beside the given script."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from app.davis import Scores, border, contour, measure, region
from app.evaluate import EvaluationError
from app.evaluate_jf import Rules, find_sequences, overall, score_all
from tests.cli.conftest import Ran, rotocel

__all__ = ["rotocel"]  # the fixture

SHARED = Path(__file__).parents[2] / "shared"


def square(x: int, y: int, side: int, value: int = 1) -> NDArray[np.uint8]:
    picture = np.zeros((40, 60), np.uint8)
    picture[y : y + side, x : x + side] = value
    return picture


def write(folder: Path, stem: str, values: NDArray[np.uint8], palette: bool = False) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(values)
    if palette:
        image.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0] + [0] * 756)
    image.save(folder / f"{stem}.png")


def scored(truth: Path, predicted: Path, **rules: bool) -> dict[str, dict[int, Scores]]:
    return score_all(find_sequences(truth, predicted), Rules(**rules))


def test_region_is_the_shared_part_of_the_union() -> None:
    two, one = square(10, 10, 4) > 0, square(10, 10, 2) > 0
    nothing = np.zeros_like(one)
    assert region(one, two) == 0.25
    assert region(nothing, nothing) == 1
    assert region(nothing, one) == 0


def test_contour_forgives_what_is_near_and_nothing_else() -> None:
    true = square(10, 10, 12) > 0
    assert contour(true, true) == 1
    assert contour(square(11, 10, 12) > 0, true) == 1  # 0.8 % of the diagonal is one pixel here
    assert 0 < contour(square(14, 10, 12) > 0, true) < 1
    assert contour(square(40, 20, 12) > 0, true) == 0


def test_contour_of_masks_without_a_border() -> None:
    nothing = np.zeros((40, 60), bool)
    assert contour(nothing, nothing) == 1
    assert contour(~nothing, nothing) == 1  # all of the picture has no border either
    assert contour(nothing, square(10, 10, 12) > 0) == 0


def test_a_border_ends_at_the_edge_of_the_picture() -> None:
    assert not border(np.ones((5, 5), bool)).any()
    corner = np.zeros((3, 3), bool)
    corner[2, 2] = True
    assert border(corner).tolist() == [[False] * 3, [False, True, True], [False, True, False]]


def test_sequences_are_scored_object_by_object(tmp_path: Path) -> None:
    both = square(5, 5, 10) + square(30, 20, 10, value=2)
    write(tmp_path / "truth" / "a", "0", both, palette=True)
    write(tmp_path / "truth" / "b" / "masks", "0", square(5, 5, 10, value=255))
    write(tmp_path / "pred" / "a", "0", square(5, 5, 10), palette=True)
    write(tmp_path / "pred" / "b", "0", square(5, 5, 10, value=255))
    found = scored(tmp_path / "truth", tmp_path / "pred")
    assert found == {"a": {1: Scores(1, 1), 2: Scores(0, 0)}, "b": {1: Scores(1, 1)}}
    assert (overall(found).j, overall(found).f) == pytest.approx((2 / 3, 2 / 3))


def test_a_folder_of_masks_is_one_sequence(tmp_path: Path) -> None:
    write(tmp_path, "0", square(5, 5, 10, value=255))
    assert scored(tmp_path, tmp_path) == {tmp_path.name: {1: Scores(1, 1)}}


def test_grey_values_are_ids_when_said_so(tmp_path: Path) -> None:
    write(tmp_path, "0", square(5, 5, 10) + square(30, 20, 10, value=2))
    assert sorted(scored(tmp_path, tmp_path, ids=True)[tmp_path.name]) == [1, 2]
    with pytest.raises(EvaluationError, match="no object"):
        scored(tmp_path, tmp_path)


def test_the_ends_can_be_left_out(tmp_path: Path) -> None:
    for k in range(4):
        write(tmp_path / "truth", str(k), square(5, 5, 10, value=255))
        write(tmp_path / "pred", str(k), square(5, 5, 10, value=255 if k in {1, 2} else 0))
    assert scored(tmp_path / "truth", tmp_path / "pred")["truth"][1].j == 0.5
    assert scored(tmp_path / "truth", tmp_path / "pred", skip_ends=True)["truth"][1].j == 1


def test_a_missing_mask_is_named_or_counts_as_empty(tmp_path: Path) -> None:
    for k in range(2):
        write(tmp_path / "truth", str(k), square(5, 5, 10, value=255))
    write(tmp_path / "pred", "0", square(5, 5, 10, value=255))
    with pytest.raises(EvaluationError, match=r"1\.png is missing; with --missing-empty"):
        scored(tmp_path / "truth", tmp_path / "pred")
    assert scored(tmp_path / "truth", tmp_path / "pred", missing_empty=True)["truth"][1].j == 0.5


Spoil = Callable[[Path], object]
WRONG: dict[str, tuple[Spoil, str]] = {
    "another size": (
        lambda path: Image.new("L", (61, 40)).save(path),
        "0.png is 61x40, its truth 60x40",
    ),
    "no picture": (lambda path: path.write_text("no picture"), "0.png cannot be read"),
    "a cut file": (lambda path: path.write_bytes(path.read_bytes()[:60]), "0.png cannot be read"),
    "a folder": (lambda path: [path.unlink(), path.mkdir()], "0.png cannot be read"),  # type: ignore[func-returns-value]
    "grey beside a palette": (
        lambda path: Image.new("L", (60, 40)).save(path),
        "0.png is grey where the truth tells objects apart",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_prediction_that_does_not_fit_is_one_sentence(
    case: str, tmp_path: Path, rotocel: Callable[..., Ran]
) -> None:
    spoil, sentence = WRONG[case]
    for folder in ("truth", "pred"):
        write(tmp_path / folder, "0", square(5, 5, 10, value=255), palette="palette" in case)
    spoil(tmp_path / "pred" / "0.png")
    ran = rotocel("evaluate", "jf", tmp_path / "truth", tmp_path / "pred")
    assert ran.code == 1
    assert sentence in ran.err
    assert ran.err.count("\n") == 1


def test_folders_that_are_not_there_are_named(tmp_path: Path, rotocel: Callable[..., Ran]) -> None:
    ran = rotocel("evaluate", "jf", tmp_path / "truth", tmp_path)
    assert (ran.code, ran.err) == (1, f"rotocel: {tmp_path / 'truth'} is not a folder.\n")
    ran = rotocel("evaluate", "jf", tmp_path, tmp_path)
    assert "holds neither PNG masks nor folders" in ran.err


def test_the_command_prints_a_table_and_writes_json(
    tmp_path: Path, rotocel: Callable[..., Ran]
) -> None:
    write(tmp_path / "t" / "a", "0", square(5, 5, 10, value=255))
    told = tmp_path / "told.json"
    ran = rotocel("evaluate", "jf", tmp_path / "t", tmp_path / "t", "--json", told)
    assert (ran.code, ran.err) == (0, "")
    assert "| a | 1 | 1.0000 | 1.0000 | 1.0000 |" in ran.out
    assert json.loads(told.read_text("utf-8"))["a"]["objects"] == {"1": [1.0, 1.0]}


def test_sequences_that_are_left_out_are_named(tmp_path: Path, rotocel: Callable[..., Ran]) -> None:
    write(tmp_path / "t" / "a", "0", square(5, 5, 10, value=255))
    write(tmp_path / "t" / "black", "0", square(5, 5, 10, value=0))
    (tmp_path / "t" / "empty").mkdir()
    told = tmp_path / "told.json"
    ran = rotocel("evaluate", "jf", tmp_path / "t", tmp_path / "t", "--json", told)
    assert ran.code == 0
    assert ran.err == "rotocel: not in the mean, without a true object: black, empty.\n"
    assert json.loads(told.read_text("utf-8"))["skipped"] == ["black", "empty"]


def given_script() -> ModuleType:
    path = SHARED / "eval" / "jf.py"
    if not path.exists():
        pytest.skip("the evaluation data is not beside the project")
    spec = importlib.util.spec_from_file_location("jf", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def made_up(values: NDArray[np.uint8], k: int) -> NDArray[np.uint8]:
    """A prediction that is wrong in the k-th way."""
    ways: list[Callable[[], NDArray[Any]]] = [
        lambda: np.roll(values, (3, 7), axis=(0, 1)),
        lambda: cv2.erode(values, np.ones((9, 9), np.uint8)),
        lambda: np.zeros_like(values),
        lambda: np.roll(cv2.dilate(values, np.ones((5, 5), np.uint8)), 40, axis=1),
        lambda: values,
    ]
    return ways[k % len(ways)]().astype(np.uint8)


def shared_sequences() -> Iterator[Path]:
    return (p for p in sorted((SHARED / "data").glob("*/*")) if (p / "masks").is_dir())


@pytest.mark.shared
@pytest.mark.parametrize("ids", [False, True])
def test_scores_equal_the_given_script_on_every_shared_sequence(tmp_path: Path, ids: bool) -> None:
    given = given_script()
    sequences = list(shared_sequences())
    assert len(sequences) > 20
    for number, sequence in enumerate(sequences):
        truth, predicted = tmp_path / "t" / sequence.name, tmp_path / "p" / sequence.name
        masks = sorted((sequence / "masks").glob("*.png"))
        for k, path in enumerate(masks[:: max(1, len(masks) // 5)]):
            with Image.open(path) as image:
                values, palette = np.asarray(image), image.mode == "P"
            write(truth, path.stem, values, palette and not ids)
            if k != 3:  # and one that is missing
                write(predicted, path.stem, made_up(values, k + number), palette and not ids)
        rules = Rules(skip_ends=bool(number % 2), missing_empty=True, ids=ids)
        wanted = given.score(str(truth), str(predicted), ids, rules.skip_ends, missing_empty=True)
        folders = find_sequences(truth, predicted)
        ours = score_all(folders, rules)[truth.name] if wanted else {}
        assert sorted(ours) == sorted(wanted)
        for one, (j, f) in wanted.items():
            assert (ours[one].j, ours[one].f) == pytest.approx((j, f), abs=1e-6)


def test_both_measures_come_together() -> None:
    true = square(10, 10, 12) > 0
    assert measure(true, true) == Scores(1, 1)
