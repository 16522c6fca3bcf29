"""`rotocel evaluate tracking`: what is compared on a tiny clip, and how corrections are placed."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.evaluate import EvaluationError
from app.evaluate_tracking import (
    Footage,
    clicked,
    corrected,
    find_footage,
    follow,
    read_footage,
    score,
    ways,
)
from app.headless import load_model
from app.settings import Settings
from models.tracking import KeyMask
from tests.cli.conftest import Rotocel, rotocel
from tests.cli.disc import FRAMES, disc, make_clip
from tests.fakes import DiscModel

__all__ = ["rotocel"]  # the fixture


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of one sequence, called disc."""
    root = tmp_path_factory.mktemp("sets")
    make_clip(root / "davis" / "disc" / "frames")
    masks = root / "davis" / "disc" / "masks"
    masks.mkdir()
    for frame in FRAMES:
        cv2.imwrite(str(masks / f"plate.{frame}.png"), disc(frame).astype(np.uint8) * 255)
    return root


@pytest.fixture(scope="module")
def footage(sets: Path) -> Footage:
    (folders,) = find_footage(sets)
    told: list[str] = []
    found = read_footage(folders, load_model(Settings()), told.append)
    assert len(told) == len(FRAMES)
    return found


def test_the_tracked_disc_beats_what_stands_and_all_is_told(
    rotocel: Rotocel, sets: Path, tmp_path: Path
) -> None:
    told = tmp_path / "told.json"
    ran = rotocel(
        "evaluate", "tracking", "--sets", sets, "--ways", "static", "truth", "--json", told
    )
    assert ran.code == 0, ran.err
    assert "| J&F | disc | mean |" in ran.out
    assert "| the true first mask, left standing |" in ran.out
    values = json.loads(told.read_text("utf-8"))
    assert values["model"] == "mobilesam"
    by_way = {name: way["sequences"]["disc"] for name, way in values["ways"].items()}
    assert by_way.keys() == {"static", "truth"}
    standing = [(disc(f) & disc(1001)).sum() / (disc(f) | disc(1001)).sum() for f in FRAMES]
    assert by_way["static"]["J"] == pytest.approx(np.mean(standing))
    assert by_way["truth"]["J&F"] > 0.9


def test_every_way_can_be_followed(footage: Footage) -> None:
    found = {way.name: score(way, footage) for way in ways()}
    for name in ("truth", "3 clicks", "corrected"):
        assert found[name].j > 0.9, name
    assert found["static"].j < 0.6


def test_clicks_are_placed_in_the_middle_of_errors(footage: Footage) -> None:
    (click,) = clicked(footage, 1, 1, 1)
    assert click.x == pytest.approx(150.5, abs=2)
    assert click.y == pytest.approx(120.5, abs=2)


def test_a_correction_never_makes_a_mask_worse(footage: Footage) -> None:
    answers = follow(footage, {0: KeyMask(footage.truth[1][0])})
    assert answers[1] is not None
    good = answers[1].prediction
    key = corrected(footage, 1, 1, good)
    true = footage.truth[1][1]
    before = footage.shown(good)
    assert (key.inside & true).sum() / (key.inside | true).sum() >= (before & true).sum() / (
        before | true
    ).sum()
    assert answers[0] is not None
    stale = answers[0].prediction  # the mask of another frame
    key = corrected(footage, 1, 1, stale)
    assert (key.inside & true).sum() / (key.inside | true).sum() > 0.8


def test_mistakes_are_one_sentence(rotocel: Rotocel, sets: Path, tmp_path: Path) -> None:
    for words, sentence in (
        (("--sets", tmp_path), f"{tmp_path} holds no <sequence>/frames."),
        (("--sets", sets, "--only", "cat"), "There is no sequence called cat."),
        (("--sets", sets, "--ways", "magic"), "There is no way called magic."),
    ):
        ran = rotocel("evaluate", "tracking", *words)
        assert ran.code in {1, 2}
        assert sentence in ran.err


def test_a_model_that_does_not_follow_is_said_to(sets: Path) -> None:
    (folders,) = find_footage(sets)
    with pytest.raises(EvaluationError, match="Disc does not follow"):
        follow(read_footage(folders, DiscModel()), {0: KeyMask(disc(1001))})
