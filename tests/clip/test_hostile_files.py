"""Files that are wrong, lie or reach elsewhere are refused in a sentence, cheaply."""

from __future__ import annotations

import os
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import OpenEXR
import pytest

from app.domain.clip import ClipError, open_clip
from app.domain.image_header import HeaderError, image_size
from tests.media import numbered, write_movie


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, depth: int = 1) -> bytes:
    """A grey PNG of this size, all of it there, in few bytes."""
    header = struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0)
    packer = zlib.compressobj(9)
    row = bytes(1 + (width * depth + 7) // 8)
    rows = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def refused(path: Path, match: str) -> None:
    with pytest.raises(ClipError, match=match) as caught:
        open_clip(path)
    text = str(caught.value)
    assert text.endswith(".")
    assert "\n" not in text


@pytest.mark.parametrize(
    "size", [(40_000, 40_000), (16_385, 1), (1, 16_385), (16_384, 16_384), (12_000, 12_000)]
)
def test_a_huge_png_is_refused_without_being_decoded(
    tmp_path: Path, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "huge.png"
    path.write_bytes(png(*size))
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("decoded"))
    tracemalloc.start()
    refused(path, rf"huge\.png is too large \({size[0]} x {size[1]}\)")
    assert tracemalloc.get_traced_memory()[1] < 4 << 20
    tracemalloc.stop()


def test_the_largest_size_allowed_by_side_is_read(tmp_path: Path) -> None:
    path = tmp_path / "long.png"
    path.write_bytes(png(16_384, 4))
    assert open_clip(path).size == (16_384, 4)


@pytest.mark.parametrize("suffix", ["jpg", "tif"])
def test_a_header_that_claims_too_much_is_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"liar.{suffix}"
    data = bytearray(cv2.imencode(f".{suffix}", numbered(1))[1].tobytes())
    if suffix == "jpg":
        place = data.index(b"\xff\xc0") + 5
        data[place : place + 4] = struct.pack(">HH", 60_000, 60_000)
    else:
        place = data.index(struct.pack("<HHI", 256, 3, 1) + struct.pack("<I", 320))
        data[place : place + 12] = struct.pack("<HHII", 256, 4, 1, 60_000)
    path.write_bytes(data)
    refused(path, rf"liar\.{suffix} is too large")


@pytest.mark.parametrize("size", [(321, 180), (320, 181), (0, 0), (2**31, 2)])
def test_a_png_header_that_lies_is_refused(tmp_path: Path, size: tuple[int, int]) -> None:
    data = bytearray(cv2.imencode(".png", numbered(1))[1].tobytes())
    header = struct.pack(">II", *size) + data[24:29]
    data[12:33] = b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    path = tmp_path / "liar.png"
    path.write_bytes(data)
    refused(path, r"liar\.png (cannot be read|is too large|has no picture)")


@pytest.mark.parametrize(
    "window",
    [((0, 0), (99_999, 99_999)), ((-(2**30), -(2**30)), (2**30, 2**30)), ((0, 0), (0, 16_384))],
)
@pytest.mark.parametrize("which", ["dataWindow", "displayWindow"])
def test_an_exr_with_an_absurd_window_is_refused(
    tmp_path: Path, which: str, window: tuple[tuple[int, int], tuple[int, int]]
) -> None:
    path = tmp_path / "absurd.exr"
    plane = np.zeros((8, 8), np.float32)
    OpenEXR.File({"type": OpenEXR.scanlineimage}, dict.fromkeys("RGB", plane)).write(str(path))
    data = bytearray(path.read_bytes())
    place = data.index(which.encode() + b"\0box2i\0") + len(which) + 1 + 6 + 4
    data[place : place + 16] = struct.pack("<4i", *window[0], *window[1])
    path.write_bytes(data)
    by_us = window[0] == (0, 0)  # the other one the library itself refuses
    refused(path, r"absurd\.exr is too large" if by_us else r"absurd\.exr cannot be read")


@pytest.mark.parametrize(
    "data", [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0\xff\xff\xff\xff"]
)
@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "exr"])
def test_an_image_that_is_none_is_refused(tmp_path: Path, suffix: str, data: bytes) -> None:
    path = tmp_path / f"none.{suffix}"
    path.write_bytes(data)
    refused(path, rf"none\.{suffix} cannot be read")


def test_headers_of_many_shapes_never_do_worse_than_their_own_error() -> None:
    whole = [cv2.imencode(suffix, numbered(1))[1].tobytes() for suffix in (".png", ".jpg", ".tif")]
    rng = np.random.default_rng(5)
    for data in whole:
        assert image_size(data) == (320, 180)
        for _ in range(300):
            broken = np.frombuffer(data, np.uint8)[: rng.integers(1, 700)].copy()
            broken[rng.integers(0, len(broken), 6)] = rng.integers(0, 256, 6)
            with suppress(HeaderError):
                image_size(broken.tobytes())


@pytest.mark.parametrize("name", ["notes.mp4", "notes.mov", "notes.txt", "notes"])
@pytest.mark.parametrize("data", [b"", b"only some text\n" * 40, bytes(4096)])
def test_a_file_that_is_no_movie_is_refused(tmp_path: Path, name: str, data: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    refused(path, f"{name} is not a movie")


PLAYLISTS = {
    "list.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n{}\n#EXT-X-ENDLIST\n",
    "list.mp4": "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n{}\n#EXT-X-ENDLIST\n",
    "list.ffconcat": "ffconcat version 1.0\nfile '{}'\n",
    "list.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
    "m=video 5004 RTP/AVP 96\n",
    "list.mpd": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011">'
    "<Period><BaseURL>{}</BaseURL></Period></MPD>",
}


@pytest.mark.parametrize("name", PLAYLISTS)
def test_a_playlist_is_refused_even_where_it_names_a_movie_beside_it(
    tmp_path: Path, name: str
) -> None:
    movie = write_movie(tmp_path / "a.ts", [numbered(1)] * 5)
    (tmp_path / name).write_text(PLAYLISTS[name].format(movie))
    refused(tmp_path / name, f"{name} is not a movie")


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", "empty holds no images")


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "sub.png").mkdir()
    (tmp_path / "._plate.0001.png").write_bytes(b"x")
    refused(tmp_path, "holds no images")


@pytest.mark.parametrize("name", ["gone.mp4", "gone.0001.png", "gone.####.png", "no/gone.png"])
def test_what_is_not_there_is_refused(tmp_path: Path, name: str) -> None:
    refused(tmp_path / name, "is not there")


@pytest.mark.parametrize("name", ["plate.png", "clip.mp4"])
def test_a_file_that_may_not_be_read_is_refused(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / name
    path.write_bytes(png(8, 8))

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    monkeypatch.setattr(Path, "read_bytes", denied)
    refused(path, f"{name} may not be read")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize("name", ["pipe.mp4", "pipe.png"])
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    refused(tmp_path / name, f"{name} is not a file")


def test_a_sound_file_is_refused(tmp_path: Path) -> None:
    data = bytes(8000)
    head = b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVEfmt "
    head += struct.pack("<IHHIIHH", 16, 1, 1, 8000, 8000, 1, 8) + b"data"
    (tmp_path / "sound.avi").write_bytes(head + struct.pack("<I", len(data)) + data)
    refused(tmp_path / "sound.avi", r"sound\.avi (is not a movie|holds no video)")


def test_movies_with_flipped_bytes_open_or_are_refused_but_never_crash(
    tmp_path: Path, movie: Callable[[str], Path]
) -> None:
    rng = np.random.default_rng(11)
    for kind in ("h264 mp4", "h264 mkv", "mpeg4 avi"):
        data = np.frombuffer(movie(kind).read_bytes(), np.uint8)
        for _ in range(6):
            broken = data.copy()
            places = np.concatenate(
                [rng.integers(0, 2000, 5), len(data) - 1 - rng.integers(0, 2000, 5)]
            )
            broken[places] = rng.integers(0, 256, len(places))
            path = tmp_path / movie(kind).name
            path.write_bytes(broken.tobytes())
            with suppress(ClipError):
                open_clip(path)
