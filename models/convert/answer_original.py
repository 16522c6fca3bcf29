"""The original SAM 2 answering points on pictures, as its image predictor does, for comparison.

    python -m models.convert.answer_original FAMILY VARIANT SIZE --seed=7 | --checkpoint=FILE

then a line of JSON for each picture: `frame`, `points` (a list of prompts, each a list of included
[x, y] in picture pixels) and `out`, a file for the masks as `packed` bits [prompts, height, bytes]
with their `size`. The image predictor (sam2/sam2_image_predictor.py in sam2 1.1.0) cannot be
imported without torchvision, so its steps are made here.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from models.base import ModelError
from models.convert.original import ConversionError, Original, build
from models.convert.sam2_graphs import MEAN, STD
from models.lines import Values, answer_lines


class ImagePredictor:
    """A picture at a time: `look` at it, then `answer` points."""

    def __init__(self, model: Any) -> None:  # noqa: ANN401 - a SAM2Base, which has no types
        self.model = model
        self.size = (0, 0)  # (height, width) of the picture
        self._features: list[Tensor] = []

    def look(self, rgb: NDArray[np.uint8]) -> None:
        """Encode the picture: bilinear with antialiasing, squashed to the model's square."""
        self.size = (rgb.shape[0], rgb.shape[1])
        side = self.model.image_size
        pixels = torch.from_numpy(rgb).permute(2, 0, 1)[None].float() / 255
        pixels = functional.interpolate(
            pixels, (side, side), mode="bilinear", align_corners=False, antialias=True
        )
        mean, std = (torch.tensor(values)[:, None, None] for values in (MEAN, STD))
        found = self.model.forward_image((pixels - mean) / std)
        _, levels, _, sizes = self.model._prepare_backbone_features(found)  # noqa: SLF001
        if self.model.directly_add_no_mem_embed:
            levels[-1] = levels[-1] + self.model.no_mem_embed
        self._features = [
            level.permute(1, 2, 0).reshape(1, -1, *size)
            for level, size in zip(levels, sizes, strict=True)
        ]

    def answer(self, points: Sequence[Sequence[float]]) -> NDArray[np.bool_]:
        """The mask of the prompt: the best of three for one point, the single one for more."""
        masks, scores = self.draw(points, several=len(points) == 1)
        grown = functional.interpolate(masks, self.size, mode="bilinear", align_corners=False)
        inside: NDArray[np.bool_] = (grown[0, int(scores[0].argmax())] > 0).numpy()
        return inside

    def draw(self, points: Sequence[Sequence[float]], several: bool) -> tuple[Tensor, Tensor]:
        """Low-resolution logits [1,K,4f,4f] and scores [1,K]; K is 3 if `several`, else 1."""
        height, width = self.size
        where = torch.tensor(points)[None] / torch.tensor([width, height]) * self.model.image_size
        labels = torch.ones(where.shape[:2], dtype=torch.int)
        sparse, dense = self.model.sam_prompt_encoder(
            points=(where, labels), boxes=None, masks=None
        )
        masks, scores, _, _ = self.model.sam_mask_decoder(
            image_embeddings=self._features[-1],
            image_pe=self.model.sam_prompt_encoder.get_dense_pe(),
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            multimask_output=several,
            repeat_image=False,
            high_res_features=self._features[:-1],
        )
        return masks, scores


def which(arguments: Sequence[str] | None = None) -> Original:
    """The original that a process of this kind is told to build."""
    parser = argparse.ArgumentParser()
    parser.add_argument("family")
    parser.add_argument("variant")
    parser.add_argument("size", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--checkpoint", type=Path)
    chosen, _ = parser.parse_known_args(arguments)
    return Original(chosen.family, chosen.variant, chosen.size, chosen.checkpoint, chosen.seed)


def built(original: Original, build: Callable[[Original], Any] = build) -> Any:  # noqa: ANN401
    """The model, its complaints as ModelError."""
    try:
        return build(original)
    except ConversionError as e:
        raise ModelError(str(e)) from e


def main() -> None:
    """Answer pictures until stdin ends."""

    def prepare() -> tuple[Values, Any]:
        predictor = ImagePredictor(built(which()))

        def answer(request: Values) -> Values:
            bgr = cv2.imread(request["frame"], cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
            if bgr is None:
                raise ModelError(f"{request['frame']} cannot be read as a picture.")
            predictor.look(np.ascontiguousarray(bgr[..., ::-1]))
            masks = np.stack([predictor.answer(points) for points in request["points"]])
            packed = np.packbits(masks, axis=-1)
            np.savez(request["out"], packed=packed, size=np.array(predictor.size))
            return {"masks": len(masks)}

        return {}, answer

    with torch.inference_mode():
        answer_lines(prepare)


if __name__ == "__main__":
    main()
