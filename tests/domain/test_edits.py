from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import edits
from app.domain.history import LIMIT, History
from app.domain.project import Box, Layer, Point, Project, Prompt


def with_layers(count: int) -> Project:
    project = Project()
    for _ in range(count):
        project = edits.add_layer(project)
    return project


def test_new_layers_come_on_top_with_free_names_and_other_colours() -> None:
    project = with_layers(3)
    assert [layer.name for layer in project.layers] == ["Layer 3", "Layer 2", "Layer 1"]
    assert len({layer.colour for layer in project.layers}) == 3


def test_an_edit_shares_what_it_leaves_alone() -> None:
    project = with_layers(3)
    top = project.layers[0]
    changed = edits.add_point(project, top.id, 7, Point(1, 2))
    assert changed.layers[1] is project.layers[1]
    assert project.layers[0].prompts == {}
    assert changed.layers[0].prompts[7].points == (Point(1, 2),)


def test_an_edit_that_changes_nothing_returns_the_same_project() -> None:
    project = with_layers(1)
    layer = project.layers[0]
    assert edits.set_shown(project, layer.id, layer.shown) is project
    assert edits.rename_layer(project, layer.id, "  ") is project


def test_a_prompt_that_loses_its_last_point_loses_its_mask() -> None:
    project = with_layers(1)
    layer_id = project.layers[0].id
    project = edits.add_point(project, layer_id, 3, Point(1, 1))
    project = edits.delete_point(project, layer_id, 3, 0)
    assert project.layer(layer_id).prompts == {}
    assert project.layer(layer_id).masks == {}


def test_a_proposal_goes_to_the_last_step() -> None:
    project = with_layers(1)
    layer_id = project.layers[0].id
    project = edits.set_box(project, layer_id, 1, Box(0, 0, 5, 5))
    boxed = edits.set_proposal(project, layer_id, 1, 2)
    assert boxed.layer(layer_id).prompts[1].box == Box(0, 0, 5, 5, 2)
    project = edits.add_point(boxed, layer_id, 1, Point(2, 2))
    project = edits.set_proposal(project, layer_id, 1, 3)
    prompt = project.layer(layer_id).prompts[1]
    assert prompt.points[-1].proposal == 3
    assert prompt.box == Box(0, 0, 5, 5, 2)


@given(st.integers(0, 6), st.integers(-3, 9))
def test_moving_a_layer_keeps_every_other_in_order(index: int, to: int) -> None:
    project = with_layers(7)
    moved = project.layers[index]
    result = edits.move_layer(project, moved.id, to)
    assert result.layers[max(0, min(to, 6))] is moved
    rest = [layer for layer in result.layers if layer is not moved]
    assert rest == [layer for layer in project.layers if layer is not moved]


def test_an_unknown_layer_is_an_error() -> None:
    with pytest.raises(KeyError):
        edits.delete_layer(Project(), "nobody")


@given(st.lists(st.floats(0, 100), min_size=1, max_size=30))
def test_undoing_everything_and_redoing_it_is_the_identity(xs: list[float]) -> None:
    project = with_layers(1)
    layer_id = project.layers[0].id
    history = History(project)
    values = [project]
    for x in xs:
        history.commit("Point", edits.add_point(history.present, layer_id, 1, Point(x, x)))
        values.append(history.present)
    for index in [*range(len(values) - 1, -1, -1), *range(len(values))]:
        history.go_to(index)
        assert history.present is values[index]


def test_equal_merge_keys_in_a_row_are_one_step() -> None:
    history = History(Project())
    for count in (1, 2, 3):
        history.commit("Drag", with_layers(count), "drag")
    assert history.labels() == ["Open", "Drag"]
    assert len(history.present.layers) == 3
    history.end_merge()
    history.commit("Drag", with_layers(4), "drag")
    assert history.labels() == ["Open", "Drag", "Drag"]


def test_a_new_edit_forgets_what_was_undone() -> None:
    history = History(Project())
    history.commit("A", with_layers(1))
    history.go_to(0)
    assert history.can_redo
    history.commit("B", with_layers(2))
    assert history.labels() == ["Open", "B"]
    assert not history.can_redo


def test_history_forgets_the_oldest_beyond_its_limit() -> None:
    history = History(Project())
    for number in range(LIMIT + 10):
        history.commit(str(number), Project())
    assert len(history.labels()) == LIMIT + 1
    assert history.labels()[-1] == str(LIMIT + 9)
    assert history.index == LIMIT


def test_amending_keeps_the_step_and_what_was_undone() -> None:
    history = History(Project())
    history.commit("A", with_layers(1))
    history.go_to(0)
    history.amend(with_layers(5))
    assert history.can_redo
    assert len(history.present.layers) == 5


def test_staleness_is_a_mask_that_answers_another_prompt() -> None:
    layer = Layer("a", "A", prompts={1: Prompt(points=(Point(1, 1),))})
    assert layer.is_stale(1)
    assert not layer.is_stale(2)
