"""`rotocel evaluate fixes` on a disc whose tracker slips half way, and goes on right once fixed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app import cli_evaluate_fixes
from models.tracking import Key, Tracking, TrackOptions
from tests.cli.conftest import Rotocel, rotocel
from tests.fakes import RADIUS, SPEED, DiscTracker, TrackingDiscModel

__all__ = ["rotocel"]  # the fixture

FRAMES, SLIP = 8, 3
SIZE = (160, 90)


class Slipping(DiscTracker):
    """Loses the disc to something beside it on frame SLIP, and follows that from then on."""

    def _place(
        self, tracking: Tracking, layer: str, keys: Mapping[int, Key], frame: int, way: int
    ) -> tuple[float, float]:
        x, y = super()._place(tracking, layer, keys, frame, way)
        slips = frame == SLIP and frame not in keys and way > 0
        return (x + 3 * RADIUS, y) if slips else (x, y)


class SlippingModel(TrackingDiscModel):
    def tracker(self, options: TrackOptions) -> Slipping:
        del options
        return Slipping(self)


@pytest.fixture
def sets(tmp_path: Path) -> Path:
    """A sequence called two, of a disc and of a bar that nobody follows."""
    y, x = np.mgrid[0 : SIZE[1], 0 : SIZE[0]] + 0.5
    for kind in ("frames", "masks"):
        (tmp_path / "two" / kind).mkdir(parents=True)
    for frame in range(FRAMES):
        ids = (np.hypot(x - 30.5 - SPEED * frame, y - 45.5) <= RADIUS).astype(np.uint8)
        ids[80:] = 2
        picture = Image.fromarray(ids, "P")
        picture.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0])
        picture.save(tmp_path / f"two/masks/{frame:05}.png")
        picture.convert("RGB").save(tmp_path / f"two/frames/{frame:05}.png")
    return tmp_path


def test_a_fix_is_carried_as_far_as_it_changes_anything_and_all_is_told(
    rotocel: Rotocel, sets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli_evaluate_fixes, "load_model", lambda _settings, _name: SlippingModel())
    told = tmp_path / "told.json"
    ran = rotocel("evaluate", "fixes", "--sets", sets, "--json", told)
    assert ran.code == 0, ran.err
    values = json.loads(told.read_text("utf-8"))["fixes"]["two"]
    assert (values["object"], values["objects"], values["frames"]) == (1, 2, FRAMES)
    assert values["frame"] == SLIP
    assert values["before"] < 0.5
    assert values["outward"]["touched"] == FRAMES - SLIP - 1, "those after it, none before"
    assert values["anew"]["touched"] == FRAMES - 2, "all but both keyframes"
    for way in ("outward", "anew"):
        assert values[way]["J&F"] > 0.9, way
    heading, _, row = ran.out.splitlines()
    assert row.startswith(f"| two | 1 of 2 | {FRAMES} | {SLIP} | 0.")
    assert row.count("|") == heading.count("|")
