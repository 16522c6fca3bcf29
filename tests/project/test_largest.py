"""The largest mask, amended by as many points as there can be, is kept like any other."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.domain import edits
from app.domain.limits import LONGEST_SIDE as LONGEST_CLIP
from app.domain.limits import MOST_PIXELS
from app.domain.live_copy import LiveCopy
from app.domain.mask import LOGITS, LONGEST_SIDE, MOST_BYTES, Mask
from app.domain.project import MOST_POINTS, Point, Project, Prompt
from app.domain.project_read import read_project
from app.domain.project_values import LONGEST_JSON, prompt_of, prompt_text
from app.domain.project_write import View
from tests.project.values import plain_clip

FRAME = 1001


def noise(size: tuple[int, int], shape: tuple[int, int] = (LONGEST_SIDE, LONGEST_SIDE)) -> Mask:
    logits = np.random.default_rng(0).choice(LOGITS, shape)
    return Mask.pack(logits, window=(0, 0, *size), prompt=None, model="m" * 40, score=1 / 3)


def clicks(size: tuple[int, int]) -> tuple[Point, ...]:
    """As many as there can be, with as many digits."""
    places = np.random.default_rng(1).uniform(0, min(size), (MOST_POINTS, 2)) / 3
    return tuple(Point(x, y, include=False) for x, y in places.tolist())


@pytest.mark.parametrize(
    "size",
    [(LONGEST_SIDE, LONGEST_SIDE), (LONGEST_CLIP, MOST_PIXELS // LONGEST_CLIP), (1920, 1080)],
)
def test_the_largest_mask_that_points_amend_is_there_after_opening(
    size: tuple[int, int], tmp_path: Path
) -> None:
    project = edits.add_layer(Project(replace(plain_clip(), size=size)), "Noise")
    layer = project.layers[0].id
    project = edits.set_masks(project, {layer: {FRAME: noise(size), FRAME + 1: noise(size)}})
    base = project.layer(layer).masks[FRAME]
    project = edits.set_prompt(project, layer, FRAME, Prompt(points=clicks(size)))
    prompt = project.layer(layer).prompts[FRAME]
    assert prompt.base is base
    project = edits.set_mask(project, layer, FRAME, replace(base, prompt=prompt))
    assert len(prompt_text(prompt)) > LONGEST_JSON, "longer than any other text may be"
    live, home = LiveCopy(tmp_path / "recovery"), tmp_path / "noise.roto"
    live.save(project, View(), home)
    live.delete()
    stored = read_project(home)
    assert stored.warnings == ()
    assert stored.project.layers == project.layers


def test_a_picture_that_grows_when_it_is_packed_is_within_the_limit() -> None:
    """16 bits of noise, which no model gives: half of it again as much as a mask can hold."""
    shape = (LONGEST_SIDE, LONGEST_SIDE)
    grey = np.random.default_rng(2).integers(0, 1 << 16, shape, np.uint16)
    data = cv2.imencode(".png", grey)[1].tobytes()
    assert 2 * LONGEST_SIDE**2 < len(data) <= MOST_BYTES
    prompt = Prompt(points=clicks(shape), base=replace(noise(shape), data=data))
    text = prompt_text(prompt)
    assert base64.b64encode(data).decode() in text
    assert prompt_of(text) == prompt


def test_a_mask_that_could_not_be_read_again_is_not_made() -> None:
    with pytest.raises(ValueError, match="a mask of 2049 x 1"):
        noise((4098, 2), (1, LONGEST_SIDE + 1))


def test_a_click_more_than_a_file_may_hold_is_none() -> None:
    project = edits.add_layer(Project(plain_clip()), "Full")
    layer = project.layers[0].id
    project = edits.set_prompt(project, layer, FRAME, Prompt(points=clicks((640, 360))))
    assert edits.add_point(project, layer, FRAME, Point(1, 2)) is project
