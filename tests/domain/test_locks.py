"""Locked frames: what nobody overwrites, and what says that an object is not there."""

from __future__ import annotations

import numpy as np
import pytest

from app.domain import edits
from app.domain.mask import Mask, upsample
from app.domain.project import Box, Layer, Point, Project, Prompt
from tests.project.values import SIZE, plain_mask, plain_project

FRAMES = range(1001, 1010)
MASK = plain_mask(None, 7)


def rabbit(project: Project) -> Layer:
    return project.layers[0]


def locked(frame: int = 1002) -> Project:
    """Prompts on 1001 to 1003, one of these frames locked."""
    project = plain_project()
    return edits.lock_frames(project, rabbit(project).id, [frame], locked=True)


def test_only_frames_with_a_mask_can_be_locked() -> None:
    project = plain_project()
    layer = edits.lock_frames(project, rabbit(project).id, FRAMES, locked=True).layers[0]
    assert layer.locks == {1001, 1002, 1003}


def test_a_frame_that_waits_for_its_answer_cannot_be_locked() -> None:
    project = edits.add_point(locked(), rabbit(locked()).id, 1003, Point(5, 5))
    layer = edits.lock_frames(project, rabbit(project).id, FRAMES, locked=True).layers[0]
    assert layer.locks == {1001, 1002}


def test_unlocking_leaves_the_mask_and_the_other_locks() -> None:
    project = edits.lock_frames(plain_project(), rabbit(plain_project()).id, FRAMES, locked=True)
    free = edits.lock_frames(project, rabbit(project).id, [1002, 1077], locked=False)
    assert rabbit(free).locks == {1001, 1003}
    assert rabbit(free).masks == rabbit(project).masks
    assert edits.lock_frames(free, rabbit(free).id, [1002], locked=False) is free


@pytest.mark.parametrize(
    "change",
    [
        lambda p, x: edits.add_point(p, x, 1002, Point(1, 1)),
        lambda p, x: edits.move_point(p, x, 1002, 0, 1, 1),
        lambda p, x: edits.delete_point(p, x, 1002, 0),
        lambda p, x: edits.set_box(p, x, 1002, Box(1, 1, 5, 5)),
        lambda p, x: edits.set_proposal(p, x, 1002, 2),
        lambda p, x: edits.clear_prompt(p, x, 1002),
        lambda p, x: edits.set_mask(p, x, 1002, MASK),
        lambda p, x: edits.set_masks(p, {x: {1002: MASK}}),
        lambda p, x: edits.answers_setter({(x, 1002): MASK})(p),
    ],
)
def test_neither_prompts_nor_propagation_change_a_locked_frame(change: object) -> None:
    project = locked()
    assert change(project, rabbit(project).id) is project  # type: ignore[operator]


def test_propagation_goes_round_locked_frames() -> None:
    project = edits.import_masks(plain_project(), rabbit(plain_project()).id, {1006: MASK})
    fresh = dict.fromkeys(FRAMES, plain_mask(None, 8))
    after = rabbit(edits.set_masks(project, {rabbit(project).id: fresh}))
    assert after.masks[1006] is MASK
    assert after.masks[1005] is after.masks[1007] is fresh[1005]


def test_an_absent_object_has_an_empty_locked_mask_and_no_prompt() -> None:
    project = plain_project()
    after = rabbit(edits.mark_absent(project, rabbit(project).id, range(1002, 1006)))
    assert after.locks == {1002, 1003, 1004, 1005}
    assert after.keyframes == [1001]
    assert all(after.is_absent(frame) for frame in after.locks)
    assert not (upsample(after.masks[1004], SIZE) > 0).any()
    assert not after.is_absent(1001)


def test_marking_what_is_marked_changes_nothing() -> None:
    project = edits.mark_absent(plain_project(), rabbit(plain_project()).id, FRAMES)
    assert edits.mark_absent(project, rabbit(project).id, range(1003, 1006)) is project


def test_imported_masks_take_the_place_of_what_was_there() -> None:
    project = plain_project()
    after = rabbit(edits.import_masks(project, rabbit(project).id, {1002: MASK, 1008: MASK}))
    assert after.masks[1002] is after.masks[1008] is MASK
    assert after.locks == {1002, 1008}
    assert after.keyframes == [1001, 1003]


def test_neither_import_nor_absence_changes_a_locked_frame() -> None:
    project = locked()
    layer = rabbit(project)
    imported = rabbit(edits.import_masks(project, layer.id, {1002: MASK, 1008: MASK}))
    absent = rabbit(edits.mark_absent(project, layer.id, [1002, 1008]))
    for after in (imported, absent):
        assert after.masks[1002] is layer.masks[1002]
        assert after.prompts == layer.prompts
        assert after.locks == {1002, 1008}
    assert edits.import_masks(project, layer.id, {1002: MASK}) is project
    assert edits.mark_absent(project, layer.id, [1002]) is project


def test_a_damaged_mask_leaves_no_lock_behind() -> None:
    project = edits.drop_mask(locked(), rabbit(locked()).id, 1002)
    assert not rabbit(project).locks
    assert rabbit(project).is_stale(1002)  # it is answered anew


def test_undo_of_a_lock_says_which_frame_it_was() -> None:
    project = plain_project()
    assert edits.frames_marked_otherwise(project, locked(1003)) == {1003}


@pytest.mark.parametrize("size", [(1, 1), (640, 360), (4096, 2160), (99, 1000)])
def test_an_absent_mask_covers_any_clip(size: tuple[int, int]) -> None:
    mask = Mask.absent(size)
    assert mask.empty
    grown = upsample(mask, size)
    assert grown.shape == size[::-1]
    assert grown.max() < -6


def test_whether_a_mask_is_empty_is_noted_as_it_is_made() -> None:
    logits = np.full((8, 8), -0.25, np.float16)
    assert _mask(logits).empty
    logits[3, 3] = 0.001
    assert not _mask(logits).empty


def _mask(logits: np.ndarray[tuple[int, int], np.dtype[np.float16]]) -> Mask:
    return Mask.pack(logits, window=(0, 0, 8, 8), prompt=None, model="fake", score=1.0)


def test_prompts_elsewhere_are_untouched_by_a_lock() -> None:
    project = edits.add_point(locked(), rabbit(locked()).id, 1001, Point(3, 3))
    assert len(rabbit(project).prompts[1001].points) == 2
    assert rabbit(project).prompts[1002] == Prompt(points=(Point(10.5, 20.25),))


def test_a_painted_frame_is_locked_and_its_prompt_is_gone() -> None:
    project = plain_project()
    painted = edits.paint_mask(project, rabbit(project).id, 1002, MASK)
    before, after = rabbit(project), rabbit(painted)
    assert after.masks[1002] is MASK
    assert after.locks == {1002}
    assert after.prompts.keys() == before.prompts.keys() - {1002}
    assert {f: m for f, m in after.masks.items() if f != 1002} == {
        f: m for f, m in before.masks.items() if f != 1002
    }
    assert not after.is_stale(1002)


def test_a_locked_frame_can_be_painted_and_stays_locked() -> None:
    project = locked()
    painted = edits.paint_mask(project, rabbit(project).id, 1002, MASK)
    assert rabbit(painted).masks[1002] is MASK
    assert rabbit(painted).locks == rabbit(project).locks
    assert 1002 not in rabbit(painted).prompts
    again = edits.paint_mask(painted, rabbit(painted).id, 1002, plain_mask(None, 7))
    assert again is painted  # an equal mask
    other = edits.paint_mask(painted, rabbit(painted).id, 1002, plain_mask(None, 8))
    assert edits.frames_marked_otherwise(painted, other) == {1002}
