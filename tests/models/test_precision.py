"""Smaller variants of graphs: what each of them loses is measured, graph by graph."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import helper

from models.convert.precision import at_precision
from tests.models.graphs import model_of, value, weight

NAMES = ("encoder.onnx", "decoder.onnx")


def product(seed: int) -> onnx.ModelProto:
    """A graph of a product of matrices, and an output that nothing changes."""
    numbers = np.random.default_rng(seed).normal(size=(64, 64))
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["y"]),
        helper.make_node("Neg", ["x"], ["z"]),
    ]
    outputs = [value("z", [1, 64]), value("y", [1, 64])]
    return onnx.load_from_string(
        model_of(nodes, [value("x", [1, 64])], outputs, [weight("w", numbers)])
    )


@pytest.mark.parametrize(
    ("precision", "measured"),
    [("fp32", ()), ("fp16-weights", NAMES), ("int8-encoder", NAMES[:1])],
)
def test_what_each_changed_graph_loses_is_measured(
    precision: str, measured: tuple[str, ...]
) -> None:
    graphs = {name: product(seed) for seed, name in enumerate(NAMES)}
    before = {name: model.SerializeToString() for name, model in graphs.items()}
    probe = np.random.default_rng(7).normal(size=(1, 64)).astype(np.float32)
    more = {"x": probe, "unused": probe}
    errors = at_precision(precision, graphs, dict.fromkeys(NAMES, more))
    changed = [name for name in NAMES if graphs[name].SerializeToString() != before[name]]
    assert tuple(errors) == tuple(changed) == measured
    for error in errors.values():
        assert 1e-6 < error["mean_error"] < error["largest_error"] < 0.1
