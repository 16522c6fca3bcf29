"""Finding the footage of a project that was opened: a job on the read lane. No Qt."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from app.clip_caches import ClipCaches
from app.domain.clip import Clip, ClipError, open_clip
from app.domain.footage import compare
from app.domain.footage_places import likely_folders, locate
from app.domain.footage_search import Candidate, find_candidates
from app.domain.project import Project
from app.settings import Settings
from models.base import Model

log = logging.getLogger(__name__)

SEARCH = 8.0  # seconds the search for footage may take


@dataclass(frozen=True, eq=False)
class FootageFound:
    """The footage of a project that was opened; `reason` says where it differs, if it does."""

    question: FindFootage
    clip: Clip
    caches: ClipCaches
    reason: str = ""


@dataclass(frozen=True, eq=False)
class FootageMissing:
    """The footage is not where it was, or not what it was; these files could be it."""

    question: FindFootage
    reason: str
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True, eq=False)
class FindFootage:
    """Opens the clip of a project again, by itself or from the file the artist `chose`.

    By itself only the very same footage is taken; from the artist, whatever fits.
    """

    project: Project
    relative: str | None
    home: Path | None
    model: Model
    settings: Settings
    cache_folder: Path
    chosen: Path | None = None
    begun: Event = field(default_factory=Event)
    given_up: Event = field(default_factory=Event)  # set to end a search

    @property
    def path(self) -> Path:
        """What is being opened."""
        assert self.project.clip is not None
        return self.chosen or self.project.clip.path

    def __call__(self) -> FootageFound | FootageMissing:
        self.begun.set()
        try:
            return self._answer()
        except Exception as error:
            log.exception("the footage could not be looked for")
            return FootageMissing(self, f"{self.path.name} could not be opened: {error}.")

    def _answer(self) -> FootageFound | FootageMissing:
        if self.chosen is not None:
            clip, reason = chosen_footage(self.project, self.chosen)
        else:
            clip, reason = same_footage(self.project, self.relative, self.home)
        if clip is not None:
            caches = ClipCaches(clip, self.model.info, self.settings, self.cache_folder)
            return FootageFound(self, clip, caches, reason)
        return FootageMissing(self, reason, () if self.chosen else self._candidates())

    def _candidates(self) -> tuple[Candidate, ...]:
        wanted, until = self.project.clip, time.monotonic() + SEARCH
        assert wanted is not None
        folders = likely_folders(wanted, self.home.parent if self.home else None)

        def ended() -> bool:
            return self.given_up.is_set() or time.monotonic() > until

        return tuple(find_candidates(wanted, folders, until=ended))


def same_footage(
    project: Project, relative: str | None, home: Path | None
) -> tuple[Clip | None, str]:
    """The very footage that the project was made on; None, and why, where it is not found."""
    wanted = project.clip
    assert wanted is not None
    reason = f"{wanted.path.name} is not where it was, in {wanted.path.parent}."
    for place in locate(str(wanted.path), relative, home.parent if home else None):
        try:
            found = open_clip(place, wanted.interpretation)
        except ClipError as error:
            reason = str(error) if _may_be_there(place) else reason
            continue
        match = compare(wanted, found, used_frames(project))
        if match.kind == "same":
            return found, ""
        reason = f"{match.reason} It was replaced since the project was made."
    return None, reason


def chosen_footage(project: Project, chosen: Path) -> tuple[Clip | None, str]:
    """The footage the artist chose, and where it differs; None, and why, where it does not fit."""
    wanted = project.clip
    assert wanted is not None
    try:
        found = open_clip(chosen, wanted.interpretation)
    except ClipError as error:
        return None, str(error)
    match = compare(wanted, found, used_frames(project))
    if match.kind == "unfit":
        return None, match.reason
    return found, "" if match.kind == "same" else match.reason


def _may_be_there(place: Path) -> bool:
    try:
        return place.exists()
    except OSError:  # nobody may look into the folder, or no name can be that long
        return True


def used_frames(project: Project) -> frozenset[int]:
    """The frames that carry prompts or masks."""
    layers = project.layers
    return frozenset(frame for layer in layers for frame in (*layer.prompts, *layer.masks))
