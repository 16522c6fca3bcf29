"""Masks imported in a real session: one locked edit, or a sentence and no change."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.domain import edits
from app.domain.frames import FrameRange
from app.reports import ExportSummary, Message
from app.session import Session
from tests.session.conftest import FIRST
from tests.session.test_propagation import LONG, click, only


@pytest.fixture
def masks(tmp_path: Path) -> Path:
    """A folder of masks for frames 1002 to 1005; that of 1004 is black."""
    folder = tmp_path / "masks"
    folder.mkdir()
    for frame in range(1002, 1006):
        image = np.zeros((90, 160), np.uint8)
        image[20:60, 30:90] = 0 if frame == 1004 else 255
        cv2.imwrite(str(folder / f"m.{frame}.png"), image)
    return folder


@pytest.fixture
def said(session: Session) -> list[Message]:
    """What the message bar was sent."""
    found: list[Message] = []
    session.message_sent.connect(found.append)
    return found


def ended(session: Session, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not session.importing, timeout=LONG)


def test_masks_come_as_one_locked_edit(
    session: Session, qtbot: QtBot, masks: Path, said: list[Message]
) -> None:
    click(session, qtbot, 1002, 100)
    before = session.project
    session.import_masks([masks])
    assert session.importing
    assert "importing masks" in session.status().activity
    ended(session, qtbot)
    layer = only(session)
    assert layer.locks == {1002, 1003, 1004, 1005}
    assert [f for f in layer.masks if layer.is_absent(f)] == [1004]
    assert not layer.prompts
    inside = layer.masks[1002].logits() > 0
    assert inside.shape == (90, 160)
    assert inside.sum() == 40 * 60
    assert session.history.labels()[-1] == "Import masks, 1002-1005"
    assert said == []
    session.undo()
    assert session.project == before


def test_one_bad_file_is_named_and_nothing_changes(
    session: Session, qtbot: QtBot, masks: Path, said: list[Message]
) -> None:
    session.add_layer()
    before = session.project
    cv2.imwrite(str(masks / "m.1003.png"), np.zeros((9, 16), np.uint8))
    session.import_masks([masks])
    ended(session, qtbot)
    (message,) = said
    assert message.level == "error"
    assert message.text.startswith("m.1003.png is 16 x 9 pixels where plate is 160 x 90;")
    assert session.project is before


def test_masks_the_clip_has_no_frame_for_are_told(
    session: Session, qtbot: QtBot, masks: Path, said: list[Message]
) -> None:
    session.add_layer()
    (masks / "m.1005.png").rename(masks / "m.2005.png")
    session.import_masks([masks])
    ended(session, qtbot)
    assert only(session).locks == {1002, 1003, 1004}
    assert [m.text for m in said] == ["The clip has no frames 2005; their masks were left out."]


def test_locked_frames_are_left_alone_and_named(
    session: Session, qtbot: QtBot, masks: Path, said: list[Message]
) -> None:
    click(session, qtbot, 1002, 100)
    layer = only(session)
    session.edit("Lock", lambda p: edits.lock_frames(p, layer.id, [1002], locked=True))
    session.import_masks([masks])
    ended(session, qtbot)
    assert only(session).masks[1002] is layer.masks[1002]
    assert only(session).locks == {1002, 1003, 1004, 1005}
    assert session.history.labels()[-1] == "Import masks, 1003-1005"
    assert said[-1].text == "Frame 1002 is locked and was left alone."
    session.import_masks([masks])
    ended(session, qtbot)
    assert session.history.labels()[-1] == "Import masks, 1003-1005"
    assert said[-1].text == "Frames 1002-1005 are locked and were left alone."


def test_cancel_changes_nothing(session: Session, qtbot: QtBot, masks: Path) -> None:
    session.add_layer()
    before = session.project
    session.import_masks([masks])
    session.cancel_import()
    assert not session.importing
    qtbot.wait(200)
    assert session.project is before
    session.import_masks([masks])  # and again
    ended(session, qtbot)
    assert len(only(session).locks) == 4


def test_a_layer_deleted_or_locked_meanwhile_gets_nothing(
    session: Session, qtbot: QtBot, masks: Path, said: list[Message]
) -> None:
    layer = session.add_layer()
    assert layer is not None
    session.import_masks([masks])
    session.edit("Lock", lambda p: edits.set_locked(p, layer, locked=True))
    ended(session, qtbot)
    assert not only(session).masks
    assert "Nothing was imported" in said[-1].text


def test_what_stands_in_the_way_is_said(
    session: Session, qtbot: QtBot, masks: Path, tmp_path: Path, said: list[Message]
) -> None:
    assert session.import_obstacle().startswith("Add or select a layer")
    layer = session.add_layer()
    assert layer is not None
    assert session.import_obstacle() == ""
    session.import_masks([tmp_path / "nowhere"])
    ended(session, qtbot)
    assert "nowhere is not there" in said[-1].text
    told: list[ExportSummary] = []
    session.export_finished.connect(told.append)
    session.import_masks([masks])
    assert "being imported" in session.import_obstacle()
    session.export(tmp_path / "out", [layer], FrameRange(FIRST, FIRST), "refuse")
    assert "being imported" in told[0].sentences[0]
    ended(session, qtbot)
    session.edit("Lock", lambda p: edits.set_locked(p, layer, locked=True))
    session.import_masks([masks])
    assert "is locked" in said[-1].text
