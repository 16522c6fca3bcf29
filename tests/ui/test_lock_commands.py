"""Locks and absent frames from the menu: what they do, and what they say where they cannot."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from unittest.mock import MagicMock

import pytest
from PySide6.QtWidgets import QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from app.domain import edits
from app.domain.frames import FrameRange
from app.domain.project import Layer, Project
from app.ui.actions import Actions
from app.ui.lock_commands import LockCommands
from tests.ui.fake_session import FakeSession, as_session, make_clip, make_layer


class Nothing:
    picked = None


@pytest.fixture
def session() -> FakeSession:
    layer = make_layer("Rabbit", keyframes=(1001,), masks=(1002, 1003), stale=(1004,))
    session = FakeSession(Project(make_clip(), (layer,)))
    session.selected = "rabbit"
    return session


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    window = QWidget()
    qtbot.addWidget(window)
    return window


@pytest.fixture
def actions(window: QWidget, session: FakeSession) -> Actions:
    actions = Actions(window)
    targets = defaultdict(MagicMock, lock=LockCommands(as_session(session), window))
    actions.connect_targets(targets)
    return actions


def update(actions: Actions, session: FakeSession) -> None:
    actions.update_enabled(as_session(session), Nothing(), recent=False)
    layer = session.selected_layer
    actions.check("track.lock", on=bool(layer and session.playhead in layer.locks))


def run(actions: Actions, session: FakeSession, action: str) -> Layer:
    update(actions, session)
    assert actions[action].isEnabled(), actions.reason(action)
    actions[action].trigger()
    return session.project.layers[0]


def reason(actions: Actions, session: FakeSession, action: str) -> str:
    update(actions, session)
    assert not actions[action].isEnabled()
    return actions.reason(action)


def set_range(session: FakeSession, first: int, last: int) -> None:
    session.edit("In", lambda p: edits.set_in_out(p, FrameRange(first, last)))


def test_the_frame_under_the_playhead_is_locked_and_freed(
    actions: Actions, session: FakeSession
) -> None:
    session.seek(1002)
    assert run(actions, session, "track.lock").locks == {1002}
    assert session.history.labels()[-1] == "Lock frame 1002"
    assert run(actions, session, "track.lock").locks == frozenset()
    assert session.history.labels()[-1] == "Unlock frame 1002"


def test_the_menu_says_unlock_where_the_frame_is_locked(
    actions: Actions, session: FakeSession
) -> None:
    session.seek(1002)
    action = actions["track.lock"]
    run(actions, session, "track.lock")
    update(actions, session)
    assert action.text().replace("&", "") == "Unlock frame"
    assert "Unlock frame" in action.toolTip()
    assert "changed again" in action.toolTip()
    session.seek(1003)
    update(actions, session)
    assert action.text().replace("&", "") == "Lock frame"
    assert "Keep the layer" in action.toolTip()


def test_in_out_is_locked_where_there_are_masks_and_freed(
    actions: Actions, session: FakeSession
) -> None:
    set_range(session, 1002, 1050)
    assert run(actions, session, "track.lock_range").locks == {1002, 1003}
    assert "not locked yet" in reason(actions, session, "track.lock_range")
    set_range(session, 1003, 1050)
    assert run(actions, session, "track.unlock_range").locks == {1002}
    assert reason(actions, session, "track.unlock_range") == (
        "No frame of Rabbit in in/out is locked."
    )


def test_the_object_is_marked_absent_here_and_in_in_out(
    actions: Actions, session: FakeSession
) -> None:
    session.seek(1001)
    layer = run(actions, session, "track.absent")
    assert layer.is_absent(1001)
    assert 1001 not in layer.prompts
    assert "absent on frame 1001 already" in reason(actions, session, "track.absent")
    set_range(session, 1003, 1006)
    layer = run(actions, session, "track.absent_range")
    assert [f for f in sorted(layer.locks) if layer.is_absent(f)] == [1001, *range(1003, 1007)]
    assert session.history.labels()[-1] == "Mark absent, frames 1003-1006"
    assert "on all of in/out already" in reason(actions, session, "track.absent_range")


def test_absence_goes_round_locked_frames_and_names_them(
    actions: Actions, session: FakeSession
) -> None:
    session.seek(1002)
    before = run(actions, session, "track.lock").masks[1002]
    assert reason(actions, session, "track.absent") == (
        "Frame 1002 of Rabbit is locked; Ctrl+L again unlocks it."
    )
    set_range(session, 1002, 1002)
    assert reason(actions, session, "track.absent_range") == (
        "All of in/out is locked on Rabbit; unlock it first."
    )
    set_range(session, 1002, 1003)
    layer = run(actions, session, "track.absent_range")
    assert layer.masks[1002] is before
    assert layer.is_absent(1003)
    assert session.called("say") == [("warning", "Frame 1002 is locked and was left alone.")]
    set_range(session, 1002, 1004)
    run(actions, session, "track.absent_range")  # 1003 is as it should be
    assert session.called("say")[1:] == [("warning", "Frame 1002 is locked and was left alone.")]


@pytest.mark.parametrize(
    ("frame", "sentence"),
    [
        (1004, "The mask of Rabbit on frame 1004 is not there yet; wait for it."),
        (1050, "Rabbit has no mask on frame 1050; click the object or propagate first."),
    ],
)
def test_a_frame_without_a_mask_says_why_it_cannot_be_locked(
    actions: Actions, session: FakeSession, frame: int, sentence: str
) -> None:
    session.seek(frame)
    assert reason(actions, session, "track.lock") == sentence


RANGE = ("track.lock_range", "track.unlock_range", "track.absent_range")


@pytest.mark.parametrize("action", RANGE)
def test_without_in_and_out_there_is_no_range(
    actions: Actions, session: FakeSession, action: str
) -> None:
    """The whole clip is never meant by chance."""
    assert reason(actions, session, action) == "Set in and out first."


@pytest.mark.parametrize("action", ["track.lock", "track.absent", *RANGE])
def test_a_locked_layer_and_a_missing_one_say_so(
    actions: Actions, session: FakeSession, action: str
) -> None:
    session.edit("Lock", lambda p: edits.set_locked(p, "rabbit", locked=True))
    assert reason(actions, session, action) == "Rabbit is locked; unlock it to change it."
    session.selected = None
    assert reason(actions, session, action) == "Add or select a layer first."
    session.files.read_only = "This project is read-only."
    assert reason(actions, session, action) == "This project is read-only."


def test_files_and_folders_are_asked_for(
    actions: Actions, session: FakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["/masks/m.1001.png", "/masks/m.1002.png"]
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_a: (names, ""))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_a: "/masks")
    run(actions, session, "track.import")
    run(actions, session, "track.import_folder")
    assert session.called("import_masks") == [([Path(n) for n in names],), ([Path("/masks")],)]


def test_the_next_import_begins_in_the_folder_of_the_last(
    actions: Actions, session: FakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []

    def files(_parent: QWidget, _title: str, folder: str, _kinds: str) -> tuple[list[str], str]:
        begun.append(folder)
        return ["/masks/shot/m.1001.png"], ""

    def folder(_parent: QWidget, _title: str, folder: str) -> str:
        begun.append(folder)
        return ""

    monkeypatch.setattr(QFileDialog, "getOpenFileNames", files)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", folder)
    run(actions, session, "track.import")
    run(actions, session, "track.import_folder")
    run(actions, session, "track.import")
    assert begun == [str(make_clip().path.parent), "/masks/shot", "/masks/shot"]


def test_giving_up_the_dialog_imports_nothing(
    actions: Actions, session: FakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_a: ([], ""))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_a: "")
    run(actions, session, "track.import")
    run(actions, session, "track.import_folder")
    assert session.called("import_masks") == []


def test_a_command_that_cannot_be_done_says_why(window: QWidget) -> None:
    """Called past the action, whose state may be a moment old."""
    session = FakeSession(replace(Project(make_clip()), layers=(make_layer("Rabbit"),)))
    session.selected = "rabbit"
    LockCommands(as_session(session), window).lock_range()
    assert session.called("say") == [("info", "Set in and out first.")]
    assert session.history.labels() == ["Open"]
