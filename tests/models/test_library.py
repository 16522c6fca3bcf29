"""Packs: found, checked, refused with the name of the file at fault."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from models.base import ModelError
from models.install import Installer
from models.library import load
from models.ort import Runtime
from models.pack import find_packs, read_pack
from tests.models.graphs import write_tiny_pack


def test_a_pack_tells_what_it_is_without_opening_a_graph(tmp_path: Path) -> None:
    info = read_pack(write_tiny_pack(tmp_path / "tiny")).info
    assert (info.id, info.label, info.licence, info.proposals) == ("tiny", "Tiny", "Apache-2.0", 3)
    assert info.supports == {"point", "box"}
    assert info.embedding_bytes == 2
    assert len(info.digest) == 64


def test_the_digest_follows_graphs_and_preprocessing_and_nothing_else(tmp_path: Path) -> None:
    plain = read_pack(write_tiny_pack(tmp_path / "a")).info.digest
    renamed = read_pack(write_tiny_pack(tmp_path / "b", label="Other")).info.digest
    newer = {"mode": "longest-side", "version": 2}
    other = read_pack(write_tiny_pack(tmp_path / "c", preprocess=newer)).info.digest
    graph = read_pack(write_tiny_pack(tmp_path / "d", files={"encoder.onnx": "0" * 64})).info.digest
    assert plain == renamed
    assert len({plain, other, graph}) == 3


def test_the_first_folder_wins_and_faults_are_reported(tmp_path: Path) -> None:
    mine, bundled = tmp_path / "mine", tmp_path / "bundled"
    write_tiny_pack(mine / "x", label="Mine")
    write_tiny_pack(bundled / "y", label="Bundled")
    write_tiny_pack(bundled / "z", id="second")
    write_tiny_pack(bundled / "broken", format=99)
    packs, faults = find_packs([mine, bundled, tmp_path / "absent"])
    assert [pack.info.label for pack in packs] == ["Mine", "Tiny"]
    assert len(faults) == 1
    assert str(bundled / "broken" / "model.json") in str(faults[0])


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 2},
        {"size": 1000},
        {"size": "big"},
        {"files": ["encoder.onnx"]},
        {"files": {"../encoder.onnx": "0"}},
        {"preprocess": None, "embedding_shapes": None},
    ],
)
def test_a_bad_description_is_refused_naming_model_json(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    folder = write_tiny_pack(tmp_path / "bad", **changes)
    with pytest.raises(ModelError, match=r"model\.json is not a valid model description"):
        read_pack(folder)


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", "\x00\xff"])
def test_a_description_that_is_none_is_refused_naming_it(tmp_path: Path, text: str) -> None:
    folder = write_tiny_pack(tmp_path / "bad")
    (folder / "model.json").write_text(text, encoding="latin-1")
    with pytest.raises(ModelError, match=r"model\.json"):
        read_pack(folder)


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("harm", [_flip, Path.unlink])
@pytest.mark.parametrize("name", ["encoder.onnx", "decoder.onnx"])
def test_a_graph_that_changed_or_went_is_refused_naming_it(
    tmp_path: Path, name: str, harm: Callable[[Path], None]
) -> None:
    pack = read_pack(write_tiny_pack(tmp_path / "tiny"))
    harm(pack.folder / name)
    with pytest.raises(ModelError, match=name.replace(".", r"\.")):
        load(pack)


def test_an_unlisted_graph_is_never_read(tmp_path: Path) -> None:
    pack = read_pack(write_tiny_pack(tmp_path / "tiny", files={"encoder.onnx": "0" * 64}))
    with pytest.raises(ModelError, match=r"does not name decoder\.onnx|encoder\.onnx"):
        load(pack)


def test_an_unknown_family_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="wants the family sam9"):
        load(read_pack(write_tiny_pack(tmp_path / "new", family="sam9")))


def test_the_device_is_reported_as_checked(tmp_path: Path) -> None:
    model = load(read_pack(write_tiny_pack(tmp_path / "tiny")), Runtime("coreml"))
    assert not model.info.notes
    model.encode(np.zeros((8, 8, 3), np.uint8))
    assert model.info.device == "CPU"
    assert model.info.notes == ("Apple Core ML is not available here; the model runs on the CPU.",)


def test_a_folder_that_may_not_be_looked_into_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = Path.glob

    def glob(path: Path, pattern: str) -> object:
        if path == tmp_path:
            raise PermissionError(13, "Permission denied")
        return look(path, pattern)

    monkeypatch.setattr(Path, "glob", glob)
    bundled = Path(__file__).parents[2] / "resources" / "models"
    packs, faults = find_packs([tmp_path, bundled])
    assert [pack.info.id for pack in packs] == ["mobilesam"]
    assert str(tmp_path) in str(faults[0])
    Installer(tmp_path).tidy()
