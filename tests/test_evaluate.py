"""Simulated clicks: the protocol, the files, the sums."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from app.evaluate import (
    EvaluationError,
    Folders,
    Row,
    Target,
    frame_pairs,
    next_click,
    overlap,
    read_targets,
    run_clicks,
    summary,
)
from models.base import (
    CancelToken,
    Click,
    Embedding,
    Logits,
    ModelInfo,
    Prediction,
    Rgb8,
    Step,
)

SHARED = Path(__file__).parents[2] / "shared"


class Discs:
    """A model that answers the union of discs round included points, less those round excluded."""

    info = ModelInfo("discs", "Discs", "0", "Apache-2.0", frozenset({"point"}), 0, ((1, 1, 1),))

    def __init__(self, radius: float) -> None:
        self.radius = radius
        self.priors: list[bool] = []

    def encode(self, rgb: Rgb8, cancel: CancelToken | None = None) -> Embedding:
        assert cancel is None
        height, width = rgb.shape[:2]
        return Embedding((np.zeros((1, 1, 1), np.float16),), (width, height))

    def decode(
        self,
        embedding: Embedding,
        steps: Sequence[Step],
        prior: Logits | None = None,
        cancel: CancelToken | None = None,
    ) -> Prediction:
        self.priors.append(prior is not None)
        width, height = embedding.frame_size
        x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
        logits = np.full((height, width), -5.0)
        for step in steps:
            assert isinstance(step, Click)
            near = (x - step.x) ** 2 + (y - step.y) ** 2 <= self.radius**2
            logits[near] = 5.0 if step.include else -5.0
        return Prediction(logits.astype(np.float16), (0.0, 0.0, width, height), 1.0)


def disc(size: tuple[int, int], x: float, y: float, radius: float) -> NDArray[np.bool_]:
    xs, ys = np.meshgrid(np.arange(size[0]) + 0.5, np.arange(size[1]) + 0.5)
    inside: NDArray[np.bool_] = (xs - x) ** 2 + (ys - y) ** 2 <= radius**2
    return inside


def whole(target: NDArray[np.bool_]) -> Target:
    return Target(1, target, np.ones(target.shape, bool))


def write_pair(folder: Path, stem: str, mask: Image.Image) -> Folders:
    frames, masks = folder / "frames", folder / "masks"
    frames.mkdir(parents=True, exist_ok=True)
    masks.mkdir(exist_ok=True)
    Image.new("RGB", mask.size, (90, 90, 90)).save(frames / f"{stem}.png")
    mask.save(masks / f"{stem}.png")
    return Folders(frames, masks)


def palette_mask(values: NDArray[np.uint8]) -> Image.Image:
    image = Image.fromarray(values)
    image.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0] + [0] * 756)
    return image


def test_a_model_that_fits_needs_one_click(tmp_path: Path) -> None:
    mask = Image.fromarray((disc((80, 60), 40, 30, 12) * 255).astype(np.uint8))
    model = Discs(12)
    (row,) = run_clicks(model, [write_pair(tmp_path, "00001", mask)], clicks=3)
    assert row.frame == "00001"
    assert row.ious[0] > 0.9
    assert row.area == disc((80, 60), 40, 30, 12).sum()


def test_each_answer_is_given_to_the_next_click(tmp_path: Path) -> None:
    mask = Image.fromarray((disc((80, 60), 40, 30, 20) * 255).astype(np.uint8))
    model = Discs(5)
    run_clicks(model, [write_pair(tmp_path, "a", mask)], clicks=4)
    assert model.priors == [False, True, True, True]


def test_a_perfect_mask_is_clicked_no_more(tmp_path: Path) -> None:
    square = np.zeros((60, 80), np.uint8)
    square[20:21, 30:31] = 255
    pair = write_pair(tmp_path, "a", Image.fromarray(square))
    model = Discs(0.5)
    (row,) = run_clicks(model, [pair], clicks=6, min_area=1)
    assert row.ious == (1.0,) * 6
    assert len(model.priors) == 1


def test_an_object_at_ninety_is_left_after_ten_clicks(tmp_path: Path) -> None:
    mask = Image.fromarray((disc((80, 60), 40, 30, 20) * 255).astype(np.uint8))
    pair = write_pair(tmp_path, "a", mask)
    assert len(run_clicks(Discs(19.5), [pair])[0].ious) == 10
    assert len(run_clicks(Discs(2), [pair])[0].ious) == 20


def test_palette_masks_hold_one_object_an_index(tmp_path: Path) -> None:
    values = np.zeros((60, 80), np.uint8)
    values[5:25, 5:25], values[30:60, 40:80], values[0:3, 70:73] = 1, 2, 3
    pair = write_pair(tmp_path, "a", palette_mask(values))
    rows = run_clicks(Discs(8), [pair], clicks=1)
    assert [(row.id, row.area) for row in rows] == [(2, 1200), (1, 400)]
    assert [row.id for row in run_clicks(Discs(8), [pair], clicks=1, max_objects=1)] == [2]
    ids = [target.id for target in read_targets(pair.masks / "a.png")]
    assert ids == [1, 2, 3]


def test_grey_masks_hold_one_object_and_what_is_not_scored(tmp_path: Path) -> None:
    values = np.zeros((60, 80), np.uint8)
    values[10:30, 10:30], values[30:35] = 255, 128
    (target,) = read_targets(write_pair(tmp_path, "a", Image.fromarray(values)).masks / "a.png")
    assert target.object.sum() == 400
    assert (~target.scored).sum() == 400
    assert not target.scored[30:35].any()


def test_grey_masks_may_hold_numbers(tmp_path: Path) -> None:
    values = np.zeros((60, 80), np.uint8)
    values[10:30, 10:30], values[40:50] = 1, 2
    path = write_pair(tmp_path, "a", Image.fromarray(values)).masks / "a.png"
    assert [target.id for target in read_targets(path, ids=True)] == [1, 2]
    assert not read_targets(path)[0].object.any()


def test_what_is_not_scored_does_not_count() -> None:
    target = Target(1, np.array([[True, False, False]]), np.array([[True, True, False]]))
    assert overlap(np.array([[True, False, True]]), target) == 1
    assert overlap(np.array([[True, True, True]]), target) == 0.5
    nothing = Target(1, np.zeros((1, 3), bool), np.ones((1, 3), bool))
    assert overlap(np.zeros((1, 3), bool), nothing) == 1


def test_the_first_click_is_in_the_middle_and_corrections_fix_the_largest_error() -> None:
    target = whole(disc((80, 60), 40, 30, 12))
    nothing = np.zeros((60, 80), bool)
    first = next_click(nothing, target, nothing)
    assert first is not None
    assert (first.include, round(first.x), round(first.y)) == (True, 40, 30)
    spill = target.object | disc((80, 60), 10, 10, 5)
    second = next_click(spill, target, nothing)
    assert second is not None
    assert (second.include, round(second.x), round(second.y)) == (False, 10, 10)
    assert next_click(target.object, target, nothing) is None


def test_a_used_pixel_is_not_clicked_again() -> None:
    target = whole(disc((80, 60), 40, 30, 12))
    used = np.zeros((60, 80), bool)
    first = next_click(used, target, used)
    assert first is not None
    used[int(first.y), int(first.x)] = True
    again = next_click(np.zeros((60, 80), bool), target, used)
    assert again is not None
    assert (again.x, again.y) != (first.x, first.y)


def test_the_summary_is_the_mean_over_objects() -> None:
    rows = [Row("f", "1", 1, 200, (0.5, 0.86, 0.92)), Row("f", "2", 1, 200, (0.7, 0.8, 0.8))]
    found = summary(rows, clicks=3)
    assert found.objects == 2
    assert found.miou == pytest.approx({1: 0.6, 2: 0.83, 3: 0.86})
    assert found.noc == {85: 2.5, 90: 3.0}
    assert found.never == {85: 1, 90: 1}


def test_evenly_spaced_frames_are_taken(tmp_path: Path) -> None:
    for k in range(9):
        pair = write_pair(tmp_path, f"{k:05d}", Image.new("L", (20, 20), 255))
    some = Folders(pair.frames, pair.masks, per_folder=3)
    assert [mask.stem for _, mask in frame_pairs(some)] == ["00000", "00004", "00008"]


@pytest.mark.parametrize("absent", ["frames", "masks"])
def test_a_missing_folder_is_named(tmp_path: Path, absent: str) -> None:
    (tmp_path / ("masks" if absent == "frames" else "frames")).mkdir()
    with pytest.raises(EvaluationError, match=f"{absent} is not a folder"):
        frame_pairs(Folders(tmp_path / "frames", tmp_path / "masks"))


def test_masks_without_frames_are_refused(tmp_path: Path) -> None:
    pair = write_pair(tmp_path, "a", Image.new("L", (20, 20), 255))
    (pair.frames / "a.png").rename(pair.frames / "b.png")
    with pytest.raises(EvaluationError, match="named like a frame"):
        frame_pairs(pair)


def test_a_mask_of_another_size_is_named(tmp_path: Path) -> None:
    pair = write_pair(tmp_path, "a", Image.new("L", (20, 20), 255))
    Image.new("RGB", (21, 20)).save(pair.frames / "a.png")
    with pytest.raises(EvaluationError, match=r"a\.png and its mask differ in size"):
        run_clicks(Discs(3), [pair])


@pytest.mark.parametrize("which", ["frames", "masks"])
def test_a_file_that_is_no_picture_is_named(tmp_path: Path, which: str) -> None:
    pair = write_pair(tmp_path, "a", Image.new("L", (20, 20), 255))
    broken = (pair.frames if which == "frames" else pair.masks) / "a.png"
    broken.write_text("not a picture", encoding="utf-8")
    with pytest.raises(EvaluationError, match=r"a\.png cannot be read"):
        run_clicks(Discs(3), [pair])


def test_no_objects_are_no_result(tmp_path: Path) -> None:
    pair = write_pair(tmp_path, "a", Image.new("L", (20, 20), 0))
    with pytest.raises(EvaluationError, match="no object"):
        summary(run_clicks(Discs(3), [pair]))


def given_script() -> ModuleType:
    path = SHARED / "eval" / "eval_clicks.py"
    if not path.exists():
        pytest.skip("the evaluation data is not beside the project")
    spec = importlib.util.spec_from_file_location("eval_clicks", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def blobs(rng: np.random.Generator) -> NDArray[np.bool_]:
    coarse = rng.normal(size=(7, 10)).astype(np.float32)
    fine: NDArray[np.float32] = cv2.resize(coarse, (100, 70), interpolation=cv2.INTER_CUBIC)
    return fine > rng.uniform(-0.5, 1.5)


@pytest.mark.shared
def test_clicks_and_overlap_equal_the_given_script() -> None:
    given = given_script()
    rng = np.random.default_rng(0)
    for _ in range(60):
        predicted, wanted, scored = blobs(rng), blobs(rng), ~blobs(rng) | blobs(rng)
        used = rng.random(wanted.shape) < 0.05
        target = Target(1, wanted, scored)
        expected = given.next_click(predicted, wanted, scored, used)
        ours = next_click(predicted, target, used)
        if expected is None:
            assert ours is None
        else:
            assert ours is not None
            assert (ours.x - 0.5, ours.y - 0.5, int(ours.include)) == expected[:3]
        assert overlap(predicted, target) == given.iou(predicted, wanted, scored)


@pytest.mark.shared
@pytest.mark.parametrize("name", ["coco/coco128", "grabcut/bsds", "davis/dog", "alpha/GT01"])
def test_objects_equal_the_given_script(name: str) -> None:
    given = given_script()
    masks = sorted((SHARED / "data" / name / "masks").glob("*.png"))[:3]
    assert masks
    for path in masks:
        expected = given.objects(str(path))
        ours = read_targets(path)
        assert [target.id for target in ours] == [one[0] for one in expected]
        for target, (_, wanted, scored) in zip(ours, expected, strict=True):
            assert np.array_equal(target.object, wanted)
            assert np.array_equal(target.scored, scored)
