"""EfficientTAM -> packs of ours: a plain ViT, no finer features, memories pooled two by two.

Source of the model: the PyPI package efficient-track-anything 1.0 (modeling/backbones/vitdet.py,
modeling/sam/transformer.py, EfficientRoPEAttention1 and 2). The package holds no configurations;
the numbers here are those of the published ones (efficienttam_s.yaml and its neighbours).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from sam2.modeling.backbones.image_encoder import ImageEncoder, ViTDetNeck
from sam2.modeling.backbones.vitdet import ViT
from sam2.modeling.memory_attention import MemoryAttention as OriginalAttention
from sam2.modeling.memory_attention import MemoryAttentionLayer
from sam2.modeling.memory_encoder import CXBlock, Fuser, MaskDownSampler
from sam2.modeling.memory_encoder import MemoryEncoder as OriginalMemoryEncoder
from sam2.modeling.position_encoding import PositionEmbeddingSine
from sam2.modeling.sam import transformer
from sam2.sam2_video_predictor import SAM2VideoPredictor
from torch import Tensor, nn
from torch.nn import functional

from models.convert.attention import attend
from models.convert.older import OlderDecoder
from models.convert.original import ConversionError, Original, finished
from models.convert.sam2 import Family
from models.convert.sam2_graphs import Encoder, LookBack, MemoryAttention, Predictor, Turns

WIDTH, CHANNELS = 256, 64  # of features, of remembered tokens
POOL = 2  # of a grid of memories, in both directions


class Variant(NamedTuple):
    """What differs between the published models."""

    width: int  # of the ViT
    heads: int
    attention: str = "RoPEAttention"  # class of the original that looks back at memories


VARIANTS: Mapping[str, Variant] = {
    "ti": Variant(192, 3),
    "ti_1": Variant(192, 3, "EfficientRoPEAttention1"),
    "ti_2": Variant(192, 3, "EfficientRoPEAttention2"),
    "s": Variant(384, 6),
    "s_1": Variant(384, 6, "EfficientRoPEAttention1"),
    "s_2": Variant(384, 6, "EfficientRoPEAttention2"),
}


def build(original: Original) -> Predictor:
    """The predictor of `original` on the CPU, in evaluation mode. Raises ConversionError."""
    variant = VARIANTS.get(original.variant)
    if variant is None or original.size % 64:
        raise ConversionError(
            f"There is no EfficientTAM {original.variant} at {original.size} pixels: variants are "
            f"{', '.join(VARIANTS)}, sizes are multiples of 64."
        )
    torch.manual_seed(original.seed)
    model = SAM2VideoPredictor(
        image_encoder=_image_encoder(variant, original.size),
        memory_attention=_memory_attention(variant),
        memory_encoder=_memory_encoder(),
        image_size=original.size,
        num_maskmem=7,
        sigmoid_scale_for_mem_enc=20.0,
        sigmoid_bias_for_mem_enc=-10.0,
        binarize_mask_from_pts_for_mem_enc=True,
        use_mask_input_as_output_without_sam=True,
        directly_add_no_mem_embed=True,
        use_high_res_features_in_sam=False,
        multimask_output_in_sam=True,
        multimask_min_pt_num=0,
        multimask_max_pt_num=1,
        multimask_output_for_tracking=True,
        use_multimask_token_for_obj_ptr=True,
        iou_prediction_use_sigmoid=True,
        use_obj_ptrs_in_encoder=True,
        add_tpos_enc_to_obj_ptrs=False,
        only_obj_ptrs_in_the_past_for_eval=True,
        pred_obj_scores=True,
        pred_obj_scores_mlp=True,
        fixed_no_obj_ptr=True,
        use_mlp_for_obj_ptr_proj=True,
        sam_mask_decoder_extra_args={
            "dynamic_multimask_via_stability": True,
            "dynamic_multimask_stability_delta": 0.05,
            "dynamic_multimask_stability_thresh": 0.98,
        },
    )
    # what later versions of SAM 2 can do and this one cannot
    model.no_obj_embed_spatial = None
    model.use_signed_tpos_enc_to_obj_ptrs = False
    return finished(model, original)


def _image_encoder(variant: Variant, size: int) -> Any:  # noqa: ANN401
    trunk = ViT(
        img_size=size,
        embed_dim=variant.width,
        num_heads=variant.heads,
        depth=12,
        window_size=14,
        window_block_indexes=(0, 1, 3, 4, 6, 7, 9, 10),
    )
    neck = ViTDetNeck(
        position_encoding=PositionEmbeddingSine(num_pos_feats=WIDTH),
        d_model=WIDTH,
        backbone_channel_list=[variant.width],
        neck_norm="LN",
    )
    return ImageEncoder(trunk=trunk, neck=neck)


def _memory_attention(variant: Variant) -> Any:  # noqa: ANN401
    common = {"embedding_dim": WIDTH, "num_heads": 1, "downsample_rate": 1, "dropout": 0.1}
    looking_back = getattr(transformer, variant.attention)
    layer = MemoryAttentionLayer(
        activation="relu",
        cross_attention=looking_back(rope_k_repeat=True, kv_in_dim=CHANNELS, **common),
        d_model=WIDTH,
        dim_feedforward=2048,
        dropout=0.1,
        pos_enc_at_attn=False,
        pos_enc_at_cross_attn_keys=True,
        pos_enc_at_cross_attn_queries=False,
        self_attention=transformer.RoPEAttention(**common),
    )
    return OriginalAttention(d_model=WIDTH, pos_enc_at_input=True, layer=layer, num_layers=4)


def _memory_encoder() -> Any:  # noqa: ANN401
    return OriginalMemoryEncoder(
        out_dim=CHANNELS,
        mask_downsampler=MaskDownSampler(kernel_size=3, stride=2, padding=1),
        fuser=Fuser(CXBlock(dim=WIDTH), num_layers=2),
        position_encoding=PositionEmbeddingSine(num_pos_feats=CHANNELS),
    )


class PlainEncoder(Encoder):
    """A ViT: positions for one size baked in, attention fused."""

    def prepare(self, trunk: Any, size: int) -> None:  # noqa: ANN401
        """Change `trunk` in place so that it can be exported for squares of `size` pixels."""
        side, held = size // 16, trunk.pos_embed[:, 1:]  # the first is not a place
        pretrained = math.isqrt(held.shape[1])
        grid = held.transpose(1, 2).unflatten(-1, (pretrained, pretrained))
        if pretrained != side:
            grid = functional.interpolate(grid, (side, side), mode="bicubic", align_corners=False)
        trunk.pos_embed = nn.Parameter(grid.flatten(2).transpose(1, 2), requires_grad=False)
        trunk.pretrain_use_cls_token = False
        for block in trunk.blocks:
            block.attn.forward = _fused(block.attn)


def _fused(attention: Any) -> Any:  # noqa: ANN401
    """The forward of an attention of the ViT (vitdet.py, Attention) with a fused node."""

    def forward(x: Tensor) -> Tensor:
        q, k, v = attention.qkv(x.flatten(1, 2)).chunk(3, dim=-1)
        result: Tensor = attention.proj(attend(q, k, v, attention.num_heads)).reshape(x.shape)
        return result

    return forward


class PooledLookBack(LookBack):
    """Keys and tokens of memories averaged two by two (EfficientRoPEAttention1 and 2).

    Four places in one weigh as much as the four would: the logarithm of 4 is added to what such a
    key scores (1), or to each of its channels (2). One memory alone is not pooled.
    """

    def __init__(self, attention: Any, turns: Turns, *, weighed: bool) -> None:  # noqa: ANN401
        super().__init__(attention, turns, turns)
        self.weighed = weighed

    def forward(
        self, x: Tensor, memories: Tensor, keys: Tensor, pointers: Tensor, pointer_keys: Tensor
    ) -> Tensor:
        k = self.key_turns(self.k(keys))
        pooled_k, pooled = self._pooled(k), self._pooled(memories)
        weight = 2 * math.log(POOL)
        if not self.weighed:
            pooled_k = pooled_k + weight
        # either the one memory as it is, or all of them pooled: slices of which one is empty
        count, places = torch._shape_as_tensor(memories)[1:3]  # noqa: SLF001 - not constants
        alone = (count == 1).long()
        whole, many = alone * places, (1 - alone) * count * places // POOL**2
        parts = [k[:, 0, :whole], pooled_k[:, :many], self.k(pointer_keys)]
        tokens = torch.cat([memories[:, 0, :whole], pooled[:, :many], pointers], dim=1)
        q = self.turns(self.q(x))
        if self.weighed:
            q, parts = _scored(q, parts, (0.0, weight, 0.0))
        seen = attend(q, torch.cat(parts, dim=1), tokens, 1)
        out: Tensor = self.attention.out_proj(self.attention.v_proj(seen))
        return out

    def _pooled(self, x: Tensor) -> Tensor:
        """[1,M,L,C] as [1,M*L/4,C]."""
        side = math.isqrt(self.turns.cos.shape[0])
        grid = x[0].transpose(1, 2).unflatten(-1, (side, side))
        return functional.avg_pool2d(grid, POOL).flatten(2).transpose(1, 2).flatten(0, 1)[None]


def _scored(
    q: Tensor, parts: list[Tensor], weights: tuple[float, ...]
) -> tuple[Tensor, list[Tensor]]:
    """Widen q [1,S,C] and keys [1,L,C] so that keys of part k score `weights[k]` more.

    The fused node takes no such weights, but for a whole matrix of them. A channel of ones beside
    `q` brings in what stands beside the keys; a second one of zeros keeps the width even.
    """
    width = q.shape[-1]
    stretch = math.sqrt((width + 2) / width)  # undoes that wider keys score lower
    zero = torch.zeros_like(q[..., :1])
    wide = torch.cat([q * stretch, zero + 1, zero], dim=-1)
    widened = []
    for part, weight in zip(parts, weights, strict=True):
        zero = torch.zeros_like(part[..., :1])
        widened.append(torch.cat([part, zero + weight * math.sqrt(width + 2), zero], dim=-1))
    return wide, widened


class PooledMemoryAttention(MemoryAttention):
    """Memories pooled or not, as the variant has it."""

    def look_back(self, attention: Any, turns: Turns) -> LookBack:  # noqa: ANN401
        """By the original's class of attention."""
        kind = type(attention).__name__
        if kind == "RoPEAttention":
            return LookBack(attention, turns, turns)
        return PooledLookBack(attention, turns, weighed=kind == "EfficientRoPEAttention1")


EFFICIENTTAM = Family(
    "EfficientTAM",
    build,
    encoder=PlainEncoder,
    decoder=OlderDecoder,
    memory_attention=PooledMemoryAttention,
    legal=Path(__file__).parent / "efficienttam",
)
