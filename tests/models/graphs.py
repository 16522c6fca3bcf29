"""Tiny graphs with the contract of a real pack, whose answers can be told beforehand."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from models.base import Click
from models.library import load
from models.pack import read_pack
from models.sam1 import Sam1

SIZE = 256
SIDE = SIZE // 4
RADII = (6.0, 3.0, 5.0, 8.0)  # of the discs the four masks show, in logit pixels
SCORES = (0.9, 0.5, 0.8, 0.95)
ECHO = 0.3  # how much of the logits fed back returns: makes every answer depend on the one before


def model_of(
    nodes: list[onnx.NodeProto],
    inputs: list[onnx.ValueInfoProto],
    outputs: list[onnx.ValueInfoProto],
    weights: list[onnx.TensorProto],
) -> bytes:
    """The bytes of a checked model."""
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def value(name: str, shape: list[int | str | None]) -> onnx.ValueInfoProto:
    """A float32 input or output."""
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def weight(name: str, array: object, dtype: type[np.generic] = np.float32) -> onnx.TensorProto:
    """An initializer."""
    return numpy_helper.from_array(np.asarray(array, dtype), name)


def encoder() -> bytes:
    """An encoder whose embedding [1,1,1,1] is the mean of the picture's values."""
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, [1, "h", "w", 3])
    nodes = [
        helper.make_node("Cast", ["image"], ["f"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["f"], ["image_embed"], keepdims=1),
    ]
    return model_of(nodes, [image], [value("image_embed", [1, 1, 1, 1])], [])


def decoder() -> bytes:
    """A decoder drawing discs of RADII round the last point, plus ECHO of the logits fed back."""
    centres = np.arange(SIDE) + 0.5
    grid = np.stack(np.meshgrid(centres, centres), axis=-1)[None, None]
    nodes = [
        helper.make_node("Slice", ["point_coords", "last", "end", "axis"], ["point"]),
        helper.make_node("Div", ["point", "four"], ["low"]),
        helper.make_node("Reshape", ["low", "as_point"], ["centre"]),
        helper.make_node("Sub", ["grid", "centre"], ["off"]),
        helper.make_node("ReduceL2", ["off"], ["distance"], axes=[4], keepdims=0),
        helper.make_node("Sub", ["radii", "distance"], ["discs"]),
        helper.make_node("Mul", ["mask_input", "echo"], ["echoed"]),
        helper.make_node("Mul", ["image_embed", "zero"], ["nothing"]),
        helper.make_node("Mul", ["has_mask_input", "zero"], ["nothing_more"]),
        helper.make_node("ReduceSum", ["point_labels"], ["labels"], keepdims=0),
        helper.make_node("Mul", ["labels", "zero"], ["nothing_at_all"]),
        helper.make_node("Sum", ["discs", "echoed", "nothing", "nothing_more"], ["summed"]),
        helper.make_node("Add", ["summed", "nothing_at_all"], ["low_res_masks"]),
        helper.make_node("Identity", ["scores"], ["iou"]),
    ]
    inputs = [
        value("image_embed", [1, 1, 1, 1]),
        value("point_coords", [1, "N", 2]),
        value("point_labels", [1, "N"]),
        value("mask_input", [1, 1, SIDE, SIDE]),
        value("has_mask_input", [1]),
    ]
    weights = [
        weight("grid", grid),
        weight("radii", np.reshape(RADII, (1, 4, 1, 1))),
        weight("scores", [SCORES]),
        weight("echo", ECHO),
        weight("four", 4.0),
        weight("zero", 0.0),
        weight("last", [-1], np.int64),
        weight("end", [2**31], np.int64),
        weight("axis", [1], np.int64),
        weight("as_point", [1, 1, 1, 1, 2], np.int64),
    ]
    outputs = [value("low_res_masks", [1, 4, SIDE, SIDE]), value("iou", [1, 4])]
    return model_of(nodes, inputs, outputs, weights)


def write_tiny_pack(folder: Path, **changes: object) -> Path:
    """A pack of the two graphs in `folder`; `changes` override entries of model.json."""
    folder.mkdir(parents=True, exist_ok=True)
    graphs = {"encoder.onnx": encoder(), "decoder.onnx": decoder()}
    for name, data in graphs.items():
        (folder / name).write_bytes(data)
    manifest: dict[str, object] = {
        "format": 1,
        "id": "tiny",
        "label": "Tiny",
        "family": "sam1",
        "licence": "Apache-2.0",
        "size": SIZE,
        "preprocess": {"mode": "longest-side", "version": 1},
        "embedding_shapes": [[1, 1, 1]],
        "proposals": 3,
        "supports": ["point", "box"],
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in graphs.items()},
    }
    (folder / "model.json").write_text(json.dumps(manifest | changes), encoding="utf-8")
    return folder


def tiny_model(folder: Path) -> Sam1:
    """The model of a tiny pack written to `folder`."""
    model = load(read_pack(write_tiny_pack(folder)))
    assert isinstance(model, Sam1)
    return model


def three_clicks() -> list[Click]:
    """Three steps whose answers differ from each other."""
    return [Click(100, 60), Click(40, 30, include=False), Click(120, 70)]
