"""An ONNX Runtime of a pack in place of the one that ships: loaded, refused, left alone."""

from __future__ import annotations

import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from filelock import FileLock

from models import quarantine, runtime_load
from models.base import ModelError
from models.ort import Runtime, open_graph, runtime_module
from models.pack import read_pack
from models.runtime_pack import RuntimePack
from tests.models.graphs import write_tiny_pack
from tests.models.test_ort import doubling
from tests.models.wheels import WORKING, newer, pack_of, write_wheels

RAISING = {**WORKING, "onnxruntime/capi/deep.py": "raise ImportError('libtiny is missing')\n"}
ABORTING = {**WORKING, "onnxruntime/capi/deep.py": "import os; os._exit(86)\n"}
LACKING = {"onnxruntime/__init__.py": WORKING["onnxruntime/__init__.py"]}


def installed(folder: Path, code: dict[str, str]) -> RuntimePack:
    wheels = write_wheels(folder / "wheels", code)
    pack = pack_of(folder / "home", wheels)
    pack.install(wheels)
    return pack


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was offered yet."""
    monkeypatch.setattr(runtime_load, "_state", runtime_load._State())


@pytest.fixture
def unloaded() -> Iterator[None]:
    """A process that has loaded no ONNX Runtime, as far as Python can see."""
    ours = {name: module for name, module in sys.modules.items() if is_runtime(name)}
    finders = list(sys.meta_path)
    for name in ours:
        del sys.modules[name]
    yield
    sys.meta_path[:] = finders
    for name in [name for name in sys.modules if is_runtime(name)]:
        del sys.modules[name]
    sys.modules.update(ours)


def is_runtime(name: str) -> bool:
    return name.partition(".")[0] == "onnxruntime"


@pytest.mark.usefixtures("unloaded")
def test_it_takes_the_place_of_what_ships_with_all_below_it(tmp_path: Path) -> None:
    pack = installed(tmp_path, WORKING)
    runtime_load.offer(pack)
    assert "onnxruntime" not in sys.modules  # nothing is loaded before it is wanted
    module = runtime_module()
    assert (module.__version__, module.answer) == ("9.9.9", "of the pack")
    assert runtime_load.used() == pack
    assert not runtime_load.note()
    assert not pack.mark.exists()


@pytest.mark.usefixtures("unloaded")
def test_a_finder_of_a_frozen_program_is_not_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    class Frozen:
        @staticmethod
        def find_spec(name: str, *_: object) -> None:
            asked.append(name)

    monkeypatch.setattr(sys, "meta_path", [Frozen, *sys.meta_path])
    runtime_load.offer(installed(tmp_path, WORKING))
    runtime_module()
    assert not [name for name in asked if is_runtime(name)]


@pytest.mark.usefixtures("unloaded")
def test_a_module_the_pack_lacks_is_not_taken_from_what_ships(tmp_path: Path) -> None:
    runtime_load.offer(installed(tmp_path, LACKING))
    runtime_load.settle()
    assert "onnxruntime.capi is not in" in runtime_load.note()


def refused(pack: RuntimePack) -> str:
    """Why `pack` is not used."""
    runtime_load.offer(pack)
    runtime_load.settle()
    assert runtime_load.used() is None
    assert not [name for name in sys.modules if is_runtime(name)]
    return runtime_load.note()


@pytest.mark.usefixtures("unloaded")
def test_one_that_raises_leaves_no_trace_but_a_sentence(tmp_path: Path) -> None:
    pack = installed(tmp_path, RAISING)
    before = list(sys.meta_path)
    assert "cannot be loaded (libtiny is missing); install it again." in refused(pack)
    assert sys.meta_path == before
    assert not pack.mark.exists()


@pytest.mark.usefixtures("unloaded")
def test_one_of_another_list_is_not_loaded(tmp_path: Path) -> None:
    assert "another version of Rotocel" in refused(newer(installed(tmp_path, WORKING)))


@pytest.mark.usefixtures("unloaded")
def test_a_mark_that_was_left_is_a_reason_not_to_try(tmp_path: Path) -> None:
    pack = installed(tmp_path, WORKING)
    pack.mark.touch()
    assert "ended the program when it was last started" in refused(pack)
    assert pack.mark.exists()
    pack.retry()
    runtime_load.offer(pack)
    assert runtime_module().__version__ == "9.9.9"


@pytest.mark.usefixtures("unloaded")
def test_a_mark_of_one_that_is_starting_just_now_is_waited_for(tmp_path: Path) -> None:
    pack = installed(tmp_path, WORKING)
    with FileLock(pack.lock, thread_local=False):
        pack.mark.touch()
        runtime_load.offer(pack)
        waiting = threading.Thread(target=runtime_load.settle)
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive()
        pack.mark.unlink()
    waiting.join(10)
    assert runtime_load.used() == pack


@pytest.mark.usefixtures("unloaded")
def test_a_mark_that_cannot_be_made_is_a_reason_not_to_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack = installed(tmp_path, WORKING)

    def full(_self: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "touch", full)
    assert "No space left on device" in refused(pack)


def test_the_program_that_it_ends_starts_without_it_the_next_time(tmp_path: Path) -> None:
    """Two processes, as two starts are; the second gives an answer of what ships."""
    pack = installed(tmp_path, ABORTING)
    code = (
        "import sys, pickle; from models import runtime_load, ort;"
        "runtime_load.offer(pickle.load(sys.stdin.buffer));"
        "graph = ort.open_graph('graph', sys.stdin.buffer.read(), ort.Runtime());"
        "print(graph.device); print(graph.note)"
    )

    def start() -> subprocess.CompletedProcess[bytes]:
        data = pickle.dumps(pack) + doubling()
        return subprocess.run(
            [sys.executable, "-c", code], input=data, capture_output=True, check=False, timeout=60
        )

    assert start().returncode == 86
    assert pack.mark.exists()
    second = start()
    assert second.returncode == 0, second.stderr
    device, note = second.stdout.decode().splitlines()
    assert device == "CPU"
    assert "ended the program when it was last started" in note
    assert note.endswith("The model runs on the CPU.")


def test_where_another_is_loaded_already_the_pack_is_not(tmp_path: Path) -> None:
    runtime_load.offer(installed(tmp_path, WORKING))
    assert runtime_module() is sys.modules["onnxruntime"]
    assert "Another ONNX Runtime was loaded before" in runtime_load.note()


def in_use(pack: RuntimePack) -> None:
    """Have what the tests have loaded count for the runtime of `pack`."""
    runtime_load._state.offered = runtime_load._state.used = pack
    runtime_load._state.settled = True


def test_opening_and_the_first_run_are_marked_and_later_ones_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack = installed(tmp_path, WORKING)
    in_use(pack)
    marked: list[bool] = []

    class Watched(onnxruntime.InferenceSession):  # type: ignore[misc, unused-ignore]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            marked.append(pack.mark.exists())
            super().__init__(*args, **kwargs)

        def run(self, *args: Any) -> Any:
            marked.append(pack.mark.exists())
            return super().run(*args)

    monkeypatch.setattr(onnxruntime, "InferenceSession", Watched)
    graph = open_graph("graph", doubling(), Runtime("cpu"))
    assert not pack.mark.exists()
    for _ in range(2):
        graph.run({"x": np.zeros(2, np.float32)}, ["y"])
    assert marked == [True, True, False]
    assert not pack.mark.exists()


def test_a_run_that_fails_leaves_no_mark(tmp_path: Path) -> None:
    pack = installed(tmp_path, WORKING)
    in_use(pack)
    graph = open_graph("graph", doubling(), Runtime("cpu"))
    with pytest.raises(ModelError):
        graph.run({"x": np.zeros(3, np.float32)}, ["y"])
    assert not pack.mark.exists()


def test_where_it_ended_another_process_meanwhile_graphs_open_on_the_cpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack = installed(tmp_path, WORKING)
    in_use(pack)
    pack.mark.touch()
    asked: list[str] = []

    def claimed() -> list[str]:
        return ["CoreMLExecutionProvider", "CPUExecutionProvider"]

    class Watched(onnxruntime.InferenceSession):  # type: ignore[misc, unused-ignore]
        def __init__(self, *args: Any, providers: list[str], **kwargs: Any) -> None:
            asked.extend(providers)
            super().__init__(*args, providers=["CPUExecutionProvider"], **kwargs)

    monkeypatch.setattr(onnxruntime, "get_available_providers", claimed)
    monkeypatch.setattr(onnxruntime, "InferenceSession", Watched)
    graph = open_graph("graph", doubling(), Runtime())
    assert asked == ["CPUExecutionProvider"]
    assert "ended the program when it was last started" in graph.note
    assert pack.mark.exists()


def test_a_model_that_passed_its_trial_is_there_before_the_runtime_is_loaded(
    tmp_path: Path,
) -> None:
    """The window starts with it: what may end the program must not come then."""
    pack = installed(tmp_path, ABORTING)
    runtime_load.offer(pack)
    tiny, cpu = read_pack(write_tiny_pack(tmp_path / "tiny")), Runtime("cpu", threads=1)
    (tmp_path / "tried").mkdir()
    (tmp_path / "tried" / quarantine._key(tiny, cpu)).touch()
    quarantine.load_tried(tiny, cpu, tmp_path / "tried")
    assert not runtime_load._state.settled
    pack.mark.touch()
    assert runtime_load.expected() is None


def test_a_trial_that_the_runtime_ends_says_nothing_of_the_model(tmp_path: Path) -> None:
    pack = installed(tmp_path, ABORTING)
    runtime_load.offer(pack)
    quarantine.try_pack(read_pack(write_tiny_pack(tmp_path / "tiny")), Runtime("cpu", threads=1))
    assert pack.mark.exists()
