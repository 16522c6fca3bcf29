"""Reading the frames of a movie in any order, each exactly or not at all.

A frame is believed only once every frame decoded before it has come out in good order: a decoder
that meets damage goes on and makes up what is lost, and the frames that lean on it come out first.
At the first sign of damage the whole group of pictures is surveyed, packet by packet.
"""

from __future__ import annotations

from collections import deque

import av

from app.domain.clip_facts import Clip, FrameError
from app.domain.decoding_run import Decoder
from app.domain.movie_colour import to_picture
from app.domain.movie_run import NOWHERE, FrameRun, GroupMap, start_run, survey
from app.domain.picture import Picture

SEEK_COST = 4  # a seek costs about as much as decoding this many frames


class MovieReader:
    """Reads one movie; one per thread, never shared."""

    def __init__(self, clip: Clip) -> None:
        if clip.index is None or clip.decoding is None:
            raise ValueError(f"{clip.name} is no movie")
        self._clip, self._index, self._decoding = clip, clip.index, clip.decoding
        self._map = GroupMap(clip.index)
        self._decoder = Decoder(clip.path, strict=clip.decoding.strict)
        self._run = FrameRun(self._map, iter(()))
        self._waiting: deque[tuple[int, av.VideoFrame]] = deque()
        self._surveyed: dict[int, frozenset[int]] = {}  # damaged ranks by group

    def read(self, frame: int) -> Picture:
        """The picture of `frame`. Raises FrameError where it cannot be read."""
        if frame not in self._clip.frames:
            raise FrameError(f"{self._clip.name} has no frame {frame}.", frame)
        rank = frame - self._clip.frames.first
        group = self._map.group(rank)
        found = None if group in self._surveyed else self._reach(rank)
        if found is None:
            found = self._reach_in_damage(rank, group)
        if found is None or found.is_corrupt:
            raise FrameError(
                f"Frame {frame} of {self._clip.path.name} is damaged and cannot be decoded; get a "
                "good copy of the file, or leave this frame out.",
                frame,
            )
        return self._picture(found, frame)

    def close(self) -> None:
        """Let go of the file; the reader cannot be used afterwards."""
        self._waiting.clear()
        self._decoder.close()

    def _picture(self, found: av.VideoFrame, frame: int) -> Picture:
        width, height = self._decoding.size
        if (found.width, found.height) != (width, height):
            raise FrameError(
                f"Frame {frame} of {self._clip.path.name} is {found.width} x {found.height} where "
                f"the movie began with {width} x {height}; split the movie there.",
                frame,
            )
        try:
            return to_picture(found, self._decoding)
        except (av.FFmpegError, ValueError) as e:
            raise FrameError(
                f"The pixels of frame {frame} of {self._clip.path.name} cannot be converted; "
                "convert the movie to an image sequence.",
                frame,
            ) from e

    def _reach_in_damage(self, rank: int, group: int) -> av.VideoFrame | None:
        if group not in self._surveyed:
            self._surveyed[group] = survey(self._clip, self._map, group)
        if rank in self._surveyed[group]:
            return None
        return self._reach(rank, tolerant=True)

    def _reach(self, rank: int, *, tolerant: bool = False) -> av.VideoFrame | None:
        """The frame of this rank; None where it never comes or, unless tolerant, in damage."""
        while self._waiting and self._waiting[0][0] < rank:
            self._waiting.popleft()
        if self._is_behind(rank) or not (self._waiting or self._can_step_to(rank)):
            self._start(rank)
        for place, output in self._run.until(self._map.horizon(rank)):
            if place >= rank:
                self._waiting.append((place, output))
        sound = tolerant or self._run.is_sound(self._map.horizon(rank))
        first = self._waiting[0] if self._waiting else None
        return first[1] if sound and first and first[0] == rank else None

    def _is_behind(self, rank: int) -> bool:
        """Whether the run has passed this rank and no frame of it waits."""
        return rank <= self._run.last and not any(place == rank for place, _ in self._waiting)

    def _can_step_to(self, rank: int) -> bool:
        """Whether going on is no dearer than seeking."""
        return NOWHERE < self._run.last < rank and self._run.last >= (
            self._map.first_rank(self._map.group(rank)) - SEEK_COST
        )

    def _start(self, rank: int) -> None:
        self._waiting.clear()
        self._run = start_run(self._decoder, self._map, rank)
