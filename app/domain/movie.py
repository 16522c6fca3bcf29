"""Opening movies: everything about the file that stays the same while it is read."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av

from app.domain.clip_facts import (
    Clip,
    ClipError,
    Interpretation,
    MovieDecoding,
    MovieIndex,
    Orientation,
    shown,
)
from app.domain.fingerprint import movie_fingerprint
from app.domain.frames import FrameRange
from app.domain.movie_colour import Coding, bit_depth, coding_of, orientation_of, to_picture
from app.domain.movie_file import open_movie_file
from app.domain.movie_index import Packets, Probe, checked, probe, read_packets

LENIENT = ("h264",)  # a strict H.264 decoder drops sound frames after a damaged one
STEADY = Fraction(1, 10)  # frame durations may differ by this much of a frame: rounded timestamps


def open_movie(path: Path, interpretation: Interpretation) -> Clip:
    """The clip in the movie file `path`. Raises ClipError."""
    codec, facts = _header(path)
    packets = read_packets(path)
    if not packets.index.times and not packets.index.counted:
        raise ClipError(f"{path.name} holds no frames; get a complete copy.")
    seen, strict = _probe(path, codec)
    index, lost = checked(packets.index, seen, path)
    frame = seen.frames[0]
    coding = coding_of(frame, interpretation)
    way = orientation_of(frame)
    decoding = MovieDecoding(
        (frame.width, frame.height), strict, way, coding.matrix, coding.full_range
    )
    _check_colours(path, frame, decoding)
    first = interpretation.first_frame
    return Clip(
        path=path,
        kind="movie",
        name=shown(path.stem),
        size=_turned_size(decoding),
        frames=FrameRange(first, first + len(index.times) - 1),
        missing=frozenset(),
        fps=interpretation.fps or _rate(index, facts),
        pixel_aspect=_turned_aspect(facts.aspect, way),
        bit_depth=bit_depth(frame),
        colour=coding.text,
        fingerprint=movie_fingerprint(path, index.times),
        warnings=_warnings(packets, index, lost, facts, seen, coding),
        interpretation=interpretation,
        index=index,
        decoding=decoding,
    )


class _Facts:
    """What the header says of the stream, some of it only to be doubted."""

    def __init__(self, stream: av.VideoStream) -> None:
        self.rate = stream.average_rate
        self.tick = Fraction(stream.time_base or 1)
        self.count = stream.frames
        self.aspect = Fraction(stream.sample_aspect_ratio or 1) or Fraction(1)
        self.seconds = _seconds(stream.metadata.get("DURATION", ""))  # Matroska only


def _header(path: Path) -> tuple[str, _Facts]:
    container, stream = open_movie_file(path)
    with container:
        return stream.codec_context.name, _Facts(stream)


def _probe(path: Path, codec: str) -> tuple[Probe, bool]:
    """The first frames, and whether a strict decoder takes them without complaint."""
    if codec not in LENIENT:
        seen = probe(path, strict=True)
        if seen.frames and not seen.faulty:
            return seen, True
    seen = probe(path, strict=False)
    if not seen.frames:
        raise ClipError(f"No frame of {path.name} can be decoded; get a complete copy.")
    return seen, False


def _check_colours(path: Path, frame: av.VideoFrame, decoding: MovieDecoding) -> None:
    try:
        to_picture(frame, decoding)
    except (av.FFmpegError, ValueError) as e:
        raise ClipError(
            f"The pixels of {path.name} ({frame.format.name}) cannot be read; convert it to "
            "ProRes, H.264 or an image sequence."
        ) from e


def _turned_size(decoding: MovieDecoding) -> tuple[int, int]:
    width, height = decoding.size
    return (height, width) if decoding.orientation.swap else (width, height)


def _turned_aspect(aspect: Fraction, way: Orientation) -> Fraction:
    return 1 / aspect if way.swap else aspect


def _rate(index: MovieIndex, facts: _Facts) -> Fraction:
    """The rate the header has, unless the timestamps say another; 24 where neither knows."""
    stated = facts.rate
    span = index.times[-1] - index.times[0]
    if index.counted or not span:
        return stated or Fraction(24)
    measured = Fraction(len(index.times) - 1, span) / facts.tick
    if stated and abs(stated / measured - 1) < Fraction(1, 50):
        return stated
    return measured.limit_denominator(1001)


def _steady(index: MovieIndex, tick: Fraction, fps: Fraction) -> bool:
    times = index.times
    gaps = [b - a for a, b in pairwise(times)]
    slack = max(Fraction(2), STEADY / fps / tick)
    return index.counted or not gaps or max(gaps) - min(gaps) <= slack


def _warnings(
    packets: Packets, index: MovieIndex, lost: int, facts: _Facts, seen: Probe, coding: Coding
) -> tuple[str, ...]:
    fps = _rate(index, facts)
    end = (index.times[-1] - index.times[0]) * facts.tick + 1 / fps
    short = not index.counted and facts.seconds - end > 2 / fps
    said = {
        "The file is cut off; the frames it still has are here.": packets.cut_off
        or packets.count < facts.count
        or short,
        "Its timestamps cannot be trusted, so jumping about is slow; convert it to MP4 or MOV to "
        "make it quick.": index.counted,
        f"The first {lost} frames cannot be decoded and are left out.": lost,
        "The frame rate varies; frames are numbered in order, whatever their duration.": (
            not _steady(index, facts.tick, fps)
        ),
        "The movie is interlaced; deinterlace it first for clean edges.": any(
            frame.interlaced_frame for frame in seen.frames
        ),
        coding.warning: coding.warning,
    }
    return tuple(text for text, applies in said.items() if applies)


def _seconds(clock: str) -> float:
    """Seconds of a text such as 00:00:04.000000000; 0 where it is none."""
    try:
        hours, minutes, seconds = clock.split(":")
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    except ValueError:
        return 0.0
