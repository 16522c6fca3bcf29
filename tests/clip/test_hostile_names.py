"""Names, patterns and folders made to hang, crash or confuse: refused in a line, or read."""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import OpenEXR
import pytest

from app.domain.clip import ClipError, open_clip
from app.domain.image_file import read_image
from app.domain.image_header import HeaderError, image_size
from app.domain.sequence_names import matching, sequences_of, split_name
from tests.media import numbered, write_movie

POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")


def write(path: Path, number: int = 1) -> Path:
    """An image of any format that is read."""
    if path.suffix == ".exr":
        plane = np.zeros((8, 8), np.float32)
        OpenEXR.File({"type": OpenEXR.scanlineimage}, dict.fromkeys("RGB", plane)).write(str(path))
    else:
        assert cv2.imwrite(str(path), numbered(number))
    return path


def refused(path: Path, match: str) -> None:
    with pytest.raises(ClipError, match=match) as caught:
        open_clip(path)
    text = str(caught.value)
    assert text.endswith(".")
    assert text.splitlines() == [text]
    text.encode()  # a terminal, a log and a project file can all take it


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


@POSIX
@pytest.mark.parametrize("suffix", ["png", "exr"])
def test_a_name_that_is_not_unicode_is_refused(tmp_path: Path, suffix: str) -> None:
    """OpenEXR ends the whole program on such a name."""
    odd = write(tmp_path / f"plain.{suffix}").rename(
        tmp_path / os.fsdecode(b"a\xff.0001." + suffix.encode())
    )
    for path in (odd, tmp_path, tmp_path / os.fsdecode(b"a\xff.####." + suffix.encode())):
        refused(path, "not Unicode")
    with pytest.raises(ClipError, match="not Unicode"):
        read_image(odd)


@POSIX
def test_a_movie_whose_name_is_not_unicode_is_refused(tmp_path: Path) -> None:
    movie = write_movie(tmp_path / "a.mp4", [numbered(1)] * 3)
    refused(movie.rename(tmp_path / os.fsdecode(b"\xff.mp4")), r"\?\.mp4 .*not Unicode")


@POSIX
def test_a_line_break_in_a_name_is_read_but_not_shown(tmp_path: Path) -> None:
    for frame in (1, 2):
        write(tmp_path / "a.png", frame).rename(tmp_path / f"a\nb.{frame:04}.png")
    write(tmp_path / "a.png", 1).rename(tmp_path / "other\n.png")
    clip = open_clip(tmp_path)
    assert (clip.name, len(clip.frames)) == ("a?b", 2)
    assert "other?.png" in clip.warnings[0]
    movie = write_movie(tmp_path / "a.mp4", [numbered(1)] * 3)
    assert open_clip(movie.rename(tmp_path / "x\ny.mp4")).name == "x?y"


@pytest.mark.parametrize(
    "name",
    [
        "a\0.png",
        "a\0.mp4",
        "a\0/b.####.png",
        "\ud800.png",
        "\ud800.mp4",
        "x" * 5000 + ".png",
        "x" * 5000 + ".mp4",
        "a\n\u2028.mov",
        "plate.%0999999999d.png",
        "plate.$F999999999.png",
        "#" * 200 + ".png",
        "٣٣.####.png",
    ],
)
def test_a_name_that_no_file_has_is_refused(tmp_path: Path, name: str) -> None:
    write(tmp_path / "plate.0001.png", 1)
    refused(tmp_path / name, "is not there|cannot be read|not Unicode")


@pytest.mark.parametrize("pattern", ["p.%0999999999d.png", "p.$F999999999.png", "p.%01000d.png"])
def test_an_absurd_padding_is_no_pattern(pattern: str) -> None:
    assert matching(sequences_of([Path("p.0001.png")]), pattern) is None


@pytest.mark.parametrize("text", ["1" * 10**6 + "x", "#" * 10**6 + "x", "%" * 10**6, "-" * 10**6])
def test_a_name_of_any_length_is_split_at_once(text: str) -> None:
    def read() -> None:
        assert split_name(f"{text}.png") == (text, None, ".png")
        assert matching([], f"{text}.png") is None

    assert seconds(read) < 1


@pytest.mark.parametrize("name", ["p.{:06d}.png", "p{:d}x.png", "p.{:d}.png"])
def test_a_folder_of_very_many_files_is_sorted_soon(name: str) -> None:
    paths = [Path(name.format(number)) for number in range(20_000)]
    assert seconds(lambda: sequences_of(paths)) < 5


def test_a_frame_fits_in_32_bits(tmp_path: Path) -> None:
    """Widgets count in no more."""
    assert split_name("p.999999999.png")[1] == 999_999_999
    assert split_name("p.1700000000.png")[1] is None


def test_many_gaps_are_told_shortly(tmp_path: Path) -> None:
    for frame in (n * n for n in range(1, 120)):
        write(tmp_path / f"p.{frame:05}.png", frame)
    (warning,) = open_clip(tmp_path).warnings
    assert warning.startswith("Frames 2-3,5-8,")
    assert warning.endswith(" and more are missing; they show as gaps.")
    assert len(warning) < 400


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_among_images_is_never_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "plate.0001.png"
    os.mkfifo(pipe)
    for path in (pipe, tmp_path, tmp_path / "plate.####.png"):
        refused(path, "is not a file|holds no images|is not there")
    with pytest.raises(ClipError, match=r"plate\.0001\.png is not a file"):
        read_image(pipe)  # a file that turned into one after the clip was opened
    write(tmp_path / "plate.0002.png", 2)
    assert list(open_clip(tmp_path).frames) == [2]


@POSIX
@pytest.mark.parametrize("suffix", ["png", "mp4"])
def test_a_link_in_a_circle_is_refused(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"a.{suffix}").symlink_to(tmp_path / f"b.{suffix}")
    (tmp_path / f"b.{suffix}").symlink_to(tmp_path / f"a.{suffix}")
    refused(tmp_path / f"a.{suffix}", rf"a\.{suffix} is not there")
    refused(tmp_path / f"a.{suffix}" / "plate.0001.png", "is not there")


def test_a_folder_that_cannot_be_listed_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", denied)
    refused(tmp_path, f"{tmp_path.name} may not be read")


def test_the_folder_one_stands_in_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    refused(Path(), r"^\. holds no images")


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8" + bytes(30 << 20),
        b"\xff\xd8" + b"\xff" * (30 << 20),
        b"\xff\xd8" + b"\xff\xe0\x00\x02" * (8 << 20),
        b"\xff\xd8" + b"\xff\xd0" * (8 << 20),
        b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0" + struct.pack("<Q", 2**63) + bytes(60 << 20),
    ],
    ids=["zeros", "fill bytes", "segments", "bare markers", "BigTIFF entries"],
)
def test_a_header_without_end_is_given_up_soon(data: bytes) -> None:
    def read() -> None:
        with pytest.raises(HeaderError):
            image_size(data)

    assert seconds(read) < 2
