"""Smaller variants of the graphs, each with its error measured against the float32 one."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from models.convert.surgery import halve

Array: TypeAlias = NDArray[Any]

ENCODER = "encoder.onnx"

PRECISIONS: Mapping[str, str] = {
    "fp32": "full precision",
    "fp16-weights": "half-size weights",
    "int8-encoder": "quick encoder",
}


def at_precision(
    precision: str,
    graphs: MutableMapping[str, onnx.ModelProto],
    inputs: Mapping[str, Mapping[str, Array]],
) -> dict[str, dict[str, float]]:
    """Change `graphs` in place to `precision`, one of PRECISIONS.

    Gives what the answers of each changed graph to its `inputs` lost: the mean and the largest
    error of its worst output, as shares of that output's mean magnitude. Nothing for fp32.
    """
    if precision == "fp32":
        return {}
    errors = {}
    for name in graphs if precision == "fp16-weights" else [ENCODER]:
        before = _answers(graphs[name], inputs[name])
        if precision == "fp16-weights":
            halve(graphs[name].graph)
        else:
            graphs[name] = _in_int8(graphs[name])
        errors[name] = _worst(before, _answers(graphs[name], inputs[name]))
    return errors


def picture(size: int) -> Array:
    """A generated picture as the encoder takes it, of `size` by `size`."""
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / size
    waves = np.stack([np.sin(20 * x + k) * np.cos(15 * y - k) for k in range(3)], axis=-1)
    return (128 + 100 * waves).astype(np.uint8)[None]


def _in_int8(model: onnx.ModelProto) -> onnx.ModelProto:
    """`model` with the weights of its matrix products in int8 by channel, quantised as it runs."""
    from onnxruntime.quantization import QuantType, quantize_dynamic  # noqa: PLC0415 - slow to load

    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "fp32.onnx", Path(folder) / "int8.onnx"
        onnx.save(model, source)
        quantize_dynamic(
            source,
            target,
            op_types_to_quantize=["MatMul", "Gemm"],
            per_channel=True,
            weight_type=QuantType.QInt8,
        )
        return onnx.load(target)


def _answers(model: onnx.ModelProto, inputs: Mapping[str, Array]) -> list[Array]:
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    taken = {entry.name: inputs[entry.name] for entry in session.get_inputs()}
    answers: list[Array] = session.run(None, taken)
    return answers


def _worst(before: Sequence[Array], after: Sequence[Array]) -> dict[str, float]:
    shares = [
        np.abs(new - old) / max(float(np.abs(old).mean()), 1e-12)
        for old, new in zip(before, after, strict=True)
    ]
    return {
        "mean_error": round(max(float(share.mean()) for share in shares), 6),
        "largest_error": round(max(float(share.max()) for share in shares), 6),
    }
