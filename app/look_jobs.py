"""Jobs of the decode lane for what is shown beside the masks. No Qt."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from app.clip_caches import ClipCaches, Preview
from app.domain.contour import Contour, contour
from app.domain.mask import Mask, MaskError
from app.jobs import Question, display_matte, mask_of, predict
from models.base import Cancelled, Embedding, Model
from models.ort import Cancel

log = logging.getLogger(__name__)


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
        drawn: Contour = ()
        try:
            matte = caches.mattes.get(mask)
            if matte is None:
                matte = display_matte(mask, caches.clip.size)
            drawn = contour(matte)
        except MaskError:
            return None
        finally:
            caches.contours.put(mask, drawn)  # whatever went wrong, it is not tried again by itself
        return ContourDrawn(caches, mask)


@dataclass(frozen=True, eq=False)
class Previewed:
    """What the click of `question` would give is in the cache."""

    caches: ClipCaches
    question: Question


@dataclass(frozen=True, eq=False)
class PreviewClick:
    """Answers a question that nobody has asked yet; `cancel` ends it within milliseconds.

    It goes into a small cache of its own, where the answer is found should the click be made.
    """

    caches: ClipCaches
    question: Question
    embedding: Embedding
    model: Model
    cancel: Cancel = field(default_factory=Cancel)

    def __call__(self) -> Previewed | None:
        caches, question = self.caches, self.question
        try:
            prediction = predict(
                self.model, self.embedding, question.prompt, question.prior, self.cancel
            )
            mask = mask_of(prediction, self.embedding, question.prompt, self.model)
            lines = contour(display_matte(mask, caches.clip.size))
        except Cancelled:
            return None
        except Exception:
            log.exception("a click could not be previewed")
            caches.failures[question] = "not previewed"  # until the next edit
            return None
        preview = Preview(mask, prediction.logits, lines)
        caches.previews.put((question.frame, question.prompt), preview)
        return Previewed(caches, question)
