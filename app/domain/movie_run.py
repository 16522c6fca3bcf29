"""Groups of pictures, and runs of the decoder through them that notice damage."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import accumulate

import av

from app.domain.clip_facts import Clip, MovieIndex
from app.domain.decoding_run import Decoder, Fault, Output

NOWHERE = -1


class GroupMap:
    """Which group of pictures a frame is in, and what was decoded before it."""

    def __init__(self, index: MovieIndex) -> None:
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
