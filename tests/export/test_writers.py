"""Writers: what is written is what a reader of another make gets."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from export import WRITERS
from export.base import Alpha, ExportError, MatteWriter

PNG = WRITERS["png8"]
mattes = arrays(
    np.float32,
    st.tuples(st.integers(1, 12), st.integers(1, 12)),
    elements=st.floats(0, 1, width=32),
)


def every_code() -> Alpha:
    return (np.arange(256, dtype=np.float32) / np.float32(255)).reshape(8, 32)


def chunks(path: Path) -> list[bytes]:
    data, at, found = path.read_bytes(), 8, []
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        found.append(data[at + 4 : at + 8])
        at += 12 + length
    return found


@pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS.keys())
class TestEveryWriter:
    def test_is_listed_under_its_key(self, writer: MatteWriter) -> None:
        assert WRITERS[writer.key] is writer
        assert writer.suffix.startswith(".")
        assert writer.label

    @given(matte=mattes)
    def test_reads_back_what_it_rounds_to(
        self, writer: MatteWriter, tmp_path_factory: pytest.TempPathFactory, matte: Alpha
    ) -> None:
        path = tmp_path_factory.getbasetemp() / f"matte{writer.suffix}"
        writer.write(path, matte)
        back = writer.read(path)
        assert back.dtype == np.float32
        np.testing.assert_array_equal(back, writer.rounded(matte))

    @given(matte=mattes)
    def test_rounds_to_nearest_and_only_once(self, writer: MatteWriter, matte: Alpha) -> None:
        rounded = writer.rounded(matte)
        np.testing.assert_allclose(rounded, matte, atol=0.5 / 255 + 1e-6)
        np.testing.assert_array_equal(writer.rounded(rounded), rounded)

    def test_writes_under_any_name(self, writer: MatteWriter, tmp_path: Path) -> None:
        folder = tmp_path / "Käse 漢字 🐇"
        folder.mkdir()
        path = folder / ".Käse.1001.part"
        writer.write(path, every_code())
        np.testing.assert_array_equal(writer.read(path), writer.rounded(every_code()))

    @pytest.mark.parametrize("size", [0, 1, 60, -1])
    def test_refuses_a_torn_file_and_names_it(
        self, writer: MatteWriter, tmp_path: Path, size: int
    ) -> None:
        path = tmp_path / f"torn{writer.suffix}"
        writer.write(path, every_code())
        path.write_bytes(path.read_bytes()[:size])
        with pytest.raises(ExportError, match="torn"):
            writer.read(path)


def test_another_reader_gets_the_same_codes_bit_for_bit(tmp_path: Path) -> None:
    path = tmp_path / "codes.png"
    PNG.write(path, every_code())
    with Image.open(path) as image:
        assert image.mode == "L"
        codes = np.asarray(image)
    np.testing.assert_array_equal(codes.ravel(), np.arange(256))


def test_a_png_carries_no_gamma_and_no_colour_profile(tmp_path: Path) -> None:
    path = tmp_path / "plain.png"
    PNG.write(path, every_code())
    assert set(chunks(path)) == {b"IHDR", b"IDAT", b"IEND"}
    with Image.open(path) as image:
        assert not image.info


@pytest.mark.parametrize("mode", ["RGB", "LA", "I;16"])
def test_a_png_of_another_kind_is_no_matte(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "other.png"
    Image.new(mode, (8, 4)).save(path)
    with pytest.raises(ExportError, match="8-bit grey"):
        PNG.read(path)
