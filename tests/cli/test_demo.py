"""The demo and the self-test, as a newcomer meets them."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest

from app.cli_demo import NAME, PROMPTS
from app.domain.project import Project
from tests.cli.conftest import Rotocel


@pytest.mark.slow
def test_the_demo_writes_a_matte_for_every_frame_and_a_contact_sheet_and_opens_the_editor(
    rotocel: Rotocel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Project] = []

    def open_window(_path: Path | None, project: Project | None) -> int:
        assert project is not None
        opened.append(project)
        return 0

    monkeypatch.setattr("app.__main__.open_window", open_window)
    monkeypatch.setattr("app.cli_demo.has_display", lambda: True)
    ran = rotocel("demo", "--out", tmp_path)
    assert (ran.code, ran.err) == (0, "")
    assert str(tmp_path / "contact-sheet.png") in ran.out
    assert cv2.imread(str(tmp_path / "contact-sheet.png")) is not None
    for frame, prompt in PROMPTS.items():
        matte = cv2.imread(str(tmp_path / NAME / f"{NAME}.{frame}.png"), cv2.IMREAD_UNCHANGED)
        assert matte is not None
        assert 0.08 < (matte >= 128).mean() < 0.2  # the rabbit, not the picture
        for point in prompt.points:
            assert (matte[int(point.y), int(point.x)] >= 128) == point.include
    (layer,) = opened[0].layers
    assert not any(layer.is_stale(frame) for frame in PROMPTS)


def test_the_selftest_prints_what_is_here_and_tries_a_click(rotocel: Rotocel) -> None:
    ran = rotocel("selftest")
    assert (ran.code, ran.err) == (0, "")
    for expected in ("rotocel ", "ONNX Runtime ", "CPUExecutionProvider", "h264", "all is well"):
        assert expected in ran.out


def test_the_selftest_fails_where_the_mask_is_wrong(
    rotocel: Rotocel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.selftest.AREA", (0.5, 0.6))
    ran = rotocel("selftest")
    assert ran.code == 1
    assert "wrong mask" in ran.err
