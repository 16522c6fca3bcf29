"""When a fix has no effect any more: how far it is carried outward from its frame."""

from __future__ import annotations

from collections.abc import Mapping

from app.domain.mask import Mask, MaskError, upsample
from models.redraw import iou

SAME = 0.98  # IoU with the mask that was there, from which on an artist sees no difference
ENOUGH = 3  # frames in a row that are the same


class Settled:
    """Compares what comes with the masks that are there, for one layer on its way.

    After a few masks in a row that are the same the rest would not change either. `stored` are the
    layer's masks, `size` is the clip's (width, height).
    """

    def __init__(self, stored: Mapping[int, Mask], size: tuple[int, int]) -> None:
        self._stored, self._size = stored, size
        self._same = 0

    @property
    def over(self) -> bool:
        """Whether to go no further this way."""
        return self._same >= ENOUGH

    def begin(self) -> None:
        """Another way begins."""
        self._same = 0

    def same(self, frame: int, mask: Mask) -> bool:
        """Whether `mask` is what is on `frame` already, as far as an artist sees."""
        before = self._stored.get(frame)
        same = before is not None and overlap(before, mask, self._size) >= SAME
        self._same = self._same + 1 if same else 0
        return same


def overlap(a: Mask, b: Mask, size: tuple[int, int]) -> float:
    """The IoU of two masks on a clip of (width, height), 0..1; 1 where both are empty."""
    try:
        if (a.shape, a.window) == (b.shape, b.window):
            return iou(a.logits() > 0, b.logits() > 0)
        return iou(upsample(a, size) > 0, upsample(b, size) > 0)
    except MaskError:  # one is damaged, and so has to be replaced
        return 0.0
