"""Points on a mask that no prompt made amend it; without them it is what it was."""

from __future__ import annotations

from app.domain import edits
from app.domain.project import Box, Point, Project
from tests.project.values import plain_mask, plain_project

FRAME = 1004


def tracked() -> tuple[Project, str]:
    project = plain_project(1, 1)
    layer = project.layers[0].id
    return edits.set_masks(project, {layer: {FRAME: plain_mask(None, 3)}}), layer


def test_the_first_point_takes_the_mask_as_its_base_and_the_next_ones_keep_it() -> None:
    project, layer = tracked()
    base = project.layer(layer).masks[FRAME]
    project = edits.add_point(project, layer, FRAME, Point(3, 4))
    project = edits.set_mask(
        project, layer, FRAME, plain_mask(project.layer(layer).prompts[FRAME], 4)
    )
    project = edits.add_point(project, layer, FRAME, Point(5, 6, include=False))
    prompt = project.layer(layer).prompts[FRAME]
    assert prompt.amends is base
    assert prompt.before_last_step().amends is base
    assert project.layer(layer).is_stale(FRAME)


def test_without_its_points_the_mask_is_what_it_was() -> None:
    project, layer = tracked()
    base = project.layer(layer).masks[FRAME]
    asked = edits.add_point(project, layer, FRAME, Point(3, 4))
    answer = plain_mask(asked.layer(layer).prompts[FRAME], 4)
    asked = edits.set_mask(asked, layer, FRAME, answer)
    for cleared in (
        edits.clear_prompt(asked, layer, FRAME),
        edits.delete_point(asked, layer, FRAME, 0),
    ):
        assert cleared.layer(layer).masks[FRAME] is base
        assert FRAME not in cleared.layer(layer).prompts


def test_a_box_begins_anew() -> None:
    project, layer = tracked()
    project = edits.set_box(project, layer, FRAME, Box(1, 2, 30, 40))
    assert project.layer(layer).prompts[FRAME].amends is None
    cleared = edits.clear_prompt(project, layer, FRAME)
    assert FRAME in cleared.layer(layer).masks


def test_where_there_is_nothing_to_amend_a_prompt_is_as_ever() -> None:
    project, layer = tracked()
    project = edits.add_point(project, layer, FRAME + 1, Point(3, 4))
    assert project.layer(layer).prompts[FRAME + 1].base is None
    assert FRAME + 1 not in edits.clear_prompt(project, layer, FRAME + 1).layer(layer).masks
