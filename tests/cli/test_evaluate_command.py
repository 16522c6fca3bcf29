"""`rotocel evaluate clicks` on the tiny clip, whose masks are known exactly."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np

from tests.cli.conftest import Rotocel
from tests.cli.disc import disc


def test_a_disc_is_found_by_few_clicks_and_told_in_a_table_and_in_json(
    rotocel: Rotocel, clip: Path, tmp_path: Path
) -> None:
    masks, told = tmp_path / "masks", tmp_path / "told.json"
    masks.mkdir()
    cv2.imwrite(str(masks / "plate.1002.png"), disc(1002).astype(np.uint8) * 255)
    words = ("--frames", clip, "--masks", masks, "--clicks", "2", "--json", told)
    ran = rotocel("evaluate", "clicks", *words)
    assert (ran.code, ran.err) == (0, "")
    assert "| given | 1 |" in ran.out
    values = json.loads(told.read_text("utf-8"))
    assert values["model"] == "mobilesam"
    (row,) = values["objects"]["given"]
    assert len(row["ious"]) == 2
    assert min(row["ious"]) > 0.9


def test_folders_without_masks_are_one_sentence(
    rotocel: Rotocel, clip: Path, tmp_path: Path
) -> None:
    ran = rotocel("evaluate", "clicks", "--frames", clip, "--masks", tmp_path)
    assert ran.code == 1
    assert ran.err == f"rotocel: No mask in {tmp_path} is named like a frame.\n"


def test_sets_that_are_not_there_are_one_sentence(rotocel: Rotocel, tmp_path: Path) -> None:
    ran = rotocel("evaluate", "clicks", "--sets", tmp_path)
    assert ran.code == 1
    assert str(tmp_path / "davis") in ran.err
