"""Jobs of the decode lane for what is shown beside the masks. No Qt."""

from __future__ import annotations

from dataclasses import dataclass

from app.clip_caches import ClipCaches
from app.domain.contour import contour
from app.domain.mask import Mask, MaskError
from app.jobs import display_matte


@dataclass(frozen=True, eq=False)
class ContourDrawn:
    """The contour of `mask` is in the cache."""

    caches: ClipCaches
    mask: Mask


@dataclass(frozen=True, eq=False)
class DrawContour:
    """Finds the contour of a mask; of one that cannot be read there is none."""

    caches: ClipCaches
    mask: Mask

    def __call__(self) -> ContourDrawn | None:
        caches, mask = self.caches, self.mask
        caches.contours.put(mask, ())  # whatever goes wrong, it is not tried again by itself
        try:
            matte = caches.mattes.get(mask)
            if matte is None:
                matte = display_matte(mask, caches.clip.size)
        except MaskError:
            return None
        caches.contours.put(mask, contour(matte))
        return ContourDrawn(caches, mask)
