"""Counting arithmetic, taking turns, memory: what a bench is made of, without a clock."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from models.base import ModelError
from models.bench.contest import FEWEST, Plan, Sample, ratio, spread, take_turns
from models.bench.feeds import feeds, graphs_of
from models.bench.flops import count
from models.bench.gemm import factors, matmul
from models.bench.memory import _linux
from models.bench.serve import Taken, serving, timed
from models.lines import Lines
from models.ort import Runtime
from models.pack import read_pack
from tests.models.graphs import model_of, value, weight, write_tiny_pack


def graph(nodes: list[onnx.NodeProto], shape: Sequence[int], **weights: Sequence[int]) -> bytes:
    """A graph from `x` of `shape` to `y`, with ones as weights of these shapes."""
    ones = [weight(name, np.ones(tuple(sides))) for name, sides in weights.items()]
    model = helper.make_model(
        helper.make_graph(nodes, "t", [value("x", list(shape))], [value("y", [])], ones),
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)],
        ir_version=8,
    )
    del model.graph.output[0].type.tensor_type.shape.dim[:]
    model.graph.output[0].type.tensor_type.ClearField("shape")
    return bytes(model.SerializeToString())


def operations(nodes: list[onnx.NodeProto], shape: Sequence[int], **weights: Sequence[int]) -> int:
    return count(graph(nodes, shape, **weights), {"x": np.ones(tuple(shape), np.float32)})


def test_a_product_costs_a_multiplication_and_an_addition_a_term() -> None:
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    assert operations([node], (3, 5, 7), w=(7, 11)) == 2 * 3 * 5 * 7 * 11


@pytest.mark.parametrize(("turned", "shape"), [(0, (5, 7)), (1, (7, 5))])
def test_a_transposed_factor_costs_the_same(turned: int, shape: tuple[int, int]) -> None:
    node = helper.make_node("Gemm", ["x", "w", "b"], ["y"], transA=turned, transB=1)
    assert operations([node], shape, w=(11, 7), b=(11,)) == 2 * 5 * 7 * 11


def test_convolutions_cost_their_kernel_at_every_place() -> None:
    dense = helper.make_node("Conv", ["x", "w"], ["y"], strides=[2, 2], kernel_shape=[2, 2])
    assert operations([dense], (1, 6, 8, 8), w=(10, 6, 2, 2)) == 2 * (10 * 4 * 4) * (6 * 2 * 2)
    single = helper.make_node("Conv", ["x", "w"], ["y"], group=6, kernel_shape=[3, 3])
    assert operations([single], (1, 6, 8, 8), w=(6, 1, 3, 3)) == 2 * (6 * 6 * 6) * 9
    spread_out = helper.make_node("ConvTranspose", ["x", "w"], ["y"], strides=[2, 2])
    assert operations([spread_out], (1, 6, 8, 8), w=(6, 3, 2, 2)) == 2 * (6 * 8 * 8) * (3 * 2 * 2)


def test_attention_costs_both_of_its_products() -> None:
    node = helper.make_node(
        "MultiHeadAttention", ["x", "k", "v"], ["y"], domain="com.microsoft", num_heads=2
    )
    counted = operations([node], (1, 5, 8), k=(1, 7, 8), v=(1, 7, 8))
    assert counted == 2 * 5 * 7 * 8 + 2 * 5 * 7 * 8


def test_nodes_add_up_and_others_are_not_counted() -> None:
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["a"]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("MatMul", ["b", "w"], ["y"]),
    ]
    assert operations(nodes, (4, 4), w=(4, 4)) == 2 * (2 * 4 * 4 * 4)


def test_shapes_that_only_a_run_knows_are_counted() -> None:
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 4])
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    data = model_of([node], [x], [value("y", ["n", 3])], [weight("w", np.ones((4, 3)))])
    for rows in (2, 9):
        assert count(data, {"x": np.ones((rows, 4), np.float32)}) == 2 * rows * 4 * 3


def test_the_product_of_matrices_is_one() -> None:
    both = factors(1)
    (product,) = matmul(Runtime("cpu")).run(both, ["c"])
    assert np.allclose(product, both["a"] @ both["b"], atol=1e-2)


class Runner:
    """A contestant that writes down its turns; a second passes with each."""

    def __init__(self, name: str, turns: list[tuple[str, int]]) -> None:
        self.name, self.turns = name, turns

    def run(self, seed: int) -> Sample:
        self.turns.append((self.name, seed))
        return Sample(float(seed))


def run_both(plan: Plan) -> tuple[list[tuple[str, int]], dict[str, list[Sample]]]:
    turns: list[tuple[str, int]] = []
    both = {name: Runner(name, turns) for name in ("ours", "theirs")}
    samples = take_turns(both, plan, clock=lambda: float(len(turns)), rest=lambda _: None)
    return turns, samples


def test_contestants_take_turns_on_the_same_seeds() -> None:
    turns, samples = run_both(Plan(runs=3, warmup=1))
    assert turns == [(who, seed) for seed in range(4) for who in ("ours", "theirs")]
    assert [one.seconds for one in samples["ours"]] == [1, 2, 3]  # the first did not count
    assert samples["theirs"] == samples["ours"]


def test_a_budget_ends_the_rounds_but_not_before_the_fewest() -> None:
    assert len(run_both(Plan(100, 1, budget=20.0))[1]["ours"]) == 11
    assert len(run_both(Plan(100, 1, budget=1.0))[1]["ours"]) == FEWEST
    assert len(run_both(Plan(2, 1, budget=1.0))[1]["ours"]) == 2


def test_everybody_rests_before_each_run_that_counts() -> None:
    told: list[float] = []
    take_turns({"a": Runner("a", [])}, Plan(3, 2), rest=told.append)
    assert len(told) == 3
    assert min(told) > 0


def test_ratios_are_of_medians_and_spread_round_by_round() -> None:
    found = ratio([1.0, 2.0, 9.0], [2.0, 4.0, 6.0])
    assert found.medians == 0.5
    assert found.quartiles == (0.5, 1.0)
    values = spread([3.0, 1.0, 2.0])
    assert (values.median, values.least, values.quartiles) == (2.0, 1.0, (1.5, 2.5))


def test_memory_is_read_as_linux_tells_it() -> None:
    assert _linux("Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n") == (1 << 20, 2 << 20)


def test_memory_grows_with_what_is_held() -> None:
    if sys.platform == "darwin":
        pytest.skip("macOS tells the peak only")
    code = """
import numpy as np
from models.bench.memory import memory
before = memory().now
held = np.ones(128 << 20, np.uint8)
print(memory().now - before)
"""  # in a process of its own: this one gives back and takes memory as it likes
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(ran.stdout) > 64 << 20


def test_every_graph_of_a_pack_takes_what_it_is_fed(tmp_path: Path) -> None:
    pack = read_pack(write_tiny_pack(tmp_path / "tiny"))
    assert graphs_of(pack) == ["encoder", "decoder"]
    asked = feeds(pack, ["image", "point_coords", "mask_input", "has_mask_input"], 1)
    assert asked["image"].shape == (1, 144, 256, 3)  # 16:9, the longest side as the model's
    assert asked["point_coords"].shape == (1, 2, 2)
    again = feeds(pack, ["image", "point_coords"], 1)
    assert np.array_equal(asked["point_coords"], again["point_coords"])
    assert feeds(pack, ["point_coords"], 2)["point_coords"].shape == (1, 3, 2)


def test_a_run_is_answered_with_time_and_memory() -> None:
    ready, answer = serving({"device": "CPU"}, lambda seed: Taken(seed / 2, 1.0))
    assert ready["device"] == "CPU"
    told = answer({"seed": 3})
    assert (told["seconds"], told["cpu"]) == (1.5, 1.0)
    assert {"now", "peak"} <= told.keys()
    assert timed(lambda: None).seconds >= 0


def test_a_process_answers_line_by_line_and_tells_why_it_cannot(tmp_path: Path) -> None:
    tiny = write_tiny_pack(tmp_path / "tiny")
    with Lines("app.bench_worker", ["decoder", str(tiny)]) as lines:
        assert lines.read()["device"] == "CPU"
        assert lines.ask({"seed": 1})["seconds"] > 0
        with pytest.raises(ModelError, match=r"ended without an answer \(KeyError: 'seed'\)"):
            lines.ask({})
    with (
        Lines("app.bench_worker", ["decoder", str(tmp_path)]) as lines,
        pytest.raises(ModelError, match=r"model\.json"),
    ):
        lines.read()
