"""Graphs kept as they were rewritten: the same answers, whatever becomes of what is kept."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from models import kept_graphs, ort
from models.base import Click, ModelError
from models.kept_graphs import GRAPH, WEIGHTS
from models.library import load
from models.ort import Runtime
from models.pack import Pack, read_pack

BUNDLED = Path(__file__).parents[2] / "resources" / "models" / "mobilesam"


@pytest.fixture(scope="module")
def pack() -> Pack:
    return read_pack(BUNDLED)


@pytest.fixture
def runtime(tmp_path: Path) -> Runtime:
    return Runtime("cpu", kept=tmp_path / "graphs")


def answer(pack: Pack, runtime: Runtime) -> bytes:
    model = load(pack, runtime)
    frame = np.random.default_rng(1).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    return model.decode(model.encode(frame), [Click(20, 20)]).logits.tobytes()


def files(runtime: Runtime) -> list[Path]:
    assert runtime.kept is not None
    return sorted(path for path in runtime.kept.rglob("*") if path.is_file())


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files of packs that were read."""
    names: list[str] = []
    bytes_of = Pack.bytes_of

    def noted(pack: Pack, name: str) -> bytes:
        names.append(name)
        return bytes_of(pack, name)

    monkeypatch.setattr(Pack, "bytes_of", noted)
    return names


def test_the_second_start_reads_what_the_first_kept_and_answers_the_same(
    pack: Pack, runtime: Runtime, read: list[str]
) -> None:
    plain = answer(pack, Runtime("cpu"))
    assert answer(pack, runtime) == plain
    assert [path.name for path in files(runtime)] == [GRAPH, WEIGHTS] * 2
    read.clear()
    assert answer(pack, runtime) == plain
    assert read == []


@pytest.mark.parametrize("damage", [b"", b"no graph", None])
@pytest.mark.parametrize("name", [GRAPH, WEIGHTS])
def test_a_torn_or_lost_file_is_made_anew(
    pack: Pack, runtime: Runtime, name: str, damage: bytes | None, read: list[str]
) -> None:
    plain = answer(pack, runtime)
    sizes = [path.stat().st_size for path in files(runtime)]
    for path in files(runtime):
        if path.name == name:
            path.unlink() if damage is None else path.write_bytes(damage)
    assert answer(pack, runtime) == plain
    assert [path.stat().st_size for path in files(runtime)] == sizes
    read.clear()
    assert answer(pack, runtime) == plain
    assert read == []


def test_another_processor_or_version_has_its_own(
    pack: Pack, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(pack, runtime)
    monkeypatch.setattr(kept_graphs, "processor", lambda: "another")
    answer(pack, runtime)
    assert len(files(runtime)) == 8


def test_a_folder_that_cannot_be_written_costs_nothing(pack: Pack, tmp_path: Path) -> None:
    file = tmp_path / "a file"
    file.touch()
    assert answer(pack, Runtime("cpu", kept=file)) == answer(pack, Runtime("cpu"))


def test_a_write_that_fails_leaves_nothing_behind(
    pack: Pack, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = ort.open_graph

    def full(name: str, data: bytes, runtime: Runtime, draft: Path | None = None) -> object:
        if draft is not None:
            (draft / WEIGHTS).write_bytes(b"half")
            raise ModelError("No space left on device.")
        return real(name, data, runtime)

    monkeypatch.setattr("models.pack.open_graph", full)
    answer(pack, runtime)
    assert files(runtime) == []


def test_those_used_longest_ago_leave_first(
    pack: Pack, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(pack, runtime)
    old, new = dict.fromkeys(path.parent for path in files(runtime))
    os.utime(old, (1, 1))
    os.utime(new, (2, 2))
    assert runtime.kept is not None
    other = kept_graphs.KeptGraphs(runtime.kept, "f" * 64)
    draft = other.draft()
    assert draft is not None
    (draft / GRAPH).write_bytes(b"0" * 100)
    room = sum(path.stat().st_size for path in new.iterdir()) + 200
    monkeypatch.setattr(kept_graphs, "MOST", room)
    other.take(draft, "1")
    assert files(runtime) == sorted([*new.iterdir(), *runtime.kept.glob("f*/*/*")])
    assert not old.parent.exists()


def test_of_two_that_keep_the_same_at_once_one_stays(tmp_path: Path) -> None:
    kept = kept_graphs.KeptGraphs(tmp_path, "f" * 64)
    drafts = [kept.draft(), kept.draft()]
    for number, draft in enumerate(drafts):
        assert draft is not None
        (draft / GRAPH).write_text(str(number))
        kept.take(draft, "1")
    found = kept.find("1")
    assert found is not None
    assert found.read_text() == "1"
    assert len([*tmp_path.glob("*/*")]) == 1


def test_what_is_damaged_in_the_pack_is_said_where_nothing_is_kept(
    tmp_path: Path, copy_of: Callable[[Path], Path], runtime: Runtime
) -> None:
    folder = copy_of(tmp_path / "pack")
    path = folder / "decoder.onnx"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ModelError, match=r"decoder\.onnx is not the file"):
        load(read_pack(folder), runtime)


@pytest.fixture
def copy_of() -> Callable[[Path], Path]:
    """Copies the bundled pack."""
    return lambda place: Path(shutil.copytree(BUNDLED, place))
