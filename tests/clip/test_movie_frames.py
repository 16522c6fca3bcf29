"""Every frame of every kind of movie is found, in whatever order frames are asked for."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from app.domain import movie_reader
from app.domain.clip import Clip, ClipReader, FrameError, Interpretation, open_clip
from app.domain.clip_facts import MovieIndex
from app.domain.decoding_run import Decoder, Output
from tests.clip.kinds import COUNT, RECIPES, first_number
from tests.media import number_of, shift_movie

KINDS = sorted(RECIPES)
SEEKING = sorted(set(RECIPES) - {"h264 avi"})  # those that need not be read from their start


@pytest.fixture
def seeks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Grows by one entry at every seek and every start from the beginning."""
    made: list[str] = []
    from_key, from_start = Decoder.from_key, Decoder.from_start

    def counted_key(decoder: Decoder, key: int, wanted: int) -> Iterator[Output]:
        made.append("key")
        return from_key(decoder, key, wanted)

    def counted_start(decoder: Decoder) -> Iterator[Output]:
        made.append("start")
        return from_start(decoder)

    monkeypatch.setattr(Decoder, "from_key", counted_key)
    monkeypatch.setattr(Decoder, "from_start", counted_start)
    return made


def number_at(reader: ClipReader, frame: int) -> int:
    return number_of(reader.read(frame).rgb8())


def expected(clip: Clip, kind: str, frame: int) -> int:
    return frame - clip.frames.first + first_number(kind)


@pytest.mark.parametrize("kind", KINDS)
def test_forty_six_random_reads_are_all_right(movie: Callable[[str], Path], kind: str) -> None:
    clip = open_clip(movie(kind))
    asked = random.Random(kind).choices(list(clip.frames), k=46)
    with ClipReader(clip) as reader:
        wrong = [f for f in asked if number_at(reader, f) != expected(clip, kind, f)]
    assert wrong == []


@pytest.mark.parametrize("kind", KINDS)
def test_reading_in_order_gives_every_frame_once(movie: Callable[[str], Path], kind: str) -> None:
    clip = open_clip(movie(kind))
    with ClipReader(clip) as reader:
        numbers = [number_at(reader, frame) for frame in clip.frames]
    assert numbers == list(range(first_number(kind), COUNT))


@pytest.mark.parametrize("kind", ["h264 mp4", "h264 mpeg-ts", "hevc 10-bit mp4", "vp9 webm"])
def test_random_reads_give_the_very_pixels_of_reads_in_order(
    movie: Callable[[str], Path], kind: str
) -> None:
    clip = open_clip(movie(kind))
    with ClipReader(clip) as reader:
        in_order = {frame: reader.read(frame).pixels for frame in clip.frames}
        for frame in random.Random(3).choices(list(clip.frames), k=12):
            assert np.array_equal(reader.read(frame).pixels, in_order[frame])


@pytest.mark.parametrize("kind", SEEKING)
def test_reading_in_order_seeks_once(
    movie: Callable[[str], Path], kind: str, seeks: list[str]
) -> None:
    clip = open_clip(movie(kind))
    with ClipReader(clip) as reader:
        seeks.clear()
        for frame in clip.frames:
            reader.read(frame)
    assert len(seeks) <= 2  # MPEG-TS may have to begin once more, from the start


@pytest.mark.parametrize("kind", ["h264 mpeg-ts", "mpeg2 mpeg-ts", "mpeg2 mpeg-ps"])
def test_containers_that_seek_only_nearly_are_asked_for_earlier_keys(
    movie: Callable[[str], Path], kind: str, seeks: list[str]
) -> None:
    clip = open_clip(movie(kind))
    with ClipReader(clip) as reader:
        seeks.clear()
        for frame in (1090, 1075, 1060):
            assert number_at(reader, frame) == expected(clip, kind, frame)
    assert "start" not in seeks


@pytest.mark.parametrize("kind", KINDS)
def test_sound_movies_are_never_suspected(
    movie: Callable[[str], Path], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(movie_reader, "survey", lambda *_: pytest.fail("took it for damaged"))
    clip = open_clip(movie(kind))
    with ClipReader(clip) as reader:
        for frame in random.Random(kind).choices(list(clip.frames), k=20):
            reader.read(frame)


def test_nine_frames_up_to_one_cost_one_seek(
    movie: Callable[[str], Path], seeks: list[str]
) -> None:
    clip = open_clip(movie("h264 mp4"))
    with ClipReader(clip) as reader:
        reader.read(clip.frames.last)
        seeks.clear()
        for frame in range(clip.frames.first + 60, clip.frames.first + 69):
            reader.read(frame)
    assert seeks == ["key"]


def test_a_target_ahead_in_the_same_group_is_stepped_to(
    movie: Callable[[str], Path], seeks: list[str]
) -> None:
    clip = open_clip(movie("h264 mp4"))
    with ClipReader(clip) as reader:
        reader.read(clip.frames.first)
        seeks.clear()
        reader.read(clip.frames.first + 40)
        assert seeks == []
        reader.read(clip.frames.first + 90)
        assert seeks == ["key"]


def test_the_same_frame_again_costs_nothing(movie: Callable[[str], Path], seeks: list[str]) -> None:
    clip = open_clip(movie("h264 mp4"))
    with ClipReader(clip) as reader:
        before = reader.read(clip.frames.first + 30).pixels
        seeks.clear()
        assert np.array_equal(reader.read(clip.frames.first + 30).pixels, before)
    assert seeks == []


def test_frames_hidden_by_an_edit_list_are_not_counted(movie: Callable[[str], Path]) -> None:
    clip = open_clip(movie("h264 edit list"))
    assert len(clip.frames) == COUNT - first_number("h264 edit list")
    assert clip.warnings == ()


def test_timestamps_that_cannot_be_trusted_are_noticed(movie: Callable[[str], Path]) -> None:
    clip = open_clip(movie("h264 avi"))
    assert isinstance(clip.index, MovieIndex)
    assert clip.index.counted
    assert any("slow" in warning for warning in clip.warnings)


@pytest.mark.parametrize("shift", [0, 1800, 1800 + 48 * 3750])
def test_movies_joined_end_to_end_are_read_in_the_order_they_play(
    movie: Callable[[str], Path], tmp_path: Path, shift: int
) -> None:
    """The clock starts over in the second half, on the same ticks or between those of the first."""
    halves = [movie("mpeg2 mpeg-ts"), tmp_path / "second.ts"]
    shift_movie(halves[0], halves[1], shift)
    joined = tmp_path / "joined.ts"
    joined.write_bytes(b"".join(half.read_bytes() for half in halves))
    clip = open_clip(joined)
    with ClipReader(clip) as reader:
        numbers = [number_at(reader, frame) for frame in clip.frames]
        assert number_at(reader, 1010) == 9
    assert numbers == [*range(COUNT), *range(COUNT)]
    assert any("slow" in warning for warning in clip.warnings)


def test_frame_numbers_start_where_the_artist_says(movie: Callable[[str], Path]) -> None:
    clip = open_clip(movie("h264 mp4"), Interpretation(first_frame=-10))
    assert (clip.frames.first, clip.frames.last) == (-10, COUNT - 11)
    with ClipReader(clip) as reader:
        assert number_at(reader, -3) == 7


@pytest.mark.parametrize("frame", [1000, 1001 + COUNT])
def test_a_frame_outside_the_clip_is_an_error(movie: Callable[[str], Path], frame: int) -> None:
    clip = open_clip(movie("h264 mp4"))
    with ClipReader(clip) as reader, pytest.raises(FrameError, match=str(frame)) as caught:
        reader.read(frame)
    assert caught.value.frame == frame


def test_two_readers_of_one_clip_do_not_disturb_each_other(movie: Callable[[str], Path]) -> None:
    clip = open_clip(movie("h264 mp4"))
    with ClipReader(clip) as one, ClipReader(clip) as other:
        for step in range(0, 40, 5):
            assert number_at(one, 1001 + step) == step
            assert number_at(other, 1090 - step) == 89 - step
