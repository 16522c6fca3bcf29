"""Everything computed from one clip that can be computed again: pictures, embeddings, mattes."""

from __future__ import annotations

from copy import copy
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from app.domain.cache import ByteCache, distance
from app.domain.clip import Clip
from app.domain.contour import Contour, contour_bytes
from app.domain.embedding_store import EmbeddingStore, make_room, store_path
from app.domain.frames import FrameRange
from app.domain.mask import Mask
from app.domain.project import Prompt
from app.settings import Settings
from models.base import Embedding, Logits, ModelInfo

MB = 2**20
MATTES = 192 * MB
ANSWERS = 64 * MB
PRIORS = 32 * MB
CONTOURS = 16 * MB
PREVIEWS = 4 * MB
THUMBNAILS = 64 * MB
THUMBNAIL = 96  # pixels wide


class Preview(NamedTuple):
    """What a click would give, were it made."""

    mask: Mask
    logits: Logits
    contour: Contour


class ClipCaches:
    """What the lanes know about `clip`. One is made a clip; answers that name an old one are late.

    Written by lanes, read by everybody: every member is safe to use from several threads.
    """

    def __init__(self, clip: Clip, info: ModelInfo, settings: Settings, folder: Path) -> None:
        self.clip = clip
        self.playhead = clip.frames.first
        self.direction = 1
        frames = max(settings.frames_mb * MB, 4 * self.frame_bytes)
        self.frames: ByteCache[int, NDArray[np.uint8]] = ByteCache(frames, _nbytes)
        self.take_over()
        self.mattes: ByteCache[Mask, NDArray[np.uint8]] = ByteCache(MATTES, _nbytes)
        self.contours: ByteCache[Mask, Contour] = ByteCache(CONTOURS, contour_bytes)
        self.answers: ByteCache[tuple[int, Prompt], Mask] = ByteCache(ANSWERS, _mask_bytes)
        self.priors: ByteCache[tuple[int, Prompt], Logits] = ByteCache(PRIORS, _nbytes)
        self.previews: ByteCache[tuple[int, Prompt], Preview] = ByteCache(PREVIEWS, _preview_bytes)
        self.gaps: dict[int, str] = {
            frame: f"Frame {frame} is missing from {clip.name}." for frame in clip.missing
        }
        self.failures: dict[object, str] = {}  # questions and frames not to be tried again
        self.thumbnails: ByteCache[int, NDArray[np.uint8]] = ByteCache(THUMBNAILS, _nbytes)
        self.model = info.digest  # whose embeddings and answers these are
        self._embeddings = _open_store(clip, info, settings, folder)

    def for_model(self, info: ModelInfo, settings: Settings, folder: Path) -> ClipCaches:
        """Caches of the same clip for another model: pictures and mattes are the very same.

        Nothing of it holds back or changes these; close whichever is not used any more.
        """
        other = copy(self)
        other.answers = ByteCache(ANSWERS, _mask_bytes)
        other.priors = ByteCache(PRIORS, _nbytes)
        other.previews = ByteCache(PREVIEWS, _preview_bytes)
        other.failures = {}
        other.model = info.digest
        other._embeddings = _open_store(self.clip, info, settings, folder)  # noqa: SLF001 - ours
        return other

    def take_over(self) -> None:
        """From now on these say which pictures leave first, not those they were made from."""
        self.frames.cost = lambda frame: distance(frame, self.playhead, self.direction)

    @property
    def frame_bytes(self) -> int:
        """Bytes of one display picture."""
        width, height = self.clip.size
        return 3 * width * height

    @property
    def frames_that_fit(self) -> int:
        """How many display pictures the budget holds."""
        return max(2, self.frames.budget // self.frame_bytes - 1)

    @property
    def mattes_that_fit(self) -> int:
        """How many display mattes the budget holds."""
        return max(1, 3 * self.mattes.budget // self.frame_bytes - 1)

    @property
    def embeddings_that_fit(self) -> int:
        """How many embeddings the budgets hold."""
        return self._embeddings.capacity

    @property
    def ram_bytes(self) -> int:
        """Memory in use by all of it."""
        return self.frames.bytes + self.mattes.bytes + self._embeddings.ram_bytes

    @property
    def disk_error(self) -> str | None:
        """Why embeddings are not kept on disk, None while they are."""
        return self._embeddings.disk_error

    def aim(self, playhead: int, direction: int, work_range: FrameRange | None) -> None:
        """Where results are needed, so that the right ones stay."""
        first = self.clip.frames.first
        self.playhead, self.direction = playhead, direction
        self._embeddings.playhead = playhead - first
        self._embeddings.work_range = (
            FrameRange(work_range.first - first, work_range.last - first) if work_range else None
        )

    def embedding(self, frame: int) -> Embedding | None:
        """The embedding of `frame`, None where it is not at hand."""
        arrays = self._embeddings.get(frame - self.clip.frames.first)
        return None if arrays is None else Embedding(arrays, self.clip.size)

    def keep_embedding(self, frame: int, embedding: Embedding) -> None:
        """Keep the embedding of `frame`."""
        self._embeddings.put(frame - self.clip.frames.first, embedding.arrays)

    def embedded_frames(self) -> frozenset[int]:
        """The frames whose embedding is at hand."""
        first = self.clip.frames.first
        return frozenset(first + index for index in self._embeddings.frames())

    def keep_thumbnail(self, frame: int, picture: NDArray[np.uint8]) -> None:
        """Keep a small version of `picture` for the timeline."""
        height, width = picture.shape[:2]
        size = (THUMBNAIL, max(1, round(THUMBNAIL * height / width)))
        self.thumbnails.put(frame, cv2.resize(picture, size, interpolation=cv2.INTER_AREA))

    def close(self) -> None:
        """Let go of files."""
        self._embeddings.close()


def _open_store(clip: Clip, info: ModelInfo, settings: Settings, folder: Path) -> EmbeddingStore:
    ram = settings.embeddings_mb * MB
    if clip.offline:
        return EmbeddingStore(info.embedding_shapes, ram)
    path = store_path(folder, info.digest, clip.fingerprint.key)
    room = make_room(folder, path, int(settings.disk_gb * 2**30))
    slots = min(len(clip.frames), room // info.embedding_bytes)
    return EmbeddingStore(info.embedding_shapes, ram, path, slots)


def _nbytes(array: NDArray[np.generic]) -> int:
    return array.nbytes


def _mask_bytes(mask: Mask) -> int:
    return len(mask.data)


def _preview_bytes(preview: Preview) -> int:
    return _mask_bytes(preview.mask) + preview.logits.nbytes + contour_bytes(preview.contour)
