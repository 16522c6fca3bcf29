"""Exporting the mattes of a project: the one way, taken by the window and by the command line."""

from __future__ import annotations

from collections.abc import Collection, Generator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app import jobs
from app.clip_caches import ClipCaches
from app.domain import clip as clips
from app.domain import matte
from app.domain.clip import Clip
from app.domain.mask import Mask, MaskError, upsample
from app.domain.project import Layer, LayerId, Project, Prompt
from app.jobs import FrameSource
from export.base import Alpha, FrameError
from export.job import ExportJob, Mode, targets
from export.report import Progress, Report
from export.sequence import export
from models.base import Embedding, Model, ModelError


class AnswerSource(Protocol):
    """Where an export gets the masks that are not there yet; `MaskSource` is the one there is."""

    def check(self, frame: int) -> None:
        """Nothing, where the clip has `frame`. Raises export.base.FrameError where it lacks it."""

    def answer(self, frame: int, prompt: Prompt) -> Mask:
        """The mask that answers `prompt`. Raises export.base.FrameError."""


class MaskSource:
    """Answers prompts on the frames of `clip` one after the other, in one thread.

    `caches` are those of the window, where there is one: what they hold is not computed again.
    """

    def __init__(self, clip: Clip, model: Model, caches: ClipCaches | None = None) -> None:
        self._clip, self._model, self._caches = clip, model, caches
        self._frames = FrameSource()
        self._embedded: tuple[int, Embedding] | None = None  # all layers of a frame come together

    def check(self, frame: int) -> None:
        """Nothing, where the clip has `frame`. Raises FrameError where it lacks it."""
        if self._clip.offline:
            return  # masks that are there need no footage
        if self._caches is not None and frame in self._caches.gaps:
            raise FrameError(self._caches.gaps[frame])
        if frame not in self._clip.frames or frame in self._clip.missing:
            raise FrameError(f"Frame {frame} is missing from {self._clip.name}.")

    def picture(self, frame: int) -> NDArray[np.uint8]:
        """The display picture of `frame`, (height, width, 3) uint8 RGB. Raises FrameError."""
        self.check(frame)
        cached = self._caches.frames.get(frame) if self._caches else None
        if cached is not None:
            return cached
        try:
            return self._frames.rgb8(self._clip, frame)
        except clips.FrameError as e:
            raise FrameError(str(e)) from e

    def answer(self, frame: int, prompt: Prompt) -> Mask:
        """The mask that answers `prompt`, the same as in the window. Raises FrameError."""
        known = self._caches.answers.get((frame, prompt)) if self._caches else None
        if known is not None:
            return known
        try:
            return jobs.answer(self._model, self._embedding(frame), prompt)
        except ModelError as e:
            raise FrameError(f"Frame {frame} of {self._clip.name}: {e}") from e

    def close(self) -> None:
        """Let go of the clip's files."""
        self._frames.close()

    def _embedding(self, frame: int) -> Embedding:
        if self._embedded is not None and self._embedded[0] == frame:
            return self._embedded[1]
        cached = self._caches.embedding(frame) if self._caches else None
        embedding = cached or self._model.encode(self.picture(frame))
        self._embedded = frame, embedding
        return embedding


def export_mattes(
    project: Project,
    layer_ids: Sequence[LayerId],
    frames: Collection[int],
    out_dir: Path,
    mode: Mode,
    answer_source: AnswerSource,
) -> Generator[Progress | Report, None, None]:
    """Write the mattes of these layers; yields a `Progress` after each one, the `Report` last.

    A mask that is missing or stale is computed first; a frame without a prompt and without a mask
    is black. To cancel, close the generator. Raises ExportError, as `export.sequence.export` does.
    """
    job = _job(project, layer_ids, frames, out_dir, mode)
    layers = [project.layer(layer_id) for layer_id in layer_ids]

    def alpha(index: int, frame: int) -> Alpha | None:
        return matte_of(layers[index], frame, job.size, answer_source)

    return export(job, alpha)


def matte_of(
    layer: Layer, frame: int, size: tuple[int, int], answer_source: AnswerSource
) -> Alpha | None:
    """The matte of a layer, answered first where its mask is stale or damaged; None without both.

    Raises export.base.FrameError where the clip lacks the frame or it cannot be read.
    """
    answer_source.check(frame)
    held, prompt = held_matte(layer, frame, size), layer.prompts.get(frame)
    if held is not None or prompt is None:
        return held
    return matte.coverage(upsample(answer_source.answer(frame, prompt), size))


def held_matte(layer: Layer, frame: int, size: tuple[int, int]) -> Alpha | None:
    """The matte of the mask that a layer has; None where there is none, or one to be made anew.

    That is one that does not answer its prompt, or is damaged. Raises export.base.FrameError for a
    damaged one without a prompt.
    """
    if layer.is_stale(frame):
        return None
    try:
        return matte.alpha(layer, frame, size)
    except MaskError as e:
        if frame in layer.prompts:
            return None
        raise FrameError(f"its mask is damaged ({e}) Click that frame again.") from e


def export_targets(
    project: Project, layer_ids: Sequence[LayerId], frames: Collection[int], out_dir: Path
) -> dict[LayerId, list[Path]]:
    """Where the mattes of such an export go, by layer and in the order of `frames`."""
    places: dict[LayerId, list[Path]] = {layer_id: [] for layer_id in layer_ids}
    for target in targets(_job(project, layer_ids, frames, out_dir, "refuse")):
        places[layer_ids[target.layer]].append(target.path)
    return places


def first_export_path(
    project: Project, layer_ids: Sequence[LayerId], frames: Collection[int], out_dir: Path
) -> Path:
    """Where the first matte of such an export goes. Raises ValueError where nothing is asked."""
    if not layer_ids or not frames:
        raise ValueError("an export needs a layer and a frame")
    return export_targets(project, layer_ids, frames, out_dir)[layer_ids[0]][0]


def _job(
    project: Project,
    layer_ids: Sequence[LayerId],
    frames: Collection[int],
    out_dir: Path,
    mode: Mode,
) -> ExportJob:
    if project.clip is None:
        raise ValueError("a project without a clip has no mattes")
    names = tuple(project.layer(layer_id).name for layer_id in layer_ids)
    return ExportJob(out_dir, names, tuple(frames), project.clip.size, mode=mode)
