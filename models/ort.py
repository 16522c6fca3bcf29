"""ONNX Runtime at our terms: hashed bytes in, a checked device, one way to cancel."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from models import runtime_load
from models.base import Cancelled, ModelError
from models.cuda_libraries import has_driver, preload
from models.kept_graphs import GRAPH, WEIGHTS

Array: TypeAlias = NDArray[Any]

# A tensor kept outside its graph must carry this key. Protobuf writes a text in one piece, right
# after its length, whose last byte is 8, or 0 where the length is written longer than need be.
EXTERNAL_DATA = re.compile(rb"location(?<=[\x00\x08]location)")  # letters first: 30 times faster

OUT_OF_MEMORY = re.compile(r"bad_alloc|allocate|out of memory", re.IGNORECASE)
GPU_REASON = re.compile(r"\b\w+ failure \d+: [^;\n]*[^;\s]")  # what is meant, in a page of C++
LONGEST_REASON = 300

DEVICES: Mapping[str, tuple[str, str]] = {  # name in the settings -> (provider, as artists read it)
    "cuda": ("CUDAExecutionProvider", "NVIDIA CUDA"),
    "directml": ("DmlExecutionProvider", "DirectML"),
    "coreml": ("CoreMLExecutionProvider", "Apple Core ML"),
    "cpu": ("CPUExecutionProvider", "CPU"),
}
BUILDS = ("onnxruntime", "onnxruntime-gpu", "onnxruntime-directml")  # one of them is installed
APART = "session.optimized_model_external_initializers_file_name"
CPU_ONLY = [DEVICES["cpu"][0]]
RUNS_ON_CPU = "The model runs on the CPU."


@dataclass(frozen=True, slots=True)
class Runtime:
    """How graphs are to be run. `device` is "auto" or a key of DEVICES; 0 threads: one a core.

    On the CPU, graphs are kept in `kept` as they were rewritten, and opened from there.
    """

    device: str = "auto"
    threads: int = 0
    kept: Path | None = None


class Cancel:
    """Ends runs from another thread; firing it before, during or after a run is all right."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: list[Any] = []
        self._fired = False

    def cancel(self) -> None:
        """Ask the run under way, and every later one with this token, to stop."""
        with self._lock:
            self._fired = True
            for options in self._running:
                options.terminate = True

    @property
    def fired(self) -> bool:
        """Whether `cancel` was called."""
        return self._fired

    @contextmanager
    def watching(self, options: Any) -> Iterator[None]:  # noqa: ANN401 - an onnxruntime.RunOptions
        """Let `cancel` reach a run with `options`. Raises Cancelled where it fired before."""
        with self._lock:
            if self._fired:
                raise Cancelled
            self._running.append(options)
        try:
            yield
        finally:
            with self._lock:
                self._running.remove(options)


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output as its graph declares it."""

    dtype: str  # as ONNX Runtime names it: tensor(float)
    shape: tuple[int | str | None, ...]  # a name or None: any length; empty: a scalar, or not told


class _LeftAloneError(ModelError):
    """The runtime pack may not be used for a first run on the card; the text says why."""


class Graph:
    """One graph in a session of its own; `run` may be called from several threads."""

    def __init__(self, name: str, session: Any, note: str) -> None:  # noqa: ANN401
        self.name = name
        self.inputs = _ports(session.get_inputs())
        self.outputs = _ports(session.get_outputs())
        self.device = _device_of(session)
        self.note = note  # what became of the wish for a device; empty where it was met
        if not_loaded := runtime_load.note():
            self.note = f"{not_loaded} {note or f'The model runs on the {self.device}.'}"
        self.spare: Callable[[], Graph] | None = None  # the CPU's, until a GPU has given an answer
        self._session = session

    def run(
        self,
        feeds: Mapping[str, Array],
        wanted: Sequence[str],
        cancel: Cancel | None = None,
        shrink: bool = False,
    ) -> list[Array]:
        """The outputs called `wanted`. `shrink` gives the working memory back after the run.

        A GPU on which the first run fails gives way to the CPU. Raises Cancelled when `cancel`
        fired, ModelError when the graph refuses `feeds`, fails or wants more memory than there is.
        """
        spare, provider = self.spare, self._session.get_providers()[0]
        try:
            answers = self._run(feeds, wanted, cancel, shrink=shrink)
        except ModelError as e:
            if spare is None:
                raise
            cause = e.__cause__ if isinstance(e.__cause__, Exception) else e
            graph = spare()
            answers = graph._run(feeds, wanted, cancel, shrink=shrink)  # noqa: SLF001 - of its own
            left_alone = isinstance(e, _LeftAloneError)
            self.note = f"{e} {RUNS_ON_CPU}" if left_alone else _failed(provider, cause)
            self._session, self.device = graph._session, graph.device  # noqa: SLF001
        self.spare = None
        return answers

    def _run(
        self,
        feeds: Mapping[str, Array],
        wanted: Sequence[str],
        cancel: Cancel | None,
        *,
        shrink: bool,
    ) -> list[Array]:
        options = runtime_module().RunOptions()
        if shrink and self.device == "CPU":
            options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
        token = cancel or Cancel()
        on_card = self.device != "CPU"
        guard = runtime_load.guard(lambda: token.fired) if on_card else nullcontext("")
        with token.watching(options), guard as fault:
            if fault:
                raise _LeftAloneError(fault)
            try:
                answers: list[Array] = self._session.run(list(wanted), dict(feeds), options)
            except Exception as e:  # onnxruntime's errors have no common class of their own
                if token.fired:
                    raise Cancelled from e
                raise _failure(self.name, "could not be run", e) from e
            if on_card:
                runtime_load.proven()
        return answers


def runtime_module() -> ModuleType:
    """The `onnxruntime` module, kept from reporting on us: of an installed pack, or what ships.

    Raises ModelError where no flavour of it is installed.
    """
    runtime_load.settle()
    try:
        import onnxruntime  # noqa: PLC0415 - the package must import without it
    except ImportError as e:
        raise ModelError(
            "ONNX Runtime is not installed: run `pip install rotocel[cpu]` "
            "(or rotocel[cuda], rotocel[directml]; only one of them)."
        ) from e
    module: ModuleType = onnxruntime
    module.disable_telemetry_events()  # Windows, where the variable of `models` is not looked at
    return module


def runtime_identity() -> str:
    """Which ONNX Runtime models are run by: build and version. Raises ModelError.

    It is loaded to find out only where nothing else tells.
    """
    if pack := runtime_load.expected():
        return f"{pack.wanted.name} {pack.wanted.version} {pack.wanted.digest}"
    installed = []
    for name in BUILDS:
        with suppress(PackageNotFoundError):
            installed.append(f"{name} {version(name)}")
    return ", ".join(installed) or str(runtime_module().__version__)


def checked_bytes(data: bytes, sha256: str, name: str) -> bytes:
    """`data` itself once it has the hash `sha256` and is whole. Raises ModelError otherwise."""
    if hashlib.sha256(data).hexdigest() != sha256:
        raise ModelError(
            f"{name} is not the file its model.json describes; install the model again."
        )
    if EXTERNAL_DATA.search(data):
        raise ModelError(f"{name} keeps weights in another file, which is not allowed in a pack.")
    return data


def open_graph(name: str, data: bytes, runtime: Runtime, draft: Path | None = None) -> Graph:
    """A graph from its bytes, on the best device of `runtime` that really takes it.

    Where a device fails, the CPU takes over and `Graph.note` says so. What it was rewritten to is
    written to the folder `draft`. Raises ModelError when the bytes are no graph, or no ONNX Runtime
    is installed.
    """
    ort = runtime_module()
    with runtime_load.guard() as fault:
        if fault:
            runtime = replace(runtime, device="cpu")
        graph = _opened(ort, name, data, runtime, draft)
    graph.note = f"{fault} {RUNS_ON_CPU}" if fault else graph.note
    return graph


def _opened(ort: ModuleType, name: str, data: bytes, runtime: Runtime, draft: Path | None) -> Graph:
    providers, note = _wanted_providers(ort, runtime.device)
    if DEVICES["cuda"][0] in providers and hasattr(ort, "preload_dlls"):
        preload(ort)
    options = _options(ort, runtime, providers)

    def on_cpu() -> Graph:
        return _opened(ort, name, data, Runtime("cpu", runtime.threads), None)

    if draft is not None:
        options.optimized_model_filepath = str(draft / GRAPH)
        options.add_session_config_entry(APART, WEIGHTS)
    try:
        session = ort.InferenceSession(
            data,
            options,
            providers=providers,
            enable_fallback=0,  # its own way back to the CPU prints; ours is below
        )
        used = session.get_providers()[0]
        if used != providers[0]:  # some providers give up without an error
            note = f"{_label(providers[0])} could not be started{_lacking(providers[0])}"
        graph = Graph(name, session, f"{note}; the model runs on the CPU." if note else "")
    except Exception as e:  # onnxruntime's errors have no common class of their own
        if providers == CPU_ONLY:
            raise _failure(name, "is not a graph that can be run", e) from e
        graph = on_cpu()
        graph.note = _failed(providers[0], e)
        return graph
    if used not in CPU_ONLY:
        graph.spare = on_cpu
    return graph


def reopen_graph(name: str, path: Path, runtime: Runtime) -> Graph:
    """A graph that was rewritten before, from its file, on the CPU. Raises ModelError."""
    ort = runtime_module()
    options = _options(ort, runtime, CPU_ONLY)
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        return Graph(name, ort.InferenceSession(str(path), options, providers=CPU_ONLY), "")
    except Exception as e:  # onnxruntime's errors have no common class of their own
        raise _failure(name, "is not a graph that can be run", e) from e


def runs_on_cpu(runtime: Runtime) -> bool:
    """Whether `runtime` leads to the CPU and nothing else; none is touched. Raises ModelError."""
    return _wanted_providers(runtime_module(), runtime.device) == (CPU_ONLY, "")


def _wanted_providers(ort: ModuleType, device: str) -> tuple[list[str], str]:
    """The providers to ask for, best first and the CPU last, and a note where a wish cannot be."""
    if device not in {"auto", *DEVICES}:
        raise ModelError(f"There is no device called {device}: use auto, {', '.join(DEVICES)}.")
    available = ort.get_available_providers()
    wishes = list(DEVICES) if device == "auto" else [device, "cpu"]
    found = [DEVICES[wish][0] for wish in wishes if DEVICES[wish][0] in available]
    found = list(dict.fromkeys(found)) or CPU_ONLY
    missing = device != "auto" and DEVICES[device][0] not in available
    return found, f"{DEVICES[device][1]} is not available here" if missing else ""


def _options(ort: ModuleType, runtime: Runtime, providers: list[str]) -> Any:  # noqa: ANN401
    options = ort.SessionOptions()
    options.intra_op_num_threads = runtime.threads
    options.log_severity_level = 4  # failures come as exceptions; a terminate is none to log
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # leaves cores to Qt
    options.add_session_config_entry("session.load_model_format", "ONNX")  # not guessed from bytes
    if "DmlExecutionProvider" in providers:
        options.enable_mem_pattern = False  # DirectML demands it
    return options


class Lazy:
    """A graph that is opened when it is first asked for, by whichever thread asks first."""

    def __init__(self, opened: Callable[[], Graph]) -> None:
        self._opened: Callable[[], Graph] | None = opened
        self._graph: Graph | None = None
        self._lock = threading.Lock()

    @property
    def graph(self) -> Graph | None:
        """The graph where it has been opened."""
        return self._graph

    def get(self) -> Graph:
        """The graph, opened now if need be. Raises ModelError, each time, where it cannot be."""
        with self._lock:
            if self._graph is None and self._opened is not None:
                self._graph = self._opened()
                self._opened = None  # lets go of the bytes
            assert self._graph is not None
            return self._graph


def _device_of(session: Any) -> str:  # noqa: ANN401
    return _label(session.get_providers()[0])


def _label(provider: str) -> str:
    labels = dict(DEVICES.values())
    return labels.get(provider, provider.removesuffix("ExecutionProvider"))


def _lacking(provider: str) -> str:
    """What is missing for `provider`, in brackets: ONNX Runtime tells it on stderr only."""
    needs_driver = provider == DEVICES["cuda"][0]
    return "" if not needs_driver or has_driver() else " (there is no NVIDIA driver here)"


def _failed(provider: str, e: Exception) -> str:
    return f"{_label(provider)} failed ({_first_line(e)}); the model runs on the CPU."


def _ports(nodes: Sequence[Any]) -> Mapping[str, Port]:
    return {node.name: Port(node.type, tuple(node.shape)) for node in nodes}


def _failure(name: str, what: str, e: Exception) -> ModelError:
    if isinstance(e, MemoryError) or OUT_OF_MEMORY.search(str(e)):
        return ModelError(
            f"{name} needs more memory than there is; close other programs, or use a smaller model."
        )
    return ModelError(f"{name} {what}; get the model anew from its maker ({_first_line(e)}).")


def _first_line(e: Exception) -> str:
    text = str(e).strip()
    if meant := GPU_REASON.search(text):
        text = meant[0]
    return text.splitlines()[0][:LONGEST_REASON] if text else type(e).__name__


def as_float32(array: NDArray[np.generic]) -> NDArray[np.float32]:
    """`array` as contiguous float32, which is what graphs take."""
    return np.ascontiguousarray(array, np.float32)
