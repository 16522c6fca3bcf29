"""Archives with the real tracker, on a small pack of random weights: a fix does not track anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.domain import edits
from app.domain.archive import ArchiveFolder
from app.domain.clip import open_clip
from app.domain.frames import FrameRange
from app.domain.mask import Mask
from app.domain.project import Point, Project
from app.propagate import EmbeddingSource, Propagated, archives_of, propagate
from app.propagation import planned
from models.base import Model
from models.library import load
from models.ort import Cancel, Runtime
from models.pack import read_pack
from models.tracking import tracker_of

pytest.importorskip("torch", reason="the pack is made with PyTorch (the extra `convert`)")

FRAMES = range(1, 11)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """SAM 2.1 tiny with sharpened random weights, for pictures of 128 pixels."""
    from models.convert.original import Original  # noqa: PLC0415 - they need PyTorch
    from models.convert.sam2 import convert  # noqa: PLC0415

    folder = tmp_path_factory.mktemp("packs") / "pack"
    convert(Original(size=128, seed=1), folder)
    return load(read_pack(folder), Runtime("cpu"))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A disc that moves, with one click on its first frame."""
    folder = tmp_path / "plate"
    folder.mkdir()
    draw = np.random.default_rng(3)
    for frame in FRAMES:
        image = draw.integers(0, 90, (90, 160, 3), dtype=np.uint8)
        cv2.circle(image, (40 + 5 * frame, 45), 20, (60, 160, 240), -1)
        cv2.imwrite(str(folder / f"plate.{frame:04}.png"), image)
    project = edits.add_layer(Project(open_clip(folder)))
    return edits.add_point(project, project.layers[0].id, 1, Point(45.0, 45.0))


def run(project: Project, model: Model, folder: Path) -> dict[int, Mask]:
    """The masks of a run of the program, forward from the keyframe."""
    tracker = tracker_of(model)
    assert tracker is not None
    assert project.clip is not None
    propagation = planned(project, project.layers, 1, "forward")
    archives = archives_of(propagation, project, model.info, ArchiveFolder(folder, 1 << 30))
    cancel = Cancel()
    source = EmbeddingSource(project.clip, model, cancel, None)
    found = {}
    for answer in propagate(propagation, tracker, model, source, archives, cancel):
        assert isinstance(answer, Propagated)
        if not answer.is_key:
            found[answer.frame] = answer.mask
    source.close()
    return found


@pytest.mark.slow
def test_going_on_from_the_middle_gives_what_the_whole_run_gave(
    project: Project, model: Model, tmp_path: Path
) -> None:
    layer = project.layers[0].id
    whole = run(project, model, tmp_path / "archives")
    assert sorted(whole) == list(FRAMES)[1:]
    assert len({mask.data for mask in whole.values()}) == len(whole)
    done = edits.set_masks(project, {layer: whole})
    rest = edits.set_in_out(done, FrameRange(6, 10))

    def same(project: Project, folder: str = "archives") -> bool:
        again = run(project, model, tmp_path / folder)
        assert sorted(again) == [6, 7, 8, 9, 10]
        return all(again[frame].data == whole[frame].data for frame in again)

    assert same(rest)
    assert not same(rest, "none")  # the memories matter
    changed: Callable[[Project], Project] = edits.masks_setter(
        {layer: {5: replace(whole[4], score=0.5)}}
    )
    assert not same(changed(rest))  # and are not taken beside a mask they do not belong to
