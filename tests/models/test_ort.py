"""Sessions, devices and cancelling, on graphs of a few nodes."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from models import cuda_libraries, ort
from models.base import Cancelled, ModelError
from models.ort import Cancel, Graph, Lazy, Port, Runtime, checked_bytes, open_graph
from tests.models.graphs import model_of, value, weight

CPU = Runtime("cpu", threads=1)
OPEN_ONE = "open_graph('graph', sys.stdin.buffer.read(), Runtime('cpu'))"


def doubling() -> bytes:
    node = helper.make_node("Add", ["x", "x"], ["y"])
    return model_of([node], [value("x", [2])], [value("y", [2])], [])


def endless() -> bytes:
    """Multiplies a matrix by itself 2^40 times: only a cancel ends it."""
    body = helper.make_graph(
        [
            helper.make_node("MatMul", ["a", "a"], ["b"]),
            helper.make_node("Identity", ["go"], ["still_go"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("k", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            value("a", [32, 32]),
        ],
        [helper.make_tensor_value_info("still_go", TensorProto.BOOL, []), value("b", [32, 32])],
    )
    loop = helper.make_node("Loop", ["times", "yes", "x"], ["y"], body=body)
    weights = [weight("times", 2**40, np.int64), weight("yes", 1, np.bool_)]
    return model_of([loop], [value("x", [32, 32])], [value("y", [32, 32])], weights)


def with_external_weights() -> bytes:
    data = onnx.load_from_string(
        model_of(
            [helper.make_node("Add", ["x", "w"], ["y"])],
            [value("x", [2])],
            [value("y", [2])],
            [weight("w", [1.0, 2.0])],
        )
    )
    tensor = data.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="elsewhere.bin")
    return bytes(data.SerializeToString())


def test_a_graph_runs_and_tells_where() -> None:
    graph = open_graph("doubling.onnx", doubling(), CPU)
    (y,) = graph.run({"x": np.array([1, 2], np.float32)}, ["y"])
    assert y.tolist() == [2, 4]
    assert (graph.device, graph.note) == ("CPU", "")
    assert graph.inputs == {"x": Port("tensor(float)", (2,))}
    assert graph.outputs == {"y": Port("tensor(float)", (2,))}


def test_shrinking_the_working_memory_changes_no_answer() -> None:
    graph = open_graph("doubling.onnx", doubling(), CPU)
    (y,) = graph.run({"x": np.array([1, 2], np.float32)}, ["y"], shrink=True)
    assert y.tolist() == [2, 4]


def test_a_wrong_shape_is_refused_naming_the_graph() -> None:
    graph = open_graph("doubling.onnx", doubling(), CPU)
    with pytest.raises(ModelError, match=r"doubling\.onnx could not be run"):
        graph.run({"x": np.zeros(3, np.float32)}, ["y"])


def test_bytes_that_are_no_graph_are_refused_naming_the_file() -> None:
    with pytest.raises(ModelError, match=r"junk\.onnx is not a graph"):
        open_graph("junk.onnx", b"not a graph at all", CPU)


def test_a_graph_that_fails_is_silent(capfd: pytest.CaptureFixture[str]) -> None:
    """ONNX Runtime would print that it tries again on the CPU."""
    with pytest.raises(ModelError):
        open_graph("junk.onnx", b"not a graph at all", CPU)
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "")


def test_an_input_whose_name_is_not_unicode_is_refused() -> None:
    model = onnx.load_from_string(doubling())
    data = model.SerializeToString().replace(b"\x01x", b"\x01\xff")
    with pytest.raises(ModelError, match=r"odd\.onnx is not a graph"):
        open_graph("odd.onnx", data, CPU)


def test_bytes_with_another_hash_are_refused() -> None:
    data = doubling()
    right = hashlib.sha256(data).hexdigest()
    assert checked_bytes(data, right, "a.onnx") is data
    with pytest.raises(ModelError, match=r"a\.onnx is not the file"):
        checked_bytes(data + b" ", right, "a.onnx")


def test_weights_in_another_file_are_refused() -> None:
    data = with_external_weights()
    with pytest.raises(ModelError, match="another file"):
        checked_bytes(data, hashlib.sha256(data).hexdigest(), "split.onnx")


def test_an_unknown_device_is_refused_with_the_choice() -> None:
    with pytest.raises(ModelError, match="auto, cuda, directml, coreml, cpu"):
        open_graph("doubling.onnx", doubling(), Runtime("abacus"))


def test_a_missing_onnx_runtime_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ModelError, match=r"pip install rotocel\[cpu\]"):
        open_graph("doubling.onnx", doubling(), CPU)


class FailingGpu:
    """A session that says it runs on CUDA, and cannot; on the CPU it is a real one."""

    fails = True
    real = staticmethod(onnxruntime.InferenceSession)

    def __init__(self, data: bytes, options: Any, providers: list[str], **_: Any) -> None:
        self._provider = providers[0]
        self._real = self.real(data, options, providers=["CPUExecutionProvider"])
        self.get_inputs, self.get_outputs = self._real.get_inputs, self._real.get_outputs

    def get_providers(self) -> list[str]:
        return [self._provider]

    def run(self, *arguments: Any) -> Any:
        if self._provider.startswith("CUDA") and self.fails:
            raise RuntimeError("no kernel image")
        return self._real.run(*arguments)


class TestFallback:
    """A machine that claims to have CUDA: what is reported is what runs."""

    @pytest.fixture
    def claims_cuda(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], list[str]]:
        monkeypatch.setattr(FailingGpu, "fails", True)
        monkeypatch.setattr(ort, "has_driver", lambda: True)

        def claim(session: Any) -> list[str]:
            calls: list[str] = []
            fake = SimpleNamespace(
                InferenceSession=session,
                SessionOptions=onnxruntime.SessionOptions,
                RunOptions=onnxruntime.RunOptions,
                get_available_providers=lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"],
                preload_dlls=lambda directory: calls.append(f"preload_dlls {directory!r}"),
                set_default_logger_severity=lambda level: calls.append(f"severity {level}"),
            )
            monkeypatch.setattr(ort, "runtime_module", lambda: fake)
            return calls

        return claim

    def test_a_provider_that_gives_up_silently_is_found_out(
        self, claims_cuda: Callable[[Any], list[str]]
    ) -> None:
        def only_cpu(data: bytes, options: Any, providers: list[str], **_: Any) -> Any:
            assert providers[0] == "CUDAExecutionProvider"
            return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])

        calls = claims_cuda(only_cpu)
        graph = open_graph("doubling.onnx", doubling(), Runtime())
        assert graph.device == "CPU"
        assert graph.note == "NVIDIA CUDA could not be started; the model runs on the CPU."
        assert calls == ["preload_dlls ''", "severity 4"]

    def test_a_driver_that_is_missing_is_named(
        self, claims_cuda: Callable[[Any], list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def only_cpu(data: bytes, options: Any, providers: list[str], **_: Any) -> Any:
            return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])

        claims_cuda(only_cpu)
        monkeypatch.setattr(ort, "has_driver", cuda_libraries.has_driver)
        monkeypatch.setitem(cuda_libraries.DRIVERS, sys.platform, "libnosuchdriver.so.1")
        graph = open_graph("doubling.onnx", doubling(), Runtime())
        assert graph.note == (
            "NVIDIA CUDA could not be started (there is no NVIDIA driver here); the model runs on "
            "the CPU."
        )

    def test_a_gpu_that_fails_at_its_first_run_gives_way_to_the_cpu(
        self, claims_cuda: Callable[[Any], list[str]]
    ) -> None:
        claims_cuda(FailingGpu)
        graph = open_graph("doubling.onnx", doubling(), Runtime())
        assert (graph.device, graph.note) == ("NVIDIA CUDA", "")
        (y,) = graph.run({"x": np.array([1, 2], np.float32)}, ["y"])
        assert y.tolist() == [2, 4]
        assert graph.device == "CPU"
        assert graph.note == "NVIDIA CUDA failed (no kernel image); the model runs on the CPU."

    def test_what_the_cpu_cannot_run_either_is_no_fault_of_the_gpu(
        self, claims_cuda: Callable[[Any], list[str]]
    ) -> None:
        claims_cuda(FailingGpu)
        graph = open_graph("doubling.onnx", doubling(), Runtime())
        with pytest.raises(ModelError, match="could not be run"):
            graph.run({"x": np.zeros(3, np.float32)}, ["y"])
        assert (graph.device, graph.note) == ("NVIDIA CUDA", "")

    def test_a_gpu_that_fails_later_is_told_and_kept(
        self, claims_cuda: Callable[[Any], list[str]]
    ) -> None:
        claims_cuda(FailingGpu)
        FailingGpu.fails = False
        graph = open_graph("doubling.onnx", doubling(), Runtime())
        graph.run({"x": np.array([1, 2], np.float32)}, ["y"])
        FailingGpu.fails = True
        with pytest.raises(ModelError, match="no kernel image"):
            graph.run({"x": np.array([1, 2], np.float32)}, ["y"])
        assert graph.device == "NVIDIA CUDA"

    def test_a_provider_that_raises_gives_way_to_the_cpu(
        self, claims_cuda: Callable[[Any], list[str]]
    ) -> None:
        def raising(data: bytes, options: Any, providers: list[str], **_: Any) -> Any:
            if providers[0] == "CUDAExecutionProvider":
                raise RuntimeError("libcudnn is missing\nand more")
            return onnxruntime.InferenceSession(data, options, providers=providers)

        claims_cuda(raising)
        graph = open_graph("doubling.onnx", doubling(), Runtime("cuda"))
        (y,) = graph.run({"x": np.array([1, 2], np.float32)}, ["y"])
        assert y.tolist() == [2, 4]
        assert graph.device == "CPU"
        assert "NVIDIA CUDA failed (libcudnn is missing)" in graph.note

    def test_of_what_cuda_says_the_reason_is_told(
        self, claims_cuda: Callable[[Any], list[str]]
    ) -> None:
        """The text is that of onnxruntime-gpu 1.31.1 with a driver that has no card."""

        def raising(data: bytes, options: Any, providers: list[str], **_: Any) -> Any:
            if providers[0] == "CUDAExecutionProvider":
                raise RuntimeError(
                    "/src/cuda_call.cc:154 std::conditional_t<THRW> CudaCall(ERRTYPE, int) [with "
                    "ERRTYPE = cudaError; bool THRW = true] CUDA failure 36: API call is not "
                    "supported in the installed CUDA driver ; GPU=-1 ; hostname=vm ; file=x.cc"
                )
            return onnxruntime.InferenceSession(data, options, providers=providers)

        claims_cuda(raising)
        assert open_graph("doubling.onnx", doubling(), Runtime()).note == (
            "NVIDIA CUDA failed (CUDA failure 36: API call is not supported in the installed CUDA "
            "driver); the model runs on the CPU."
        )

    def test_a_device_that_is_not_there_is_said_so(self) -> None:
        graph = open_graph("doubling.onnx", doubling(), Runtime("coreml"))
        assert graph.device == "CPU"
        assert graph.note == "Apple Core ML is not available here; the model runs on the CPU."


@pytest.fixture(scope="module")
def graph() -> Graph:
    return open_graph("endless.onnx", endless(), CPU)


class TestCancel:
    @pytest.mark.timeout(60)
    def test_fired_before_the_run_nothing_is_run(self, graph: Graph) -> None:
        token = Cancel()
        token.cancel()
        with pytest.raises(Cancelled):
            graph.run({"x": np.eye(32, dtype=np.float32)}, ["y"], token)

    @pytest.mark.timeout(60)
    def test_fired_during_the_run_ends_it_soon(self, graph: Graph) -> None:
        token = Cancel()
        fired: list[float] = []

        def fire() -> None:
            time.sleep(0.1)
            fired.append(time.perf_counter())
            token.cancel()

        thread = threading.Thread(target=fire)
        thread.start()
        with pytest.raises(Cancelled):
            graph.run({"x": np.eye(32, dtype=np.float32)}, ["y"], token)
        took = time.perf_counter() - fired[0]
        thread.join()
        assert took < 2

    def test_fired_after_the_run_hurts_nobody_else(self) -> None:
        graph = open_graph("doubling.onnx", doubling(), CPU)
        feeds = {"x": np.array([1, 2], np.float32)}
        token = Cancel()
        graph.run(feeds, ["y"], token)
        token.cancel()
        (y,) = graph.run(feeds, ["y"], Cancel())
        assert y.tolist() == [2, 4]
        assert token.fired


class TestLazy:
    def test_many_threads_open_one_graph(self) -> None:
        opened: list[int] = []

        def opening() -> Graph:
            opened.append(1)
            time.sleep(0.05)
            return open_graph("doubling.onnx", doubling(), CPU)

        lazy = Lazy(opening)
        assert lazy.graph is None
        got: list[Graph] = []
        threads = [threading.Thread(target=lambda: got.append(lazy.get())) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(opened) == 1
        assert [graph is lazy.graph for graph in got] == [True] * 4

    def test_a_failure_is_raised_again_each_time(self) -> None:
        lazy = Lazy(lambda: open_graph("junk.onnx", b"junk", CPU))
        for _ in range(2):
            with pytest.raises(ModelError):
                lazy.get()


@pytest.mark.parametrize("package", ["app", "models.ort"])
def test_nothing_is_reported_to_anybody(tmp_path: Path, package: str) -> None:
    """Unless it is told not to, ONNX Runtime keeps an identity of the user and a queue to send."""
    code = f"import sys, {package}; from models.ort import *; {OPEN_ONE}"
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    environment = {**kept, "HOME": str(tmp_path), "USERPROFILE": str(tmp_path)}
    root = Path(__file__).parents[2]
    subprocess.run(
        [sys.executable, "-c", code], input=doubling(), env=environment, cwd=root, check=True
    )
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
