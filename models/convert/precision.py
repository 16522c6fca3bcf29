"""Smaller variants of the graphs, each with its error measured against the float32 one."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from models.convert.surgery import halve

Array: TypeAlias = NDArray[Any]

PRECISIONS: Mapping[str, str] = {
    "fp32": "full precision",
    "fp16-weights": "half-size weights",
    "int8-encoder": "quick encoder",
}


def at_precision(
    precision: str, graphs: MutableMapping[str, onnx.ModelProto], size: int
) -> dict[str, float]:
    """Change `graphs` in place to `precision`, one of PRECISIONS.

    Gives what the encoder's answer to a generated picture lost: the mean and the largest error of
    `image_embed`, as shares of its mean magnitude. Nothing for fp32.
    """
    if precision == "fp32":
        return {}
    before = _embedding(graphs["encoder.onnx"], size)
    if precision == "fp16-weights":
        for model in graphs.values():
            halve(model.graph)
    else:
        graphs["encoder.onnx"] = _in_int8(graphs["encoder.onnx"])
    error = np.abs(_embedding(graphs["encoder.onnx"], size) - before)
    magnitude = float(np.abs(before).mean())
    return {
        "mean_error": round(float(error.mean()) / magnitude, 6),
        "largest_error": round(float(error.max()) / magnitude, 6),
    }


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


def _embedding(model: onnx.ModelProto, size: int) -> Array:
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / size
    waves = np.stack([np.sin(20 * x + k) * np.cos(15 * y - k) for k in range(3)], axis=-1)
    image = (128 + 100 * waves).astype(np.uint8)[None]
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    embed: Array = session.run(["image_embed"], {"image": image})[0]
    return embed
