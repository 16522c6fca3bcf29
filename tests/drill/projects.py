"""Random edits, and a short name for a project value."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from random import Random

from app.domain import edits
from app.domain.frames import FrameRange
from app.domain.history import History
from app.domain.mask import Mask
from app.domain.project import Box, Layer, Point, Project
from tests.project.values import plain_mask, plain_project

NAMES = ("Fox", "e\u0301toile", "שכבה", "🦊" * 20, "a/b\\c", "Layer 1", "x" * 300)
FIRST, LAST = 1001, 1040


def digest(project: Project) -> str:
    """Differs where two projects differ in anything that is kept."""
    clip = project.clip
    values: list[object] = [clip and (clip.name, clip.frames, clip.fps, clip.size), project.in_out]
    for layer in project.layers:
        values += [layer.id, layer.name, layer.colour, layer.shown, layer.solo, layer.locked]
        values += sorted(layer.prompts.items())
        values += [(frame, _mask_values(mask)) for frame, mask in sorted(layer.masks.items())]
    return hashlib.sha256(repr(values).encode()).hexdigest()[:20]


def _mask_values(mask: Mask) -> tuple[object, ...]:
    window = tuple(map(float, mask.window))
    return mask.data, mask.shape, window, mask.prompt, mask.model, mask.score


def new_history() -> History:
    """The history of a small project."""
    return History(plain_project(layers=2, keyframes=3))


def edit_at_random(history: History, random: Random) -> Project:
    """Make one edit, or undo or redo some; the project there is then, which is another value."""
    before = history.present
    while history.present is before:
        if random.random() < 0.3:
            history.go_to(random.randrange(len(history.labels())))
        else:
            history.commit("edit", random.choice(EDITS)(before, random))
    return history.present


def _layer(project: Project, random: Random) -> Layer | None:
    return random.choice(project.layers) if project.layers else None


def _on_a_layer(edit: Callable[[Project, Layer, Random], Project]) -> Edit:
    def run(project: Project, random: Random) -> Project:
        layer = _layer(project, random)
        return edits.add_layer(project) if layer is None else edit(project, layer, random)

    return run


def _click(project: Project, layer: Layer, random: Random) -> Project:
    """A point and, mostly, the mask that answers."""
    frame, point = random.randint(FIRST, LAST), Point(random.random() * 640, random.random() * 360)
    project = edits.add_point(project, layer.id, frame, point)
    if random.random() < 0.2:
        return project
    mask = plain_mask(project.layer(layer.id).prompts[frame], random.randrange(1 << 30))
    return edits.set_mask(project, layer.id, frame, mask)


def _move(project: Project, layer: Layer, random: Random) -> Project:
    frame, index = _point(layer, random)
    if frame is None:
        return _click(project, layer, random)
    return edits.move_point(project, layer.id, frame, index, random.random(), 7.5)


def _delete(project: Project, layer: Layer, random: Random) -> Project:
    frame, index = _point(layer, random)
    if frame is None:
        return _click(project, layer, random)
    return edits.delete_point(project, layer.id, frame, index)


def _box(project: Project, layer: Layer, random: Random) -> Project:
    x, y = random.random() * 300, random.random() * 100
    return edits.set_box(project, layer.id, random.randint(FIRST, LAST), Box(x, y, x + 9, y + 9))


def _point(layer: Layer, random: Random) -> tuple[int | None, int]:
    there = [(f, i) for f, prompt in layer.prompts.items() for i in range(len(prompt.points))]
    return random.choice(there) if there else (None, 0)


def _in_out(project: Project, random: Random) -> Project:
    first = random.randint(FIRST, LAST)
    return edits.set_in_out(project, FrameRange(first, random.randint(first, LAST)))


Edit = Callable[[Project, Random], Project]

EDITS: tuple[Edit, ...] = (
    *[_on_a_layer(_click)] * 4,
    _on_a_layer(_move),
    _on_a_layer(_delete),
    _on_a_layer(_box),
    lambda project, _: edits.add_layer(project),
    _on_a_layer(lambda p, layer, _: edits.delete_layer(p, layer.id)),
    _on_a_layer(lambda p, layer, r: edits.move_layer(p, layer.id, r.randrange(len(p.layers)))),
    _on_a_layer(lambda p, layer, r: edits.rename_layer(p, layer.id, r.choice(NAMES))),
    _on_a_layer(lambda p, layer, _: edits.set_shown(p, layer.id, shown=not layer.shown)),
    _in_out,
)
