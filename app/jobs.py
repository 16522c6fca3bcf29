"""The work done on lanes: plain callables where domain and models meet. No Qt.

A job holds everything it needs; its answer names the question it answers.
"""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import cv2
import numpy as np
from numpy.typing import NDArray

from app.clip_caches import ClipCaches
from app.domain.clip import Clip, ClipError, ClipReader, FrameError, Interpretation, open_clip
from app.domain.mask import Mask, MaskError, upsample
from app.domain.matte import coverage
from app.domain.project import LayerId, Prompt
from app.reports import sentence_of
from app.settings import Settings
from models.base import (
    BoxClick,
    Cancelled,
    Click,
    Embedding,
    Logits,
    MaskStep,
    Model,
    Prediction,
    Step,
)
from models.ort import Cancel

log = logging.getLogger(__name__)


class FrameSource:
    """Pictures of whichever clip is asked for; one a lane, used in that lane's thread only."""

    def __init__(self) -> None:
        self._clip: Clip | None = None
        self._reader: ClipReader | None = None

    def rgb8(self, clip: Clip, frame: int) -> NDArray[np.uint8]:
        """The display picture of `frame`. Raises FrameError."""
        if self._clip is not clip or self._reader is None:
            self.close()
            self._clip, self._reader = clip, ClipReader(clip)
        return self._reader.read(frame).rgb8()

    def close(self) -> None:
        """Let go of the clip's files."""
        if self._reader is not None:
            self._reader.close()
        self._clip = self._reader = None


@dataclass(frozen=True)
class Question:
    """What the artist asked about one layer on one frame.

    `prior`, the model's answer to the prompt's earlier steps, only makes this one faster.
    """

    layer_id: LayerId
    frame: int
    prompt: Prompt
    prior: Logits | None = field(default=None, compare=False)


@dataclass(frozen=True, eq=False)
class ClipOpened:
    """A clip is ready to be shown."""

    question: OpenClip
    clip: Clip
    caches: ClipCaches


@dataclass(frozen=True, eq=False)
class OpenFailed:
    """A clip could not be opened, and why."""

    question: OpenClip
    sentence: str


@dataclass(frozen=True, eq=False)
class FrameRead:
    """`frame` is in the cache, or known to be a gap."""

    caches: ClipCaches
    frame: int


@dataclass(frozen=True, eq=False)
class ThumbnailMade:
    """The thumbnail of `frame` is there."""

    caches: ClipCaches
    frame: int


@dataclass(frozen=True, eq=False)
class FrameEmbedded:
    """The embedding of `frame` is at hand; `seconds` is what the encoder took."""

    caches: ClipCaches
    frame: int
    seconds: float


@dataclass(frozen=True, eq=False)
class Answered:
    """The mask that answers `question`; its matte is in the cache."""

    caches: ClipCaches
    question: Question
    mask: Mask


@dataclass(frozen=True, eq=False)
class NotAnswered:
    """`question` could not be answered, and why."""

    caches: ClipCaches
    question: Question
    sentence: str


@dataclass(frozen=True, eq=False)
class MatteMade:
    """The display matte of `mask` is in the cache."""

    caches: ClipCaches
    mask: Mask


@dataclass(frozen=True, eq=False)
class MaskDamaged:
    """`mask` cannot be read, and why."""

    caches: ClipCaches
    mask: Mask
    sentence: str


@dataclass(frozen=True, eq=False)
class OpenClip:
    """Probes and indexes a clip and prepares its caches."""

    path: Path
    interpretation: Interpretation
    model: Model
    settings: Settings
    folder: Path
    begun: Event = field(default_factory=Event)  # the lane takes it up once

    def __call__(self) -> ClipOpened | OpenFailed:
        self.begun.set()
        try:
            clip = open_clip(self.path, self.interpretation)
            caches = ClipCaches(clip, self.model.info, self.settings, self.folder)
        except ClipError as error:
            return OpenFailed(self, str(error))
        except Exception as error:
            log.exception("a clip could not be opened")
            return OpenFailed(self, f"{self.path.name} could not be opened: {sentence_of(error)}")
        return ClipOpened(self, clip, caches)


@dataclass(frozen=True, eq=False)
class ReadFrame:
    """Reads one frame into the cache."""

    caches: ClipCaches
    frame: int
    source: FrameSource

    def __call__(self) -> FrameRead:
        _picture(self.caches, self.frame, self.source, keep=True)
        return FrameRead(self.caches, self.frame)


@dataclass(frozen=True, eq=False)
class MakeThumbnail:
    """Makes the timeline's small picture of one frame."""

    caches: ClipCaches
    frame: int
    source: FrameSource

    def __call__(self) -> ThumbnailMade | None:
        picture = _picture(self.caches, self.frame, self.source, keep=False)
        if picture is None:
            return None
        self.caches.keep_thumbnail(self.frame, picture)
        return ThumbnailMade(self.caches, self.frame)


@dataclass(frozen=True, eq=False)
class EmbedFrame:
    """Encodes one frame; `cancel` ends it within milliseconds."""

    caches: ClipCaches
    frame: int
    source: FrameSource
    model: Model
    cancel: Cancel = field(default_factory=Cancel)

    def __call__(self) -> FrameEmbedded | None:
        picture = _picture(self.caches, self.frame, self.source, keep=False)
        if picture is None:
            return None
        start = time.perf_counter()
        try:
            embedding = self.model.encode(picture, self.cancel)
            self.caches.keep_embedding(self.frame, embedding)
        except Cancelled:
            return None
        except Exception as error:
            self.caches.failures[self.frame] = str(error)
            raise
        return FrameEmbedded(self.caches, self.frame, time.perf_counter() - start)


@dataclass(frozen=True, eq=False)
class AnswerQuestion:
    """Decodes one prompt, and computes the matte it will be shown with."""

    caches: ClipCaches
    question: Question
    embedding: Embedding
    model: Model

    def __call__(self) -> Answered | NotAnswered:
        question = self.question
        asked = (question.frame, question.prompt)
        try:
            known = self.caches.previews.get(asked)
            mask, logits = (known.mask, known.logits) if known else self._answer()
            MakeMatte(self.caches, mask)()
        except Exception as error:
            log.exception("a prompt could not be answered")
            self.caches.failures[question] = sentence_of(error)
            return NotAnswered(self.caches, question, sentence_of(error))
        self.caches.priors.put(asked, logits)
        self.caches.answers.put(asked, mask)
        return Answered(self.caches, question, mask)

    def _answer(self) -> tuple[Mask, Logits]:
        prompt, prior = self.question.prompt, self.question.prior
        prediction = predict(self.model, self.embedding, prompt, prior)
        return mask_of(prediction, self.embedding, prompt, self.model), prediction.logits


@dataclass(frozen=True, eq=False)
class MakeMatte:
    """Computes the display matte of a mask."""

    caches: ClipCaches
    mask: Mask

    def __call__(self) -> MatteMade | MaskDamaged:
        """The answer. Whatever goes wrong, the same mask is not tried again by itself."""
        self.caches.failures[self.mask] = "not finished"
        try:
            display = display_matte(self.mask, self.caches.clip.size)
        except MaskError as error:
            return MaskDamaged(self.caches, self.mask, str(error))
        self.caches.mattes.put(self.mask, display)
        self.caches.failures.pop(self.mask, None)
        return MatteMade(self.caches, self.mask)


def display_matte(mask: Mask, size: tuple[int, int]) -> NDArray[np.uint8]:
    """The matte (height, width), 0..255, of a clip of `size` = (width, height). Raises MaskError"""
    display: NDArray[np.uint8] = cv2.convertScaleAbs(coverage(upsample(mask, size)), alpha=255)
    display.flags.writeable = False
    return display


def answer(model: Model, embedding: Embedding, prompt: Prompt) -> Mask:
    """The mask that answers `prompt`."""
    return mask_of(predict(model, embedding, prompt), embedding, prompt, model)


def predict(
    model: Model,
    embedding: Embedding,
    prompt: Prompt,
    prior: Logits | None = None,
    cancel: Cancel | None = None,
) -> Prediction:
    """The model's answer to `prompt`; `prior` is its answer to `prompt.before_last_step()`.

    The answer is the same without it: it only saves part of the way.
    """
    return model.decode(embedding, steps(prompt), prior, cancel)


def mask_of(prediction: Prediction, embedding: Embedding, prompt: Prompt, model: Model) -> Mask:
    """What is kept of a prediction."""
    return Mask.cropped(
        prediction.logits,
        embedding.frame_size,
        window=prediction.window,
        prompt=prompt,
        model=model.info.id,
        score=min(max(prediction.score, 0.0), 1.0),  # a regression now and then says 1.02
    )


def steps(prompt: Prompt) -> list[Step]:
    """The prompt in the model's words: the box or what is amended first, then the points in order.

    Where what is amended is damaged, the points alone still say something.
    """
    box, clicks = prompt.box, [Click(p.x, p.y, p.include, p.proposal) for p in prompt.points]
    if prompt.amends is not None:
        with suppress(MaskError):
            return [MaskStep(prompt.amends.logits(), prompt.amends.window), *clicks]
    if box is None:
        return [*clicks]
    return [BoxClick(box.x0, box.y0, box.x1, box.y1, box.proposal), *clicks]


def _picture(
    caches: ClipCaches, frame: int, source: FrameSource, *, keep: bool
) -> NDArray[np.uint8] | None:
    """The display picture, None (and a gap noted) where the frame cannot be read."""
    picture = caches.frames.get(frame)
    if picture is not None or frame in caches.gaps:
        return picture
    try:
        picture = source.rgb8(caches.clip, frame)
    except FrameError as error:
        caches.gaps[frame] = str(error)
        return None
    except Exception as error:
        log.exception("frame %d could not be read", frame)
        caches.gaps[frame] = f"Frame {frame} of {caches.clip.name} cannot be read: {error}."
        return None
    if keep:
        caches.frames.put(frame, picture)
    return picture
