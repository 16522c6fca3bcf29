from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from types import MappingProxyType

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QHelpEvent
from PySide6.QtWidgets import QApplication, QToolTip
from pytestqt.qtbot import QtBot

from app.domain import edits
from app.domain.frames import FrameRange
from app.domain.mask import Mask
from app.domain.project import Layer, Project
from app.ui import theme
from app.ui.timeline import Timeline
from app.ui.timeline_scene import GUTTER, LANE, LINES, ROW, RULER, STRIP, TOP, TRACK, make_row
from tests.ui.fake_session import FakeSession, as_session, make_clip, make_layer, make_mask
from tests.ui.mouse import drag, move, press, release, wheel


def make_timeline(
    qtbot: QtBot, session: FakeSession, size: tuple[int, int] = (GUTTER + 660, 220)
) -> Timeline:
    timeline = Timeline(as_session(session))
    qtbot.addWidget(timeline)
    timeline.resize(*size)
    with qtbot.waitExposed(timeline):
        timeline.show()
    return timeline


def make_session(*layers: Layer, count: int = 132, in_out: FrameRange | None = None) -> FakeSession:
    return FakeSession(Project(make_clip(count=count), layers, in_out))


def colour_at(timeline: Timeline, x: float, y: float) -> QColor:
    image = timeline.viewport().grab().toImage()
    ratio = image.devicePixelRatio()
    return image.pixelColor(int(x * ratio), int(y * ratio))


def sought(session: FakeSession) -> list[object]:
    return [frame for (frame,) in session.called("seek")]


def test_a_click_on_the_ruler_seeks_to_the_frame_under_it(qtbot: QtBot) -> None:
    session = make_session()
    timeline = make_timeline(qtbot, session)
    press(timeline.viewport(), timeline.x_of(1040), RULER - 4)
    release(timeline.viewport(), timeline.x_of(1040), RULER - 4)
    qtbot.waitUntil(lambda: session.playhead == 1040)


def test_a_drag_scrubs_with_one_seek_a_turn_of_the_event_loop(qtbot: QtBot) -> None:
    session = make_session()
    timeline = make_timeline(qtbot, session)
    press(timeline.viewport(), timeline.x_of(1010), RULER - 4)
    for frame in range(1011, 1031):
        move(timeline.viewport(), timeline.x_of(frame), RULER - 4)
    assert sought(session) == []
    qtbot.waitUntil(lambda: bool(sought(session)))
    assert sought(session) == [1030]
    move(timeline.viewport(), timeline.x_of(1050), RULER - 4)
    release(timeline.viewport(), timeline.x_of(1050), RULER - 4)
    qtbot.waitUntil(lambda: session.playhead == 1050)
    assert sought(session) == [1030, 1050]


def test_a_scrub_held_beyond_the_edge_goes_on(qtbot: QtBot) -> None:
    session = make_session(count=1000)
    timeline = make_timeline(qtbot, session)
    timeline.zoom(20, timeline.x_of(1001))
    last = timeline.scale.visible.last
    press(timeline.viewport(), timeline.x_of(1010), RULER - 4)
    move(timeline.viewport(), timeline.viewport().width() + 40, RULER - 4)
    qtbot.waitUntil(lambda: session.playhead > last + 10)
    release(timeline.viewport(), timeline.viewport().width() + 40, RULER - 4)
    assert timeline.scale.visible.last >= session.playhead


def test_dragging_the_in_handle_is_one_edit_at_release(qtbot: QtBot) -> None:
    session = make_session()
    timeline = make_timeline(qtbot, session)
    at = timeline.scale.start_of
    drag(timeline.viewport(), (at(1001) + 2, 5), (at(1011), 5))
    assert session.project.in_out == FrameRange(1011, 1132)
    assert session.history.labels() == ["Open", "Set in"]
    assert sought(session) == []


def test_dragging_the_out_handle_back_to_the_end_takes_the_whole_clip(qtbot: QtBot) -> None:
    session = make_session(in_out=FrameRange(1011, 1100))
    timeline = make_timeline(qtbot, session)
    at = timeline.scale.start_of
    drag(timeline.viewport(), (at(1101), 5), (at(1133), 5))
    first = session.project.in_out
    drag(timeline.viewport(), (at(1011), 5), (at(1001), 5))
    assert [first, session.project.in_out] == [FrameRange(1011, 1132), None]
    assert session.history.labels()[1:] == ["Set out", "Set in"]


def test_the_in_handle_cannot_pass_the_out_handle(qtbot: QtBot) -> None:
    session = make_session(in_out=FrameRange(1011, 1020))
    timeline = make_timeline(qtbot, session)
    drag(timeline.viewport(), (timeline.scale.start_of(1011), 5), (timeline.x_of(1090), 5))
    assert session.project.in_out == FrameRange(1020, 1020)


def test_escape_gives_a_dragged_handle_up(qtbot: QtBot) -> None:
    session = make_session()
    timeline = make_timeline(qtbot, session)
    press(timeline.viewport(), timeline.scale.start_of(1001) + 2, 5)
    move(timeline.viewport(), timeline.x_of(1050), 5)
    qtbot.keyClick(timeline, Qt.Key.Key_Escape)
    release(timeline.viewport(), timeline.x_of(1050), 5)
    assert session.called("edit") == []


def test_a_click_on_a_diamond_seeks_to_it_and_selects_its_layer(qtbot: QtBot) -> None:
    session = make_session(make_layer("Rabbit"), make_layer("Grass", keyframes=(1050,)))
    timeline = make_timeline(qtbot, session)
    x, y = timeline.x_of(1050) + 4, timeline.row_middle(1)
    assert timeline.scale.frame_at(x) != 1050 or timeline.scale.pixels > 4
    press(timeline.viewport(), x, y)
    release(timeline.viewport(), x, y)
    qtbot.waitUntil(lambda: session.playhead == 1050)
    assert session.selected == "grass"


def test_a_click_on_a_name_selects_the_layer_and_seeks_nowhere(qtbot: QtBot) -> None:
    session = make_session(make_layer("Rabbit"), make_layer("Grass"))
    timeline = make_timeline(qtbot, session)
    press(timeline.viewport(), 40, timeline.row_middle(1))
    release(timeline.viewport(), 40, timeline.row_middle(1))
    qtbot.wait(1)
    assert session.selected == "grass"
    assert sought(session) == []


def test_the_wheel_zooms_around_the_cursor(qtbot: QtBot) -> None:
    timeline = make_timeline(qtbot, make_session())
    x = timeline.x_of(1070)
    wheel(timeline.viewport(), x, 10, 3)
    assert timeline.scale.pixels > 8
    assert timeline.x_of(1070) == pytest.approx(x, abs=timeline.scale.pixels / 2)
    assert timeline.scale.frame_at(x) == 1070
    timeline.fit()
    assert timeline.scale.visible == FrameRange(1001, 1132)


def test_zooming_out_ends_at_the_whole_clip(qtbot: QtBot) -> None:
    timeline = make_timeline(qtbot, make_session())
    wheel(timeline.viewport(), 400, 10, 2)
    wheel(timeline.viewport(), 400, 10, -30)
    assert timeline.scale.is_fit
    assert timeline.scale.offset == 0


def test_shift_and_wheel_pan_and_so_does_the_middle_button(qtbot: QtBot) -> None:
    timeline = make_timeline(qtbot, make_session())
    timeline.zoom(8, timeline.x_of(1001))
    view = timeline.viewport()
    wheel(view, 400, 10, -1, Qt.KeyboardModifier.ShiftModifier)
    panned = timeline.scale.offset
    assert panned > 0
    drag(view, (500, 60), (400, 60), Qt.MouseButton.MiddleButton)
    assert timeline.scale.offset == pytest.approx(panned + 100)
    assert timeline.horizontalScrollBar().value() == round(panned + 100)


def test_a_playhead_that_leaves_the_view_takes_the_view_along(qtbot: QtBot) -> None:
    session = make_session()
    timeline = make_timeline(qtbot, session)
    timeline.zoom(8, timeline.x_of(1001))
    session.seek(1100)
    assert 1100 in timeline.scale.visible
    session.seek(1002)
    assert 1002 in timeline.scale.visible


def test_keys_step_and_zoom(qtbot: QtBot) -> None:
    session = make_session()
    timeline = make_timeline(qtbot, session)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Left, Qt.Key.Key_Home, Qt.Key.Key_End):
        qtbot.keyClick(timeline, key)
    qtbot.keyClick(timeline, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(timeline, Qt.Key.Key_Down)
    assert session.called("step") == [(1,), (-1,), (10,)]
    assert session.called("go_to_start")
    assert session.called("go_to_end")
    assert session.called("step_keyframe") == [(1,)]
    qtbot.keyClick(timeline, Qt.Key.Key_Plus)
    assert not timeline.scale.is_fit
    qtbot.keyClick(timeline, Qt.Key.Key_0)
    assert timeline.scale.is_fit


def test_a_row_is_filled_with_the_layers_colour_only_where_it_has_masks(qtbot: QtBot) -> None:
    layer = make_layer("Rabbit", colour=1, masks=tuple(range(1040, 1060)))
    timeline = make_timeline(qtbot, make_session(layer))
    y = timeline.row_middle(0)
    assert colour_at(timeline, timeline.x_of(1050), y) == theme.layer_colour(1)
    assert colour_at(timeline, timeline.x_of(1061), y) == theme.SUNKEN
    assert colour_at(timeline, timeline.x_of(1038), y) == theme.SUNKEN


def test_an_answered_keyframe_is_a_full_diamond_and_an_unanswered_one_hollow(qtbot: QtBot) -> None:
    layer = make_layer("Rabbit", keyframes=(1040,), stale=(1070,))
    timeline = make_timeline(qtbot, make_session(layer))
    y = timeline.row_middle(0)
    assert colour_at(timeline, timeline.x_of(1040), y).lightness() > 200
    assert colour_at(timeline, timeline.x_of(1070), y).lightness() < 40
    outline = [colour_at(timeline, timeline.x_of(1070) + dx, y).lightness() for dx in range(-7, 8)]
    assert max(outline) > 180


def test_a_locked_row_is_hatched(qtbot: QtBot) -> None:
    layer = replace(make_layer("Rabbit", masks=tuple(range(1010, 1030))), locked=True)
    timeline = make_timeline(qtbot, make_session(layer))
    image = timeline.viewport().grab().toImage()
    y = int(timeline.row_middle(0))
    first, last = int(timeline.x_of(1012)), int(timeline.x_of(1028))
    row = {image.pixelColor(x, y).name() for x in range(first, last)}
    assert {theme.layer_colour(0).name(), theme.SUNKEN.name()} <= row


def test_cached_and_embedded_frames_are_two_lines_below_the_ruler(qtbot: QtBot) -> None:
    session = make_session()
    session.answers.cached = frozenset(range(1020, 1080))
    timeline = make_timeline(qtbot, session)
    x = timeline.x_of(1050)
    assert colour_at(timeline, x, RULER + 2) == theme.TEXT_DISABLED
    assert colour_at(timeline, x, RULER + 5) == theme.SUNKEN
    session.answers.embedded = frozenset(range(1040, 1060))
    session.caches_changed.emit()
    assert colour_at(timeline, x, RULER + 5) == theme.TEXT
    assert colour_at(timeline, timeline.x_of(1070), RULER + 5) == theme.SUNKEN


def test_missing_and_unreadable_frames_are_hatched(qtbot: QtBot) -> None:
    clip = make_clip(missing=frozenset(range(1040, 1050)))
    session = FakeSession(Project(clip))
    timeline = make_timeline(qtbot, session)

    def hatched(frame: int) -> bool:
        image = timeline.viewport().grab().toImage()
        x, y = int(timeline.x_of(frame)), RULER + LINES + 3
        box = [image.pixelColor(x + dx, y + dy) for dx in range(-2, 3) for dy in range(9)]
        return theme.ERROR in box

    assert hatched(1045)
    assert not hatched(1060)
    session.answers.gaps = {1060: "frame 1060 is damaged"}
    session.frame_ready.emit(1060)
    assert hatched(1060)


def test_the_tip_of_a_gap_says_why(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    tips: list[str] = []
    monkeypatch.setattr(QToolTip, "showText", lambda _at, text, _widget: tips.append(text))
    session = make_session()
    session.answers.gaps = {1060: "frame 1060 is damaged"}
    timeline = make_timeline(qtbot, session)
    at = QPoint(round(timeline.x_of(1060)), RULER + LINES + 4)
    event = QHelpEvent(QEvent.Type.ToolTip, at, timeline.viewport().mapToGlobal(at))
    QApplication.sendEvent(timeline.viewport(), event)
    assert tips == ["frame 1060 is damaged"]


def test_thumbnails_appear_when_the_session_has_them(qtbot: QtBot) -> None:
    session = make_session()
    timeline = make_timeline(qtbot, session)
    y = RULER + LINES + STRIP / 2
    assert colour_at(timeline, timeline.x_of(1004), y) == theme.PANEL
    session.answers.thumbnails[1001] = np.full((36, 64, 3), (10, 120, 200), np.uint8)
    session.thumbnail_ready.emit(1001)
    assert colour_at(timeline, timeline.x_of(1004), y) == QColor(10, 120, 200)


def test_thumbnails_are_asked_for_visible_frames_only_and_evenly(qtbot: QtBot) -> None:
    session = make_session(count=5000)
    timeline = make_timeline(qtbot, session)
    timeline.zoom(40, timeline.x_of(1001))
    session.calls.clear()
    timeline.viewport().repaint()
    timeline.refresh()
    timeline.viewport().repaint()
    asked = sorted({frame for (frame,) in session.called("thumbnail") if isinstance(frame, int)})
    assert asked
    assert asked[-1] <= timeline.scale.visible.last
    assert len({after - before for before, after in pairwise(asked)}) == 1


def test_what_lies_outside_in_and_out_is_darker(qtbot: QtBot) -> None:
    layer = make_layer("Rabbit", masks=tuple(range(1001, 1133)))
    timeline = make_timeline(qtbot, make_session(layer, in_out=FrameRange(1020, 1100)))
    y = timeline.row_middle(0)
    inside = colour_at(timeline, timeline.x_of(1050), y)
    assert colour_at(timeline, timeline.x_of(1110), y).lightness() < inside.lightness() * 0.7


def test_many_layers_scroll_with_the_wheel_over_their_names(qtbot: QtBot) -> None:
    layers = [make_layer(f"Layer {n}", colour=n) for n in range(12)]
    timeline = make_timeline(qtbot, make_session(*layers), (GUTTER + 660, 200))
    before = timeline.row_middle(11)
    wheel(timeline.viewport(), 30, TOP + 20, -20)
    assert timeline.row_middle(11) < before
    assert timeline.row_middle(11) < timeline.viewport().height()


def test_an_edit_repaints_the_row(qtbot: QtBot) -> None:
    session = make_session(make_layer("Rabbit"))
    session.selected = "rabbit"
    timeline = make_timeline(qtbot, session)
    session.seek(1060)
    session.add_point(5, 5, include=True)
    session.seek(1001)
    y = timeline.row_middle(0)
    outline = [colour_at(timeline, timeline.x_of(1060) + dx, y).lightness() for dx in range(-7, 8)]
    assert max(outline) > 180
    session.undo()
    plain = [colour_at(timeline, timeline.x_of(1060) + dx, y).lightness() for dx in range(-7, 8)]
    assert max(plain) < 100


def test_without_a_clip_the_timeline_is_blank_and_takes_clicks_calmly(qtbot: QtBot) -> None:
    session = FakeSession()
    timeline = make_timeline(qtbot, session)
    drag(timeline.viewport(), (300, 10), (400, 10))
    wheel(timeline.viewport(), 300, 10, 2)
    assert session.calls == []
    session.set_project(Project(make_clip()))
    assert timeline.scale.frames == FrameRange(1001, 1132)
    assert timeline.accessibleDescription() == "Frame 1001, in 1001, out 1132"


def colours(timeline: Timeline, frames: range, row: int) -> set[str]:
    """The colours along the upper half of a row's track, and along its middle."""
    image = timeline.viewport().grab().toImage()
    first, last = (int(timeline.x_of(frame)) for frame in (frames[0], frames[-1]))
    middle = int(timeline.row_middle(row))
    return {image.pixelColor(x, y).name() for x in range(first, last) for y in (middle - 3, middle)}


def test_locked_frames_are_hatched_and_others_filled(qtbot: QtBot) -> None:
    layer = replace(make_layer("Rabbit", masks=tuple(range(1001, 1133))), locks=frozenset())
    session = make_session(replace(layer, locks=frozenset(range(1020, 1060))))
    timeline = make_timeline(qtbot, session)
    fill = theme.layer_colour(0).name()
    assert colours(timeline, range(1070, 1120), 0) == {fill}
    assert colours(timeline, range(1022, 1058), 0) >= {fill, theme.SUNKEN.name()}


def test_a_padlock_below_the_track_tells_a_locked_frame_from_another(qtbot: QtBot) -> None:
    """Also a keyframe, whose diamond hides the hatching, and under the playhead."""
    free = make_layer("Free", keyframes=(1010, 1040), masks=tuple(range(1001, 1133)))
    held = replace(free, id="held", locks=frozenset({1010, *range(1040, 1060), 1100}))
    session = make_session(held, free)
    timeline = make_timeline(qtbot, session)

    def padlock(frame: int, row: int) -> bool:
        x, y = timeline.x_of(frame) - 2.5, timeline.row_middle(row) + TRACK / 2 + 9
        return colour_at(timeline, x, y).lightness() > 180

    for playhead in (1001, 1010):
        session.seek(playhead)
        assert [padlock(frame, 0) for frame in (1010, 1040, 1049, 1100)] == [
            True,
            True,
            False,
            True,
        ]
        assert not any(padlock(frame, 1) for frame in (1010, 1040, 1049, 1100))


def test_a_run_of_locked_frames_without_a_keyframe_has_one_padlock(qtbot: QtBot) -> None:
    layer = make_layer("Rabbit", keyframes=(1030, 1032), masks=tuple(range(1001, 1133)))
    held = frozenset({*range(1001, 1020), *range(1025, 1040), 1050})
    assert make_row(replace(layer, locks=held), 1).padlocks == (1010, 1030, 1032, 1050)


def test_where_the_object_is_absent_the_row_is_dashed(qtbot: QtBot) -> None:
    """Not filled, whoever says so; hatched too where it is the artist."""
    session = make_session(make_layer("Rabbit", masks=tuple(range(1001, 1020))))
    empty = dict.fromkeys(range(1040, 1080), Mask.absent((640, 360)))
    session.edit("Propagate", lambda p: edits.set_masks(p, {"rabbit": empty}))
    session.edit("Absent", lambda p: edits.mark_absent(p, "rabbit", range(1090, 1130)))
    timeline = make_timeline(qtbot, session)
    fill, ground = theme.layer_colour(0).name(), theme.SUNKEN.name()
    assert colours(timeline, range(1042, 1078), 0) == {fill, ground}
    assert colours(timeline, range(1092, 1128), 0) == {fill, ground, theme.TEXT_DISABLED.name()}
    assert colours(timeline, range(1024, 1036), 0) == {ground}
    image = timeline.viewport().grab().toImage()
    above = int(timeline.row_middle(0)) - 3
    across = range(int(timeline.x_of(1042)), int(timeline.x_of(1078)))
    assert {image.pixelColor(x, above).name() for x in across} == {ground}  # a line, no bar


def test_a_tip_tells_of_locks_where_a_diamond_hides_them(qtbot: QtBot) -> None:
    session = make_session(make_layer("Rabbit", keyframes=(1010,), masks=(1020,)))
    session.edit("Lock", lambda p: edits.lock_frames(p, "rabbit", [1010], locked=True))
    session.edit("Absent", lambda p: edits.mark_absent(p, "rabbit", [1030]))
    timeline = make_timeline(qtbot, session)
    at = [QPointF(timeline.x_of(f), timeline.row_middle(0)) for f in (1010, 1020, 1030)]
    assert [timeline._tip_at(place) for place in at] == [
        "Frame 1010 is locked",
        "",
        "Rabbit is marked absent on frame 1030",
    ]


def test_below_a_row_the_doubt_rises_and_is_amber_where_it_is_suspect(qtbot: QtBot) -> None:
    doubts = {1005: 0.05, 1010: 0.3, 1015: 0.45, 1020: 0.5, 1025: 0.9}
    masks = {f: replace(make_mask(), doubt=doubt) for f, doubt in doubts.items()}
    layer = replace(make_layer("Rabbit"), masks=MappingProxyType(masks))
    timeline = make_timeline(qtbot, make_session(layer, count=30))
    scene = timeline.scene()
    assert scene is not None
    bottom = scene.row_top(0) + ROW - 1
    curve = {
        1005: (0, theme.TEXT_DISABLED),
        1010: (3, theme.TEXT_DISABLED),
        1015: (5, theme.TEXT_DISABLED),
        1020: (6, theme.WARNING),
        1025: (10, theme.WARNING),
    }
    for frame, (height, colour) in curve.items():
        x = scene.scale.centre_of(frame)
        seen = [colour_at(timeline, x, bottom - 0.5 - up) == colour for up in range(LANE)]
        assert seen == [up < height for up in range(LANE)], frame
