from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QAction, QColor, QDragEnterEvent, QDropEvent, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMainWindow, QPushButton
from pytestqt.qtbot import QtBot

from app.domain.project import Box, Layer, Point, Project, Prompt
from app.ui import theme
from app.ui.canvas_view import PATIENCE
from app.ui.marks import Picked
from app.ui.viewer import Viewer
from tests.ui.fake_session import FakeSession, as_session, make_clip, make_layer
from tests.ui.mouse import drag, move, press, release, wheel

FRAME = 1001
PICTURE = np.full((360, 640, 3), 100, np.uint8)
PICTURE.flags.writeable = False  # as the session's are
POINTS = Prompt(points=(Point(100.5, 80.5), Point(300.5, 200.5, include=False)))
BOXED = Prompt(box=Box(100.0, 50.0, 300.0, 250.0))
ALT = Qt.KeyboardModifier.AltModifier
RIGHT = Qt.MouseButton.RightButton
MIDDLE = Qt.MouseButton.MiddleButton


def make_session(prompt: Prompt | None = None) -> FakeSession:
    layer: Layer = make_layer("Rabbit")
    if prompt:
        layer = replace(layer, prompts={FRAME: prompt})
    session = FakeSession(Project(make_clip(), (layer,)))
    session.select_layer("rabbit")
    session.answers.pictures[FRAME] = PICTURE
    session.calls.clear()
    return session


def make_viewer(qtbot: QtBot, session: FakeSession, zoom: float | None = 1.0) -> Viewer:
    viewer = Viewer(as_session(session))
    qtbot.addWidget(viewer)
    viewer.resize(900, 500)
    with qtbot.waitExposed(viewer):
        viewer.show()
    viewer.setFocus()
    if zoom:
        viewer.set_view(viewer.view.zoomed(zoom))
    return viewer


def on(viewer: Viewer, x: float, y: float) -> tuple[float, float]:
    at = viewer.view.to_widget(x, y)
    return at.x(), at.y()


def click(viewer: Viewer, x: float, y: float, button: Qt.MouseButton = RIGHT) -> None:
    press(viewer, *on(viewer, x, y), button)
    release(viewer, *on(viewer, x, y), button)


def colour(viewer: Viewer, x: float, y: float) -> QColor:
    image = viewer.grab().toImage()
    ratio = image.devicePixelRatio()
    at = viewer.view.to_widget(x, y)
    return image.pixelColor(int(at.x() * ratio), int(at.y() * ratio))


def held(viewer: Viewer) -> Picked | None:
    return viewer.picked


def drawn(viewer: Viewer) -> Box | None:
    return viewer.band


def points(session: FakeSession) -> tuple[Point, ...]:
    layer = session.selected_layer
    assert layer
    return layer.prompts[FRAME].points


# --- points


@pytest.mark.parametrize("zoom", [0.5, 1.0, 8.0])
def test_a_left_click_includes_and_a_right_click_excludes_what_is_under_it(
    qtbot: QtBot, zoom: float
) -> None:
    session = make_session()
    viewer = make_viewer(qtbot, session, zoom)
    click(viewer, 321.5, 181.5, Qt.MouseButton.LeftButton)
    click(viewer, 310.5, 170.5, RIGHT)
    (first, second) = session.called("add_point")
    assert first == (pytest.approx(321.5), pytest.approx(181.5), True)
    assert second == (pytest.approx(310.5), pytest.approx(170.5), False)


def test_a_click_with_alt_excludes(qtbot: QtBot) -> None:
    session = make_session()
    viewer = make_viewer(qtbot, session)
    at = viewer.view.to_widget(50, 60).toPoint()
    QTest.mouseClick(viewer, Qt.MouseButton.LeftButton, ALT, at)
    assert [include for _, _, include in session.called("add_point")] == [False]


def test_two_quick_clicks_are_two_points(qtbot: QtBot) -> None:
    session = make_session()
    viewer = make_viewer(qtbot, session)
    at = viewer.view.to_widget(50, 60).toPoint()
    for send in (QTest.mouseClick, QTest.mouseDClick):
        send(viewer, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
    assert len(session.called("add_point")) == 2


def test_a_click_beside_the_picture_is_no_point(qtbot: QtBot) -> None:
    session = make_session()
    viewer = make_viewer(qtbot, session)
    for x, y in ((-1, 10), (640.5, 10), (10, -1), (10, 360.5)):
        click(viewer, x, y, Qt.MouseButton.LeftButton)
    assert not session.called("add_point")


def test_a_click_on_a_gap_or_on_the_picture_before_is_no_point(qtbot: QtBot) -> None:
    session = make_session()
    session.answers.gaps[1002] = "Frame 1002 is missing."
    viewer = make_viewer(qtbot, session)
    for frame in (1002, 1003):
        session.seek(1001)
        session.seek(frame)
        click(viewer, 100, 100, Qt.MouseButton.LeftButton)
    assert not session.called("add_point")


def test_a_click_gives_the_canvas_the_keyboard(qtbot: QtBot) -> None:
    session = make_session()
    window = QMainWindow()
    qtbot.addWidget(window)
    viewer, button = Viewer(as_session(session)), QPushButton()
    window.setCentralWidget(viewer)
    window.setMenuWidget(button)
    window.show()
    qtbot.waitExposed(window)
    button.setFocus()
    QTest.mouseClick(viewer, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(viewer.hasFocus)


# --- marks


def test_include_and_exclude_points_differ_and_lie_where_they_were_clicked(qtbot: QtBot) -> None:
    viewer = make_viewer(qtbot, make_session(POINTS))
    # Off the middle, where the sign is, but inside the mark.
    assert colour(viewer, 97, 77) == theme.INCLUDE
    assert colour(viewer, 297, 197) == theme.EXCLUDE


def test_a_mark_is_as_large_on_screen_at_any_zoom(qtbot: QtBot) -> None:
    viewer = make_viewer(qtbot, make_session(Prompt(points=(Point(320.5, 180.5),))), 1.0)
    sizes = []
    for zoom in (0.5, 1.0, 8.0):
        viewer.set_view(viewer.view.centred_on(320.5, 180.5).zoomed(zoom))
        sizes.append(_differing(viewer))
    assert max(sizes) - min(sizes) <= 2
    assert 14 <= sizes[0] <= 22


def _differing(viewer: Viewer) -> int:
    """How wide the mark is on the line through its middle, in logical pixels."""
    image = viewer.grab().toImage()
    ratio = image.devicePixelRatio()
    y = round(viewer.view.to_widget(320.5, 180.5).y() * ratio)
    near = range(round(390 * ratio), round(510 * ratio))
    marked = [x for x in near if image.pixelColor(x, y) != QColor(100, 100, 100)]
    return round((max(marked) - min(marked) + 1) / ratio)


def test_a_point_is_hollow_until_its_answer_came(qtbot: QtBot) -> None:
    session = make_session(POINTS)
    viewer = make_viewer(qtbot, session)
    session.answers.pending.add(("rabbit", FRAME))
    session.mask_changed.emit("rabbit", FRAME)
    assert colour(viewer, 97, 77) != theme.INCLUDE
    session.answers.pending.clear()
    session.mask_changed.emit("rabbit", FRAME)
    assert colour(viewer, 97, 77) == theme.INCLUDE


def test_hidden_marks_are_not_drawn_nor_picked(qtbot: QtBot) -> None:
    viewer = make_viewer(qtbot, make_session(POINTS))
    viewer.set_tool("select")
    viewer.set_marks_shown(False)
    assert colour(viewer, 97, 77) == QColor(100, 100, 100)
    click(viewer, 100.5, 80.5, Qt.MouseButton.LeftButton)
    assert viewer.picked is None


# --- select


def test_a_dragged_point_follows_the_mouse_without_a_jump_and_is_one_edit(qtbot: QtBot) -> None:
    session = make_session(POINTS)
    viewer = make_viewer(qtbot, session)
    viewer.set_tool("select")
    before = session.history.index
    drag(viewer, on(viewer, 103, 82), on(viewer, 143, 112))
    assert viewer.picked == 0
    point = points(session)[0]
    assert [point.x, point.y] == pytest.approx([140.5, 110.5])
    assert len(session.called("finish_drag")) == 1
    assert session.history.index == before + 1


def test_a_point_cannot_be_dragged_off_the_picture(qtbot: QtBot) -> None:
    session = make_session(POINTS)
    viewer = make_viewer(qtbot, session)
    viewer.set_tool("select")
    drag(viewer, on(viewer, 100.5, 80.5), on(viewer, 700, -50))
    point = points(session)[0]
    assert [point.x, point.y] == pytest.approx([640, 0], abs=0.1)
    assert point.x < 640


def test_a_click_that_trembles_moves_nothing(qtbot: QtBot) -> None:
    session = make_session(POINTS)
    viewer = make_viewer(qtbot, session)
    viewer.set_tool("select")
    drag(viewer, on(viewer, 100.5, 80.5), on(viewer, 102.5, 80.5))
    assert viewer.picked == 0
    assert not session.called("move_point")


def test_escape_puts_a_dragged_point_back(qtbot: QtBot) -> None:
    session = make_session(POINTS)
    viewer = make_viewer(qtbot, session)
    viewer.set_tool("select")
    press(viewer, *on(viewer, 100.5, 80.5))
    move(viewer, *on(viewer, 200, 200))
    assert points(session)[0].x == pytest.approx(200)
    QTest.keyClick(viewer, Qt.Key.Key_Escape)
    release(viewer, *on(viewer, 200, 200))
    assert points(session) == POINTS.points


def test_delete_takes_the_picked_point_alone(qtbot: QtBot) -> None:
    session = make_session(POINTS)
    viewer = make_viewer(qtbot, session)
    viewer.set_tool("select")
    click(viewer, 300.5, 200.5, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(viewer.picked_changed):
        viewer.delete_picked()
    assert session.called("delete_point") == [(1,)]
    assert points(session) == POINTS.points[:1]
    assert viewer.picked is None


def test_what_is_picked_is_let_go_with_the_frame(qtbot: QtBot) -> None:
    session = make_session(POINTS)
    session.answers.pictures[1002] = PICTURE
    viewer = make_viewer(qtbot, session)
    viewer.set_tool("select")
    viewer.pick(1)
    session.seek(1002)
    assert viewer.picked is None


def test_arrow_keys_nudge_the_picked_point(qtbot: QtBot) -> None:
    session = make_session(POINTS)
    viewer = make_viewer(qtbot, session)
    viewer.set_tool("select")
    viewer.pick(0)
    QTest.keyClick(viewer, Qt.Key.Key_Right)
    QTest.keyClick(viewer, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    assert points(session)[0] == Point(101.5, 70.5)
    assert len(session.called("finish_drag")) == 2


@pytest.mark.parametrize(("tool", "stepped"), [("select", False), ("point", True)])
def test_arrow_keys_run_the_action_of_the_window_but_with_a_point_picked(
    qtbot: QtBot, tool: str, stepped: bool
) -> None:
    session = make_session(POINTS)
    window = QMainWindow()
    qtbot.addWidget(window)
    viewer = Viewer(as_session(session))
    window.setCentralWidget(viewer)
    action = QAction(window, shortcut=QKeySequence("Right"))
    action.triggered.connect(lambda: session.step(1))
    window.addAction(action)
    window.show()
    qtbot.waitExposed(window)
    window.activateWindow()
    viewer.setFocus()
    qtbot.waitUntil(viewer.hasFocus)
    viewer.set_tool(tool)
    viewer.pick(0)
    QTest.keyClick(viewer, Qt.Key.Key_Right)
    assert bool(session.called("step")) is stepped


# --- boxes


@pytest.mark.parametrize(
    ("start", "end"), [((100, 50), (300, 250)), ((300, 250), (100, 50)), ((100, 250), (300, 50))]
)
def test_a_drag_with_the_box_tool_sets_a_box_at_release(
    qtbot: QtBot, start: tuple[float, float], end: tuple[float, float]
) -> None:
    session = make_session()
    viewer = make_viewer(qtbot, session)
    viewer.set_tool("box")
    press(viewer, *on(viewer, *start))
    move(viewer, *on(viewer, *end))
    assert drawn(viewer) == Box(100, 50, 300, 250)
    assert not session.called("set_box")
    release(viewer, *on(viewer, *end))
    assert session.called("set_box") == [(100, 50, 300, 250)]
    assert drawn(viewer) is None


def test_a_box_is_cut_to_the_picture(qtbot: QtBot) -> None:
    session = make_session()
    viewer = make_viewer(qtbot, session)
    viewer.set_tool("box")
    drag(viewer, on(viewer, 500, 300), on(viewer, 700, 400))
    assert session.called("set_box") == [(500, 300, 640, 360)]


def test_a_mere_click_with_the_box_tool_sets_none(qtbot: QtBot) -> None:
    session = make_session()
    viewer = make_viewer(qtbot, session)
    viewer.set_tool("box")
    drag(viewer, on(viewer, 100, 100), on(viewer, 102, 180))
    assert not session.called("set_box")


def test_a_box_half_drawn_is_given_up_when_the_frame_changes(qtbot: QtBot) -> None:
    session = make_session()
    session.answers.pictures[1002] = PICTURE
    viewer = make_viewer(qtbot, session)
    viewer.set_tool("box")
    press(viewer, *on(viewer, 100, 50))
    move(viewer, *on(viewer, 200, 150))
    session.seek(1002)
    release(viewer, *on(viewer, 200, 150))
    assert not session.called("set_box")
    assert drawn(viewer) is None


def test_a_box_is_picked_by_its_edge_moved_and_deleted(qtbot: QtBot) -> None:
    session = make_session(BOXED)
    viewer = make_viewer(qtbot, session)
    viewer.set_tool("select")
    click(viewer, 200, 150, Qt.MouseButton.LeftButton)
    assert held(viewer) is None
    drag(viewer, on(viewer, 200, 50), on(viewer, 210, 70))
    assert session.called("set_box") == [(110, 70, 310, 270)]
    assert held(viewer) == "box"
    viewer.delete_picked()
    assert session.called("delete_box") == [()]


def test_a_corner_changes_the_size_of_the_box(qtbot: QtBot) -> None:
    session = make_session(BOXED)
    viewer = make_viewer(qtbot, session)
    viewer.set_tool("select")
    drag(viewer, on(viewer, 300, 250), on(viewer, 340, 200))
    assert session.called("set_box") == [(100, 50, 340, 200)]


# --- where


def test_the_wheel_zooms_at_the_cursor(qtbot: QtBot) -> None:
    viewer = make_viewer(qtbot, make_session(), None)
    at = QPointF(200, 300)
    place = viewer.view.to_clip(at)
    zooms: list[float] = []
    viewer.zoom_changed.connect(zooms.append)
    wheel(viewer, at.x(), at.y(), 5)
    assert viewer.zoom == zooms[-1] > 2
    assert viewer.view.to_clip(at) == pytest.approx(place, abs=0.5)


def test_a_middle_drag_pans(qtbot: QtBot) -> None:
    session = make_session()
    viewer = make_viewer(qtbot, session)
    before = viewer.view.origin
    drag(viewer, (400, 200), (440, 180), MIDDLE)
    assert viewer.view.origin - before == QPointF(40, -20)
    assert not session.calls


@pytest.mark.parametrize("dragging", [True, False])
def test_space_pans_with_a_drag_and_plays_without(qtbot: QtBot, dragging: bool) -> None:
    session = make_session()
    viewer = make_viewer(qtbot, session)
    action = QAction(viewer, shortcut=QKeySequence("Space"))
    action.triggered.connect(session.toggle_play)
    viewer.addAction(action)
    before = viewer.view.origin
    QTest.keyPress(viewer, Qt.Key.Key_Space)
    if dragging:
        drag(viewer, (400, 200), (440, 180))
    QTest.keyRelease(viewer, Qt.Key.Key_Space)
    assert viewer.view.origin - before == (QPointF(40, -20) if dragging else QPointF())
    assert len(session.called("toggle_play")) == (not dragging)
    assert not session.called("add_point")


def test_fit_actual_size_and_steps(qtbot: QtBot) -> None:
    viewer = make_viewer(qtbot, make_session(), None)
    fitted = viewer.zoom
    assert fitted == pytest.approx((500 - 16) / 360 * viewer.devicePixelRatioF())
    viewer.show_actual_size()
    assert viewer.zoom == 1
    viewer.zoom_in()
    assert viewer.zoom == 2
    viewer.zoom_out()
    viewer.zoom_out()
    assert viewer.zoom == 0.5
    viewer.fit()
    assert viewer.zoom == fitted


def test_the_hovered_pixel_is_told_and_none_beside_the_picture(qtbot: QtBot) -> None:
    viewer = make_viewer(qtbot, make_session())
    told: list[object] = []
    viewer.pixel_hovered.connect(told.append)
    none = Qt.MouseButton.NoButton
    move(viewer, *on(viewer, 12.5, 34.5), none)
    move(viewer, *on(viewer, -3, 34.5), none)
    assert told == [(pytest.approx(12.5), pytest.approx(34.5)), None]


# --- what is shown


def test_modes_show_the_matte_their_way_and_again_is_the_mode_before(qtbot: QtBot) -> None:
    session = make_session()
    matte = np.zeros((360, 640), np.uint8)
    matte[100:200, 100:200] = 255
    matte.flags.writeable = False
    session.answers.mattes["rabbit", FRAME] = matte
    viewer = make_viewer(qtbot, session)
    blue = theme.layer_colour(0)
    assert viewer.mode == "overlay"
    assert abs(colour(viewer, 150, 150).blue() - (100 + blue.blue()) // 2) <= 1
    assert colour(viewer, 50, 50) == QColor(100, 100, 100)
    told: list[str] = []
    viewer.mode_changed.connect(told.append)
    viewer.toggle_mode("matte")
    assert (colour(viewer, 150, 150).red(), colour(viewer, 50, 50).red()) == (255, 0)
    viewer.toggle_mode("cutout")
    assert colour(viewer, 150, 150) == QColor(100, 100, 100)
    viewer.toggle_mode("cutout")
    assert viewer.mode == "matte"
    viewer.toggle_mode("picture")
    assert colour(viewer, 150, 150) == QColor(100, 100, 100)
    viewer.toggle_mode("outline")
    assert colour(viewer, 100.5, 150) == blue
    assert told == ["matte", "cutout", "matte", "picture", "outline"]


def test_the_matte_of_a_hidden_layer_is_not_drawn(qtbot: QtBot) -> None:
    session = make_session()
    session.answers.mattes["rabbit", FRAME] = np.full((360, 640), 255, np.uint8)
    viewer = make_viewer(qtbot, session)
    assert colour(viewer, 50, 50) != QColor(100, 100, 100)
    session.edit(
        "Hide", lambda p: replace(p, layers=tuple(replace(x, shown=False) for x in p.layers))
    )
    assert colour(viewer, 50, 50) == QColor(100, 100, 100)


def test_the_picture_before_is_dimmed_and_named_as_such_until_the_next_came(qtbot: QtBot) -> None:
    session = make_session()
    viewer = make_viewer(qtbot, session)
    session.seek(1002)
    assert not viewer.accepts(viewer.view.target.center())
    assert colour(viewer, 50, 300) == QColor(100, 100, 100)
    qtbot.wait(2 * PATIENCE)
    dimmed = colour(viewer, 50, 300).red()
    assert theme.CANVAS.red() < dimmed < 80
    session.answers.pictures[1002] = np.full((360, 640, 3), 222, np.uint8)
    session.frame_ready.emit(1002)
    assert viewer.accepts(viewer.view.target.center())
    assert colour(viewer, 50, 300) == QColor(222, 222, 222)


def test_a_gap_hides_the_picture(qtbot: QtBot) -> None:
    session = make_session()
    session.answers.gaps[1002] = "Frame 1002 is missing from rabbit.mp4."
    viewer = make_viewer(qtbot, session)
    session.seek(1002)
    assert theme.SUNKEN.red() <= colour(viewer, 50, 300).red() <= theme.RAISED.red()
    session.seek(1001)
    assert colour(viewer, 50, 300) == QColor(100, 100, 100)


def test_a_closed_clip_leaves_the_invitation_with_two_buttons(qtbot: QtBot) -> None:
    session = make_session()
    viewer = make_viewer(qtbot, session)
    assert not viewer.empty.isVisible()
    session.close_project()
    assert viewer.empty.isVisible()
    buttons = viewer.empty.findChildren(QPushButton)
    assert [button.text() for button in buttons] == ["Open the demo", "Open a clip…"]
    with qtbot.waitSignal(viewer.open_demo_requested):
        QTest.keyClick(buttons[0], Qt.Key.Key_Return)
    with qtbot.waitSignal(viewer.open_clip_requested):
        QTest.keyClick(buttons[1], Qt.Key.Key_Space)
    assert not session.called("add_point")


def test_a_clip_of_another_size_is_fitted(qtbot: QtBot) -> None:
    session = make_session()
    viewer = make_viewer(qtbot, session, 8.0)
    session.set_project(Project(make_clip(size=(1920, 1080))))
    assert viewer.view.clip == (1920, 1080)
    assert viewer.view.fitting


# --- the rest of the window


def test_a_dropped_file_is_handed_on(qtbot: QtBot, tmp_path: Path) -> None:
    viewer = make_viewer(qtbot, FakeSession())
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tmp_path))])
    copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    keys = Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(5, 5), copy, mime, left, keys)
    QApplication.sendEvent(viewer, enter)
    assert enter.isAccepted()
    with qtbot.waitSignal(viewer.files_dropped) as dropped:
        QApplication.sendEvent(viewer, QDropEvent(QPointF(5, 5), copy, mime, left, keys))
    assert dropped.args == [tmp_path]


def test_tools_are_taken_by_name(qtbot: QtBot) -> None:
    viewer = make_viewer(qtbot, make_session(POINTS))
    told: list[str] = []
    viewer.tool_changed.connect(told.append)
    viewer.set_tool("select")
    viewer.pick(0)
    viewer.set_tool("box")
    viewer.set_tool("box")
    assert told == ["select", "box"]
    assert viewer.picked is None
    with pytest.raises(ValueError, match="pen"):
        viewer.set_tool("pen")


def test_the_cursor_tells_include_from_exclude(qtbot: QtBot) -> None:
    viewer = make_viewer(qtbot, make_session())
    none = Qt.MouseButton.NoButton
    move(viewer, *on(viewer, 12.5, 34.5), none)
    plus = viewer.cursor().pixmap().toImage()
    QTest.keyPress(viewer, Qt.Key.Key_Alt, ALT)
    minus = viewer.cursor().pixmap().toImage()
    QTest.keyRelease(viewer, Qt.Key.Key_Alt)
    assert not plus.isNull()
    assert plus != minus
    assert viewer.cursor().pixmap().toImage() == plus
    move(viewer, *on(viewer, -12, 34.5), none)
    assert viewer.cursor().shape() == Qt.CursorShape.ArrowCursor


def test_the_canvas_has_a_name_and_a_description(qtbot: QtBot) -> None:
    viewer = make_viewer(qtbot, make_session())
    assert viewer.accessibleName() == "Canvas"
    assert "click" in viewer.accessibleDescription()
