"""SAM 2 and SAM 2.1 -> packs of ours: exported with the TorchScript exporter, opset 17.

Other families that are made of the same parts name theirs in a `Family` and come through here too.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Mapping, Sequence
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


class Plan(NamedTuple):
    """How a module is exported: an example of its inputs, their names, and what may vary."""

    module: nn.Module
    example: tuple[Tensor, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    axes: Mapping[str, Mapping[int, str]]
    fused: bool = False  # whether it attends by a node of ONNX Runtime's own


class Family(NamedTuple):
    """What differs between families: how one is built, and the modules its graphs are made of."""

    label: str
    build: Callable[[Original], Predictor] = build
    encoder: type[Encoder] = Encoder
    decoder: type[nn.Module] = Decoder
    memory_encoder: type[MemoryEncoder] = MemoryEncoder
    memory_attention: type[MemoryAttention] = MemoryAttention
    legal: Path = LEGAL


SAM2, SAM21 = Family("SAM 2"), Family("SAM 2.1")


def convert(
    original: Original, out: Path, precision: str = "fp32", family: Family | None = None
) -> None:
    """Write the pack of `original` into the folder `out`. Raises ConversionError, OSError."""
    family = family or (SAM21 if original.family == "sam2.1" else SAM2)
    predictor = family.build(original)
    drafts = plans(predictor, family)
    tokens = drafts["memattn.onnx"].example[1].shape[2]
    graphs = {name: export(plan) for name, plan in drafts.items()}
    errors = at_precision(precision, graphs, original.size)
    manifest = describe(original, family, predictor, tokens)
    manifest |= in_precision(manifest, precision, errors)
    write_pack(out, graphs, manifest, family.legal, {"consts.npz": constants(predictor)})


def describe(
    original: Original, family: Family, predictor: Predictor, tokens: int
) -> dict[str, object]:
    """model.json but for the files and the precision; `tokens` are remembered of a frame."""
    label = f"{family.label} {original.variant}"
    name = f"{original.family}-{original.variant}-{original.size}".replace("+", "plus")
    if original.checkpoint is None:
        name, label = f"{name}-random{original.seed}", f"{label}, random weights"
    side, width = original.size // 16, predictor.hidden_dim
    finer = [[width // 8, 4 * side, 4 * side], [width // 4, 2 * side, 2 * side]]
    return {
        "id": name,
        "label": label if original.size == 1024 else f"{label}, {original.size} px",
        "family": "sam2",
        "licence": "Apache-2.0",
        "source": f"{family.label} by Meta AI, converted with Rotocel",
        "size": original.size,
        "preprocess": {"mode": "squash", "version": 1},
        "embedding_shapes": [
            [width, side, side],
            *(finer if predictor.use_high_res_features_in_sam else []),
        ],
        "proposals": 3,
        "supports": ["point", "box", "track"],
        "tracking": tracking_rules(predictor, tokens),
        "provenance": original.provenance(),
    }


def in_precision(
    manifest: Mapping[str, object], precision: str, errors: Mapping[str, float]
) -> dict[str, object]:
    """What of `manifest` is said otherwise of a pack in `precision`."""
    kind = {"kind": precision, **errors}
    if precision == "fp32":
        return {"precision": kind}
    return {
        "id": f"{manifest['id']}-{precision}",
        "label": f"{manifest['label']}, {PRECISIONS[precision]}",
        "precision": kind,
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


def plans(predictor: Predictor, family: Family) -> dict[str, Plan]:
    """The four graphs, by file name."""
    size, width = predictor.image_size, predictor.hidden_dim
    side = size // 16
    embed = torch.randn(1, width, side, side)
    finer = (
        torch.randn(1, width // 8, 4 * side, 4 * side),
        torch.randn(1, width // 4, 2 * side, 2 * side),
    )
    picture = {"image_embed": embed}
    if predictor.use_high_res_features_in_sam:
        picture |= {f"high_res_{k}": grid for k, grid in enumerate(finer)}
    masks = torch.randn(2, 1, 4 * side, 4 * side)
    memory_encoder = _memory_encoder_plan(family.memory_encoder(predictor), embed, masks)
    with torch.inference_mode():
        tokens = memory_encoder.module(*memory_encoder.example)
    return {
        "encoder.onnx": Plan(
            family.encoder(predictor),
            (torch.zeros(1, size, size, 3, dtype=torch.uint8),),
            ("image",),
            tuple(picture),
            {},
            fused=family.encoder.fused,
        ),
        "decoder.onnx": _decoder_plan(family.decoder(predictor), picture, masks, size),
        "memenc.onnx": memory_encoder,
        "memattn.onnx": _memory_attention_plan(
            family.memory_attention(predictor),
            embed,
            tokens.clone()[None],
            timed=predictor.add_tpos_enc_to_obj_ptrs,
        ),
    }


def _decoder_plan(
    module: nn.Module, picture: Mapping[str, Tensor], masks: Tensor, size: int
) -> Plan:
    prompts = {
        "point_coords": torch.rand(2, 3, 2) * size,
        "point_labels": torch.tensor([[1.0, 0.0, 1.0], [2.0, 3.0, 1.0]]),
        "mask_input": masks,
        "has_mask_input": torch.tensor([0.0, 1.0]),
    }
    answers = ("low_res_masks", "iou", "obj_ptr", "obj_score")
    points = {name: {0: "B", 1: "N"} for name in ("point_coords", "point_labels")}
    batches = {name: {0: "B"} for name in ("mask_input", "has_mask_input", *answers)}
    return Plan(
        module,
        (*picture.values(), *prompts.values()),
        (*picture, *prompts),
        answers,
        {**{name: {0: "E"} for name in picture}, **points, **batches},
    )


def _memory_encoder_plan(module: nn.Module, embed: Tensor, masks: Tensor) -> Plan:
    inputs = ("image_embed", "mask_logits", "binarize", "obj_score")
    hard, presence = torch.tensor([0.0, 1.0]), torch.tensor([[1.0], [-1.0]])
    return Plan(
        module,
        (embed.expand(2, -1, -1, -1), masks, hard, presence),
        inputs,
        ("mem_tokens",),
        {
            **{name: {0: "B"} for name in (*inputs, "mem_tokens")},
            "mask_logits": {0: "B", 2: "h", 3: "w"},
        },
    )


def _memory_attention_plan(
    module: nn.Module, embed: Tensor, tokens: Tensor, *, timed: bool
) -> Plan:
    """`tokens` [1,M,L,64] are an example; pointers come with a time where `timed`."""
    example = (
        embed,
        tokens,
        torch.tensor([6, 0]),
        torch.randn(1, 3, embed.shape[1]),
        torch.tensor([0.1, 0.2, 0.3]),
    )
    axes = {
        "image_embed": {},
        "mem_tokens": {1: "M"},
        "mem_tpos": {0: "M"},
        "obj_ptrs": {1: "P"},
        "obj_ptr_dt": {0: "P"},
    }
    count = len(axes) if timed else len(axes) - 1
    names = tuple(axes)[:count]
    varying = {name: axes[name] for name in names}
    return Plan(module, example[:count], names, ("fused_embed",), varying, fused=True)


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
