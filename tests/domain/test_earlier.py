from __future__ import annotations

from dataclasses import replace

from app.domain import edits
from app.domain.earlier import Earlier, earlier_mask
from app.domain.history import History
from app.domain.project import Point, Project, Prompt
from tests.ui.fake_session import make_clip, make_layer, make_mask

FRAME = 1003
LAYER = "rabbit"
ONE, TWO = (make_mask(Prompt(points=(Point(float(x), 1.0),))) for x in (1, 2))


def history() -> History:
    return History(Project(make_clip(), (make_layer("Rabbit"),)))


def put(h: History, label: str, mask: object = None) -> None:
    """An edit that puts a mask on FRAME; without one it changes another frame."""
    where, what = (FRAME, mask) if mask is not None else (FRAME + 1, make_mask())
    h.commit(label, edits.set_mask(h.present, LAYER, where, what))  # type: ignore[arg-type]


def test_the_first_mask_has_none_before_it() -> None:
    h = history()
    assert earlier_mask(h, LAYER, FRAME) is None
    put(h, "one", ONE)
    assert earlier_mask(h, LAYER, FRAME) is None


def test_edits_of_other_frames_do_not_count() -> None:
    h = history()
    put(h, "one", ONE)
    put(h, "two", TWO)
    put(h, "elsewhere")
    put(h, "the same again", replace(TWO))
    assert earlier_mask(h, LAYER, FRAME) == Earlier(ONE, "two")


def test_a_mask_that_was_deleted_is_the_one_before() -> None:
    h = history()
    put(h, "one", ONE)
    h.commit("gone", edits.drop_mask(h.present, LAYER, FRAME))
    assert earlier_mask(h, LAYER, FRAME) == Earlier(ONE, "gone")
    h.commit("layer gone", edits.delete_layer(h.present, LAYER))
    assert earlier_mask(h, LAYER, FRAME) == Earlier(ONE, "gone")


def test_undo_goes_back_with_it() -> None:
    h = history()
    put(h, "one", ONE)
    put(h, "two", TWO)
    h.go_to(1)
    assert earlier_mask(h, LAYER, FRAME) is None
    h.go_to(2)
    assert earlier_mask(h, LAYER, FRAME) == Earlier(ONE, "two")


def test_what_a_propagation_replaced_is_the_one_before() -> None:
    h = history()
    put(h, "one", ONE)
    h.begin_growing("Propagate")
    put(h, "meanwhile")
    h.grow(edits.masks_setter({LAYER: {FRAME: TWO}}))
    assert earlier_mask(h, LAYER, FRAME) == Earlier(ONE, "Propagate")
