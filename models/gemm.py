"""How fast this machine multiplies matrices, which is what models mostly do.

It is measured through ONNX Runtime, on the device that models run on: numpy's own multiplication
is another library, up to two times slower. The graph is written byte by byte, as the package that
builds graphs is not installed where models only run.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from models.ort import Runtime, open_graph

SIDE = 1536
CHAIN = {"CPU": 1}  # products in one run; a GPU is asked for more, lest the bus be measured
GPU_CHAIN = 32
FREE = 0.8  # the share of a processor that is nearly one's own
TICK = 1e-3  # seconds; a clock of threads may stand still for longer than a run
FLOAT, OPSET, IR_VERSION = 1, 17, 8


@dataclass(frozen=True, slots=True)
class Speed:
    """What was measured: `gflops` are float32 GFLOP/s of the device when nobody else uses it.

    On the CPU that is counted in the time the thread really ran, not in the time that passed: other
    programs make a run last longer, several times, and hardly change what it takes. `share` is the
    one divided by the other, 1 where the machine was free.
    """

    device: str
    gflops: float
    runs: int
    seconds: float
    share: float = 1.0

    @property
    def is_busy(self) -> bool:
        """Whether others had a good part of the processor meanwhile."""
        return self.share < FREE


def measure(runtime: Runtime, seconds: float = 2.0) -> Speed:
    """The speed of the device that `runtime` leads to. Raises ModelError."""
    started = time.perf_counter()
    graph = open_graph("the measurement", product_graph(SIDE, 1), runtime)
    chain = CHAIN.get(graph.device, GPU_CHAIN)
    if chain > 1:
        graph = open_graph("the measurement", product_graph(SIDE, chain), runtime)
    rng = np.random.default_rng(1)
    a, b = (rng.standard_normal((SIDE, SIDE), np.float32) / SIDE**0.5 for _ in range(2))
    graph.run({"a": a, "b": b}, ["c"])  # memory is found and threads are started
    runs, begun, ran = 0, time.perf_counter(), time.thread_time()
    while not runs or time.perf_counter() - started < seconds:
        graph.run({"a": a, "b": b}, ["c"])
        runs += 1
    passed, ran = time.perf_counter() - begun, time.thread_time() - ran
    share = min(1.0, max(ran, TICK) / passed) if graph.device == "CPU" else 1.0
    gflops = runs * chain * 2 * SIDE**3 / (passed * share) / 1e9
    return Speed(graph.device, gflops, runs, time.perf_counter() - started, share)


def product_graph(side: int, chain: int) -> bytes:
    """An ONNX graph: c = a b b ..., `chain` products of matrices of `side` x `side`."""
    names = ["a", *(f"c{n}" for n in range(1, chain)), "c"]
    nodes = b"".join(
        _field(1, _text(1, before) + _text(1, "b") + _text(2, after) + _text(4, "MatMul"))
        for before, after in pairwise(names)
    )
    ports = [_text(1, name) + _field(2, _tensor_type(side)) for name in ("a", "b", "c")]
    graph = (
        nodes
        + _text(2, "product")
        + _field(11, ports[0])
        + _field(11, ports[1])
        + _field(12, ports[2])
    )
    opset = _text(1, "") + _number(2, OPSET)
    return _number(1, IR_VERSION) + _field(7, graph) + _field(8, opset)


def _tensor_type(side: int) -> bytes:
    dimension = _field(1, _number(1, side))
    return _field(1, _number(1, FLOAT) + _field(2, dimension + dimension))


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _number(key: int, value: int) -> bytes:
    return _varint(key << 3) + _varint(value)


def _field(key: int, data: bytes) -> bytes:
    return _varint(key << 3 | 2) + _varint(len(data)) + data


def _text(key: int, text: str) -> bytes:
    return _field(key, text.encode())
