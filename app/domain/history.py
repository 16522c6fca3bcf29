"""Undo and redo: a list of project values and where we stand in it."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from app.domain.project import Project

LIMIT = 200


@dataclass(frozen=True, slots=True)
class Step:
    """A project value and the edit that led to it."""

    label: str
    project: Project
    merge: Hashable | None = None


class History:
    """The values the project had, oldest first, and the one that is present.

    A step whose merge key equals the present step's replaces it, so that a drag is one step.
    """

    def __init__(self, project: Project, label: str = "Open") -> None:
        self._steps = [Step(label, project)]
        self._index = 0

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

    def projects(self) -> list[Project]:
        """Every value that undo and redo can reach, oldest first."""
        return [step.project for step in self._steps]

    def labels(self) -> list[str]:
        """What led to each value, oldest first."""
        return [step.label for step in self._steps]

    def commit(self, label: str, project: Project, merge: Hashable | None = None) -> None:
        """Make `project` the present value; what was undone is forgotten."""
        del self._steps[self._index + 1 :]
        step = Step(label, project, merge)
        if merge is not None and self._steps[self._index].merge == merge:
            self._steps[self._index] = step
            return
        self._steps.append(step)
        del self._steps[: max(0, len(self._steps) - LIMIT - 1)]
        self._index = len(self._steps) - 1

    def amend(self, project: Project) -> None:
        """Replace the present value within its step: an answer completes the edit that asked."""
        step = self._steps[self._index]
        self._steps[self._index] = Step(step.label, project, step.merge)

    def end_merge(self) -> None:
        """The next step stands for itself even with the same merge key."""
        step = self._steps[self._index]
        self._steps[self._index] = Step(step.label, step.project)

    def go_to(self, index: int) -> None:
        """Make the value at `index` the present one. Raises IndexError outside the list."""
        if not 0 <= index < len(self._steps):
            raise IndexError(index)
        self._index = index
