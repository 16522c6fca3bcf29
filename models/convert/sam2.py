"""SAM 2 and SAM 2.1 -> packs of ours: exported with the TorchScript exporter, opset 17."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from models.convert.original import Original, build
from models.convert.pack import write_pack
from models.convert.precision import PRECISIONS, at_precision
from models.convert.sam2_graphs import Decoder, Encoder, MemoryAttention, MemoryEncoder, Predictor

OPSET = 17
LEGAL = Path(__file__).parent / "sam2"
LABELS = {"sam2": "SAM 2", "sam2.1": "SAM 2.1"}


class Plan(NamedTuple):
    """How a module is exported: an example of its inputs, their names, and what may vary."""

    module: nn.Module
    example: tuple[Tensor, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    axes: Mapping[str, Mapping[int, str]]
    fused: bool = False  # whether it attends by a node of ONNX Runtime's own


def convert(original: Original, out: Path, precision: str = "fp32") -> None:
    """Write the pack of `original` into the folder `out`. Raises ConversionError, OSError."""
    predictor = build(original)
    graphs = {name: export(plan) for name, plan in plans(predictor).items()}
    errors = at_precision(precision, graphs, original.size)
    manifest = describe(original, predictor, precision, errors)
    write_pack(out, graphs, manifest, LEGAL, {"consts.npz": constants(predictor)})


def describe(
    original: Original, predictor: Predictor, precision: str, errors: Mapping[str, float]
) -> dict[str, object]:
    """model.json but for the files."""
    label = f"{LABELS[original.family]} {original.variant}"
    name = f"{original.family}-{original.variant}-{original.size}".replace("+", "plus")
    if original.checkpoint is None:
        name, label = f"{name}-random{original.seed}", f"{label}, random weights"
    if precision != "fp32":
        name, label = f"{name}-{precision}", f"{label}, {PRECISIONS[precision]}"
    side = original.size // 16
    return {
        "id": name,
        "label": label if original.size == 1024 else f"{label}, {original.size} px",
        "family": "sam2",
        "licence": "Apache-2.0",
        "source": f"{LABELS[original.family]} by Meta AI, converted with Rotocel",
        "size": original.size,
        "preprocess": {"mode": "squash", "version": 1},
        "embedding_shapes": [
            [predictor.hidden_dim, side, side],
            [predictor.hidden_dim // 8, 4 * side, 4 * side],
            [predictor.hidden_dim // 4, 2 * side, 2 * side],
        ],
        "proposals": 3,
        "supports": ["point", "box", "track"],
        "tracking": tracking_rules(predictor, side * side),
        "provenance": original.provenance(),
        "precision": {"kind": precision, **errors},
    }


def tracking_rules(predictor: Predictor, tokens: int) -> dict[str, object]:
    """The rules of the memory bank that differ between models, under the names of model.json."""
    stability = predictor.sam_mask_decoder
    return {
        "tokens": tokens,
        "channels": predictor.mem_dim,
        "memories": predictor.num_maskmem,
        "pointers": predictor.max_obj_ptrs_in_encoder,
        "signed_time": bool(predictor.use_signed_tpos_enc_to_obj_ptrs),
        "past_pointers": bool(predictor.only_obj_ptrs_in_the_past_for_eval),
        "hard_keys": bool(predictor.binarize_mask_from_pts_for_mem_enc),
        "several_masks": [predictor.multimask_min_pt_num, predictor.multimask_max_pt_num],
        "several_while_tracking": bool(predictor.multimask_output_for_tracking),
        "stability": [
            stability.dynamic_multimask_stability_delta,
            stability.dynamic_multimask_stability_thresh,
        ],
    }


def constants(predictor: Predictor) -> bytes:
    """consts.npz: what the memory bank adds itself."""
    file = io.BytesIO()
    downsample = predictor.mask_downsample
    arrays = {
        "no_mem_embed": predictor.no_mem_embed.reshape(1, -1, 1, 1),
        "no_obj_ptr": predictor.no_obj_ptr,
        "mask_downsample_w": downsample.weight,
        "mask_downsample_b": downsample.bias,
    }
    np.savez(file, allow_pickle=False, **{key: value.numpy() for key, value in arrays.items()})
    return file.getvalue()


def plans(predictor: Predictor) -> dict[str, Plan]:
    """The four graphs, by file name."""
    size, width = predictor.image_size, predictor.hidden_dim
    side = size // 16
    tokens, channels = side * side, predictor.mem_dim
    embed = torch.randn(1, width, side, side)
    fine = torch.randn(1, width // 8, 4 * side, 4 * side)
    middle = torch.randn(1, width // 4, 2 * side, 2 * side)
    timed = predictor.add_tpos_enc_to_obj_ptrs
    memory = (
        embed,
        torch.randn(1, 2, tokens, channels),
        torch.tensor([6, 0]),
        torch.randn(1, 3, width),
        torch.tensor([0.1, 0.2, 0.3]),
    )
    names = ("image_embed", "mem_tokens", "mem_tpos", "obj_ptrs", "obj_ptr_dt")
    prompts = {0: "B", 1: "N"}
    return {
        "encoder.onnx": Plan(
            Encoder(predictor),
            (torch.zeros(1, size, size, 3, dtype=torch.uint8),),
            ("image",),
            ("image_embed", "high_res_0", "high_res_1"),
            {},
            fused=True,
        ),
        "decoder.onnx": Plan(
            Decoder(predictor),
            (
                embed,
                fine,
                middle,
                torch.rand(2, 3, 2) * size,
                torch.tensor([[1.0, 0.0, 1.0], [2.0, 3.0, 1.0]]),
                torch.randn(2, 1, 4 * side, 4 * side),
                torch.tensor([0.0, 1.0]),
            ),
            (
                "image_embed",
                "high_res_0",
                "high_res_1",
                "point_coords",
                "point_labels",
                "mask_input",
                "has_mask_input",
            ),
            ("low_res_masks", "iou", "obj_ptr", "obj_score"),
            {
                "image_embed": {0: "E"},
                "high_res_0": {0: "E"},
                "high_res_1": {0: "E"},
                "point_coords": prompts,
                "point_labels": prompts,
                "mask_input": {0: "B"},
                "has_mask_input": {0: "B"},
                "low_res_masks": {0: "B"},
                "iou": {0: "B"},
                "obj_ptr": {0: "B"},
                "obj_score": {0: "B"},
            },
        ),
        "memenc.onnx": Plan(
            MemoryEncoder(predictor),
            (
                embed.expand(2, -1, -1, -1),
                torch.randn(2, 1, 4 * side, 4 * side),
                torch.tensor([0.0, 1.0]),
                torch.tensor([[1.0], [-1.0]]),
            ),
            ("image_embed", "mask_logits", "binarize", "obj_score"),
            ("mem_tokens",),
            {
                "image_embed": {0: "B"},
                "mask_logits": {0: "B", 2: "h", 3: "w"},
                "binarize": {0: "B"},
                "obj_score": {0: "B"},
                "mem_tokens": {0: "B"},
            },
        ),
        "memattn.onnx": Plan(
            MemoryAttention(predictor),
            memory if timed else memory[:-1],
            names if timed else names[:-1],
            ("fused_embed",),
            {
                "mem_tokens": {1: "M"},
                "mem_tpos": {0: "M"},
                "obj_ptrs": {1: "P"},
                **({"obj_ptr_dt": {0: "P"}} if timed else {}),
            },
            fused=True,
        ),
    }


def export(plan: Plan) -> onnx.ModelProto:
    """The graph of `plan`, checked by onnx."""
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the old exporter, and of shapes that are constants
        torch.onnx.export(
            plan.module.eval(),
            plan.example,
            file,
            dynamo=False,
            opset_version=OPSET,
            input_names=list(plan.inputs),
            output_names=list(plan.outputs),
            dynamic_axes={name: dict(axes) for name, axes in plan.axes.items()},
            custom_opsets={"com.microsoft": 1} if plan.fused else None,
        )
    model = onnx.load_from_string(file.getvalue())
    onnx.checker.check_model(model)
    return model


def graph_names() -> Sequence[str]:
    """The files of the four graphs."""
    return ("encoder.onnx", "decoder.onnx", "memenc.onnx", "memattn.onnx")
