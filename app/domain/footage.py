"""Footage for a project that is opened again: where it may be, and whether it is what it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from app.domain.clip_facts import Clip
from app.domain.footage_places import is_remote, likely_folders, locate, relative_to
from app.domain.footage_score import Score
from app.domain.footage_search import Candidate, find_candidates

__all__ = [
    "Candidate",
    "Kind",
    "Match",
    "Score",
    "compare",
    "find_candidates",
    "is_remote",
    "likely_folders",
    "locate",
    "relative_to",
]

Kind: TypeAlias = Literal["same", "other", "unfit"]
CALLED = {"movie": "a movie", "sequence": "an image sequence"}


@dataclass(frozen=True, slots=True)
class Match:
    """How found footage fits a project; `reason` is a sentence for the artist.

    "other" footage can be used, but differs from what the project was made on; "unfit" cannot.
    """

    kind: Kind
    reason: str


def compare(wanted: Clip, found: Clip, frames_used: frozenset[int]) -> Match:
    """How `found` fits a project made on `wanted`, with prompts or masks on `frames_used`.

    `wanted` may be offline. Open `found` with the interpretation of `wanted`: it decides where a
    movie starts.
    """
    name = found.path.name
    if _content(found) == _content(wanted):
        return Match("same", f"{name} is the footage the project was made on.")
    if unfit := _size(wanted, found) or _lost(found, frames_used):
        return Match("unfit", f"{name} {unfit}.")
    return Match("other", f"{name} {' and '.join(_differences(wanted, found))}.")


def _content(clip: Clip) -> tuple[object, ...]:
    return clip.fingerprint, clip.size, clip.frames


def _differences(wanted: Clip, found: Clip) -> list[str]:
    """What differs, each to be read after the name; the content only where nothing else does."""
    kind = f"is {CALLED[found.kind]} instead of {CALLED[wanted.kind]}"
    start = f"starts at frame {found.frames.first} instead of {wanted.frames.first}"
    said = [
        kind if found.kind != wanted.kind else "",
        _more(len(found.frames) - len(wanted.frames), "frame"),
        _more(_gaps(found) - _gaps(wanted), "gap"),
        start if found.frames.first != wanted.frames.first else "",
    ]
    return list(filter(None, said)) or ["has as many frames of the same size, but other content"]


def _gaps(clip: Clip) -> int:
    return len(clip.frames) - clip.fingerprint.frames


def _size(wanted: Clip, found: Clip) -> str:
    """That the picture size is another; empty where it is not."""
    if found.size == wanted.size:
        return ""
    width, height = found.size
    return f"is {width} x {height}, the project was made on {wanted.size[0]} x {wanted.size[1]}"


def _lost(found: Clip, frames_used: frozenset[int]) -> str:
    """That used frames are not there; empty where all are. A gap is there: it may be filled."""
    lost = sorted(frame for frame in frames_used if frame not in found.frames)
    if not lost:
        return ""
    which = f"frame {lost[0]}" if len(lost) == 1 else f"{len(lost)} frames from {lost[0]} on"
    return (
        f"has the frames {found.frames.first} to {found.frames.last}, but the project has prompts "
        f"or masks on {which}; choose footage that has them"
    )


def _more(difference: int, noun: str) -> str:
    """How many it has more or fewer; empty where neither."""
    count = abs(difference)
    which = "more" if difference > 0 else "fewer"
    return f"has {count} {noun}{'s' * (count > 1)} {which}" if count else ""
