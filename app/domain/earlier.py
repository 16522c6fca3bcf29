"""The mask of a layer on a frame as it was before the last change."""

from __future__ import annotations

from typing import NamedTuple

from app.domain.history import History
from app.domain.mask import Mask
from app.domain.project import LayerId, Project


class Earlier(NamedTuple):
    """A mask that another took the place of, and the label of the edit that did it."""

    mask: Mask
    label: str


def earlier_mask(history: History, layer_id: LayerId, frame: int) -> Earlier | None:
    """The latest mask before the present one that is another; None where there was none."""
    present = _mask(history.present, layer_id, frame)
    for project, label in history.backwards():
        mask = _mask(project, layer_id, frame)
        if mask is not None and mask is not present and mask != present:
            return Earlier(mask, label)
    return None


def _mask(project: Project, layer_id: LayerId, frame: int) -> Mask | None:
    return next((x.masks.get(frame) for x in project.layers if x.id == layer_id), None)
