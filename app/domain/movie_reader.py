"""Reading the frames of a movie in any order, each exactly or not at all.

A frame is believed only once every frame decoded before it has come out in good order: a decoder
that meets damage goes on and makes up what is lost, and the frames that lean on it come out first.
At the first sign of damage the whole group of pictures is surveyed, packet by packet.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterator
from itertools import accumulate

import av

from app.domain.clip_facts import Clip, FrameError
from app.domain.decoding_run import Decoder, Fault, Output
from app.domain.movie_colour import to_picture
from app.domain.picture import Picture

SEEK_COST = 4  # a seek costs about as much as decoding this many frames
NOWHERE = -1


class MovieReader:
    """Reads one movie; one per thread, never shared."""

    def __init__(self, clip: Clip) -> None:
        if clip.index is None or clip.decoding is None:
            raise ValueError(f"{clip.name} is no movie")
        self._clip, self._index, self._decoding = clip, clip.index, clip.decoding
        self._map = GroupMap(clip)
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


class GroupMap:
    """Which group of pictures a frame is in, and what was decoded before it."""

    def __init__(self, clip: Clip) -> None:
        index = clip.index
        assert index is not None
        self.index = index
        ranks = [bisect_left(index.times, key) for key in index.keys]
        self._firsts = sorted({0, *(rank for rank in ranks if rank < len(index.times))})
        order = index.order or range(len(index.times))
        self.position = [0] * len(index.times)
        self._horizon = [0] * len(index.times)
        for place, (rank, furthest) in enumerate(zip(order, accumulate(order, max), strict=True)):
            self.position[rank], self._horizon[rank] = place, furthest

    def group(self, rank: int) -> int:
        """The number of the group this rank is in."""
        return bisect_right(self._firsts, rank) - 1

    def first_rank(self, group: int) -> int:
        """The first rank of this group; past its last group the number of frames."""
        return self._firsts[group] if group < len(self._firsts) else len(self.index.times)

    def ranks(self, group: int) -> range:
        """The ranks of this group."""
        return range(self.first_rank(group), self.first_rank(group + 1))

    def horizon(self, rank: int) -> int:
        """The last rank among the frames decoded no later than this one."""
        return self._horizon[rank]

    def rank_at(self, time: int | None) -> int | None:
        """The rank of the frame presented at `time`, None where there is none."""
        if time is None:
            return None
        rank = bisect_left(self.index.times, time)
        return rank if rank < len(self.index.times) and self.index.times[rank] == time else None


class FrameRun:
    """The frames of one run of the decoder by rank, and whether all was well on the way."""

    def __init__(
        self, groups: GroupMap, outputs: Iterator[Output], *, counted: bool = False
    ) -> None:
        self._map, self._outputs, self._counted = groups, outputs, counted
        self.last = NOWHERE  # the rank that came out last
        self.faults: list[int | None] = []  # times of the packets that gave errors
        self._sound = True

    def until(self, horizon: int) -> Iterator[tuple[int, av.VideoFrame]]:
        """The frames still to come up to the rank `horizon`."""
        while self.last < horizon:
            output = next(self._outputs, None)
            if output is None:
                return
            if isinstance(output, Fault):
                self.faults.append(output.time)
                self._sound = False
                continue
            rank = self.last + 1 if self._counted else self._map.rank_at(output.pts)
            if rank is None or rank <= self.last:
                continue
            in_order = self.last in (NOWHERE, rank - 1)
            self._sound = self._sound and in_order and not output.is_corrupt
            self.last = rank
            yield rank, output

    def is_sound(self, horizon: int) -> bool:
        """Whether the run came as far as this and met no damage."""
        return self._sound and self.last >= horizon


def start_run(decoder: Decoder, groups: GroupMap, rank: int) -> FrameRun:
    """A run that gives this rank, begun at the last key that will do.

    Containers that seek only nearly (MPEG-TS, MPEG-PS) are asked for ever earlier keys, in steps
    of 1, 2, 4 and so on, until the first frame to come out is not beyond the one wanted.
    """
    index = groups.index
    wanted = index.times[rank]
    latest = bisect_right(index.keys, wanted) - 1
    back = 0
    while latest - back >= 0:
        outputs = decoder.from_key(index.keys[latest - back], wanted)
        early: list[Output] = []
        for output in outputs:
            early.append(output)
            if not isinstance(output, Fault):
                break
        if early and not isinstance(early[-1], Fault) and (early[-1].pts or 0) <= wanted:
            return FrameRun(groups, _chain(early, outputs))
        back = 2 * back + 1
    return FrameRun(groups, decoder.from_start(), counted=index.counted)


def _chain(early: list[Output], outputs: Iterator[Output]) -> Iterator[Output]:
    yield from early
    yield from outputs


def survey(clip: Clip, groups: GroupMap, group: int) -> frozenset[int]:
    """The ranks of a group not to be believed: the first damaged one and all decoded after it."""
    assert clip.decoding is not None
    ranks = groups.ranks(group)
    decoder = Decoder(clip.path, strict=clip.decoding.strict, ahead=False)
    try:
        run = start_run(decoder, groups, ranks[0])
        sound = {rank for rank, frame in run.until(ranks[-1] + 1) if not frame.is_corrupt}
    finally:
        decoder.close()
    faults = {groups.rank_at(time) for time in run.faults}
    damaged = [groups.position[rank] for rank in ranks if rank not in sound or rank in faults]
    first = min(damaged, default=len(groups.position))
    return frozenset(rank for rank in ranks if groups.position[rank] >= first)
