"""Where a converted pack is put."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.models.graphs import write_tiny_pack

pytest.importorskip("sam2", reason="needs the original SAM 2: make test installs it")

from models.convert import command
from models.convert.original import ConversionError, Original

ORIGINAL = Original("sam2.1", "tiny", 512)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    def convert(_: Original, out: Path, *__: Any) -> None:
        write_tiny_pack(out)

    monkeypatch.setattr(command, "convert", convert)


@pytest.mark.parametrize("out", [".", "new", "../here"])
def test_a_pack_is_written_into_a_new_or_empty_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    assert command.write(ORIGINAL, Path(out), "fp32", print) == "tiny"
    place = here / "new" if out == "new" else here
    assert (place / "model.json").exists()
    assert [path.name for path in place.parent.iterdir()] == [place.name]


def test_the_root_is_no_place_for_a_pack() -> None:
    with pytest.raises(ConversionError, match="no folder that a pack can be"):
        command.write(ORIGINAL, Path("/"), "fp32", print)
