"""Cuts and joins in ONNX graphs: what every conversion needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

HALF_FROM = 1024  # smaller tensors are kept as they are: they save nothing and carry positions


def constant(name: str, value: object, dtype: type[np.generic]) -> onnx.TensorProto:
    """An initializer called `name` holding `value` as `dtype`."""
    return numpy_helper.from_array(np.asarray(value, dtype), name)


def rename(nodes: Iterable[onnx.NodeProto], names: Mapping[str, str]) -> None:
    """Let every input and output called like a key of `names` be called like its value."""
    for node in nodes:
        for ends in (node.input, node.output):
            for k, name in enumerate(ends):
                ends[k] = names.get(name, name)


def prune(graph: onnx.GraphProto) -> None:
    """Drop the nodes and weights that no output of `graph` needs."""
    wanted = {output.name for output in graph.output}
    kept = []
    for node in reversed(graph.node):
        if wanted.intersection(node.output):
            wanted.update(node.input)
            kept.append(node)
    weights = [weight for weight in graph.initializer if weight.name in wanted]
    del graph.node[:]
    graph.node.extend(reversed(kept))
    del graph.initializer[:]
    graph.initializer.extend(weights)
    del graph.value_info[:]


def halve(graph: onnx.GraphProto) -> None:
    """Store the large float32 weights of `graph` as float16, cast back when it is loaded.

    ONNX Runtime folds the casts while it builds the session, so a run costs what it did before.
    """
    nodes: list[onnx.NodeProto] = []
    weights: list[onnx.TensorProto] = []
    for name, value in _tensors(graph):
        if value.dtype != np.float32 or value.size < HALF_FROM:
            weights.append(numpy_helper.from_array(value, name))
            continue
        half = f"{name}/half"
        weights.append(numpy_helper.from_array(value.astype(np.float16), half))
        nodes.append(helper.make_node("Cast", [half], [name], to=TensorProto.FLOAT))
    rest = [node for node in graph.node if node.op_type != "Constant"]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes + rest)
    graph.initializer.extend(weights)


def _tensors(graph: onnx.GraphProto) -> list[tuple[str, NDArray[np.generic]]]:
    stored = [(weight.name, numpy_helper.to_array(weight)) for weight in graph.initializer]
    inline = [
        (node.output[0], numpy_helper.to_array(node.attribute[0].t))
        for node in graph.node
        if node.op_type == "Constant"
    ]
    return stored + inline
