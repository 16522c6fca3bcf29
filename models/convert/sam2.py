"""SAM 2 and SAM 2.1 -> packs of ours: exported with the TorchScript exporter, opset 17.

Other families are made of the same parts but for some, which they name in a `Family`.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from models.convert.original import Original, build
from models.convert.pack import write_pack
from models.convert.precision import ENCODER, PRECISIONS, Array, at_precision, picture
from models.convert.sam2_graphs import Decoder, Encoder, MemoryAttention, MemoryEncoder, Predictor

OPSET = 17
FEATURES = ("image_embed", "high_res_0", "high_res_1")  # of a picture; the first always
LEGAL = Path(__file__).parent / "sam2"


class Plan(NamedTuple):
    """How a module is exported: an example of its inputs, its outputs, and what may vary."""

    module: nn.Module
    example: Mapping[str, Tensor]
    outputs: tuple[str, ...]
    axes: Mapping[str, Mapping[int, str]] = MappingProxyType({})
    fused: bool = False  # whether it attends by a node of ONNX Runtime's own


class Family(NamedTuple):
    """What differs between families: how one is built, and the modules its graphs are made of."""

    label: str
    build: Callable[[Original], Predictor] = build
    encoder: type[Encoder] = Encoder
    decoder: type[Decoder] = Decoder
    memory_encoder: type[MemoryEncoder] = MemoryEncoder
    memory_attention: type[MemoryAttention] = MemoryAttention
    legal: Path = LEGAL


SAM2, SAM21 = Family("SAM 2"), Family("SAM 2.1")


def convert(
    original: Original,
    out: Path,
    precision: str = "fp32",
    family: Family = SAM21,
    tell: Callable[[str], None] = lambda _: None,
) -> None:
    """Write the pack of `original` into the folder `out`; `tell` is told what is being done.

    Raises ConversionError, OSError.
    """
    tell("Building the original")
    predictor = family.build(original)
    graphs = {}
    for name, plan in plans(predictor, family).items():
        tell(f"Exporting {name}")
        graphs[name] = export(plan)
    tell("Writing the pack")
    errors = at_precision(precision, graphs, probes(predictor))
    manifest = describe(original, family.label, predictor)
    manifest |= in_precision(manifest, precision, errors)
    write_pack(out, graphs, manifest, family.legal, {"consts.npz": constants(predictor)})


def describe(original: Original, family: str, predictor: Predictor) -> dict[str, object]:
    """model.json but for the files and the precision; `family` is the artist's name for it."""
    label = f"{family} {original.variant}"
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
        "source": f"{family} by Meta AI, converted with Rotocel",
        "size": original.size,
        "preprocess": {"mode": "squash", "version": 1},
        "embedding_shapes": [
            [width, side, side],
            *(finer if predictor.use_high_res_features_in_sam else []),
        ],
        "proposals": 3,
        "supports": ["point", "box", "track"],
        "tracking": tracking_rules(predictor),
        "provenance": original.provenance(),
    }


def in_precision(
    manifest: Mapping[str, object], precision: str, errors: Mapping[str, Mapping[str, float]]
) -> dict[str, object]:
    """What of `manifest` is said otherwise of a pack in `precision`."""
    if precision == "fp32":
        return {"precision": {"kind": precision}}
    return {
        "id": f"{manifest['id']}-{precision}",
        "label": f"{manifest['label']}, {PRECISIONS[precision]}",
        "precision": {"kind": precision, "errors": errors},
    }


def tokens_of(predictor: Predictor) -> int:
    """How many tokens are remembered of a frame: one a place, or what a perceiver makes of them."""
    perceiver = getattr(predictor, "spatial_perceiver", None)
    if perceiver is None:
        return int(predictor.image_size // 16) ** 2
    return int(perceiver.num_latents + perceiver.num_latents_2d)


def tracking_rules(predictor: Predictor) -> dict[str, object]:
    """The rules of the memory bank that differ between models, under the names of model.json."""
    stability = predictor.sam_mask_decoder
    return {
        "tokens": tokens_of(predictor),
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


def examples(
    predictor: Predictor, prompts: int = 2, points: int = 3, memories: int = 2, pointers: int = 3
) -> dict[str, dict[str, Tensor]]:
    """Random inputs of the four graphs, by file and by name; seed torch before."""
    size, width = predictor.image_size, predictor.hidden_dim
    side, channels = size // 16, predictor.mem_dim
    embed = torch.randn(1, width, side, side)
    finer = {
        "high_res_0": torch.randn(1, width // 8, 4 * side, 4 * side),
        "high_res_1": torch.randn(1, width // 4, 2 * side, 2 * side),
    }
    labels = torch.randint(0, 2, (prompts, points)).float()
    labels[-1, :2] = torch.tensor([2.0, 3.0])
    switch = torch.arange(prompts).float() % 2
    memory = {
        "image_embed": embed,
        "mem_tokens": torch.randn(1, memories, tokens_of(predictor), channels),
        "mem_tpos": torch.arange(memories) * 3 % predictor.num_maskmem,
        "obj_ptrs": torch.randn(1, pointers, width),
        "obj_ptr_dt": torch.rand(pointers),
    }
    if not predictor.add_tpos_enc_to_obj_ptrs:
        del memory["obj_ptr_dt"]
    return {
        "encoder.onnx": {"image": torch.randint(0, 256, (1, size, size, 3), dtype=torch.uint8)},
        "decoder.onnx": {
            "image_embed": embed,
            **(finer if predictor.use_high_res_features_in_sam else {}),
            "point_coords": torch.rand(prompts, points, 2) * size,
            "point_labels": labels,
            "mask_input": 5 * torch.randn(prompts, 1, 4 * side, 4 * side),
            "has_mask_input": switch,
        },
        "memenc.onnx": {
            "image_embed": embed.expand(prompts, -1, -1, -1),
            "mask_logits": 5 * torch.randn(prompts, 1, 4 * side, 4 * side),
            "binarize": switch,
            "obj_score": 1 - 2 * switch[:, None],
        },
        "memattn.onnx": memory,
    }


def probes(predictor: Predictor) -> dict[str, dict[str, Array]]:
    """What smaller graphs are measured with, the same each time; a picture for the encoder."""
    torch.manual_seed(0)
    inputs = {
        file: {name: value.numpy() for name, value in example.items()}
        for file, example in examples(predictor).items()
    }
    return inputs | {ENCODER: {"image": picture(predictor.image_size)}}


def plans(predictor: Predictor, family: Family) -> dict[str, Plan]:
    """How the four graphs are exported, by file name. `predictor` is changed on the way."""
    inputs = examples(predictor)
    features = tuple(name for name in FEATURES if name in inputs["decoder.onnx"])
    return {
        "encoder.onnx": Plan(
            family.encoder(predictor),
            inputs["encoder.onnx"],
            features,
            fused=family.encoder.fused,
        ),
        "decoder.onnx": Plan(
            family.decoder(predictor),
            inputs["decoder.onnx"],
            ("low_res_masks", "iou", "obj_ptr", "obj_score"),
            {
                **{name: {0: "E"} for name in features},
                **{name: {0: "B", 1: "N"} for name in ("point_coords", "point_labels")},
                **{name: {0: "B"} for name in ("mask_input", "has_mask_input")},
                **{name: {0: "B"} for name in ("low_res_masks", "iou", "obj_ptr", "obj_score")},
            },
        ),
        "memenc.onnx": Plan(
            family.memory_encoder(predictor),
            inputs["memenc.onnx"],
            ("mem_tokens",),
            {
                **{
                    name: {0: "B"}
                    for name in ("image_embed", "binarize", "obj_score", "mem_tokens")
                },
                "mask_logits": {0: "B", 2: "h", 3: "w"},
            },
        ),
        "memattn.onnx": Plan(
            family.memory_attention(predictor),
            inputs["memattn.onnx"],
            ("fused_embed",),
            {
                "mem_tokens": {1: "M"},
                "mem_tpos": {0: "M"},
                "obj_ptrs": {1: "P"},
                "obj_ptr_dt": {0: "P"},
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
            tuple(plan.example.values()),
            file,
            dynamo=False,
            opset_version=OPSET,
            input_names=list(plan.example),
            output_names=list(plan.outputs),
            dynamic_axes={
                name: dict(axes)
                for name, axes in plan.axes.items()
                if name in plan.example or name in plan.outputs
            },
            custom_opsets={"com.microsoft": 1} if plan.fused else None,
        )
    model = onnx.load_from_string(file.getvalue())
    onnx.checker.check_model(model)
    return model
