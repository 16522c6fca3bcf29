"""Points on objects of a COCO folder: reading shapes, drawing points, comparing three ways."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from app.coco_layout import Photo, find_photos, from_polygons, from_runs, parse_runs
from app.evaluate import Bits, EvaluationError, Target
from app.evaluate_coco import run_points, sample, table
from models.answer import Decoded, Question
from models.at_once import best_or_first
from models.base import Click, Logits
from tests.cli.conftest import Ran, rotocel
from tests.test_evaluate import Discs, disc

__all__ = ["rotocel"]  # the fixture

SIZE = (80, 60)


def runs_of(mask: NDArray[np.bool_]) -> list[int]:
    """The run lengths of a mask, as COCO counts them."""
    flat = mask.T.ravel().astype(np.int8)
    changes = np.flatnonzero(np.diff(flat)) + 1
    edges = [0, *([0] if flat[0] else []), *changes.tolist(), len(flat)]
    return [b - a for a, b in pairwise(edges)]


def spelt(counts: Sequence[int]) -> str:
    """Run lengths in COCO's text form."""
    text = ""
    for k, count in enumerate(counts):
        number = count - counts[k - 2] if k > 2 else count
        more = True
        while more:
            bits = number & 31
            number >>= 5
            more = number != (-1 if bits & 16 else 0)
            text += chr(bits + 32 * more + 48)
    return text


def write_coco(folder: Path, annotations: Sequence[dict[str, Any]], name: str = "a.png") -> Path:
    (folder / "annotations").mkdir(parents=True)
    (folder / "val").mkdir()
    cv2.imwrite(str(folder / "val" / name), np.full((SIZE[1], SIZE[0], 3), 90, np.uint8))
    values = {
        "images": [{"id": 7, "file_name": name}],
        "annotations": [{"id": k, "image_id": 7} | one for k, one in enumerate(annotations, 1)],
    }
    (folder / "annotations" / "instances_val.json").write_text(json.dumps(values), "utf-8")
    return folder


def targets(folder: Path) -> list[Target]:
    (photo,) = find_photos(folder)
    return photo.objects(SIZE)


def test_runs_go_down_the_columns() -> None:
    assert from_runs([1, 2, 3], (2, 3)).tolist() == [[False, False], [True, False], [True, False]]
    with pytest.raises(ValueError, match="do not fill"):
        from_runs([1, 2, 4], (2, 3))
    with pytest.raises(ValueError, match="do not fill"):
        from_runs([8, -2], (2, 3))


def test_runs_as_text_are_those_as_numbers() -> None:
    # 20, 300, 20, 200: of the fourth the text holds the difference to the second, -100
    assert parse_runs("d0\\9d0lL") == [20, 300, 20, 200]
    dice = np.random.default_rng(0)
    for _ in range(50):
        mask = dice.random((9, 70)) < dice.random()
        counts = runs_of(mask)
        assert parse_runs(spelt(counts)) == counts
        assert np.array_equal(from_runs(counts, (70, 9)), mask)
    with pytest.raises(ValueError, match="cut off"):
        parse_runs("d")


def test_polygons_cover_the_pixels_whose_middle_they_hold() -> None:
    square = from_polygons([[10, 20, 30, 20, 30, 40, 10, 40]], SIZE)
    assert square.sum() == 400
    assert square[20:40, 10:30].all()
    both = from_polygons([[10, 20, 30, 20, 30, 40, 10, 40], [20, 20, 40, 20, 40, 40, 20, 40]], SIZE)
    assert both.sum() == 600  # parts that overlap do not cancel out
    angles = np.linspace(0, 2 * np.pi, 200)
    round_ = np.stack([40 + 15 * np.cos(angles), 30 + 15 * np.sin(angles)], axis=1).ravel()
    true = disc(SIZE, 40, 30, 15)
    found = from_polygons([round_.tolist()], SIZE)
    assert (found ^ true).sum() <= 0.02 * true.sum()
    assert from_polygons([[-50, -50, 500, -50, 500, 500, -50, 500]], SIZE).all()


def test_objects_come_from_polygons_runs_and_text(tmp_path: Path) -> None:
    mask = disc(SIZE, 40, 30, 15)
    runs = {"size": [SIZE[1], SIZE[0]], "counts": runs_of(mask)}
    folder = write_coco(
        tmp_path,
        [
            {"segmentation": [[10, 20, 30, 20, 30, 40, 10, 40]], "iscrowd": 0},
            {"segmentation": runs},
            {"segmentation": runs | {"counts": spelt(runs_of(mask))}},
            {"segmentation": runs, "iscrowd": 1},
        ],
    )
    found = targets(folder)
    assert [target.id for target in found] == [1, 2, 3]
    assert found[0].object.sum() == 400
    assert np.array_equal(found[1].object, mask)
    assert np.array_equal(found[2].object, mask)


NONSENSE: dict[str, tuple[object, str]] = {
    "odd": ([[1, 2, 3, 4, 5, 6, 7]], "three corners"),
    "text": ([["a", 2, 3, 4, 5, 6]], "could not convert"),
    "far": ([[1, 2, 3, 4, 5, 1e30]], "nowhere near"),
    "other size": ({"size": [5, 5], "counts": [25]}, "differs in size"),
    "no counts": ({"size": [60, 80]}, "'counts' is missing"),
    "nothing": (None, "neither polygons nor runs"),
}


@pytest.mark.parametrize("case", NONSENSE)
def test_shapes_that_make_no_sense_are_one_sentence(case: str, tmp_path: Path) -> None:
    shape, sentence = NONSENSE[case]
    folder = write_coco(tmp_path, [{"segmentation": shape}])
    with pytest.raises(EvaluationError, match=f"instances_val.json makes no sense: .*{sentence}"):
        targets(folder)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "cannot be read as JSON"),
        ("[]", "lacks the images"),
        ('{"images": [{}], "annotations": []}', "'file_name' is missing"),
        ('{"images": [{"file_name": "x.png"}], "annotations": []}', "are not in"),
        ('{"images": [{"id": 7, "file_name": "a.png"}], "annotations": [3]}', "makes no sense"),
        (
            '{"images": [{"id": 7, "file_name": "a.png"}], "annotations": [{"image_id": 8}]}',
            "an image 8 that it does not name",
        ),
    ],
)
def test_files_that_make_no_sense_are_one_sentence(
    text: str, sentence: str, tmp_path: Path
) -> None:
    folder = write_coco(tmp_path, [])
    (folder / "annotations" / "instances_val.json").write_text(text, "utf-8")
    with pytest.raises(EvaluationError, match=sentence):
        find_photos(folder)


def test_points_lie_in_the_object_and_are_the_same_every_time() -> None:
    target = Target(3, disc(SIZE, 40, 30, 10), np.ones(SIZE[::-1], bool))
    five = sample(target, 5, 0, "a.png")
    assert all(target.object[int(click.y), int(click.x)] and click.include for click in five)
    assert five[:2] == sample(target, 2, 0, "a.png")
    assert five != sample(target, 5, 1, "a.png")
    assert five != sample(target, 5, 0, "b.png")
    tiny = Target(1, disc(SIZE, 40.5, 30.5, 0.9), np.ones(SIZE[::-1], bool))
    assert len(sample(tiny, 5, 0, "a.png")) == 1


def test_points_of_known_ids_stay_and_negative_ids_will_do() -> None:
    everywhere = np.ones(SIZE[::-1], bool)
    (click,) = sample(Target(3, everywhere, everywhere), 1, 0, "a.png")
    assert (click.x, click.y) == (12.5, 31.5)
    lower = [sample(Target(k, everywhere, everywhere), 1, 0, "a.png") for k in (-3, -4)]
    assert lower[0] != lower[1]


class Shifted:
    """An original that draws what `Discs` draws, some pixels to the right."""

    def __init__(self, radius: float, shift: float) -> None:
        self.radius, self.shift = radius, shift

    def masks(self, frame: Path, prompts: Sequence[Sequence[Click]]) -> list[Bits]:
        assert frame.is_file()
        return [
            np.logical_or.reduce(
                [disc(SIZE, c.x + self.shift, c.y, self.radius) for c in clicks], axis=0
            )
            for clicks in prompts
        ]


def photo_folder(tmp_path: Path) -> Path:
    runs = {"size": [SIZE[1], SIZE[0]], "counts": runs_of(disc(SIZE, 40, 30, 12))}
    return write_coco(tmp_path, [{"segmentation": runs}])


def test_three_overlaps_are_told(tmp_path: Path) -> None:
    photos = find_photos(photo_folder(tmp_path))
    equal = run_points(Discs(6), photos, [1, 3], original=Shifted(6, 0))
    assert [row.points for row in equal] == [1, 3]
    assert all(row.same == 1 and row.original == row.ours == row.clicked for row in equal)
    apart = run_points(Discs(6), photos, [1], original=Shifted(6, 40))
    assert apart[0].same is not None
    assert apart[0].same < 0.2
    assert apart[0].ours == equal[0].ours


def test_without_an_original_its_columns_are_left_out(tmp_path: Path) -> None:
    rows = run_points(Discs(6), find_photos(photo_folder(tmp_path)), [1])
    assert "| points | objects | ours, truth | ours clicked, truth |" in table(rows)
    with_it = run_points(Discs(6), find_photos(tmp_path), [1], original=Shifted(6, 0))
    assert "ours, original" in table(with_it)


def test_small_objects_are_left_out(tmp_path: Path) -> None:
    photos = find_photos(photo_folder(tmp_path))
    with pytest.raises(EvaluationError, match="no object"):
        run_points(Discs(6), photos, [1], min_area=5000)


def test_objects_on_which_no_point_can_lie_are_left_out(tmp_path: Path) -> None:
    there, nothing = disc(SIZE, 40, 30, 12), np.zeros(SIZE[::-1], bool)
    objects = [Target(1, nothing, ~nothing), Target(2, there, ~there), Target(3, there, ~nothing)]
    folder = photo_folder(tmp_path)
    photo = Photo(find_photos(folder)[0].path, lambda _size: objects)
    rows = run_points(Discs(6), [photo], [1], min_area=0)
    assert [row.id for row in rows] == [3]


def test_points_at_once_are_answered_the_originals_way() -> None:
    masks = np.stack([np.full((4, 4), k, np.float32) for k in range(4)])
    scores = np.array([0.99, 0.2, 0.9, 0.3], np.float32)

    def decode(points: object, labels: object, prior: Logits | None) -> Decoded:
        assert prior is None
        return Decoded(masks, scores)

    def asked(points: int) -> Question:
        places, labels = np.zeros((points, 2), np.float32), np.ones(points, np.float32)
        return Question(places, labels, np.zeros((4, 4), np.float16), 0, (4, 4))

    assert best_or_first(decode, asked(1)).logits[0, 0] == 2
    assert best_or_first(decode, asked(2)).logits[0, 0] == 0


def test_the_command_with_the_bundled_pack(tmp_path: Path, rotocel: Callable[..., Ran]) -> None:
    folder, told = photo_folder(tmp_path / "coco"), tmp_path / "told.json"
    ran = rotocel("evaluate", "coco", folder, "--points", 1, 2, "--json", told)
    assert (ran.code, ran.err) == (0, "")
    assert "| 2 | 1 |" in ran.out
    assert "MobileSAM has no original that can be run here: its columns are left out." in ran.out
    assert [row["points"] for row in json.loads(told.read_text("utf-8"))["objects"]] == [1, 2]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--points", 0], "--points should be 1 or more"),
        (["--min-area", 0], "--min-area should be 1 or more"),
        (["--original-random", 7], "MobileSAM has no original that can be run here."),
        (["--pack", "nothing"], "There is no model called nothing"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    words: list[object], sentence: str, tmp_path: Path, rotocel: Callable[..., Ran]
) -> None:
    ran = rotocel("evaluate", "coco", photo_folder(tmp_path), *words)
    assert ran.code != 0
    assert sentence in ran.err
    assert ran.err.count("\n") == 1


def test_a_folder_without_anything_is_one_sentence(
    tmp_path: Path, rotocel: Callable[..., Ran]
) -> None:
    ran = rotocel("evaluate", "coco", tmp_path)
    assert ran.err == f"rotocel: {tmp_path} holds neither instances*.json nor frames and masks.\n"
