"""What EdgeTAM and EfficientTAM have in common: both were made from SAM 2 as it first came out."""

from __future__ import annotations

import torch
from torch import Tensor

from models.convert.sam2_graphs import Decoder


class OlderDecoder(Decoder):
    """Points embedded by choice, as sam2 1.1.0 does it.

    The older code (modeling/sam/prompt_encoder.py, _embed_points) writes into places found at run
    time, which exports to slow graphs.
    """

    def embed_points(self, coords: Tensor, labels: Tensor) -> Tensor:
        """[B,N,2] in model pixels with labels [B,N] -> [B,N+1,256]."""
        prompts = self.prompts
        coords = torch.cat([coords + 0.5, torch.zeros_like(coords[:, :1])], dim=1)
        labels = torch.cat([labels, -torch.ones_like(labels[:, :1])], dim=1)[..., None]
        places = prompts.pe_layer.forward_with_coords(coords, prompts.input_image_size)
        points = torch.where(labels == -1, prompts.not_a_point_embed.weight, places)
        for label, embedding in enumerate(prompts.point_embeddings):
            points = points + (labels == label) * embedding.weight
        return points
