"""The one way mattes are exported: what is known is used, what is stale is asked for once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from app.clip_caches import ClipCaches
from app.domain import edits
from app.domain.clip import Clip, open_clip
from app.domain.mask import Mask
from app.domain.project import Point, Project, Prompt
from app.export_mattes import MaskSource, export_mattes, export_targets, first_export_path
from app.settings import Settings
from export.base import FrameError
from export.report import Report
from models.base import (
    CancelToken,
    Embedding,
    Logits,
    ModelError,
    ModelInfo,
    Prediction,
    Rgb8,
    Step,
)
from tests.cli.disc import SIZE

PROMPT = Prompt(points=(Point(110, 120),))
EVERYTHING = np.full((4, 4), 5, np.float16)


class CountingModel:
    """Says that everything is the object, and counts how often it was asked."""

    def __init__(self) -> None:
        self.info = ModelInfo("all", "All", "0" * 64, "none", frozenset(), 1, ((1, 2),))
        self.encoded = self.decoded = 0
        self.broken = False

    def encode(self, rgb: Rgb8, cancel: CancelToken | None = None) -> Embedding:
        del cancel
        self.encoded += 1
        if self.broken:
            raise ModelError("The model is out of order.")
        return Embedding((np.zeros((1, 2), np.float16),), (rgb.shape[1], rgb.shape[0]))

    def decode(
        self,
        embedding: Embedding,
        steps: Sequence[Step],
        prior: Logits | None = None,
        cancel: CancelToken | None = None,
    ) -> Prediction:
        del steps, prior, cancel
        self.decoded += 1
        width, height = embedding.frame_size
        return Prediction(EVERYTHING, (0, 0, width, height), 1.0)


@pytest.fixture
def model() -> CountingModel:
    return CountingModel()


@pytest.fixture
def opened(clip: Path) -> Clip:
    return open_clip(clip)


@pytest.fixture
def source(opened: Clip, model: CountingModel) -> Iterator[MaskSource]:
    made = MaskSource(opened, model)
    yield made
    made.close()


@pytest.fixture
def caches(opened: Clip, model: CountingModel, tmp_path: Path) -> Iterator[ClipCaches]:
    made = ClipCaches(opened, model.info, Settings(), tmp_path / "cache")
    yield made
    made.close()


def two_layers(clip: Clip) -> Project:
    """Two layers with the prompt on frame 1001."""
    project = edits.add_layer(edits.add_layer(Project(clip=clip), "Lower"), "Upper")
    for layer in project.layers:
        project = edits.set_prompt(project, layer.id, 1001, PROMPT)
    return project


def exported(project: Project, frames: Sequence[int], out: Path, source: MaskSource) -> Report:
    ids = [layer.id for layer in project.layers]
    *_, report = export_mattes(project, ids, frames, out, "refuse", source)
    assert isinstance(report, Report)
    return report


def test_layers_of_a_frame_share_one_embedding(
    opened: Clip, model: CountingModel, source: MaskSource, tmp_path: Path
) -> None:
    report = exported(two_layers(opened), [1001], tmp_path, source)
    assert (report.written, dict(report.black)) == (2, {})
    assert (model.encoded, model.decoded) == (1, 2)


def test_a_mask_that_answers_its_prompt_is_not_asked_for_again(
    opened: Clip, model: CountingModel, source: MaskSource, tmp_path: Path
) -> None:
    project = two_layers(opened)
    for layer in project.layers:
        mask = source.answer(1001, PROMPT)
        project = edits.set_mask(project, layer.id, 1001, mask)
    asked = model.decoded
    exported(project, [1001], tmp_path / "fresh", source)
    assert model.decoded == asked
    moved = edits.move_point(project, project.layers[0].id, 1001, 0, 60, 60)
    exported(moved, [1001], tmp_path / "stale", source)
    assert model.decoded == asked + 1


def test_what_the_window_knows_is_not_computed_again(
    opened: Clip, model: CountingModel, caches: ClipCaches
) -> None:
    embedding = Embedding((np.ones((1, 2), np.float16),), opened.size)
    caches.keep_embedding(1002, embedding)
    known = Mask.pack(EVERYTHING, window=(0, 0, *SIZE), prompt=PROMPT, model="all", score=1)
    caches.answers.put((1001, PROMPT), known)
    source = MaskSource(opened, model, caches)
    assert source.answer(1001, PROMPT) is known
    source.answer(1002, PROMPT)
    assert (model.encoded, model.decoded) == (0, 1)


def test_a_gap_the_window_found_is_an_error_and_not_a_black_matte(
    opened: Clip, model: CountingModel, caches: ClipCaches, tmp_path: Path
) -> None:
    caches.gaps[1002] = "Frame 1002 is damaged."
    source = MaskSource(opened, model, caches)
    report = exported(two_layers(opened), [1002, 1003], tmp_path, source)
    assert dict(report.missing) == {"Lower": [1002], "Upper": [1002]}
    assert dict(report.black) == {"Lower": [1003], "Upper": [1003]}
    assert "Frame 1002 is damaged." in report.errors[0]


def test_a_model_that_fails_is_an_error_of_the_frame(
    model: CountingModel, source: MaskSource
) -> None:
    model.broken = True
    with pytest.raises(FrameError, match=r"Frame 1001 of .*: The model is out of order\."):
        source.answer(1001, PROMPT)


def test_the_places_of_mattes_are_told_before(opened: Clip, source: MaskSource) -> None:
    project = two_layers(opened)
    ids = [layer.id for layer in project.layers]
    assert first_export_path(project, ids, opened.frames, Path("o")) == Path(
        "o", "Upper", "Upper.1001.png"
    )
    with pytest.raises(ValueError, match="needs a layer"):
        first_export_path(project, [], opened.frames, Path("o"))
    places = export_targets(project, ids, [1003], Path("o"))
    assert places[ids[1]] == [Path("o", "Lower", "Lower.1003.png")]
    with pytest.raises(FrameError, match="Frame 1004 is missing"):
        source.check(1004)
