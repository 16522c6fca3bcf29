"""Names of image files fall into sequences and frames as an artist would read them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.sequence_names import frame_list, matching, sequences_of, split_name

NAME = st.text("abcXYZ ._-()é#", max_size=12).filter(lambda text: not text.endswith(("-", "\0")))
SUFFIX = st.sampled_from([".png", ".jpg", ".exr", ".TIF"])


def files(*names: str) -> list[Path]:
    return [Path("plates") / name for name in names]


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("plate.1001.png", ("plate.", 1001, ".png")),
        ("plate-0001.png", ("plate-", 1, ".png")),
        ("plate.-0001.png", ("plate.", -1, ".png")),
        ("plate_-12.exr", ("plate_", -12, ".exr")),
        ("-5.png", ("", -5, ".png")),
        ("00000.jpg", ("", 0, ".jpg")),
        ("shot2_v003.1010.exr", ("shot2_v003.", 1010, ".exr")),
        ("poster.png", ("poster", None, ".png")),
        ("plate.1001.left.png", ("plate.1001.left", None, ".png")),
        ("img_20261122093015123.png", ("img_20261122093015123", None, ".png")),
        ("٣.png", ("٣", None, ".png")),
    ],
)
def test_a_name_falls_into_base_frame_and_suffix(
    name: str, parts: tuple[str, int | None, str]
) -> None:
    assert split_name(name) == parts


@given(NAME, st.integers(0, 999_999), st.integers(1, 6), SUFFIX)
def test_a_frame_is_read_back_whatever_its_padding(
    base: str, frame: int, padding: int, suffix: str
) -> None:
    assert split_name(f"{base}{frame:0{padding}d}{suffix}") == (base, frame, suffix)


@given(NAME, st.integers(1, 999_999), st.integers(1, 6), SUFFIX, st.sampled_from("._"))
def test_a_negative_frame_after_a_separator_is_read_back(
    base: str, frame: int, padding: int, suffix: str, separator: str
) -> None:
    name = f"{base}{separator}-{frame:0{padding}d}{suffix}"
    assert split_name(name) == (base + separator, -frame, suffix)


@given(
    NAME,
    st.sets(st.integers(-50, 5000), min_size=1, max_size=30),
    st.integers(1, 5),
    SUFFIX,
    st.sampled_from("._"),
)
def test_the_files_of_a_sequence_are_found_in_order_and_by_their_own_pattern(
    base: str, frames: set[int], padding: int, suffix: str, separator: str
) -> None:
    names = [
        f"{base}{separator}{'-' * (frame < 0)}{abs(frame):0{padding}d}{suffix}" for frame in frames
    ]
    (found,) = sequences_of(files(*names))
    assert [frame for frame, _ in found.files] == sorted(frames)
    assert matching([found], found.pattern) == found


def test_the_sequence_with_most_frames_comes_first() -> None:
    found = sequences_of(files("b.1.png", "a.1.png", "b.2.png", "notes.png"))
    assert [sequence.pattern for sequence in found] == ["b.#.png", "a.#.png", "notes.png"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/show/bear/p.0001.png", "p"),
        ("/show/bear/0001.png", "bear"),
        ("/show/bear/frames/0001.png", "bear_frames"),
        ("/show/bear/EXR/0001.exr", "bear_EXR"),
        ("/show/bear/png/frames/0001.png", "bear_frames"),
        ("/show/bear/frames/frame_0001.png", "bear_frame"),
        ("/show/bear/frames/fox.0001.png", "fox"),
        ("/frames/0001.png", "frames"),
    ],
)
def test_a_folder_that_says_nothing_is_named_with_one_that_does(path: str, name: str) -> None:
    (found,) = sequences_of([Path(path)])
    assert found.name == name


def test_a_folder_named_by_a_dot_has_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bear" / "frames").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "bear" / "frames")
    (found,) = sequences_of([Path("0001.png")])
    assert found.name == "bear_frames"


def test_numbers_that_outgrow_their_padding_stay_one_sequence() -> None:
    (found,) = sequences_of(files("p.9999.png", "p.10000.png"))
    assert [frame for frame, _ in found.files] == [9999, 10000]


def test_two_files_for_one_frame_are_two_sequences() -> None:
    found = sequences_of(files("p.1.png", "p.2.png", "p.0001.png"))
    assert {sequence.pattern for sequence in found} == {"p.#.png", "p.####.png"}


def test_numbers_far_apart_are_dates_not_frames() -> None:
    found = sequences_of(files("img_20240101.png", "img_20251231.png", "img_10000000.png"))
    assert [sequence.files[0][0] for sequence in found] == [None, None, None]


@pytest.mark.parametrize("pattern", ["p.####.png", "p.%04d.png", "p.$F4.png", "p.@@@@.png"])
def test_patterns_of_other_tools_are_understood(pattern: str) -> None:
    found = sequences_of(files("p.0001.png", "p.1.png", "p.0002.png", "q.0001.png"))
    meant = matching(found, pattern)
    assert meant is not None
    assert meant.pattern == "p.####.png"


def test_a_pattern_that_fits_nothing_means_nothing() -> None:
    assert matching(sequences_of(files("p.0001.png")), "q.####.png") is None


def test_a_name_with_marks_of_its_own_is_found_by_its_pattern() -> None:
    found = sequences_of(files("p.##1.png", "p.##2.png", "p.1.png"))
    assert matching(found, found[0].pattern) is found[0]


def test_frames_are_listed_shortly() -> None:
    assert frame_list({1012, 1005, 1006, 1007, -3}) == "-3,1005-1007,1012"
