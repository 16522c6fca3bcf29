"""How much arithmetic a graph does, counted node by node from the shapes it had in a real run.

ONNX Runtime's profile tells every node's shapes, those of its own operators too, whatever was
unknown when the graph was made. A multiplication and an addition count as two operations. Counted
are products of matrices, convolutions and attention; the rest is a few per cent of the arithmetic.
"""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from models.ort import Array, runtime_module

Shape: TypeAlias = Sequence[int]
Count: TypeAlias = Callable[[Sequence[Shape], Sequence[Shape]], int]


def _product(inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
    """MatMul: each value of the outcome is a row times a column."""
    return 2 * math.prod(outputs[0]) * inputs[0][-1]


def _gemm(inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
    """As `_product`; the first factor may be transposed, so its length comes from its size."""
    return 2 * math.prod(outputs[0]) * (math.prod(inputs[0]) // outputs[0][0])


def _conv(inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
    """Each value of the outcome is a kernel [channels / groups, h, w] times what it covers."""
    return 2 * math.prod(outputs[0]) * math.prod(inputs[1][1:])


def _conv_transpose(inputs: Sequence[Shape], _: Sequence[Shape]) -> int:
    """Each value that comes in is spread by a kernel [channels / groups, h, w]."""
    return 2 * math.prod(inputs[0]) * math.prod(inputs[1][1:])


def _attention(inputs: Sequence[Shape], _: Sequence[Shape]) -> int:
    """Queries [B,L,D] times keys [B,S,D], then the weights times values [B,S,V].

    With heads as a dimension of their own, [B,H,L,D], it is the same for each of them.
    """
    query, key, value = inputs[:3]
    return 2 * math.prod(query[:-1]) * key[-2] * (query[-1] + value[-1])


COUNTED: Mapping[str, Count] = {
    "MatMul": _product,
    "MatMulInteger": _product,
    "FusedMatMul": _product,
    "DynamicQuantizeMatMul": _product,
    "Gemm": _gemm,
    "Conv": _conv,
    "ConvInteger": _conv,
    "FusedConv": _conv,
    "ConvTranspose": _conv_transpose,
    "Attention": _attention,
    "MultiHeadAttention": _attention,
}


def count(data: bytes, feeds: Mapping[str, Array]) -> int:
    """The operations of the graph `data` on `feeds`, from one run of it as it was written."""
    ort = runtime_module()
    with tempfile.TemporaryDirectory() as folder:
        options = ort.SessionOptions()
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(folder) / "nodes")
        options.log_severity_level = 4
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        # A kernel that repacks its weights is not told of as having them any more.
        options.add_session_config_entry("session.disable_prepacking", "1")
        session = ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        session.run(None, dict(feeds))
        events = json.loads(Path(session.end_profiling()).read_text("utf-8"))
    return counted(events)


def counted(events: Iterable[Mapping[str, Any]]) -> int:
    """The operations of the nodes in a profile."""
    total = 0
    for event in events:
        told = event.get("args", {})
        if event.get("cat") == "Node" and told.get("op_name") in COUNTED:
            inputs, outputs = (_shapes(told[f"{way}_type_shape"]) for way in ("input", "output"))
            total += COUNTED[told["op_name"]](inputs, outputs)
    return total


def _shapes(told: Sequence[Mapping[str, Shape]]) -> list[Shape]:
    return [shape for one in told for shape in one.values()]
