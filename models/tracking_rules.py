"""What model.json says under `tracking`: the rules of a memory bank that differ between models."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TrackingRules:
    """The rules of one model; the defaults are those of SAM 2.1.

    The names in brackets are those of the original (sam2 1.1.0, modeling/sam2_base.py).
    """

    tokens: int  # of one remembered frame, whatever they stand for
    channels: int  # of a token [mem_dim]
    memories: int = 7  # frames remembered, one of them a keyframe [num_maskmem]
    pointers: int = 16  # object pointers at most [max_obj_ptrs_in_encoder]
    signed_time: bool = True  # of pointers [use_signed_tpos_enc_to_obj_ptrs]
    past_pointers: bool = True  # of keyframes too [only_obj_ptrs_in_the_past_for_eval]
    hard_keys: bool = True  # keyframes are kept as hard masks [binarize_mask_from_pts_for_mem_enc]
    several_masks: tuple[int, int] = (0, 1)  # points [multimask_min_pt_num, multimask_max_pt_num]
    several_while_tracking: bool = True  # [multimask_output_for_tracking]
    stability: tuple[float, float] = (0.05, 0.98)  # delta, threshold [dynamic_multimask_via_...]
