"""Which job comes next on each lane: pure functions of what is wanted now. No Qt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from app.clip_caches import ClipCaches
from app.domain.cache import next_frame, next_to_read, window
from app.domain.frames import FrameRange
from app.domain.mask import Mask
from app.footage_jobs import FindFootage
from app.jobs import (
    AnswerQuestion,
    EmbedFrame,
    FrameSource,
    MakeMatte,
    MakeThumbnail,
    OpenClip,
    Question,
    ReadFrame,
)
from app.look_jobs import DrawContour, PreviewClick
from app.project_jobs import (
    Keeping,
    KeepProject,
    LeaveProject,
    OpenProject,
    RecoverProject,
    SaveProject,
)
from models.base import Model

Opening: TypeAlias = OpenClip | OpenProject | RecoverProject | FindFootage


@dataclass(frozen=True, eq=False)
class Wanted:
    """What the artist needs now; the session replaces it whole, lanes only read it."""

    model: Model
    caches: ClipCaches | None = None
    opening: Opening | None = None
    playhead: int = 0
    direction: int = 1
    settled: bool = True  # the playhead rests: its frame is worth an encode
    playing: bool = False
    ahead: bool = True  # encode frames before they are asked for
    work_range: FrameRange | None = None
    questions: tuple[Question, ...] = ()  # the most urgent first
    masks: tuple[Mask, ...] = ()  # to be drawn now or soon
    preview: Question | None = None  # what a click would ask that nobody has made
    contours: tuple[Mask, ...] = ()  # of which the contour is to be drawn
    thumbnails: tuple[int, ...] = ()
    keeping: Keeping | None = None
    saving: SaveProject | None = None
    leaving: tuple[LeaveProject, ...] = ()


def pick_read(wanted: Wanted, source: FrameSource) -> Opening | ReadFrame | None:
    """What is to be opened, else the playhead's frame, else the frames round it that fit."""
    if wanted.opening is not None and not wanted.opening.begun.is_set():
        return wanted.opening
    caches = wanted.caches
    if caches is None:
        return None
    near = window(wanted.playhead, caches.clip.frames, caches.frames_that_fit, wanted.direction)
    done = caches.frames.keys() | set(caches.gaps)
    frame = next_to_read(wanted.playhead, near, done, wanted.direction)
    return None if frame is None else ReadFrame(caches, frame, source)


def pick_embed(wanted: Wanted, source: FrameSource) -> EmbedFrame | None:
    """The frame of the most urgent question, else the playhead's, else the frames round it."""
    frame = urgent_frame(wanted)
    if (
        frame is None
        and wanted.ahead
        and wanted.settled
        and not wanted.playing
        and not _broken(wanted)
    ):
        frame = next(iter(frames_to_embed(wanted)), None)
    if frame is None or wanted.caches is None:
        return None
    return EmbedFrame(wanted.caches, frame, source, wanted.model)


def _broken(wanted: Wanted) -> bool:
    """Whether the encoder failed since the last edit: it is not tried on frame after frame."""
    caches = wanted.caches
    return caches is not None and any(isinstance(key, int) for key in list(caches.failures))


def urgent_frame(wanted: Wanted) -> int | None:
    """The frame somebody waits for: a question's, else the resting playhead's; None if ready."""
    caches = wanted.caches
    if caches is None:
        return None
    frames = [question.frame for question in wanted.questions]
    if wanted.settled and not wanted.playing:
        frames.append(wanted.playhead)
    done = _embedded_or_hopeless(caches)
    return next((frame for frame in frames if frame not in done), None)


def frames_to_embed(wanted: Wanted) -> list[int]:
    """The frames still to be embedded, the next one first: inside in/out and the budget."""
    caches = wanted.caches
    if caches is None or wanted.work_range is None:
        return []
    near = window(wanted.playhead, wanted.work_range, caches.embeddings_that_fit)
    done = _embedded_or_hopeless(caches)
    first = next_frame(wanted.playhead, near, done)
    left = [frame for frame in near if frame not in done and frame != first]
    return [] if first is None else [first, *left]


def pick_decode(wanted: Wanted) -> AnswerQuestion | MakeMatte | DrawContour | PreviewClick | None:
    """The most urgent question whose embedding is at hand, else what is to draw, else a preview."""
    caches = wanted.caches
    if caches is None:
        return None
    return (
        _pick_question(wanted, caches)
        or _pick_matte(wanted, caches)
        or _pick_contour(wanted, caches)
        or _pick_preview(wanted, caches)
    )


def gives_way(preview: PreviewClick, wanted: Wanted) -> bool:
    """Whether a preview under way is not what is wanted, or stands before a real click."""
    if preview.caches is not wanted.caches or preview.question != wanted.preview:
        return True
    embedded = preview.caches.embedded_frames()
    return any(question.frame in embedded for question in _open(wanted, preview.caches))


def _open(wanted: Wanted, caches: ClipCaches) -> Iterator[Question]:
    """The questions still to be answered, the most urgent first."""
    answered = caches.answers.keys()
    for question in wanted.questions:
        on_its_way = (question.frame, question.prompt) in answered
        if not on_its_way and question not in caches.failures:
            yield question


def _pick_question(wanted: Wanted, caches: ClipCaches) -> AnswerQuestion | None:
    for question in _open(wanted, caches):
        embedding = caches.embedding(question.frame)
        if embedding is not None:
            return AnswerQuestion(caches, _primed(question, caches), embedding, wanted.model)
    return None


def _primed(question: Question, caches: ClipCaches) -> Question:
    """The question with the answer to its earlier steps, where that is at hand."""
    prior = caches.priors.get((question.frame, question.prompt.before_last_step()))
    return question if prior is None else replace(question, prior=prior)


def _pick_matte(wanted: Wanted, caches: ClipCaches) -> MakeMatte | None:
    done = caches.mattes.keys() | set(caches.failures)
    drawn = wanted.masks[: caches.mattes_that_fit]  # more would push each other out for ever
    mask = next((mask for mask in drawn if mask not in done), None)
    return None if mask is None else MakeMatte(caches, mask)


def _pick_contour(wanted: Wanted, caches: ClipCaches) -> DrawContour | None:
    done = caches.contours.keys()
    mask = next((mask for mask in wanted.contours if mask not in done), None)
    return None if mask is None else DrawContour(caches, mask)


def _pick_preview(wanted: Wanted, caches: ClipCaches) -> PreviewClick | None:
    """What a click would give, where the frame's embedding is at hand: none is made for it."""
    question = wanted.preview
    if question is None or wanted.playing or not wanted.settled:
        return None
    asked = (question.frame, question.prompt)
    if question in caches.failures or asked in caches.previews.keys():  # noqa: SIM118 - a cache
        return None
    embedding = caches.embedding(question.frame)
    if embedding is None:
        return None
    return PreviewClick(caches, _primed(question, caches), embedding, wanted.model)


def pick_thumbnail(wanted: Wanted, source: FrameSource) -> MakeThumbnail | None:
    """The next thumbnail that is missing; none while playing, which needs the decoder."""
    caches = wanted.caches
    if caches is None or wanted.playing:
        return None
    done = caches.thumbnails.keys() | set(caches.gaps)
    frame = next((frame for frame in wanted.thumbnails if frame not in done), None)
    return None if frame is None else MakeThumbnail(caches, frame, source)


def pick_keep(wanted: Wanted) -> SaveProject | LeaveProject | KeepProject | None:
    """A save that was asked for, else a project to let go of, else what is not on the disk yet."""
    if wanted.saving is not None and not wanted.saving.begun.is_set():
        return wanted.saving
    for leaving in wanted.leaving:
        if not leaving.begun.is_set():
            return leaving
    keeping = wanted.keeping
    if keeping is None or not keeping.is_due:
        return None
    if wanted.saving is not None and keeping.live.kept is keeping.project:
        return None  # only whether it is saved has changed, and the save is about to tell
    return KeepProject(keeping)


def _embedded_or_hopeless(caches: ClipCaches) -> frozenset[int]:
    failed = {key for key in list(caches.failures) if isinstance(key, int)}
    return caches.embedded_frames() | set(caches.gaps) | failed
