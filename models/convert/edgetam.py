"""EdgeTAM -> packs of ours: RepViT, two layers of memory attention, 512 tokens to a frame.

Source of the model: the PyPI package edgetam-dimos 1.0.1 (sam2/configs/edgetam.yaml,
modeling/perceiver.py, RoPEAttentionv2 in modeling/sam/transformer.py), with timm for RepViT. What
SAM 2 has and EdgeTAM lacks: times of object pointers, and a mark in the memory of absent objects.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from sam2.build_sam import build_sam2_video_predictor
from sam2.modeling.backbones import timm as backbone
from torch import Tensor

from models.convert.older import OlderDecoder
from models.convert.original import ConversionError, Original, finished
from models.convert.sam2 import Family
from models.convert.sam2_graphs import (
    Encoder,
    LookBack,
    MemoryAttention,
    MemoryEncoder,
    Predictor,
    Turns,
    rows,
)

VARIANTS = ("repvit-m1",)
STEP = 256  # sizes are multiples: the perceiver parts the picture into 16 windows by 16


def build(original: Original) -> Predictor:
    """The predictor of `original` on the CPU, in evaluation mode. Raises ConversionError."""
    if original.variant not in VARIANTS or original.size % STEP:
        raise ConversionError(
            f"There is no EdgeTAM {original.variant} at {original.size} pixels: the variant is "
            f"{VARIANTS[0]}, sizes are multiples of {STEP}."
        )
    side = original.size // 16
    torch.manual_seed(original.seed)
    with contextlib.redirect_stdout(io.StringIO()), _weights_not_fetched():
        model = build_sam2_video_predictor(
            "configs/edgetam.yaml",
            device="cpu",
            hydra_overrides_extra=[
                f"++model.image_size={original.size}",
                f"++model.memory_attention.layer.cross_attention.q_sizes=[{side},{side}]",
            ],
        )
    return finished(model, original)


@contextlib.contextmanager
def _weights_not_fetched() -> Iterator[None]:
    """Let timm make RepViT without weights; the package asks it to download some."""
    fetching = backbone.create_model

    def create(name: str, *, pretrained: bool, **options: object) -> Any:  # noqa: ANN401
        del pretrained
        return fetching(name, pretrained=False, **options)

    backbone.create_model = create
    try:
        yield
    finally:
        backbone.create_model = fetching


class EdgeEncoder(Encoder):
    """RepViT is convolutions only: nothing to replace."""

    fused = False

    def prepare(self, trunk: Any, size: int) -> None:  # noqa: ANN401
        """Nothing to do: the graph takes one size, and there is no attention."""


class PerceivingMemoryEncoder(MemoryEncoder):
    """Half of the tokens gather from everywhere, the other half each from a window."""

    positions: Tensor

    def __init__(self, predictor: Predictor) -> None:
        super().__init__(predictor)
        self.perceiver = predictor.spatial_perceiver
        side = predictor.image_size // 16
        grid = torch.zeros(1, 1, side, side)
        positions = predictor.memory_encoder.position_encoding(grid).detach()
        self.register_buffer("positions", positions)

    def tokens(self, features: Tensor) -> Tensor:
        """[B,64,f,f] as [B,512,64]."""
        positions = self.positions.expand(features.shape[0], -1, -1, -1)
        everywhere = self.perceiver.forward_1d(features, positions)[0]
        return torch.cat([everywhere, self._from_windows(features)], dim=1)

    def _from_windows(self, features: Tensor) -> Tensor:
        """As forward_2d of the original, which fails on more than one mask at once."""
        batch, channels, side, _ = features.shape
        windows = _windows(self.perceiver)
        parts = features.reshape(batch, channels, windows, side // windows, windows, -1)
        parts = parts.permute(0, 2, 4, 3, 5, 1).reshape(-1, (side // windows) ** 2, channels)
        latents = self.perceiver.latents_2d.expand(batch, -1, -1).reshape(-1, 1, channels)
        for layer in self.perceiver.layers:
            latents = layer(latents, parts)
        tokens: Tensor = self.perceiver.norm(latents.reshape(batch, -1, channels))
        return tokens


class PerceivedMemoryAttention(MemoryAttention):
    """Tokens without a place are not turned, those of windows by a grid of their own."""

    def place_memories(self, predictor: Predictor) -> Tensor:
        """[1,512,64]: zeros, then the positions of the windows."""
        perceiver = predictor.spatial_perceiver
        windows = _windows(perceiver)
        placed = rows(perceiver.position_encoding(torch.zeros(1, 1, windows, windows)))
        nowhere = torch.zeros(1, perceiver.num_latents, placed.shape[-1])
        self.key_turns = Turns(windows, predictor.hidden_dim, still=perceiver.num_latents)
        return torch.cat([nowhere, placed], dim=1)

    def look_back(self, attention: Any, turns: Turns) -> LookBack:  # noqa: ANN401
        """By the original's RoPEAttentionv2."""
        return LookBack(attention, turns, self.key_turns)


def _windows(perceiver: Any) -> int:  # noqa: ANN401
    return int(perceiver.num_latents_2d**0.5)


EDGETAM = Family(
    "EdgeTAM",
    build,
    encoder=EdgeEncoder,
    decoder=OlderDecoder,
    memory_encoder=PerceivingMemoryEncoder,
    memory_attention=PerceivedMemoryAttention,
    legal=Path(__file__).parent / "edgetam",
)
