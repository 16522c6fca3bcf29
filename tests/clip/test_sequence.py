"""Image sequences keep their own numbers, and every hole or odd file is an error by name."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import OpenEXR
import pytest
from numpy.typing import NDArray

from app.domain.clip import Clip, ClipError, ClipReader, FrameError, Interpretation, open_clip
from app.domain.frames import FrameRange
from tests.media import number_of, numbered

Write = Callable[[Path, NDArray[np.uint8]], None]


def write_cv2(path: Path, image: NDArray[Any]) -> None:
    path.write_bytes(cv2.imencode(path.suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1].tobytes())


def write_deep(path: Path, image: NDArray[np.uint8]) -> None:
    write_cv2(path, image.astype(np.uint16) * 257)


def write_float(path: Path, image: NDArray[np.uint8]) -> None:
    write_cv2(path, linear(image))


def linear(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    code = image.astype(np.float32) / 255
    light = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
    return light.astype(np.float32)


def write_exr(path: Path, image: NDArray[np.uint8], **header: Any) -> None:
    light = linear(image).astype(np.float16)
    channels = {name: np.ascontiguousarray(light[..., at]) for at, name in enumerate("RGB")}
    facts = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage} | header
    OpenEXR.File(facts, channels).write(str(path))


def sequence(
    folder: Path, frames: Iterable[int], write: Write = write_cv2, name: str = "plate.{:04d}.png"
) -> Path:
    folder.mkdir(exist_ok=True)
    for frame in frames:
        write(folder / name.format(frame), numbered(frame % 4096))
    return folder


def numbers(clip: Clip) -> dict[int, int]:
    with ClipReader(clip) as reader:
        return {
            frame: number_of(reader.read(frame).rgb8())
            for frame in clip.frames
            if frame not in clip.missing
        }


KINDS: list[tuple[str, Write, int, type[np.generic]]] = [
    ("png", write_cv2, 8, np.uint8),
    ("png", write_deep, 16, np.uint16),
    ("jpg", write_cv2, 8, np.uint8),
    ("JPEG", write_cv2, 8, np.uint8),
    ("tif", write_cv2, 8, np.uint8),
    ("tiff", write_deep, 16, np.uint16),
    ("tif", write_float, 32, np.float32),
    ("exr", write_exr, 32, np.float32),
]


@pytest.mark.parametrize(("suffix", "write", "depth", "dtype"), KINDS)
def test_every_kind_of_image_is_read_at_its_depth(
    tmp_path: Path, suffix: str, write: Write, depth: int, dtype: type[np.generic]
) -> None:
    folder = sequence(tmp_path / "shot", range(1001, 1005), write, f"plate.{{:04d}}.{suffix}")
    clip = open_clip(folder)
    assert (clip.kind, clip.size, clip.bit_depth) == ("sequence", (320, 180), depth)
    assert numbers(clip) == {frame: frame for frame in range(1001, 1005)}
    with ClipReader(clip) as reader:
        assert reader.read(1002).pixels.dtype == dtype


def test_lossless_images_come_back_to_the_very_code(tmp_path: Path) -> None:
    for suffix, write in (("png", write_cv2), ("png", write_deep), ("exr", write_exr)):
        folder = sequence(tmp_path / f"{suffix}{write.__name__}", [7], write, f"a.{{}}.{suffix}")
        with ClipReader(open_clip(folder)) as reader:
            assert np.array_equal(reader.read(7).rgb8(), numbered(7))


def test_the_facts_of_a_sequence(tmp_path: Path) -> None:
    clip = open_clip(sequence(tmp_path / "shot", range(5, 9)))
    assert (clip.frames, clip.fps) == (FrameRange(5, 8), Fraction(24))
    assert (clip.name, clip.path) == ("plate", tmp_path / "shot" / "plate.####.png")
    assert (clip.missing, clip.warnings, clip.colour) == (frozenset(), (), "sRGB (assumed)")
    assert open_clip(clip.path, Interpretation(fps=Fraction(25))).fps == 25


@pytest.mark.parametrize("way", ["plate.####.exr", "plate.%04d.exr", "plate.1003.exr", ""])
def test_a_pattern_one_image_or_the_folder_all_mean_the_sequence(tmp_path: Path, way: str) -> None:
    folder = sequence(tmp_path / "shot", range(1001, 1005), write_exr, "plate.{:04d}.exr")
    assert numbers(open_clip(folder / way)) == {frame: frame for frame in range(1001, 1005)}


def test_holes_are_reported_and_are_errors(tmp_path: Path) -> None:
    frames = [*range(1001, 1005), *range(1008, 1011)]
    clip = open_clip(sequence(tmp_path / "shot", frames, write_exr, "plate.{:04d}.exr"))
    assert clip.missing == {1005, 1006, 1007}
    assert clip.warnings == ("Frames 1005-1007 are missing; they show as gaps.",)
    assert numbers(clip) == {frame: frame for frame in frames}
    with ClipReader(clip) as reader, pytest.raises(FrameError, match="no file for frame 1006") as e:
        reader.read(1006)
    assert e.value.frame == 1006


def test_negative_frames_are_legal(tmp_path: Path) -> None:
    folder = tmp_path / "shot"
    folder.mkdir()
    for frame in range(-3, 3):
        write_cv2(folder / f"plate.{frame:04d}.png", numbered(frame + 10))
    assert numbers(open_clip(folder)) == {frame: frame + 10 for frame in range(-3, 3)}


def test_a_single_image_is_a_clip_of_one_frame(tmp_path: Path) -> None:
    sequence(tmp_path, [3], name="poster.png")
    clip = open_clip(tmp_path / "poster.png")
    assert (clip.frames.first, len(clip.frames), clip.name) == (1001, 1, "poster")
    assert numbers(clip) == {1001: 3}


def test_a_folder_with_several_sequences_gives_the_longest_and_names_the_others(
    tmp_path: Path,
) -> None:
    for name, count in (("a", 2), ("b", 5), ("c", 3)):
        sequence(tmp_path / "shot", range(count), name=name + ".{:03d}.png")
    clip = open_clip(tmp_path / "shot")
    assert clip.name == "b"
    assert any("c.###.png, a.###.png" in text for text in clip.warnings)
    assert open_clip(tmp_path / "shot" / "a.001.png").warnings == ()


def test_a_frame_of_another_size_is_an_error_naming_the_file(tmp_path: Path) -> None:
    folder = sequence(tmp_path / "shot", range(1, 5))
    write_cv2(folder / "plate.0003.png", numbered(3, (352, 192)))
    clip = open_clip(folder)
    with ClipReader(clip) as reader:
        with pytest.raises(FrameError, match=r"plate\.0003\.png is 352 x 192 .* 320 x 180"):
            reader.read(3)
        assert number_of(reader.read(4).rgb8()) == 4


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "exr"])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.95])
def test_an_image_cut_off_is_an_error_naming_the_file(
    tmp_path: Path, suffix: str, share: float
) -> None:
    write = write_exr if suffix == "exr" else write_cv2
    folder = sequence(tmp_path / "shot", range(1, 4), write, f"plate.{{:04d}}.{suffix}")
    cut = folder / f"plate.0002.{suffix}"
    cut.write_bytes(cut.read_bytes()[: int(cut.stat().st_size * share)])
    with ClipReader(open_clip(folder)) as reader:
        with pytest.raises(FrameError, match=r"plate\.0002\.") as caught:
            reader.read(2)
        assert caught.value.frame == 2
        assert number_of(reader.read(3).rgb8()) == 3


def test_a_sequence_whose_first_image_is_broken_still_opens(tmp_path: Path) -> None:
    folder = sequence(tmp_path / "shot", range(1, 4))
    (folder / "plate.0001.png").write_bytes(b"nonsense")
    clip = open_clip(folder)
    assert clip.frames.first == 1
    assert clip.warnings == ("These images cannot be read: plate.0001.png.",)


def test_a_file_deleted_after_opening_is_an_error(tmp_path: Path) -> None:
    clip = open_clip(sequence(tmp_path / "shot", range(1, 4)))
    (tmp_path / "shot" / "plate.0002.png").unlink()
    with ClipReader(clip) as reader, pytest.raises(FrameError, match=r"plate\.0002\.png"):
        reader.read(2)


def test_grey_and_palettes_become_rgb_and_alpha_is_dropped(tmp_path: Path) -> None:
    grey = numbered(1)[..., 0]
    for name, image in (("grey", grey), ("alpha", np.dstack([numbered(1), grey]))):
        path = tmp_path / f"{name}.png"
        path.write_bytes(cv2.imencode(".png", image)[1].tobytes())
        with ClipReader(open_clip(path)) as reader:
            assert reader.read(1001).pixels.shape == (180, 320, 3)


def test_fingerprints_change_with_the_files(tmp_path: Path) -> None:
    folder = sequence(tmp_path / "shot", range(1, 4))
    before = open_clip(folder).fingerprint
    assert open_clip(folder).fingerprint == before
    write_cv2(folder / "plate.0002.png", numbered(99))
    assert open_clip(folder).fingerprint != before


def test_copied_and_renamed_footage_has_the_same_fingerprint_but_not_the_same_caches(
    tmp_path: Path,
) -> None:
    folder = sequence(tmp_path / "shot", range(1, 4))
    before = open_clip(folder).fingerprint
    (tmp_path / "copy").mkdir()
    for path in folder.iterdir():
        copy = tmp_path / "copy" / path.name.replace("plate", "other")
        copy.write_bytes(path.read_bytes())
        os.utime(copy, (0, 0))
    after = open_clip(tmp_path / "copy").fingerprint
    assert after == before
    assert after.key != before.key


def test_a_sequence_that_grew_or_lost_a_frame_is_other_footage(tmp_path: Path) -> None:
    folder = sequence(tmp_path / "shot", range(1, 4))
    before = open_clip(folder).fingerprint
    write_cv2(folder / "plate.0004.png", numbered(4))
    assert open_clip(folder).fingerprint != before
    (folder / "plate.0004.png").unlink()
    assert open_clip(folder).fingerprint == before
    (folder / "plate.0002.png").unlink()
    assert open_clip(folder).fingerprint != before


def test_an_exr_covers_its_display_window(tmp_path: Path) -> None:
    """The data window lacks the left 40 columns and reaches 24 rows below the picture."""
    image = numbered(11, (320, 204))
    path = tmp_path / "crop.exr"
    windows = {"dataWindow": ((40, 0), (319, 203)), "displayWindow": ((0, 0), (319, 179))}
    write_exr(path, image[:, 40:], **windows)
    clip = open_clip(path)
    assert clip.size == (320, 180)
    with ClipReader(clip) as reader:
        shown = reader.read(1001).rgb8()
    assert not shown[:, :40].any()
    assert np.array_equal(shown[:, 40:], image[:180, 40:])


def test_an_exr_with_y_alone_is_grey(tmp_path: Path) -> None:
    path = tmp_path / "y.exr"
    grey = np.full((180, 320), 0.18, np.float32)
    OpenEXR.File({"type": OpenEXR.scanlineimage}, {"Y": grey}).write(str(path))
    with ClipReader(open_clip(path)) as reader:
        assert np.allclose(reader.read(1001).pixels, 0.18)


def test_an_exr_without_colour_says_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "depth.exr"
    OpenEXR.File({"type": OpenEXR.scanlineimage}, {"Z": np.ones((180, 320), "f")}).write(str(path))
    with pytest.raises(ClipError, match=r"depth\.exr cannot be read: it has .* but Z"):
        open_clip(path)


def test_a_camera_orientation_in_a_jpeg_is_applied(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    data = cv2.imencode(".jpg", cv2.cvtColor(numbered(21), cv2.COLOR_RGB2BGR))[1].tobytes()
    entry = b"\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00"  # orientation 6: turn clockwise
    exif = b"Exif\0\0MM\0*\x00\x00\x00\x08\x00\x01" + entry + bytes(4)
    path.write_bytes(data[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + data[2:])
    clip = open_clip(path)
    assert clip.size == (180, 320)
    with ClipReader(clip) as reader:
        assert number_of(np.ascontiguousarray(np.rot90(reader.read(1001).rgb8()))) == 21
