"""An ONNX Runtime of a pack in place of the one that ships: loaded, refused, left alone."""

from __future__ import annotations

import errno
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import onnxruntime
import pytest
from filelock import FileLock

from models import quarantine, runtime_load
from models.base import Cancelled, ModelError
from models.ort import Cancel, Runtime, open_graph, runtime_identity, runtime_module
from models.pack import Pack, read_pack
from models.runtime_pack import RuntimePack
from tests.models.graphs import write_tiny_pack
from tests.models.test_hostile_packs import changed_pack
from tests.models.test_ort import FailingGpu, doubling
from tests.models.test_quarantine import CPU, crashing
from tests.models.wheels import WORKING, newer, pack_of, write_wheels

RAISING = {**WORKING, "onnxruntime/capi/deep.py": "raise ImportError('libtiny is missing')\n"}
ABORTING = {**WORKING, "onnxruntime/capi/deep.py": "import os; os._exit(86)\n"}
SLEEPING = {**WORKING, "onnxruntime/capi/deep.py": "import time; time.sleep(60)\n"}
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


@pytest.mark.usefixtures("unloaded")
def test_it_is_told_not_to_report_to_anybody(tmp_path: Path) -> None:
    code = WORKING["onnxruntime/__init__.py"]
    code = code.replace("events(): pass", "events(): told.append(None)") + "told = []\n"
    runtime_load.offer(installed(tmp_path, {**WORKING, "onnxruntime/__init__.py": code}))
    assert runtime_module().told


@pytest.mark.usefixtures("unloaded")
def test_two_threads_load_it_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import time; time.sleep(0.2)\n" + WORKING["onnxruntime/__init__.py"]
    pack = installed(tmp_path, {**WORKING, "onnxruntime/__init__.py": code})
    loads: list[RuntimePack] = []
    real = runtime_load._load

    def load(offered: RuntimePack) -> str:
        loads.append(offered)
        return real(offered)

    monkeypatch.setattr(runtime_load, "_load", load)
    runtime_load.offer(pack)
    other = threading.Thread(target=runtime_load.settle)
    other.start()
    runtime_load.settle()
    assert runtime_load.used() == pack
    other.join()
    assert loads == [pack]


def test_one_in_use_stays_whatever_is_offered(tmp_path: Path) -> None:
    pack = installed(tmp_path, WORKING)
    in_use(pack)
    runtime_load.offer(newer(pack), "a fault")
    assert (runtime_load.offered(), runtime_load.used()) == (pack, pack)
    assert not runtime_load.note()


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
    pack = newer(installed(tmp_path, WORKING))
    runtime_load.offer(pack)
    assert runtime_load.expected() is None
    assert "another version of Rotocel" in refused(pack)


@pytest.mark.usefixtures("unloaded")
def test_one_that_was_changed_is_not_loaded(tmp_path: Path) -> None:
    pack = installed(tmp_path, WORKING)
    with (pack.folder / "onnxruntime/__init__.py").open("a") as file:
        file.write("print('changed')")
    assert "__init__.py has another size); install it again" in refused(pack)
    assert not pack.mark.exists()


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
        assert runtime_load.expected() == pack  # a live mark is no dead one
        waiting = threading.Thread(target=runtime_load.settle)
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive()
        pack.mark.unlink()
    waiting.join(10)
    assert runtime_load.used() == pack


@pytest.mark.usefixtures("unloaded")
def test_one_that_starts_for_too_long_has_not_ended_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime_load, "PATIENCE", 0.1)
    pack = installed(tmp_path, WORKING)
    with FileLock(pack.lock, thread_local=False):
        pack.mark.touch()
        note = refused(pack)
    assert note.startswith("Another Rotocel is just starting the runtime cuda")
    assert pack.mark.exists()  # the other one's


def cannot(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Have no file be made any more."""

    def touch(self: Path) -> None:
        raise OSError(number, os.strerror(number), str(self))

    monkeypatch.setattr(Path, "touch", touch)


UNMARKABLE = [(errno.ENOSPC, "is full; free some space"), (errno.EROFS, "may not be written")]


@pytest.mark.usefixtures("unloaded")
@pytest.mark.parametrize(("number", "advice"), UNMARKABLE)
def test_a_mark_that_cannot_be_made_is_a_reason_not_to_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, advice: str
) -> None:
    pack = installed(tmp_path, WORKING)
    cannot(monkeypatch, number)
    note = refused(pack)
    assert note.startswith("The runtime cuda is left alone, as no mark can be made.")
    assert advice in note


START = """
import sys, pickle
from pathlib import Path
from models import ort, runtime_load
from models.library import load
from models.pack import Pack, read_pack
runtime_load.offer(pickle.load(sys.stdin.buffer))
folder, kept = map(Path, sys.argv[1:])
model = load(read_pack(folder), ort.Runtime(kept=kept))
import numpy as np
model.encode(np.zeros((48, 64, 3), np.uint8))
print(*model.info.notes)
"""
CUDA = "CUDAExecutionProvider"


def test_cudas_libraries_are_loaded_under_the_mark(tmp_path: Path) -> None:
    """A window's start twice: where they end the program, the second does without."""
    head = WORKING["onnxruntime/__init__.py"] + "import os\n"
    dying = "def preload_dlls(directory): os._exit(86)\n"
    pack = installed(tmp_path, {**WORKING, "onnxruntime/__init__.py": head + dying})
    tiny = write_tiny_pack(tmp_path / "tiny")

    def start() -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-c", START, str(tiny), str(tmp_path / "kept")]
        data = pickle.dumps(pack)
        return subprocess.run(command, input=data, capture_output=True, check=False, timeout=60)

    assert start().returncode == 86
    assert pack.mark.exists()
    second = start()
    assert second.returncode == 0, second.stderr
    assert b"ended the program when it was last started" in second.stdout


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


@pytest.fixture
def card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[RuntimePack, list[bool]]:
    """A pack in use on a machine that has a card, and whether it was marked at each call."""
    pack = installed(tmp_path, WORKING)
    in_use(pack)
    marked: list[bool] = []

    class Watched(FailingGpu):
        fails = False

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            marked.append(pack.mark.exists())
            super().__init__(*args, **kwargs)

        def run(self, *args: Any) -> Any:
            marked.append(pack.mark.exists())
            return super().run(*args)

    monkeypatch.setattr(
        onnxruntime, "get_available_providers", lambda: [CUDA, "CPUExecutionProvider"]
    )
    monkeypatch.setattr(onnxruntime, "preload_dlls", lambda **_: None, raising=False)
    monkeypatch.setattr(onnxruntime, "InferenceSession", Watched)
    return pack, marked


Card: TypeAlias = "tuple[RuntimePack, list[bool]]"
TWO = {"x": np.ones(2, np.float32)}


def test_opening_and_the_first_run_are_marked_and_later_ones_are_not(card: Card) -> None:
    pack, marked = card
    graph = open_graph("graph", doubling(), Runtime())
    assert graph.device == "NVIDIA CUDA"
    assert not pack.mark.exists()
    for _ in range(2):
        graph.run(TWO, ["y"])
    assert marked == [True, True, False]
    assert not pack.mark.exists()
    open_graph("graph", doubling(), Runtime())
    assert marked == [True, True, False, False]


def test_a_run_on_the_cpu_of_the_pack_is_not_marked_and_proves_nothing(card: Card) -> None:
    pack, marked = card
    graph = open_graph("graph", doubling(), Runtime("cpu"))
    graph.run(TWO, ["y"])
    open_graph("graph", doubling(), Runtime())
    assert marked == [True, False, True]
    assert not pack.mark.exists()


def test_a_run_that_fails_leaves_no_mark(card: Card) -> None:
    pack, _ = card
    graph = open_graph("graph", doubling(), Runtime())
    with pytest.raises(ModelError):
        graph.run({"x": np.zeros(3, np.float32)}, ["y"])
    assert not pack.mark.exists()


def test_a_first_run_that_may_not_be_tried_is_the_cpus(card: Card) -> None:
    pack, marked = card
    graph = open_graph("graph", doubling(), Runtime())
    pack.mark.touch()  # of another process that died
    (y,) = graph.run(TWO, ["y"])
    assert y.tolist() == [2, 2]
    assert graph.device == "CPU"
    assert "ended the program when it was last started" in graph.note
    assert graph.note.endswith("The model runs on the CPU.")
    assert len(marked) == 3  # opened, opened on the CPU, run there
    assert pack.mark.exists()


@pytest.mark.parametrize(("number", "advice"), UNMARKABLE)
def test_a_disk_that_takes_no_mark_costs_the_card_only(
    card: Card, monkeypatch: pytest.MonkeyPatch, number: int, advice: str
) -> None:
    graph = open_graph("graph", doubling(), Runtime())
    cannot(monkeypatch, number)
    other = open_graph("graph", doubling(), Runtime())
    for each in (graph, other):
        (y,) = each.run(TWO, ["y"])
        assert y.tolist() == [2, 2]
        assert each.device == "CPU"
        assert advice in each.note


@pytest.mark.timeout(30)
def test_waiting_for_another_that_starts_can_be_cancelled(card: Card) -> None:
    pack, _ = card
    graph = open_graph("graph", doubling(), Runtime())
    token = Cancel()
    with FileLock(pack.lock, thread_local=False):
        timer = threading.Timer(0.1, token.cancel)
        timer.start()
        with pytest.raises(Cancelled):
            graph.run(TWO, ["y"], token)
        timer.join()
    assert graph.device == "NVIDIA CUDA"


def test_libraries_that_cannot_be_preloaded_are_no_reason_not_to_open(
    card: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raising(**_: object) -> None:
        raise RuntimeError("planted")

    monkeypatch.setattr(onnxruntime, "preload_dlls", raising, raising=False)
    graph = open_graph("graph", doubling(), Runtime())
    assert (graph.device, graph.note) == ("NVIDIA CUDA", "")


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
    (tmp_path / "tried" / quarantine._key(tiny, cpu, runtime_identity())).touch()
    assert pack.wanted.digest in runtime_identity()
    quarantine.load_tried(tiny, cpu, tmp_path / "tried")
    assert not runtime_load._state.settled
    pack.mark.touch()
    assert runtime_load.expected() is None


class TestTrials:
    """The first import of a pack is in the process in which a model is tried."""

    @pytest.fixture
    def tiny(self, tmp_path: Path) -> Pack:
        return read_pack(write_tiny_pack(tmp_path / "tiny"))

    def test_a_trial_that_the_runtime_ends_says_nothing_of_the_model(
        self, tmp_path: Path, tiny: Pack
    ) -> None:
        pack, memory = installed(tmp_path, ABORTING), tmp_path / "tried"
        built_in = runtime_identity()
        runtime_load.offer(pack)
        quarantine.load_tried(tiny, CPU, memory)
        assert pack.mark.exists()
        passed = [path.name for path in memory.iterdir()]
        assert passed == [quarantine._key(tiny, CPU, built_in)]  # and not on that of the pack
        pack.retry()
        assert quarantine._key(tiny, CPU, runtime_identity()) not in passed

    def test_one_that_cannot_be_loaded_there_is_not_what_the_model_passed_on(
        self, tmp_path: Path, tiny: Pack
    ) -> None:
        memory, built_in = tmp_path / "tried", runtime_identity()
        runtime_load.offer(installed(tmp_path, RAISING))
        quarantine.load_tried(tiny, CPU, memory)
        passed = [path.name for path in memory.iterdir()]
        assert passed == [quarantine._key(tiny, CPU, built_in)]

    def test_a_model_that_ends_what_ships_too_leaves_no_mark(self, tmp_path: Path) -> None:
        pack = installed(tmp_path, ABORTING)
        runtime_load.offer(pack)
        bad = read_pack(changed_pack(tmp_path / "bad", decoder=crashing()))
        with pytest.raises(ModelError, match="ends the program that runs it"):
            quarantine.try_pack(bad, CPU)
        assert not pack.mark.exists()

    def test_a_mark_that_was_there_before_is_no_reason_to_try_twice(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pack = installed(tmp_path, WORKING)
        pack.mark.touch()
        runtime_load.offer(pack)
        bad = read_pack(changed_pack(tmp_path / "bad", decoder=crashing()))
        tries: list[None] = []
        real = quarantine._try_once

        def counted(*args: Any) -> str:
            tries.append(None)
            return real(*args)

        monkeypatch.setattr(quarantine, "_try_once", counted)
        with pytest.raises(ModelError, match="ends the program that runs it"):
            quarantine.try_pack(bad, CPU)
        assert len(tries) == 1
        assert pack.mark.exists()

    def test_one_that_runs_here_already_is_not_left_alone(self, tmp_path: Path, tiny: Pack) -> None:
        pack = installed(tmp_path, ABORTING)
        in_use(pack)
        with pytest.raises(ModelError, match="ends the program that runs it"):
            quarantine.try_pack(tiny, CPU)
        assert not pack.mark.exists()

    def test_one_that_gives_no_answer_in_time_leaves_no_mark(
        self, tmp_path: Path, tiny: Pack
    ) -> None:
        pack = installed(tmp_path, SLEEPING)
        runtime_load.offer(pack)
        began = time.monotonic()
        with pytest.raises(ModelError, match="gave no answer within 3 s"):
            quarantine.try_pack(tiny, CPU, patience=3)
        assert time.monotonic() - began < 6  # it is not tried again
        assert not pack.mark.exists()

    @pytest.mark.skipif(
        sys.platform == "win32", reason="Windows sends no such signal to one process"
    )
    def test_a_ctrl_c_leaves_neither_a_trial_nor_a_mark(self, tmp_path: Path, tiny: Pack) -> None:
        pack = installed(tmp_path, SLEEPING)
        runtime_load.offer(pack)

        def interrupt() -> None:
            while not pack.mark.exists():
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGINT)

        interrupting = threading.Thread(target=interrupt)
        interrupting.start()
        with pytest.raises(KeyboardInterrupt):
            quarantine.try_pack(tiny, CPU, patience=30)
        interrupting.join()
        assert not multiprocessing.active_children()
        assert not pack.mark.exists()

    def test_one_that_is_ended_on_purpose_leaves_no_mark(self, tmp_path: Path, tiny: Pack) -> None:
        pack = installed(tmp_path, SLEEPING)
        runtime_load.offer(pack)

        def end() -> None:
            while not pack.mark.exists():
                time.sleep(0.01)
            quarantine.end_trials()

        ending = threading.Thread(target=end)
        ending.start()
        with pytest.raises(ModelError):
            quarantine.try_pack(tiny, CPU, patience=30)
        ending.join()
        assert not pack.mark.exists()
