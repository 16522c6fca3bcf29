"""The measurement and the choice that follows from it."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from models import gemm
from models.gemm import Speed, measure, product_graph
from models.ort import Runtime, open_graph
from models.recommend import COSTS, Machine, choose, free_memory, recommend

CPU = Runtime("cpu")
GIB = 1 << 30


def machine(gflops: float, free: int | None = 16 * GIB) -> Machine:
    return Machine(Speed("CPU", gflops, 10, 2.0), 2, free, ("CPUExecutionProvider",))


@pytest.mark.parametrize("chain", [1, 3])
def test_the_graph_multiplies_and_is_valid(chain: int) -> None:
    data = product_graph(200, chain)
    onnx.checker.check_model(onnx.load_from_string(data), full_check=True)
    a, b = np.random.default_rng(1).standard_normal((2, 200, 200), np.float32) / 14
    (c,) = open_graph("product", data, CPU).run({"a": a, "b": b}, ["c"])
    wanted = a
    for _ in range(chain):
        wanted = wanted @ b
    np.testing.assert_allclose(c, wanted, atol=1e-4)


def test_a_measurement_takes_the_time_it_is_given_and_finds_a_likely_speed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gemm, "SIDE", 512)
    speed = measure(CPU, 0.3)
    assert speed.device == "CPU"
    assert speed.runs >= 1
    assert 0.3 <= speed.seconds < 5
    assert 1 < speed.gflops < 100_000


class Busy:
    """A clock, and a graph each run of which lasts 0.4 s, a quarter of it really running."""

    def __init__(self, device: str) -> None:
        self.device, self.runs = device, 0

    def run(self, *_: object) -> None:
        self.runs += 1

    def perf_counter(self) -> float:
        return 0.4 * self.runs

    def thread_time(self) -> float:
        return 0.1 * self.runs


@pytest.mark.parametrize(("device", "taken", "chain"), [("CPU", 0.1, 1), ("GPU", 0.4, 32)])
def test_other_programs_do_not_make_a_processor_slower(
    monkeypatch: pytest.MonkeyPatch, device: str, taken: float, chain: int
) -> None:
    busy = Busy(device)
    monkeypatch.setattr(gemm, "time", busy)
    monkeypatch.setattr(gemm, "open_graph", lambda *_: busy)
    monkeypatch.setattr(gemm, "SIDE", 100)
    speed = measure(CPU, 2.0)
    assert speed.gflops == pytest.approx(chain * 2 * 100**3 / taken / 1e9)
    assert speed.is_busy is (device == "CPU")
    found = choose(Machine(speed, 2, None, ()))
    assert ("Other work took part" in found.sentences[0]) is speed.is_busy


@pytest.mark.parametrize(
    ("gflops", "click", "track"),
    [
        (410, "SAM 2.1 small at 1024", "SAM 2.1 tiny at 512"),  # what COSTS were measured on
        (330, "SAM 2.1 tiny at 1024", "SAM 2.1 tiny at 512"),
        (200, "MobileSAM at 1024", "SAM 2.1 tiny at 512"),
        (100, "SAM 2.1 tiny at 512", "SAM 2.1 tiny at 512"),
        (10, "SAM 2.1 tiny at 512", "SAM 2.1 tiny at 512"),
        (1500, "SAM 2.1 large at 1024", "SAM 2.1 small at 1024"),
        (20000, "SAM 2.1 large at 1024", "SAM 2.1 large at 1024"),
    ],
)
def test_the_choice_follows_the_speed(gflops: float, click: str, track: str) -> None:
    found = choose(machine(gflops))
    assert (found.click.title, found.track.title) == (click, track)


def test_what_does_not_fit_in_memory_is_not_chosen() -> None:
    found = choose(machine(20000, free=int(1.6 * GIB)))
    assert found.click.title == "MobileSAM at 1024"
    assert found.track.title == "SAM 2.1 tiny at 512"
    unknown = choose(machine(20000, free=None))
    assert unknown.click.title == "SAM 2.1 large at 1024"
    assert choose(machine(20000, free=0)).track.track is not None  # something is said even then


def test_it_says_what_was_measured_and_that_slow_is_slow() -> None:
    measured, click, track = choose(machine(10)).sentences
    assert "10 GFLOP/s in float32 matrix products on CPU (10 runs" in measured
    assert "Other work" not in measured
    assert "free memory 16.0 GiB" in measured
    assert "12.5 s for the first click" in click
    assert "slow here" in track
    assert "slow here" not in choose(machine(410)).sentences[2]


def test_every_cost_says_where_it_is_from() -> None:
    for cost in COSTS:
        assert cost.source.startswith(("measured", "derived"))


def test_this_machine_gets_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gemm, "SIDE", 256)
    found = recommend(CPU, 0.1)
    assert "CPUExecutionProvider" in found.machine.providers
    assert len(found.sentences) == 3
    free = free_memory()
    assert free is None or free > 1 << 20
