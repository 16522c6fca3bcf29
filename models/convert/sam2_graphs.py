"""The four graphs of SAM 2 as PyTorch modules with the inputs and outputs of models/README.md.

They call the original's own layers (sam2 1.1.0, modeling/sam2_base.py and below); what they replace
is attention by a fused node, complex numbers by real ones, and positions by constants.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import torch
from sam2.modeling.sam2_utils import get_1d_sine_pe
from torch import Tensor, nn
from torch.nn import functional

from models.convert.attention import attend

Predictor: TypeAlias = Any  # a SAM2VideoPredictor, which has no types

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Encoder(nn.Module):
    """`image` uint8 [1,S,S,3] RGB -> `image_embed` [1,256,f,f], `high_res_0`, `high_res_1`."""

    fused = True  # whether its attention is a node of ONNX Runtime's own
    mean: Tensor
    std: Tensor

    def __init__(self, predictor: Predictor) -> None:
        super().__init__()
        self.predictor = predictor
        self.register_buffer("mean", torch.tensor(MEAN)[:, None, None])
        self.register_buffer("std", torch.tensor(STD)[:, None, None])
        self.prepare(predictor.image_encoder.trunk, predictor.image_size)

    def prepare(self, trunk: Any, size: int) -> None:  # noqa: ANN401
        """Change `trunk` in place so that it can be exported for squares of `size` pixels."""
        side = size // 4
        positions = trunk._get_pos_embed((side, side)).detach()  # noqa: SLF001 - baked in
        trunk._get_pos_embed = lambda _: positions  # noqa: SLF001
        for block in trunk.blocks:
            block.attn.forward = _windowed(block.attn)

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        pixels = (image.permute(0, 3, 1, 2).float() / 255 - self.mean) / self.std
        *finer, coarse = self.predictor.forward_image(pixels)["backbone_fpn"]
        return coarse, *finer


def _windowed(attention: Any) -> Any:  # noqa: ANN401
    """The forward of a Hiera attention (hieradet.py, MultiScaleAttention) with a fused node."""

    def forward(x: Tensor) -> Tensor:
        count, height, width, _ = x.shape
        q, k, v = attention.qkv(x).flatten(1, 2).chunk(3, dim=-1)
        if attention.q_pool:
            grid = q.reshape(count, height, width, -1).permute(0, 3, 1, 2)
            pooled = attention.q_pool(grid).permute(0, 2, 3, 1)
            height, width = pooled.shape[1:3]
            q = pooled.flatten(1, 2)
        out = attend(q, k, v, attention.num_heads)
        result: Tensor = attention.proj(out.reshape(count, height, width, -1))
        return result

    return forward


class Decoder(nn.Module):
    """Prompt encoder and mask decoder: all four masks, scores and pointers of B prompts.

    `image_embed` [E,256,f,f] (E is 1 or B), `high_res_*` where the model has them, `point_coords`
    [B,N,2] in model pixels,
    `point_labels` [B,N] float, `mask_input` [B,1,4f,4f] logits, `has_mask_input` [B] ->
    `low_res_masks` [B,4,4f,4f] logits, `iou` [B,4], `obj_ptr` [B,4,256], `obj_score` [B,1].
    """

    dense_positions: Tensor

    def __init__(self, predictor: Predictor) -> None:
        super().__init__()
        self.prompts = predictor.sam_prompt_encoder
        self.masks = predictor.sam_mask_decoder
        self.pointers = predictor.obj_ptr_proj
        self.register_buffer("dense_positions", self.prompts.get_dense_pe().detach())

    def forward(
        self,
        image_embed: Tensor,
        *others: Tensor,
    ) -> tuple[Tensor, ...]:
        *finer, point_coords, point_labels, mask_input, has_mask_input = others
        sparse = self.embed_points(point_coords, point_labels)
        has_mask = has_mask_input[:, None, None, None]
        no_mask = self.prompts.no_mask_embed.weight[:, :, None, None]
        dense = has_mask * self.prompts.mask_downscaling(mask_input) + (1 - has_mask) * no_mask
        source = image_embed + dense
        positions = self.dense_positions.expand(source.shape[0], -1, -1, -1)
        own = [self.masks.iou_token.weight, self.masks.mask_tokens.weight]
        first = 0
        if self.masks.pred_obj_scores:
            own, first = [self.masks.obj_score_token.weight, *own], 1
        tokens = torch.cat([torch.cat(own)[None].expand(sparse.shape[0], -1, -1), sparse], dim=1)
        out, keys = self.masks.transformer(source, positions, tokens)
        mask_tokens = out[:, first + 1 : first + 1 + self.masks.num_mask_tokens]
        masks = self._drawn(mask_tokens, keys, finer)
        scores = self.masks.iou_prediction_head(out[:, first])
        presence = self.masks.pred_obj_score_head(out[:, 0])
        return masks, scores, self.pointers(mask_tokens), presence

    def embed_points(self, coords: Tensor, labels: Tensor) -> Tensor:
        """What the points [B,N,2] and a padding point stand for: [B,N+1,256]."""
        points: Tensor = self.prompts._embed_points(coords, labels, pad=True)  # noqa: SLF001
        return points

    def _drawn(self, tokens: Tensor, places: Tensor, finer: Sequence[Tensor]) -> Tensor:
        """The masks of `tokens` [B,4,256] on features `places` [B,f*f,256]: [B,4,4f,4f].

        Channels stay last as long as there is a norm over them, and a transposed convolution whose
        windows touch but do not overlap is a matrix product: a tenth less time than as it comes.
        """
        widen, norm, bend, widen_again, bend_again = self.masks.output_upscaling
        side = self.prompts.image_embedding_size[0]
        middle, fine = (rows(grid) for grid in reversed(finer)) if finer else (0, 0)
        grid = _doubled(places, side, widen) + middle
        grid = bend(
            functional.layer_norm(grid, norm.weight.shape, norm.weight, norm.bias, norm.eps)
        )
        grid = bend_again(_doubled(grid, 2 * side, widen_again) + fine)
        networks = self.masks.output_hypernetworks_mlps
        weights = torch.stack([net(tokens[:, k]) for k, net in enumerate(networks)], dim=2)
        return (grid @ weights).transpose(1, 2).unflatten(-1, (4 * side, 4 * side))


def _doubled(places: Tensor, side: int, widen: nn.ConvTranspose2d) -> Tensor:
    """What `widen` (kernel and stride 2) makes of [B,side*side,C]: [B,4*side*side,D]."""
    weights = widen.weight.permute(0, 2, 3, 1).flatten(1)  # [C,2*2*D]
    width = widen.out_channels
    bias = widen.bias.repeat(4)
    grid = (places @ weights + bias).reshape(-1, side, side, 2, 2 * width)
    return grid.transpose(2, 3).reshape(-1, 4 * side * side, width)


class MemoryEncoder(nn.Module):
    """What is remembered of a frame: `mem_tokens` [B,L,64].

    `image_embed` [B,256,f,f] as the encoder gave it, `mask_logits` [B,1,h,w] of any size,
    `binarize` [B] (1: the mask counts as hard), `obj_score` [B,1] (above 0: the object is there).
    """

    def __init__(self, predictor: Predictor) -> None:
        super().__init__()
        self.memories = predictor.memory_encoder
        self.size = predictor.image_size
        self.scale = predictor.sigmoid_scale_for_mem_enc
        self.bias = predictor.sigmoid_bias_for_mem_enc
        self.absent = predictor.no_obj_embed_spatial

    def forward(
        self, image_embed: Tensor, mask_logits: Tensor, binarize: Tensor, obj_score: Tensor
    ) -> Tensor:
        grown = functional.interpolate(
            mask_logits, size=(self.size, self.size), mode="bilinear", align_corners=False
        )
        hard = binarize[:, None, None, None] > 0
        mask = torch.where(hard, (grown > 0).float(), grown.sigmoid()) * self.scale + self.bias
        features = self.memories(image_embed, mask, skip_mask_sigmoid=True)["vision_features"]
        if self.absent is not None:
            absent = (obj_score <= 0).float()[..., None, None]
            features = features + absent * self.absent[..., None, None]
        else:
            features = features + 0 * obj_score[..., None, None]  # keeps the input
        return self.tokens(features)

    def tokens(self, features: Tensor) -> Tensor:
        """What is kept of `features` [B,64,f,f]: [B,L,64]."""
        return rows(features)


class MemoryAttention(nn.Module):
    """A frame seen in the light of what is remembered: `fused_embed` [1,256,f,f].

    `image_embed` [1,256,f,f] as the encoder gave it, `mem_tokens` [1,M,L,64], `mem_tpos` int64 [M]
    (row of the table of times), `obj_ptrs` [1,P,256], `obj_ptr_dt` [P] (frames since, as a share of
    the longest; absent where pointers carry no time).
    """

    picture_positions: Tensor
    memory_positions: Tensor

    def __init__(self, predictor: Predictor) -> None:
        super().__init__()
        self.attention = predictor.memory_attention
        self.times = predictor.maskmem_tpos_enc
        self.pointer_times = predictor.obj_ptr_tpos_proj
        self.channels = predictor.mem_dim
        side = predictor.image_size // 16
        grid = torch.zeros(1, 1, side, side)
        neck = predictor.image_encoder.neck
        self.register_buffer("picture_positions", rows(neck.position_encoding(grid)))
        self.register_buffer("memory_positions", self.place_memories(predictor))
        turns = Turns(side, predictor.hidden_dim)
        self.layers = nn.ModuleList(
            Layer(layer, turns, self.look_back(layer.cross_attn_image, turns))
            for layer in self.attention.layers
        )

    def place_memories(self, predictor: Predictor) -> Tensor:
        """The positions [1,L,64] of the tokens remembered of a frame."""
        side = predictor.image_size // 16
        return rows(predictor.memory_encoder.position_encoding(torch.zeros(1, 1, side, side)))

    def look_back(self, attention: Any, turns: Turns) -> LookBack:  # noqa: ANN401
        """How a layer attends to memories, by the original's `attention`."""
        return LookBack(attention, turns, turns)

    def forward(
        self,
        image_embed: Tensor,
        mem_tokens: Tensor,
        mem_tpos: Tensor,
        obj_ptrs: Tensor,
        obj_ptr_dt: Tensor | None = None,
    ) -> Tensor:
        picture = rows(image_embed) + 0.1 * self.picture_positions
        positions = self.memory_positions + self.times[mem_tpos, 0]  # [M,L,64]
        pointers = obj_ptrs.reshape(1, -1, self.channels)
        pointer_keys = pointers
        if obj_ptr_dt is not None:
            parts = obj_ptrs.shape[-1] // self.channels
            time = self.pointer_times(get_1d_sine_pe(obj_ptr_dt, obj_ptrs.shape[-1]))
            pointer_keys = pointers + time.repeat_interleave(parts, dim=0)
        keys = mem_tokens + positions
        for layer in self.layers:
            picture = layer(picture, mem_tokens, keys, pointers, pointer_keys)
        out = self.attention.norm(picture)
        return out.transpose(1, 2).reshape(image_embed.shape)


class Turns(nn.Module):
    """Rotary positions of a square grid, in real numbers.

    The original turns neighbouring channels as complex numbers (position_encoding.py,
    apply_rotary_enc). Here channels are sorted into first and second halves beforehand, once, in
    the weights that make them; queries and keys are sorted alike, so that products stay.
    """

    cos: Tensor
    sin: Tensor

    def __init__(self, side: int, channels: int, still: int = 0, theta: float = 10_000.0) -> None:
        """For tokens of a grid of `side` by `side`, after `still` tokens that have no place."""
        super().__init__()
        speeds = theta ** -(torch.arange(0, channels, 4).float() / channels)
        place = torch.arange(side * side)
        across, down = (place % side).float(), (place // side).float()
        angles = torch.cat([torch.outer(across, speeds), torch.outer(down, speeds)], dim=-1)
        angles = torch.cat([torch.zeros(still, channels // 2), angles])
        self.register_buffer("cos", angles.cos())  # [still + side * side, channels / 2]
        self.register_buffer("sin", angles.sin())

    def forward(self, x: Tensor) -> Tensor:
        a, b = x.chunk(2, dim=-1)
        return torch.cat([a * self.cos - b * self.sin, a * self.sin + b * self.cos], dim=-1)


def sorted_halves(linear: nn.Linear) -> nn.Linear:
    """`linear` with its even output channels first, then the odd ones."""
    order = torch.cat(
        [torch.arange(0, linear.out_features, 2), torch.arange(1, linear.out_features, 2)]
    )
    turned = nn.Linear(linear.in_features, linear.out_features)
    with torch.no_grad():
        turned.weight.copy_(linear.weight[order])
        turned.bias.copy_(linear.bias[order])
    return turned


class LookBack(nn.Module):
    """Attention of the picture to memories and pointers (sam/transformer.py, RoPEAttention)."""

    def __init__(self, attention: Any, turns: Turns, key_turns: Turns) -> None:  # noqa: ANN401
        super().__init__()
        self.attention, self.turns, self.key_turns = attention, turns, key_turns
        self.q = sorted_halves(attention.q_proj)
        self.k = sorted_halves(attention.k_proj)

    def forward(
        self, x: Tensor, memories: Tensor, keys: Tensor, pointers: Tensor, pointer_keys: Tensor
    ) -> Tensor:
        k = torch.cat([self.key_turns(self.k(keys)).flatten(1, 2), self.k(pointer_keys)], dim=1)
        # Values are made of tokens by a linear map, and the weights of a place sum to one: the map
        # may come after. Tokens are a quarter as wide, which saves 30 % of all arithmetic here.
        tokens = torch.cat([memories.flatten(1, 2), pointers], dim=1)
        seen = attend(self.turns(self.q(x)), k, tokens, 1)
        out: Tensor = self.attention.out_proj(self.attention.v_proj(seen))
        return out


class Layer(nn.Module):
    """One layer of the memory attention (memory_attention.py, MemoryAttentionLayer)."""

    def __init__(self, layer: Any, turns: Turns, look_back: LookBack) -> None:  # noqa: ANN401
        super().__init__()
        self.layer, self.turns, self.look_back = layer, turns, look_back
        self.own_q = sorted_halves(layer.self_attn.q_proj)
        self.own_k = sorted_halves(layer.self_attn.k_proj)

    def forward(
        self, x: Tensor, memories: Tensor, keys: Tensor, pointers: Tensor, pointer_keys: Tensor
    ) -> Tensor:
        layer, own = self.layer, self.layer.self_attn
        y = layer.norm1(x)
        seen = attend(self.turns(self.own_q(y)), self.turns(self.own_k(y)), own.v_proj(y), 1)
        x = x + own.out_proj(seen)
        x = x + self.look_back(layer.norm2(x), memories, keys, pointers, pointer_keys)
        out: Tensor = x + layer.linear2(layer.activation(layer.linear1(layer.norm3(x))))
        return out


def rows(grid: Tensor) -> Tensor:
    """[B,C,h,w] as [B,h*w,C]."""
    return grid.flatten(2).transpose(1, 2)
