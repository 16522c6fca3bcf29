"""`rotocel propagate PROJECT`: the keyframes and locks of a saved project, followed headless."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from app import cli_propagate
from app.domain import edits
from app.domain.clip import open_clip
from app.domain.frames import FrameRange
from app.domain.live_copy import LiveCopy
from app.domain.mask import Mask
from app.domain.project import Point, Project
from app.domain.project_write import View
from tests.cli.conftest import Rotocel
from tests.cli.test_propagate import X, Y, clip, middle, names, numbered, out
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
    logits = np.full((9, 16), -9, np.float16)
    logits[3:6, 10:13] = 9
    mask = Mask.pack(logits, window=(0, 0, 160, 90), prompt=None, model="disc", score=1.0)
    project = edits.import_masks(project, ball, {13: mask})
    project = edits.add_layer(project, "Nothing")
    project = edits.set_in_out(project, FrameRange(10, 14))
    live, home = LiveCopy(tmp_path / "recovery"), tmp_path / "shot.roto"
    live.save(project, View(), home)
    live.delete()
    return home


def test_keyframes_and_locks_lead_and_the_in_out_range_is_the_default(
    rotocel: Rotocel, home: Path, out: Path, model: TrackingDiscModel
) -> None:
    ran = rotocel("propagate", home, "--out", out, "--json")
    assert ran.code == 0, ran.err
    assert names(out) == numbered(10, 11, 12, 13, 14)
    assert middle(out / "00012.png") == pytest.approx(X + 2 * SPEED, abs=2)
    assert middle(out / "00014.png") == pytest.approx(115 + SPEED, abs=3)
    keyed = [one["frame"] for one in json.loads(ran.out)["frames"] if one["key"]]
    assert keyed == [10, 13]


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
