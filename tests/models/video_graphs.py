"""A tiny pack of the family sam2, of any shape, whose answers tell what they were made of."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from models.tracking_rules import TrackingRules
from tests.models.graphs import model_of, value, weight

SIZE = 64
SIDE, GRID = SIZE // 4, SIZE // 16

Shape = list[int | str | None]


@dataclass(frozen=True, slots=True)
class Form:
    """What differs between families as far as the program can see."""

    tokens: int  # remembered of a frame
    channels: int  # of a token
    width: int  # of an embedding and a pointer, a multiple of 8
    high_res: bool  # whether there are finer features
    timed: bool  # whether pointers carry a time


def filled(
    source: str, shape: Sequence[int], name: str
) -> tuple[list[onnx.NodeProto], onnx.TensorProto]:
    """Nodes that make `name` of `shape`, all of it the mean of `source`."""
    nodes = [
        helper.make_node("ReduceMean", [source], [f"{name}/mean"], keepdims=0),
        helper.make_node("Mul", [f"{name}/ones", f"{name}/mean"], [name]),
    ]
    return nodes, weight(f"{name}/ones", np.ones(shape))


def graph(inputs: Mapping[str, Shape], made: Mapping[str, tuple[str, Sequence[int]]]) -> bytes:
    """A graph of float32 `inputs` that fills each output of `made`: (its source, its shape)."""
    nodes, weights = [], []
    for name, (source, shape) in made.items():
        parts, ones = filled(source, shape, name)
        nodes += parts
        weights.append(ones)
    outputs = [value(name, list(shape)) for name, (_, shape) in made.items()]
    taken = [value(name, shape) for name, shape in inputs.items()]
    return model_of(nodes, taken, outputs, weights)


def features(form: Form) -> dict[str, list[int]]:
    """The shapes of an embedding, by name, without the batch."""
    finer = {
        "high_res_0": [form.width // 8, 4 * GRID, 4 * GRID],
        "high_res_1": [form.width // 4, 2 * GRID, 2 * GRID],
    }
    return {"image_embed": [form.width, GRID, GRID], **(finer if form.high_res else {})}


def graphs(form: Form) -> dict[str, bytes]:
    """The four graphs, by file name."""
    shapes = features(form)
    embed: Shape = [1, *shapes["image_embed"]]
    picture: dict[str, Shape] = {name: [1, *shape] for name, shape in shapes.items()}
    return {
        "encoder.onnx": encoder(shapes),
        "decoder.onnx": graph(
            {
                **picture,
                "point_coords": [1, "N", 2],
                "point_labels": [1, "N"],
                "mask_input": [1, 1, SIDE, SIDE],
                "has_mask_input": [1],
            },
            {
                "low_res_masks": ("image_embed", (1, 4, SIDE, SIDE)),
                "iou": ("has_mask_input", (1, 4)),
                "obj_ptr": ("image_embed", (1, 4, form.width)),
                "obj_score": ("image_embed", (1, 1)),
            },
        ),
        "memenc.onnx": graph(
            {
                "image_embed": embed,
                "mask_logits": [1, 1, "h", "w"],
                "binarize": [1],
                "obj_score": [1, 1],
            },
            {"mem_tokens": ("mask_logits", (1, form.tokens, form.channels))},
        ),
        "memattn.onnx": attention(form, embed),
    }


def encoder(shapes: Mapping[str, Sequence[int]]) -> bytes:
    """The mean of the picture, everywhere."""
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, [1, SIZE, SIZE, 3])
    nodes = [helper.make_node("Cast", ["image"], ["pixels"], to=TensorProto.FLOAT)]
    weights = []
    for name, shape in shapes.items():
        parts, ones = filled("pixels", (1, *shape), name)
        nodes += parts
        weights.append(ones)
    outputs = [value(name, [1, *shape]) for name, shape in shapes.items()]
    return model_of(nodes, [image], outputs, weights)


def attention(form: Form, embed: Shape) -> bytes:
    """The mean of memories and of pointers, everywhere."""
    inputs = [
        value("image_embed", embed),
        value("mem_tokens", [1, "M", form.tokens, form.channels]),
        helper.make_tensor_value_info("mem_tpos", TensorProto.INT64, ["M"]),
        value("obj_ptrs", [1, "P", form.width]),
        *([value("obj_ptr_dt", ["P"])] if form.timed else []),
    ]
    nodes, weights = [], []
    for source in ("mem_tokens", "obj_ptrs"):
        parts, ones = filled(source, [n for n in embed if isinstance(n, int)], f"of/{source}")
        nodes += parts
        weights.append(ones)
    nodes.append(helper.make_node("Add", ["of/mem_tokens", "of/obj_ptrs"], ["fused_embed"]))
    return model_of(nodes, inputs, [value("fused_embed", embed)], weights)


def constants(width: int) -> bytes:
    """consts.npz, of zeros."""
    file = io.BytesIO()
    np.savez(
        file,
        no_mem_embed=np.zeros((1, width, 1, 1), np.float32),
        no_obj_ptr=np.zeros((1, width), np.float32),
        mask_downsample_w=np.zeros((1, 1, 4, 4), np.float32),
        mask_downsample_b=np.zeros(1, np.float32),
    )
    return file.getvalue()


def write_video_pack(folder: Path, form: Form) -> Path:
    """A pack of `form` in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    contents = {**graphs(form), "consts.npz": constants(form.width)}
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    manifest = {
        "format": 1,
        "id": "tiny-video",
        "label": "Tiny video",
        "family": "sam2",
        "licence": "Apache-2.0",
        "size": SIZE,
        "preprocess": {"mode": "squash", "version": 1},
        "embedding_shapes": list(features(form).values()),
        "proposals": 3,
        "supports": ["point", "box", "track"],
        "tracking": asdict(TrackingRules(form.tokens, form.channels)),
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in contents.items()},
    }
    (folder / "model.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder
