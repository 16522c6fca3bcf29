"""The original SAM 2 in PyTorch: built from a checkpoint or from seeded random weights.

Source of the models: the PyPI package sam2 1.1.0 (build_sam.py and its configs). torchvision is not
needed and never imported.
"""

from __future__ import annotations

import hashlib
import logging
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from sam2.build_sam import build_sam2_video_predictor
from torch import nn

VARIANTS: Mapping[str, str] = {"tiny": "t", "small": "s", "base+": "b+", "large": "l"}
FAMILIES = ("sam2.1", "sam2")
SIZES = (512, 768, 1024)
SEED = 5  # of random weights with which objects come and go in the scenario of verify.py

# sha256 of checkpoints as mirrors have them; Meta publishes none
KNOWN: Mapping[str, frozenset[str]] = {
    "sam2.1 tiny": frozenset({"7402e0d864fa82708a20fbd15bc84245c2f26dff0eb43a4b5b93452deb34be69"}),
    "sam2.1 small": frozenset({"6d1aa6f30de5c92224f8172114de081d104bbd23dd9dc5c58996f0cad5dc4d38"}),
    "sam2.1 base+": frozenset({"a2345aede8715ab1d5d31b4a509fb160c5a4af1970f199d9054ccfb746c004c5"}),
    "sam2.1 large": frozenset({"2647878d5dfa5098f2f8649825738a9345572bae2d4350a2468587ece47dd318"}),
    "efficienttam ti": frozenset(
        {
            "acbb17b28cca1f860acee09c9ecb6efdb732080dc7a85a07292c31813175fa7d",  # for 1024 px
            "7d4d652a465f0081391050932f45d8a66768ccc99c8ea393ce8a5927e83f3b9b",  # for 512 px
        }
    ),
    "efficienttam s": frozenset(
        {
            "2b572be30d9e96ee29c8d785fe157c6b079ede7d56fbc8a3671d4120e63c89cd",
            "67b5840012737ed2c94a4cb8787c5c1b27b3a946045d2e602e65ef77230b6085",
        }
    ),
}


class ConversionError(Exception):
    """Something cannot be converted; the text names the file and says what to do."""


@dataclass(frozen=True, slots=True)
class Original:
    """Which model: a checkpoint's weights, or random ones where there is none."""

    family: str = "sam2.1"
    variant: str = "tiny"
    size: int = 1024  # side of the square the model sees, in pixels
    checkpoint: Path | None = None
    seed: int = SEED  # of the random weights
    trusted: bool = False  # whether a checkpoint of unknown hash is taken

    def provenance(self) -> dict[str, object]:
        """What model.json says about where the weights come from."""
        facts: dict[str, object] = {"family": self.family, "variant": self.variant}
        if self.checkpoint is None:
            return {**facts, "random": self.seed}
        return {**facts, "checkpoint": self.checkpoint.name, "sha256": file_hash(self.checkpoint)}


def build(original: Original) -> Any:  # noqa: ANN401 - a SAM2VideoPredictor, which has no types
    """The predictor of `original` on the CPU, in evaluation mode. Raises ConversionError.

    Frames that are corrected become conditioning frames, as a tool for artists needs it, and holes
    are not filled (the original does that on CUDA only).
    """
    return finished(bare(original), original)


def bare(original: Original) -> Any:  # noqa: ANN401
    """The predictor as its package makes it, its weights as they come. Raises ConversionError."""
    if original.family not in FAMILIES or original.variant not in VARIANTS:
        raise ConversionError(
            f"There is no {original.family} {original.variant}: families are "
            f"{', '.join(FAMILIES)}, variants {', '.join(VARIANTS)}."
        )
    folder = original.family
    config = f"configs/{folder}/{folder}_hiera_{VARIANTS[original.variant]}.yaml"
    logging.getLogger("root").setLevel(logging.WARNING)
    torch.manual_seed(original.seed)
    model = build_sam2_video_predictor(
        config,
        device="cpu",
        hydra_overrides_extra=[
            f"++model.image_size={original.size}",
            "++model.compile_image_encoder=false",
        ],
    )
    return model.eval().requires_grad_(requires_grad=False)


def finished(model: Any, original: Original) -> Any:  # noqa: ANN401
    """`model`, a predictor just made, with the weights of `original` and our way of working.

    Raises ConversionError.
    """
    model.fill_hole_area = 0
    model.add_all_frames_to_correct_as_cond = True
    if original.checkpoint is None:
        sharpen(model, original.seed)
    else:
        _load(model, original)
    return model.eval().requires_grad_(requires_grad=False)


# What is made larger than it comes, by a part of its name, so that every rule shows: attention is
# peaked, memories weigh as much as the picture, times and pointers differ, objects come and go.
SHARPER: Mapping[str, float] = {
    "maskmem_tpos_enc": 50,
    "no_mem_embed": 10,
    "no_obj_ptr": 10,
    "no_obj_embed_spatial": 10,
    "self_attn.q_proj": 4,
    "cross_attn_image.q_proj": 4,
    "cross_attn_image.out_proj": 2,
    "obj_ptr_proj.layers.2": 8,
    "obj_ptr_tpos_proj": 4,
    "memory_encoder.out_proj": 2,
    "mask_downscaling.6": 4,
    "pred_obj_score_head.layers.2": 100,
    **{f"output_hypernetworks_mlps.{k}.layers.2": 40 for k in range(4)},
}


def sharpen(model: nn.Module, seed: int) -> None:
    """Give `model` random weights under which every rule of the memory bank shows in the masks.

    Plain random weights give soft attention and masks that hardly depend on what is remembered:
    whatever a memory bank does wrong changes next to nothing.
    """
    draw = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith("gamma") or not weight.any():  # which training moves away from nothing
                weight.copy_(0.3 * torch.randn(weight.shape, generator=draw))
            factors = [factor for part, factor in SHARPER.items() if part in name]
            weight.mul_(factors[0] if factors else 1)


def file_hash(path: Path) -> str:
    """The sha256 of a file, read in pieces. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _load(model: nn.Module, original: Original) -> None:
    """Load the checkpoint: plain tensors only (`weights_only`), so that no code in it can run."""
    path = original.checkpoint
    assert path is not None
    try:
        name = f"{original.family} {original.variant}"
        if not original.trusted and file_hash(path) not in KNOWN.get(name, ()):
            raise ConversionError(
                f"{path} is not the {name} that is known here (by its sha256); "
                "give --trust to convert it all the same."
            )
        state = torch.load(path, map_location="cpu", weights_only=True)["model"]
        model.load_state_dict(state)
    except OSError as e:
        raise ConversionError(f"{path} cannot be read ({e.strerror or e}).") from e
    except (pickle.UnpicklingError, RuntimeError, KeyError, TypeError, EOFError) as e:
        raise ConversionError(
            f"{path} holds no {original.family} {original.variant} weights; "
            "check --family and --variant, or get the file again."
        ) from e
