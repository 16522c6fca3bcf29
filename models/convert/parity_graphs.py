"""Each graph beside the same part of the original, which is called through its own methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import signature
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from sam2.modeling.sam2_utils import get_1d_sine_pe
from torch import Tensor
from torch.nn import functional

from models.convert.sam2 import FEATURES, examples
from models.convert.sam2_graphs import MEAN, STD, Predictor
from models.sam2 import Sam2

F32: TypeAlias = NDArray[np.float32]
Inputs: TypeAlias = Mapping[str, Tensor]

# sizes that differ from those the graphs were traced with, so that nothing is baked in
SIZES: Mapping[str, int] = {"prompts": 3, "points": 5, "memories": 7, "pointers": 16}


def per_graph(
    predictor: Predictor, model: Sam2, tell: Callable[[str], None], seed: int = 1
) -> dict[str, float]:
    """The largest difference of each graph's answers to the original's, by file name.

    `tell` is told what is being done.
    """
    torch.manual_seed(seed)
    graphs = {
        "encoder.onnx": model.graphs.encoder,
        "decoder.onnx": model.graphs.decoder,
        "memenc.onnx": model.graphs.memory_encoder,
        "memattn.onnx": model.graphs.memory_attention,
    }
    found = {}
    for name, inputs in examples(predictor, **SIZES).items():
        tell(f"{name} beside the original")
        with torch.inference_mode():
            theirs = ORIGINALS[name](predictor, inputs)
        feeds = {key: value.numpy() for key, value in inputs.items()}
        ours = graphs[name].get().run(feeds, list(theirs))
        pairs = zip(ours, theirs.values(), strict=True)
        found[name] = float(np.max([_apart(a, b.numpy()) for a, b in pairs]))  # NaN stays NaN
    return found


def _apart(ours: F32, theirs: F32) -> float:
    if ours.shape != theirs.shape:
        return float("inf")
    return float(np.abs(ours - theirs).max())


def encoder(predictor: Predictor, inputs: Inputs) -> dict[str, Tensor]:
    """The features of a picture, as the video predictor prepares and encodes it."""
    mean, std = (torch.tensor(part)[:, None, None] for part in (MEAN, STD))
    pixels = (inputs["image"].double() / 255).float().permute(0, 3, 1, 2)
    *finer, coarse = predictor.forward_image((pixels - mean) / std)["backbone_fpn"]
    return {"image_embed": coarse, **{f"high_res_{k}": grid for k, grid in enumerate(finer)}}


def decoder(predictor: Predictor, inputs: Inputs) -> dict[str, Tensor]:
    """Every mask, score and pointer, prompt by prompt."""
    answers: dict[str, list[Tensor]] = {
        name: [] for name in ("low_res_masks", "iou", "obj_ptr", "obj_score")
    }
    for k, has_mask in enumerate(inputs["has_mask_input"]):
        sparse, dense = predictor.sam_prompt_encoder(
            points=(inputs["point_coords"][k : k + 1], inputs["point_labels"][k : k + 1]),
            boxes=None,
            masks=inputs["mask_input"][k : k + 1] if has_mask else None,
        )
        masks, scores, tokens, presence = predictor.sam_mask_decoder.predict_masks(
            image_embeddings=inputs["image_embed"],
            image_pe=predictor.sam_prompt_encoder.get_dense_pe(),
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            repeat_image=False,
            high_res_features=[inputs[name] for name in FEATURES[1:] if name in inputs] or None,
        )
        pointers = predictor.obj_ptr_proj(tokens)
        for held, value in zip(answers.values(), (masks, scores, pointers, presence), strict=True):
            held.append(value)
    return {name: torch.cat(values) for name, values in answers.items()}


def memory_encoder(predictor: Predictor, inputs: Inputs) -> dict[str, Tensor]:
    """The memory of each frame and mask, before it is rounded to bfloat16."""
    size, memories = predictor.image_size, []
    for k, hard in enumerate(inputs["binarize"]):
        embed = inputs["image_embed"][k : k + 1]
        grown = functional.interpolate(
            inputs["mask_logits"][k : k + 1], size=(size, size), mode="bilinear"
        )
        presence = {"object_score_logits": inputs["obj_score"][k : k + 1]}
        encode = predictor._encode_new_memory  # noqa: SLF001
        features, _ = encode(
            [embed.flatten(2).permute(2, 0, 1)],
            [embed.shape[-2:]],
            grown,
            is_mask_from_pts=bool(hard),
            **(presence if presence.keys() <= signature(encode).parameters.keys() else {}),
        )
        # a grid, or what a perceiver made of it
        memories.append(features if features.ndim == 3 else features.flatten(2).transpose(1, 2))
    return {"mem_tokens": torch.cat(memories)}


def memory_attention(predictor: Predictor, inputs: Inputs) -> dict[str, Tensor]:
    """The features in the light of memories, put together as `sam2_base.py` does."""
    embed, tokens, pointers = (inputs[k] for k in ("image_embed", "mem_tokens", "obj_ptrs"))
    places = _places(predictor, embed)
    memory, positions = [], []
    for k, row in enumerate(inputs["mem_tpos"]):
        memory.append(tokens[0, k][:, None])
        positions.append(places + predictor.maskmem_tpos_enc[row])
    parts = predictor.hidden_dim // predictor.mem_dim
    memory.append(pointers[0].reshape(-1, 1, predictor.mem_dim))
    if "obj_ptr_dt" in inputs:
        time = get_1d_sine_pe(inputs["obj_ptr_dt"], dim=predictor.hidden_dim)
        time = predictor.obj_ptr_tpos_proj(time)[:, None]
        positions.append(time.repeat_interleave(parts, dim=0))
    else:
        positions.append(torch.zeros_like(memory[-1]))
    perceived = hasattr(predictor, "spatial_perceiver")
    where = predictor.image_encoder.neck.position_encoding(embed)
    fused = predictor.memory_attention(
        curr=[embed.flatten(2).permute(2, 0, 1)],
        curr_pos=[where.flatten(2).permute(2, 0, 1)],
        memory=torch.cat(memory),
        memory_pos=torch.cat(positions),
        num_obj_ptr_tokens=parts * pointers.shape[1],
        **({"num_spatial_mem": tokens.shape[1]} if perceived else {}),
    )
    return {"fused_embed": fused.permute(1, 2, 0).reshape(embed.shape)}


def _places(predictor: Predictor, embed: Tensor) -> Tensor:
    """The positions [L,1,64] of what is remembered of a frame."""
    places = predictor.memory_encoder.position_encoding(embed[:, :1])
    perceiver = getattr(predictor, "spatial_perceiver", None)
    if perceiver is None:
        flat: Tensor = places.flatten(2).permute(2, 0, 1)
        return flat
    perceived: Tensor = perceiver(torch.zeros_like(places), places)[1]
    return perceived.permute(1, 0, 2)


ORIGINALS: Mapping[str, Callable[[Predictor, Inputs], dict[str, Tensor]]] = {
    "encoder.onnx": encoder,
    "decoder.onnx": decoder,
    "memenc.onnx": memory_encoder,
    "memattn.onnx": memory_attention,
}
