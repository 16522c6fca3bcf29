"""The contact sheet: every frame there, tinted, outlined, matted and named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from export import contact_sheet as sheets
from export.base import ExportError
from export.contact_sheet import Cell

RED = (255, 0, 0)
GREEN = 100  # of a plain green frame


def cell(label: str = "1001", width: int = 800, height: int = 450, inside: float = 1.0) -> Cell:
    """A green frame whose middle is the object."""
    image = np.zeros((height, width, 3), np.uint8)
    image[..., 1] = GREEN
    alpha = np.zeros((height, width), np.float32)
    alpha[height // 4 : -height // 4, width // 4 : -width // 4] = inside
    return Cell(label, image, alpha)


def inner(sheet: sheets.Rgb8) -> sheets.Rgb8:
    """The picture of the first frame and its matte, 400 and 400 pixels wide."""
    top, left = sheets.MARGIN + sheets.TITLE_ROOM, sheets.MARGIN
    return sheet[top : top + 225, left : left + 2 * sheets.PICTURE + sheets.SEAM]


def test_the_object_is_tinted_and_the_rest_is_the_frame() -> None:
    picture = inner(sheets.contact_sheet([cell()], "Rabbit", colour=RED))
    assert picture[5, 5].tolist() == [0, GREEN, 0]
    red, green, blue = picture[112, 200].tolist()
    assert red == pytest.approx(255 * sheets.TINT, abs=1)
    assert green == pytest.approx(GREEN * (1 - sheets.TINT), abs=1)
    assert blue == 0


def test_the_outline_runs_along_the_edge_of_the_object() -> None:
    picture = inner(sheets.contact_sheet([cell()], "Rabbit", colour=RED))
    reddest = np.argmax(picture[112, :200, 0].astype(int))
    assert reddest == pytest.approx(100, abs=1)  # the object starts at a quarter of 400
    assert picture[112, reddest, 0] > 200


def test_the_matte_stands_beside_the_frame_code_for_code() -> None:
    matte = inner(sheets.contact_sheet([cell(inside=0.6)], ""))[:, sheets.PICTURE + sheets.SEAM :]
    assert matte[5, 5].tolist() == [0, 0, 0]
    assert matte[112, 200].tolist() == [153, 153, 153]


def test_title_and_labels_are_written_in_any_script() -> None:
    blank = sheets.contact_sheet([cell("")], "", "")
    for title, note, label in (("Käse 漢字", "", ""), ("", "note", ""), ("", "", "1001")):
        written = sheets.contact_sheet([cell(label)], title, note)
        assert (written.max(axis=2) > blank.max(axis=2)).sum() > 50
        np.testing.assert_array_equal(inner(written), inner(blank))


def test_two_letters_of_another_script_do_not_become_the_same_question_mark() -> None:
    first, second = (sheets.contact_sheet([cell("")], letter) for letter in ("漢", "字"))
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("count", [1, 2, 5, 6, 12, 30])
def test_every_frame_has_its_place(count: int) -> None:
    sheet = sheets.contact_sheet([cell() for _ in range(count)], "Rabbit", colour=RED)
    objects = (sheet == inner(sheet)[112, 200]).all(axis=2)
    assert objects.sum() == count * (inner(sheet) == inner(sheet)[112, 200]).all(axis=2).sum()
    assert sheet.shape[1] < 2600


def test_frames_of_any_size_and_shape_are_taken() -> None:
    cells = [cell(width=w, height=h) for w, h in ((16, 9), (1, 1), (300, 900), (1920, 1080))]
    assert sheets.contact_sheet(cells, "Rabbit").dtype == np.uint8


def test_a_frame_without_an_object_is_shown_as_it_is() -> None:
    picture = inner(sheets.contact_sheet([cell(inside=0)], ""))
    assert (picture[:, : sheets.PICTURE] == (0, GREEN, 0)).all()


def test_a_sheet_without_frames_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one frame"):
        sheets.contact_sheet([], "Rabbit")


def test_the_file_holds_the_sheet(tmp_path: Path) -> None:
    sheet = sheets.contact_sheet([cell()], "Rabbit")
    sheets.save(tmp_path / "Übersicht.png", sheet)
    with Image.open(tmp_path / "Übersicht.png") as image:
        np.testing.assert_array_equal(np.asarray(image), sheet)


def test_a_sheet_that_cannot_be_saved_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ExportError, match="a file stands"):
        sheets.save(tmp_path / "file" / "sheet.png", sheets.contact_sheet([cell()], ""))


@given(st.sets(st.integers(-9, 300), min_size=1), st.integers(2, 20))
def test_a_spread_keeps_both_ends_and_the_order(frames: set[int], count: int) -> None:
    ordered = sorted(frames)
    chosen = sheets.spread(ordered, count)
    assert len(chosen) == min(count, len(ordered))
    assert (chosen[0], chosen[-1]) == (ordered[0], ordered[-1])
    assert sorted(set(chosen)) == chosen
