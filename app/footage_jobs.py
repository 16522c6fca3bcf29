"""Finding the footage of a project that was opened: a job on the read lane. No Qt."""

from __future__ import annotations

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
        wanted = self.project.clip
        assert wanted is not None
        if self.chosen is not None:
            return self._take(self.chosen, wanted)
        folder = self.home.parent if self.home else None
        reason = f"{wanted.path.name} is not where it was."
        for place in locate(str(wanted.path), self.relative, folder):
            answer = self._try(place, wanted)
            if isinstance(answer, FootageFound):
                return answer
            reason = answer or reason
        until = time.monotonic() + SEARCH
        candidates = find_candidates(
            wanted,
            likely_folders(wanted, folder),
            until=lambda: self.given_up.is_set() or time.monotonic() > until,
        )
        return FootageMissing(self, reason, tuple(candidates))

    def _try(self, place: Path, wanted: Clip) -> FootageFound | str:
        """The footage at `place` if it is the very same, else why not; empty if none is there."""
        try:
            found = open_clip(place, wanted.interpretation)
            match = compare(wanted, found, used_frames(self.project))
            if match.kind == "same":
                return self._found(found, "")
        except ClipError as error:
            return str(error) if place.exists() else ""
        return f"{match.reason} It was replaced since the project was made."

    def _take(self, chosen: Path, wanted: Clip) -> FootageFound | FootageMissing:
        try:
            found = open_clip(chosen, wanted.interpretation)
        except ClipError as error:
            return FootageMissing(self, str(error))
        match = compare(wanted, found, used_frames(self.project))
        if match.kind == "unfit":
            return FootageMissing(self, match.reason)
        return self._found(found, "" if match.kind == "same" else match.reason)

    def _found(self, clip: Clip, reason: str) -> FootageFound:
        caches = ClipCaches(clip, self.model.info, self.settings, self.cache_folder)
        return FootageFound(self, clip, caches, reason)


def used_frames(project: Project) -> frozenset[int]:
    """The frames that carry prompts or masks."""
    layers = project.layers
    return frozenset(frame for layer in layers for frame in (*layer.prompts, *layer.masks))
