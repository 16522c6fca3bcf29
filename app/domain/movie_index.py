"""Indexing a movie: where its frames lie, learnt from its packets and checked with the decoder.

Counts in file headers are not used: they are wrong for trimmed and for damaged files.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import av

from app.domain.clip_facts import ClipError, MovieIndex
from app.domain.decoding_run import Decoder, Fault
from app.domain.movie_file import open_movie_file

PROBED = 8  # frames decoded to see whether packets and decoder agree
REORDER = 32  # no codec moves a frame further than this from its place in decoding


@dataclass(frozen=True, slots=True)
class Packets:
    """What demuxing a movie told."""

    index: MovieIndex
    count: int  # packets met, those an edit list hides included
    cut_off: bool  # reading ended in an error or in a packet that is not whole


@dataclass(frozen=True, slots=True)
class Probe:
    """What decoding the first frames of a movie told."""

    frames: tuple[av.VideoFrame, ...]
    faulty: bool


def read_packets(path: Path) -> Packets:
    """The index of the movie at `path` as its packets have it. Raises ClipError."""
    container, stream = open_movie_file(path)
    shown: list[int | None] = []
    keys: list[int] = []
    count, cut_off, whole = 0, False, True
    with container:
        try:
            for packet in container.demux(stream):
                if not packet.size:
                    continue
                count += 1
                whole = not packet.is_corrupt
                if packet.is_keyframe and packet.pts is not None:
                    keys.append(packet.pts)
                if not packet.is_discard:
                    shown.append(packet.pts)
        except av.FFmpegError:
            cut_off = True
    if shown and not whole:
        shown.pop()
    return Packets(_index(shown, keys), count, cut_off=cut_off or not whole)


def _index(shown: list[int | None], keys: list[int]) -> MovieIndex:
    """The index of packets shown at these times, in order of decoding."""
    known = [time for time in shown if time is not None]
    times = sorted(set(known))
    if len(times) < len(shown):
        return MovieIndex((), (), counted=True)
    ranks = {time: rank for rank, time in enumerate(times)}
    order = tuple(ranks[time] for time in known)
    if any(abs(rank - position) > REORDER for position, rank in enumerate(order)):
        return MovieIndex((), (), counted=True)
    presented = order == tuple(range(len(order)))
    return MovieIndex(tuple(times), tuple(sorted(set(keys))), () if presented else order)


def probe(path: Path, *, strict: bool) -> Probe:
    """The first frames of the movie at `path`, and whether there were faults. Raises ClipError."""
    decoder = Decoder(path, strict=strict)
    try:
        frames, faulty = [], False
        for output in islice(decoder.from_start(), 4 * PROBED):
            if isinstance(output, Fault):
                faulty = True
            else:
                frames.append(output)
            if len(frames) == PROBED:
                break
        return Probe(tuple(frames), faulty)
    finally:
        decoder.close()


def checked(index: MovieIndex, seen: Probe, path: Path) -> tuple[MovieIndex, int]:
    """The index trimmed to what the decoder gives, and how many frames at the start it lacks.

    Where packets and decoder do not agree the frames are counted by decoding them all.
    """
    times = [frame.pts for frame in seen.frames]
    if index.counted or not agree(index.times, times, faulty=seen.faulty):
        return counted(path), 0
    lost = bisect_left(index.times, times[0] or 0)
    if not lost:
        return index, 0
    order = tuple(rank - lost for rank in index.order if rank >= lost)
    return replace(index, times=index.times[lost:], order=order), lost


def agree(times: tuple[int, ...], decoded: list[int | None], *, faulty: bool) -> bool:
    """Whether decoded frames carry the times of the packets, ascending and hardly leaving any out.

    Of field pairs in packets of their own, for example, only every second time comes back.
    """
    known = [time for time in decoded if time is not None]
    if len(known) < len(decoded) or known != sorted(set(known)) or not set(known) <= set(times):
        return False
    span = bisect_left(times, known[-1]) - bisect_left(times, known[0]) + 1
    return faulty or span * 2 < len(known) * 3


def counted(path: Path) -> MovieIndex:
    """The index of a movie whose timestamps cannot be trusted; decodes it all. Raises ClipError."""
    decoder = Decoder(path, strict=False)
    try:
        count = sum(not isinstance(output, Fault) for output in decoder.from_start())
    finally:
        decoder.close()
    if not count:
        raise ClipError(f"No frame of {path.name} can be decoded; get a complete copy.")
    return MovieIndex(tuple(range(count)), (), counted=True)
