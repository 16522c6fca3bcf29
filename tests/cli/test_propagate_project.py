"""`rotocel propagate PROJECT`: the keyframes and locks of a saved project, followed headless."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from app import cli_propagate
from app.domain import edits
from app.domain.clip import open_clip
from app.domain.frames import FrameRange
from app.domain.live_copy import LiveCopy
from app.domain.mask import Mask, upsample
from app.domain.project import Point, Project, Prompt
from app.domain.project_read import read_project
from app.domain.project_write import View
from tests.cli.conftest import Rotocel
from tests.cli.test_propagate import SIZE, X, Y, clip, middle, names, numbered, out
from tests.fakes import SPEED, TrackingDiscModel

__all__ = ["clip", "out"]  # fixtures


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> TrackingDiscModel:
    """The model that every pack is."""
    model = TrackingDiscModel()
    monkeypatch.setattr(cli_propagate, "load_model", lambda _settings, _name: model)
    return model


@pytest.fixture
def home(clip: Path, tmp_path: Path) -> Path:
    """A click on Ball on frame 10, a locked mask of it on 13, nothing on another layer."""
    project = edits.add_layer(Project(open_clip(clip)), "Ball")
    ball = project.layers[0].id
    project = edits.add_point(project, ball, 10, Point(X, Y))
    project = edits.import_masks(project, ball, {13: bars()})
    project = edits.add_layer(project, "Nothing")
    project = edits.set_in_out(project, FrameRange(10, 14))
    return saved(project, tmp_path / "shot.roto")


def bars(prompt: Prompt | None = None) -> Mask:
    """What no model answers: bars about (115, 45), finer than the squares that trackers see."""
    logits = np.full((SIZE[1], SIZE[0]), -9, np.float16)
    logits[30:60, 100:130:3] = 9
    return Mask.pack(logits, window=(0, 0, *SIZE), prompt=prompt, model="disc", score=1.0)


def saved(project: Project, home: Path) -> Path:
    live = LiveCopy(home.parent / "recovery")
    live.save(project, View(), home)
    live.delete()
    return home


def changed(home: Path, change: Callable[[Project, str], Project]) -> None:
    """Save the project anew after `change` of it and the layer Ball."""
    project = read_project(home).project
    (ball,) = (layer.id for layer in project.layers if layer.name == "Ball")
    saved(change(project, ball), home)


def test_keyframes_and_locks_lead_and_the_in_out_range_is_the_default(
    rotocel: Rotocel, home: Path, out: Path, model: TrackingDiscModel
) -> None:
    ran = rotocel("propagate", home, "--out", out, "--json")
    assert ran.code == 0, ran.err
    assert names(out) == numbered(10, 11, 12, 13, 14)
    assert middle(out / "00012.png") == pytest.approx(X + 2 * SPEED, abs=2)
    assert middle(out / "00014.png") == pytest.approx(115 + SPEED, abs=3)
    locked = cv2.imread(str(out / "00013.png"), cv2.IMREAD_GRAYSCALE)
    assert locked is not None
    assert np.array_equal(locked > 0, upsample(bars(), SIZE) > 0), "the mask itself"
    keyed = [one["frame"] for one in json.loads(ran.out)["frames"] if one["key"]]
    assert keyed == [10, 13]


@pytest.mark.parametrize("soft", [False, True])
def test_an_answered_keyframe_is_written_as_export_writes_it(
    rotocel: Rotocel, home: Path, out: Path, model: TrackingDiscModel, tmp_path: Path, soft: bool
) -> None:
    def answered(project: Project, ball: str) -> Project:
        return edits.set_mask(project, ball, 10, bars(project.layer(ball).prompts[10]))

    changed(home, answered)
    assert rotocel("propagate", home, "--out", out, *["--soft"][:soft]).code == 0
    exported = tmp_path / "exported"
    words = ("--layer", "Ball", "--frames", "10-10", "--pack", "mobilesam", "--out", exported)
    assert rotocel("export", home, *words).code == 0
    (path,) = exported.rglob("*.png")
    matte, mask = (cv2.imread(str(one), cv2.IMREAD_GRAYSCALE) for one in (path, out / "00010.png"))
    assert matte is not None
    assert mask is not None
    assert np.array_equal(mask, matte if soft else np.where(matte >= 128, 255, 0))


def test_a_keyframe_that_waits_for_its_answer_is_answered(
    rotocel: Rotocel, home: Path, out: Path, model: TrackingDiscModel
) -> None:
    changed(home, lambda project, ball: edits.set_mask(project, ball, 10, bars()))
    assert rotocel("propagate", home, "--out", out).code == 0
    assert middle(out / "00010.png") == pytest.approx(X, abs=2)


def test_locked_frames_that_cannot_be_read_are_written_and_the_rest_goes_on(
    rotocel: Rotocel, home: Path, out: Path, model: TrackingDiscModel, clip: Path
) -> None:
    path = clip / "plate.0013.png"
    path.write_bytes(path.read_bytes()[:70])
    ran = rotocel("propagate", home, "--footage", clip, "--out", out)
    assert ran.code == 0, ran.out
    assert "other content" in ran.err, "that it is not quite the footage is said"
    assert names(out) == numbered(10, 11, 12, 13, 14)
    locked = cv2.imread(str(out / "00013.png"), cv2.IMREAD_GRAYSCALE)
    assert locked is not None
    assert np.array_equal(locked > 0, upsample(bars(), SIZE) > 0)


def test_frames_layers_and_footage_can_be_named(
    rotocel: Rotocel, home: Path, out: Path, model: TrackingDiscModel, clip: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere" / "plate"
    elsewhere.parent.mkdir()
    shutil.move(clip, elsewhere)
    words = ("--frames", "10-11", "--layer", "Ball", "--footage", elsewhere, "--out", out)
    assert rotocel("propagate", home, *words).code == 0
    assert names(out) == numbered(10, 11)


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("--point", "5,5"), 2, "The prompts are those of shot.roto"),
        (("--layer", "Cat"), 1, "There is no layer Cat; there are Ball, Nothing."),
        (("--layer", "Nothing"), 1, "has no keyframe to start from"),
        (("--frames", "1-2"), 2, "is not within"),
    ],
)
def test_mistakes_are_said(
    rotocel: Rotocel, home: Path, out: Path, model: TrackingDiscModel,
    words: tuple[str, ...], code: int, sentence: str,
) -> None:  # fmt: skip
    ran = rotocel("propagate", home, *words, "--out", out)
    assert (ran.code, sentence in ran.err) == (code, True), ran.err
    assert not out.exists()


def test_footage_that_is_away_is_asked_for(
    rotocel: Rotocel, home: Path, out: Path, model: TrackingDiscModel, clip: Path
) -> None:
    shutil.rmtree(clip)
    ran = rotocel("propagate", home, "--out", out)
    assert ran.code == 1
    assert "Name it with --footage." in ran.err
