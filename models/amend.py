"""A mask that was tracked, amended by clicks: the model draws it anew with the mask as a prompt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from models.answer import LOGIT_PIXEL, Decoded
from models.arrays import half
from models.base import Click, Logits, Prediction
from models.sheet import Sheet

F32: TypeAlias = NDArray[np.float32]

LIMIT = 8.0  # logits of the mask the model is prompted with
FAR = 0.5  # sides of the mask's box from which on an included point means another place


def amended(
    sheet: Sheet, tracked: Logits, clicks: Sequence[Click], prior: Logits | None = None
) -> Prediction:
    """`tracked`, a square of logits of `sheet`, after `clicks` in clip pixels, played in order.

    The box of the mask and of the points to include is a prompt too, but where a point is far from
    the mask, which then is of no use. `prior`, the logits after all clicks but the last, only saves
    playing those again. Raises ModelError.
    """
    square, score = tracked if prior is None else prior, 1.0
    for count in range(1 if prior is None else len(clicks), len(clicks) + 1):
        square, score = _once(sheet, square, clicks[:count])
    return Prediction(square, sheet.window, score)


def _once(sheet: Sheet, square: Logits, clicks: Sequence[Click]) -> tuple[Logits, float]:
    x0, y0, x1, y1 = sheet.window
    side = LOGIT_PIXEL * sheet.side
    scale = np.array([side / (x1 - x0), side / (y1 - y0)], np.float32)
    points = np.array([(click.x, click.y) for click in clicks], np.float32) * scale
    labels = np.array([float(click.include) for click in clicks], np.float32)
    box = _box(sheet.cut(square) > 0)
    if box is None or (clicks[-1].include and _off(points[-1], box) > FAR):
        decoded = sheet.decode(points[-1:], labels[-1:], None)
        return _answer(decoded, clicks[-1].proposal)
    wanted = points[labels > 0]
    corners = np.stack(
        [np.vstack([box[:1], wanted]).min(axis=0), np.vstack([box[1:], wanted]).max(axis=0)]
    )
    decoded = sheet.decode(
        np.vstack([corners, points]),
        np.concatenate([np.array([2, 3], np.float32), labels]),
        np.clip(square, -LIMIT, LIMIT),
    )
    return _answer(decoded, clicks[-1].proposal)


def _answer(decoded: Decoded, proposal: int) -> tuple[Logits, float]:
    return half(decoded.masks[proposal]), float(decoded.scores[proposal])


def _box(inside: NDArray[np.bool_]) -> F32 | None:
    """The corners of the box round `inside` in model pixels, (2, 2); None where it is empty."""
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    if not len(rows):
        return None
    corners = [(columns[0], rows[0]), (columns[-1] + 1, rows[-1] + 1)]
    return LOGIT_PIXEL * np.array(corners, np.float32)


def _off(point: F32, box: F32) -> float:
    """How far `point` lies outside `box`, in its longer sides."""
    outside = np.maximum(np.maximum(box[0] - point, point - box[1]), 0)
    return float(np.linalg.norm(outside) / (box[1] - box[0]).max())
