"""Undo and redo: a list of project values and where we stand in it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, replace

from app.domain.mask import Mask
from app.domain.project import Layer, Project, Prompt

LIMIT = 1000  # steps, however small they are
BUDGET = 256 << 20  # bytes that only undo and redo keep alive
POINT_BYTES = 120  # of one point or box of a prompt, about


@dataclass(frozen=True, slots=True)
class Step:
    """A project value and the edit that led to it."""

    label: str
    project: Project
    merge: Hashable | None = None
    bytes: int = 0  # what the value before had and this one does not


class History:
    """The values the project had, oldest first, and the one that is present.

    A step whose merge key equals the present step's replaces it, so that a drag is one step. When
    the steps keep more than `budget` bytes alive, the oldest are forgotten; the last one never.
    """

    def __init__(self, project: Project, label: str = "Open", budget: int = BUDGET) -> None:
        self._steps = [Step(label, project)]
        self._index = 0
        self._budget = budget
        self._bytes = 0
        self._growing: int | None = None  # the step that `grow` adds to
        self._undone: list[Step] = []  # what could be redone before that step was made

    @property
    def present(self) -> Project:
        """The project as it is now."""
        return self._steps[self._index].project

    @property
    def index(self) -> int:
        """The position of the present step in `labels()`."""
        return self._index

    @property
    def can_undo(self) -> bool:
        """Whether there is an older value."""
        return self._index > 0

    @property
    def can_redo(self) -> bool:
        """Whether there is a newer value."""
        return self._index + 1 < len(self._steps)

    @property
    def bytes(self) -> int:
        """About how many bytes undo and redo keep alive."""
        return self._bytes

    def backwards(self) -> Iterator[tuple[Project, str]]:
        """The values before the present one, the latest first, each with the edit after it."""
        for index in range(self._index, 0, -1):
            yield self._steps[index - 1].project, self._steps[index].label

    def labels(self) -> list[str]:
        """What led to each value, oldest first."""
        return [step.label for step in self._steps]

    def commit(self, label: str, project: Project, merge: Hashable | None = None) -> None:
        """Make `project` the present value; what was undone is forgotten."""
        for step in self._steps[self._index + 1 :]:
            self._bytes -= step.bytes
        del self._steps[self._index + 1 :]
        step = Step(label, project, merge)
        if merge is not None and self._steps[self._index].merge == merge:
            self._put(self._index, step)
            return
        self._steps.append(Step(label, self.present))
        self._index += 1
        self._put(self._index, step)
        self._forget()

    def amend(self, project: Project) -> None:
        """Replace the present value within its step: an answer completes the edit that asked."""
        self._put(self._index, replace(self._steps[self._index], project=project))
        self._forget()

    def complete(self, change: Callable[[Project], Project]) -> None:
        """Change every value that `change` does not give back as it is, and add no step.

        An answer completes the value that asked, and those after it that ask the same: else the
        steps between would stand apart by it alone.
        """
        changed = {id(step.project): change(step.project) for step in self._steps}
        touched = [k for k, s in enumerate(self._steps) if changed[id(s.project)] is not s.project]
        for index in touched:
            step = self._steps[index]
            self._steps[index] = replace(step, project=changed[id(step.project)])
        for index in {near for at in touched for near in (at, at + 1)}:
            self._weigh(index)
        self._forget()

    @property
    def is_growing(self) -> bool:
        """Whether there is a step that `grow` adds to: begun, and neither ended nor undone."""
        return self._growing is not None

    def begin_growing(self, label: str) -> None:
        """A step of its own for what comes bit by bit while the artist edits on."""
        undone = self._steps[self._index + 1 :]
        self.commit(label, self.present)
        self._growing, self._undone = self._index, undone

    def grow(self, change: Callable[[Project], Project]) -> None:
        """Change the growing step and all after it, as if what comes now had come at its start.

        So edits made meanwhile lie on top of it, and are undone before it.
        """
        if self._growing is None:
            return
        grown = range(self._growing, len(self._steps))
        for index in grown:
            step = self._steps[index]
            self._steps[index] = replace(step, project=change(step.project))
        for index in grown:
            self._weigh(index)
        self._forget()

    def end_growing(self, label: str = "") -> None:
        """The growing step is whole, and called `label`; one that nothing came to goes away.

        What it made be forgotten can be redone again then, unless something else was done since.
        """
        at, self._growing = self._growing, None
        undone, self._undone = self._undone, []
        if at and label:
            self._steps[at] = replace(self._steps[at], label=label)
        if not at or self._steps[at].project is not self._steps[at - 1].project:
            return
        del self._steps[at]
        if self._index >= at:
            self._index -= 1
        if len(self._steps) == at:
            self._steps += undone
            self._bytes += sum(step.bytes for step in undone)
            self._weigh(at)  # what is present may have got an answer since

    def map(self, change: Callable[[Project], Project], also: Project | None) -> Project | None:
        """Change every value alike: for what is no edit and cannot be undone.

        Returns what became of `also`, if it is one of them; else what `change` makes of it.
        """
        changed = {id(step.project): change(step.project) for step in self._steps}
        self._steps = [replace(step, project=changed[id(step.project)]) for step in self._steps]
        return None if also is None else changed.get(id(also)) or change(also)

    def end_merge(self) -> None:
        """The next step stands for itself even with the same merge key."""
        self._steps[self._index] = replace(self._steps[self._index], merge=None)

    def go_to(self, index: int) -> None:
        """Make the value at `index` the present one. Raises IndexError outside the list."""
        if not 0 <= index < len(self._steps):
            raise IndexError(index)
        self._index = index
        if self._growing is not None and index < self._growing:
            self.end_growing()

    def _put(self, index: int, step: Step) -> None:
        """Put a step in its place, and weigh it and the one after it anew."""
        self._steps[index] = step
        self._weigh(index)
        self._weigh(index + 1)

    def _weigh(self, index: int) -> None:
        """Note what the value before a step had and its own has not."""
        if 0 < index < len(self._steps):
            old, before = self._steps[index], self._steps[index - 1].project
            weighed = replace(old, bytes=bytes_lost(before, old.project))
            self._bytes += weighed.bytes - old.bytes
            self._steps[index] = weighed

    def _forget(self) -> None:
        """Forget the oldest steps beyond the limits; one step back always stays."""
        while self._index > 1 and (self._bytes > self._budget or len(self._steps) > LIMIT + 1):
            del self._steps[0]
            self._index -= 1
            if self._growing:
                self._growing -= 1
            self._bytes -= self._steps[0].bytes
            self._steps[0] = replace(self._steps[0], bytes=0)


def bytes_lost(before: Project, after: Project) -> int:
    """About how many bytes `before` holds that `after` does not share."""
    newer = {layer.id: layer for layer in after.layers}
    return sum(_layer_bytes(layer, newer.get(layer.id)) for layer in before.layers)


def _layer_bytes(layer: Layer, newer: Layer | None) -> int:
    if layer is newer:
        return 0
    masks = newer.masks if newer else {}
    prompts = newer.prompts if newer else {}
    locks = newer.locks if newer else frozenset()
    return (
        _mask_bytes(layer.masks, masks)
        + _prompt_bytes(layer.prompts, prompts)
        + _lock_bytes(layer.locks, locks)
    )


def _mask_bytes(masks: Mapping[int, Mask], newer: Mapping[int, Mask]) -> int:
    if masks is newer:
        return 0
    gone = (len(mask.data) for frame, mask in masks.items() if newer.get(frame) is not mask)
    return _table_bytes(masks) + sum(gone)


def _prompt_bytes(prompts: Mapping[int, Prompt], newer: Mapping[int, Prompt]) -> int:
    if prompts is newer:
        return 0
    gone = (p for frame, p in prompts.items() if newer.get(frame) is not p)
    return _table_bytes(prompts) + sum(POINT_BYTES * (1 + len(p.points)) for p in gone)


def _lock_bytes(locks: frozenset[int], newer: frozenset[int]) -> int:
    return 0 if locks is newer or not locks else sys.getsizeof(locks)


def _table_bytes(table: Mapping[int, object]) -> int:
    return sys.getsizeof(dict(table)) if table else 0
