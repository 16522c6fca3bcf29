from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from app.domain import edits
from app.domain.project import Project
from app.ui.status_bar import StatusBar
from tests.ui.fake_session import FakeSession, FakeStatus, as_session, make_clip, make_layer


def make_bar(qtbot: QtBot, session: FakeSession) -> StatusBar:
    bar = StatusBar(as_session(session))
    qtbot.addWidget(bar)
    bar.resize(1100, 28)
    with qtbot.waitExposed(bar):
        bar.show()
    return bar


def test_it_says_device_model_activity_cache_frame_and_score(qtbot: QtBot) -> None:
    session = FakeSession(Project(make_clip()))
    bar = make_bar(qtbot, session)
    text = "encoding 1043-1080 (37 left, 0:21)"
    session.answers.status = FakeStatus("CPU", "MobileSAM", text, "312 MB", 0.874)
    session.status_changed.emit()
    session.seek(1024)
    assert bar.device.text() == "CPU"
    assert bar.model.text() == "MobileSAM"
    assert bar.activity.text() == text
    assert bar.cache.text() == "cache 312 MB"
    assert bar.frame.text() == "frame 1024"
    assert bar.score.text() == "score 0.87"


def test_it_tells_whether_the_frame_is_locked_and_nothing_moves(qtbot: QtBot) -> None:
    session = FakeSession(Project(make_clip(), (make_layer("Rabbit", keyframes=(1010,)),)))
    session.selected = "rabbit"
    bar = make_bar(qtbot, session)
    session.seek(1010)
    before = bar.activity.geometry()
    assert not bar.lock.isVisible()
    session.edit("Lock", lambda p: edits.lock_frames(p, "rabbit", [1010], locked=True))
    assert bar.lock.isVisible()
    assert bar.activity.geometry() == before
    session.seek(1011)
    assert not bar.lock.isVisible()
    session.seek(1010)
    assert bar.lock.isVisible()
    session.edit("Unlock", lambda p: edits.lock_frames(p, "rabbit", [1010], locked=False))
    assert not bar.lock.isVisible()


def test_the_device_tells_the_runtime_when_asked(qtbot: QtBot) -> None:
    session = FakeSession(Project(make_clip()))
    bar = make_bar(qtbot, session)
    session.answers.status = FakeStatus("CPU", runtime="ONNX Runtime 1.2.3, built in")
    session.status_changed.emit()
    assert bar.device.toolTip() == "Device: CPU\nONNX Runtime 1.2.3, built in"


def test_a_propagation_can_be_cancelled_and_nothing_moves(qtbot: QtBot) -> None:
    session = FakeSession(Project(make_clip()))
    bar = make_bar(qtbot, session)
    before = bar.activity.geometry()
    assert not bar.cancel.isVisible()
    session.propagating = True
    session.status_changed.emit()
    assert bar.cancel.isVisible()
    assert bar.activity.geometry() == before
    qtbot.mouseClick(bar.cancel, Qt.MouseButton.LeftButton)
    assert session.called("cancel_propagation") == [()]
    session.propagating = False
    session.status_changed.emit()
    assert not bar.cancel.isVisible()
    assert bar.activity.geometry() == before


def test_the_pixel_comes_and_goes(qtbot: QtBot) -> None:
    bar = make_bar(qtbot, FakeSession(Project(make_clip())))
    bar.set_pixel(641, 212)
    assert bar.pixel.text() == "x 641  y 212"
    bar.clear_pixel()
    assert bar.pixel.text() == ""


def test_no_field_moves_whatever_it_says(qtbot: QtBot) -> None:
    session = FakeSession(Project(make_clip()))
    bar = make_bar(qtbot, session)
    before = [label.geometry() for label in bar.findChildren(QLabel)]
    session.answers.status = FakeStatus("CUDA 12", "SAM 2.1 tiny", "x" * 400, "12.5 GB", 1.0)
    session.status_changed.emit()
    bar.set_pixel(4095, 2159)
    assert [label.geometry() for label in bar.findChildren(QLabel)] == before
    assert bar.activity.text().endswith("…")
    assert bar.activity.toolTip() == "x" * 400


def test_every_text_fits_its_field(qtbot: QtBot) -> None:
    session = FakeSession(Project(make_clip(100001, 20)))
    bar = make_bar(qtbot, session)
    session.answers.status = FakeStatus("CPU", "MobileSAM", "", "1023 MB", 0.99)
    session.status_changed.emit()
    bar.set_pixel(4095, 2159)
    for label in (bar.device, bar.model, bar.cache, bar.frame, bar.pixel, bar.score):
        assert label.fontMetrics().horizontalAdvance(label.text()) <= label.width()


def test_without_a_clip_there_is_no_frame(qtbot: QtBot) -> None:
    session = FakeSession(Project(make_clip()))
    bar = make_bar(qtbot, session)
    bar.set_pixel(1, 1)
    session.close_project()
    assert bar.frame.text() == ""
    assert bar.pixel.text() == ""
