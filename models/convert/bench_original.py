"""The process in which the original SAM 2 is measured in PyTorch, as `app.bench_worker` does ours.

    python -m models.convert.bench_original WHAT FAMILY VARIANT SIZE [--seed=7]

WHAT is `encoder`, `decoder`, `memory encoder`, `memory attention`, `click`, `gemm` or `start`. Each
is done on the values that the graph of that name gets, the way the original's predictors do it
(sam2 1.1.0, sam2_image_predictor.py and modeling/sam2_base.py). Parts of the model that are not
measured are let go of, so that memory is that of the part. No checkpoint is read, as time does not
depend on the weights: a start of the original is a little slower still.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional

from models.bench.serve import Run, Taken, serving, timed
from models.convert.answer_original import built, which
from models.convert.original import bare
from models.lines import Values, answer_lines

Predictor: TypeAlias = Any  # a SAM2VideoPredictor, which has no types

CLIP = (1080, 1920)  # (height, width) of the frames clicked on
SIDE = 2048  # of the matrices of `gemm`
PARTS: Mapping[str, tuple[str, ...]] = {  # what is kept of the model
    "encoder": ("image_encoder", "sam_mask_decoder"),
    "decoder": ("sam_prompt_encoder", "sam_mask_decoder"),
    "memory encoder": ("memory_encoder",),
    "memory attention": ("memory_attention",),
}


def main() -> None:
    """Answer until stdin ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what")
    chosen, rest = parser.parse_known_args()
    makers: Mapping[str, Callable[[Predictor], Run]] = {
        "encoder": _encoder,
        "decoder": _decoder,
        "memory encoder": _memory_encoder,
        "memory attention": _memory_attention,
        "click": _click,
        "start": lambda _: lambda _seed: Taken(0.0, 0.0),
    }

    def prepare() -> tuple[Values, Callable[[Values], Values]]:
        if chosen.what == "gemm":
            run: Run = _gemm
        else:
            model = built(which(rest), bare)
            for part in ("image_encoder", "sam_prompt_encoder", "sam_mask_decoder"):
                if chosen.what in PARTS and part not in PARTS[chosen.what]:
                    setattr(model, part, None)
            run = makers[chosen.what](model)

        def seeded(seed: int) -> Taken:
            torch.manual_seed(seed)
            return run(seed)

        return serving({"device": "PyTorch CPU"}, seeded)

    with torch.inference_mode():
        answer_lines(prepare)


def _gemm(_: int) -> Taken:
    a, b = torch.randn(SIDE, SIDE), torch.randn(SIDE, SIDE)
    return timed(lambda: a @ b)


def _encoder(model: Predictor) -> Run:
    def run(_: int) -> Taken:
        pixels = torch.randn(1, 3, model.image_size, model.image_size)
        return timed(lambda: model.forward_image(pixels))

    return run


def _decoder(model: Predictor) -> Run:
    embed, fine, middle = _features(model)

    def run(seed: int) -> Taken:
        points = 1 + seed % 3
        where = torch.rand(1, points, 2) * model.image_size
        labels = torch.tensor([[1, 0, 1][:points]])
        prior = torch.randn(1, 1, *fine.shape[-2:]) if seed % 2 else None
        return timed(lambda: _draw(model, embed, [fine, middle], where, labels, prior))

    return run


def _memory_encoder(model: Predictor) -> Run:
    embed, fine, _ = _features(model)
    side = embed.shape[-1]

    def run(seed: int) -> Taken:
        low = torch.randn(1, 1, *fine.shape[-2:])
        rows = embed.flatten(2).permute(2, 0, 1)

        def work() -> object:
            size = (model.image_size, model.image_size)
            grown = functional.interpolate(low, size, mode="bilinear", align_corners=False)
            return model._encode_new_memory(  # noqa: SLF001 - as the predictor does
                [rows], [(side, side)], grown, torch.ones(1, 1), is_mask_from_pts=bool(seed % 2)
            )

        return timed(work)

    return run


def _memory_attention(model: Predictor) -> Run:
    """On as many memories and pointers as the model looks at late in a clip."""
    embed, _, _ = _features(model)
    rows = embed.flatten(2).permute(2, 0, 1)
    tokens = model.num_maskmem * rows.shape[0]
    pointers = model.max_obj_ptrs_in_encoder * (model.hidden_dim // model.mem_dim)

    def run(_: int) -> Taken:
        memories = torch.randn(tokens + pointers, 1, model.mem_dim)
        place, places = torch.randn_like(rows), torch.randn_like(memories)
        return timed(
            lambda: model.memory_attention(
                curr=[rows],
                curr_pos=[place],
                memory=memories,
                memory_pos=places,
                num_obj_ptr_tokens=pointers,
            )
        )

    return run


def _click(model: Predictor) -> Run:
    """As the image predictor: points on an embedded frame to masks at the frame's resolution.

    Every second click corrects the one before it.
    """
    model.forward_image(torch.randn(1, 3, model.image_size, model.image_size))
    embed, fine, middle = _features(model)
    so_far: list[list[float]] = []
    prior: list[Tensor] = []

    def click() -> None:
        where = torch.tensor([so_far])
        labels = torch.ones(where.shape[:2], dtype=torch.int)
        several = len(so_far) == 1
        before = prior[-1] if prior else None
        masks, scores = _draw(model, embed, [fine, middle], where, labels, before, several=several)
        grown = functional.interpolate(masks, CLIP, mode="bilinear", align_corners=False)
        inside = (grown > 0)[0].numpy()
        best = int(scores[0].argmax())
        prior.append(masks[:, best : best + 1].clamp(-32, 32))
        _ = inside[best]

    def run(_: int) -> Taken:
        if len(so_far) == 2:
            so_far.clear()
            prior.clear()
        so_far.append((torch.rand(2) * model.image_size).tolist())
        return timed(click)

    return run


def _draw(
    model: Predictor,
    embed: Tensor,
    high_res: list[Tensor],
    where: Tensor,
    labels: Tensor,
    prior: Tensor | None,
    *,
    several: bool = True,
) -> tuple[Tensor, Tensor]:
    sparse, dense = model.sam_prompt_encoder(points=(where, labels), boxes=None, masks=prior)
    masks, scores, _, _ = model.sam_mask_decoder(
        image_embeddings=embed,
        image_pe=model.sam_prompt_encoder.get_dense_pe(),
        sparse_prompt_embeddings=sparse,
        dense_prompt_embeddings=dense,
        multimask_output=several,
        repeat_image=False,
        high_res_features=high_res,
    )
    return masks, scores


def _features(model: Predictor) -> tuple[Tensor, Tensor, Tensor]:
    """Made-up features of one frame: coarse, finest, middle."""
    side, width = model.image_size // 16, model.hidden_dim
    return (
        torch.randn(1, width, side, side),
        torch.randn(1, width // 8, 4 * side, 4 * side),
        torch.randn(1, width // 4, 2 * side, 2 * side),
    )


if __name__ == "__main__":
    main()
