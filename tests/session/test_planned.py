"""What `planned` says of any project: no frame outside in/out, and each layer's own way."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain import edits
from app.domain.frames import FrameRange
from app.domain.project import LayerId, Point, Project
from app.layer_keys import is_somewhere
from app.propagation import Direction, Extent, Propagation, planned, why_nowhere
from tests.project.values import plain_clip, plain_mask

CLIP = plain_clip()
FRAMES = st.integers(CLIP.frames.first, CLIP.frames.last)
FRAME_SETS = st.sets(FRAMES, max_size=4)
KINDS = [(way, extent) for way in get_args(Direction) for extent in get_args(Extent)]


def keyed(*frames: set[int], masks: set[int] = frozenset()) -> Project:  # type: ignore[assignment]
    """A project with a layer for each of `frames`, clicked there; the last has `masks` too."""
    project = Project(CLIP)
    for clicked in reversed(frames):
        project = edits.add_layer(project)
        for frame in clicked:
            project = edits.add_point(project, project.layers[0].id, frame, Point(5, 5))
    tracked = {frame: plain_mask(None, frame) for frame in masks}
    return edits.set_masks(project, {project.layers[-1].id: tracked})


def answered(plan: Propagation) -> dict[LayerId, set[int]]:
    """The frames that each layer is answered on."""
    found: dict[LayerId, set[int]] = {layer: set() for layer in plan.keys}
    for order in plan.passes:
        for layers, frames in plan.stretches(order):
            for layer in layers:
                found[layer] |= set(frames)
    return found


def plan_of(project: Project, playhead: int, kind: tuple[str, str]) -> Propagation:
    return planned(project, project.layers, playhead, *kind)  # type: ignore[arg-type]


@settings(deadline=None)
@given(FRAME_SETS, FRAME_SETS, FRAME_SETS, FRAMES, FRAMES, FRAMES, st.sampled_from(KINDS))
def test_nothing_outside_in_and_out_is_answered(
    a: set[int], b: set[int], masks: set[int], first: int, last: int, playhead: int,
    kind: tuple[str, str],
) -> None:  # fmt: skip
    work = FrameRange(min(first, last), max(first, last))
    project = edits.set_in_out(keyed(a, b, masks=masks), work)
    plan = plan_of(project, playhead, kind)
    for frames in answered(plan).values():
        assert frames <= set(work)


@settings(deadline=None)
@given(FRAME_SETS, FRAME_SETS, FRAMES, st.sampled_from(KINDS))
def test_a_layer_goes_its_own_way_whatever_the_others_do(
    a: set[int], b: set[int], playhead: int, kind: tuple[str, str]
) -> None:
    both = keyed(a, b)
    together = answered(plan_of(both, playhead, kind))
    for layer in both.layers:
        alone = answered(plan_of(replace(both, layers=(layer,)), playhead, kind))
        assert together.get(layer.id) == alone.get(layer.id)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_each_layer_ends_before_its_own_next_keyframe(order: tuple[int, int]) -> None:
    project = keyed({1002, 1004}, {1008})
    layers = [project.layers[place] for place in order]
    plan = planned(project, layers, 1003, "forward", "keyframe")
    near, far = (answered(plan)[layer.id] for layer in project.layers)
    assert near == {1002, 1003}
    assert far == set(range(1008, CLIP.frames.last + 1))
    assert plan.frames == len(near) + len(far), "those between are nobody's"


@pytest.mark.parametrize(
    ("way", "extent", "playhead", "passes"),
    [
        ("forward", "keyframe", 1001, (range(1003, 1006),)),
        ("backward", "keyframe", 1009, (range(1005, 1002, -1),)),
        ("backward", "keyframe", 1001, ()),
        ("both", "fix", 1009, (range(1005, 1002, -1),)),
        ("forward", "one", 1005, ()),
    ],
)
def test_a_start_outside_in_and_out_is_a_start_only(
    way: Direction, extent: Extent, playhead: int, passes: tuple[range, ...]
) -> None:
    project = edits.set_in_out(keyed({1001, 1009}), FrameRange(1003, 1005))
    plan = planned(project, project.layers, playhead, way, extent)
    assert plan.passes == passes
    if passes and extent == "keyframe":
        assert list(plan.starts.values()) == [playhead]


@pytest.mark.parametrize(
    ("way", "playhead", "passes", "why"),
    [
        ("forward", 1003, (range(1004, 1005),), ""),  # from a keyframe
        ("backward", 1005, (range(1004, 1003, -1),), ""),  # from a mask
        ("forward", 1006, (), "There is no mask on frame 1006 to go on from"),
        ("forward", 1002, (range(1003, 1004),), "Frame 1003 is a keyframe or locked"),
        ("backward", 1001, (), "There are no frames to go to within in and out."),
    ],
)
def test_one_frame_goes_on_from_what_is_there(
    way: Direction, playhead: int, passes: tuple[range, ...], why: str
) -> None:
    project = keyed({1003}, masks={1001, 1002, 1005})
    plan = planned(project, project.layers, playhead, way, "one")
    assert plan.passes == passes
    assert plan.leads_nowhere == bool(why)
    work = project.work_range
    assert work is not None
    if why:
        assert why_nowhere(plan, work, playhead, way, "one").startswith(why)


def test_a_lock_on_a_missing_frame_is_nowhere_to_start_from() -> None:
    gappy = replace(CLIP, missing=frozenset({1004}))
    project = edits.add_layer(Project(gappy))
    layer = project.layers[0].id
    for frame, somewhere in ((1004, False), (1005, True)):
        project = edits.import_masks(project, layer, {frame: plain_mask(None, frame)})
        assert is_somewhere(project.layers[0], gappy) == somewhere
