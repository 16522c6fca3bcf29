from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.domain import edits
from app.domain.frames import FrameRange
from app.reports import ExportSummary, Message
from app.session import Session
from app.settings import Settings
from tests.fakes import DiscModel
from tests.session.conftest import FIRST, HOLE, LAST

LONG = 10000


def click(session: Session, x: float = 80, y: float = 45, *, include: bool = True) -> str:
    session.add_point(x, y, include)
    assert session.selected is not None
    return session.selected


def wait_for_mask(qtbot: QtBot, session: Session, layer_id: str, frame: int) -> None:
    qtbot.waitUntil(lambda: session.matte(layer_id, frame) is not None, timeout=LONG)
    qtbot.waitUntil(lambda: not session.is_pending(layer_id, frame), timeout=LONG)


def inside(session: Session, layer_id: str, x: int, y: int, frame: int = FIRST) -> bool:
    matte = session.matte(layer_id, frame)
    assert matte is not None
    return bool(matte[y, x] >= 128)


def test_a_click_makes_a_layer_and_its_matte(session: Session, qtbot: QtBot) -> None:
    layer_id = click(session)
    assert session.is_pending(layer_id, FIRST)
    wait_for_mask(qtbot, session, layer_id, FIRST)
    assert inside(session, layer_id, 80, 45)
    assert not inside(session, layer_id, 80 + 25, 45)
    assert session.history.labels()[-1] == f"Include point, frame {FIRST}"


def test_undo_of_a_click_brings_back_the_mask_before_without_asking_again(
    session: Session, qtbot: QtBot, model: DiscModel
) -> None:
    layer_id = click(session)
    wait_for_mask(qtbot, session, layer_id, FIRST)
    click(session, 70, 45, include=False)
    wait_for_mask(qtbot, session, layer_id, FIRST)
    assert not inside(session, layer_id, 70, 45)
    asked = len(model.decoded)
    session.undo()
    assert not session.is_pending(layer_id, FIRST)
    assert inside(session, layer_id, 70, 45)
    session.redo()
    assert not inside(session, layer_id, 70, 45)
    assert len(model.decoded) == asked


def test_undo_of_the_first_click_takes_its_layer_away(session: Session) -> None:
    click(session)
    session.undo()
    assert session.project.layers == ()
    assert session.selected is None
    session.redo()
    assert len(session.project.layers) == 1


def test_the_answer_to_an_old_question_is_dropped(
    session: Session, qtbot: QtBot, model: DiscModel
) -> None:
    qtbot.waitUntil(lambda: FIRST in session.embedded_frames(), timeout=LONG)
    model.decoding.clear()
    layer_id = click(session)
    session.add_point(20, 20, include=False)
    model.decoding.set()
    wait_for_mask(qtbot, session, layer_id, FIRST)
    mask = session.project.layer(layer_id).masks[FIRST]
    assert mask.prompt == session.project.layer(layer_id).prompts[FIRST]
    assert len(session.project.layer(layer_id).prompts[FIRST].points) == 2


def test_the_frame_under_the_playhead_is_embedded_first(
    make_session: Callable[..., Session], plate: Path, model: DiscModel, qtbot: QtBot
) -> None:
    model.encoding.clear()
    session = make_session()
    with qtbot.waitSignal(session.clip_changed, timeout=LONG):
        session.open(plate)
    session.seek(1009)
    qtbot.waitUntil(lambda: session._settled, timeout=LONG)
    model.encoding.set()
    qtbot.waitUntil(lambda: len(session.embedded_frames()) == 11, timeout=LONG)
    order = [brightness // 10 + FIRST - 1 for brightness in model.encoded]
    assert 1009 in order[:2]  # the first may have been under way already
    assert order.index(1010) < order.index(1008)


def test_embeddings_survive_a_restart(
    make_session: Callable[..., Session], plate: Path, model: DiscModel, qtbot: QtBot
) -> None:
    first = make_session()
    first.open(plate)
    qtbot.waitUntil(lambda: len(first.embedded_frames()) == 11, timeout=LONG)
    first.shutdown()
    model.encoded.clear()
    second = make_session()
    with qtbot.waitSignal(second.clip_changed, timeout=LONG):
        second.open(plate)
    assert len(second.embedded_frames()) == 11
    layer_id = click(second)
    wait_for_mask(qtbot, second, layer_id, FIRST)
    assert model.encoded == []


def test_a_hole_in_the_sequence_is_a_gap(session: Session, qtbot: QtBot) -> None:
    session.seek(HOLE)
    error = session.frame_error(HOLE)
    assert error is not None
    assert str(HOLE) in error
    session.add_point(80, 45, include=True)
    assert session.project.layers == ()


def test_a_clip_that_cannot_be_opened_leaves_the_project_alone(
    session: Session, qtbot: QtBot, tmp_path: Path
) -> None:
    layer_id = click(session)
    wrong = tmp_path / "notes.mp4"
    wrong.write_text("not a movie")
    with qtbot.waitSignal(session.message_sent, timeout=LONG) as heard:
        session.open(wrong)
    message = heard.args[0]
    assert isinstance(message, Message)
    assert message.level == "error"
    assert "notes.mp4" in message.text
    assert session.project.layer(layer_id).prompts
    assert session.clip is not None


def test_opening_another_clip_begins_a_project_and_leaves_the_work_recoverable(
    session: Session, qtbot: QtBot, tmp_path: Path
) -> None:
    layer_id = click(session)
    wait_for_mask(qtbot, session, layer_id, FIRST)
    other = tmp_path / "still.png"
    cv2.imwrite(str(other), np.zeros((30, 40, 3), np.uint8))
    with qtbot.waitSignal(session.clip_changed, timeout=LONG):
        session.open(other)
    assert session.project.layers == ()
    assert not session.history.can_undo
    qtbot.waitUntil(lambda: len(session.files.recoverable()) == 1, timeout=LONG)
    with qtbot.waitSignal(session.began, timeout=LONG):
        session.files.recover(session.files.recoverable()[0].path)
    assert session.project.layer(layer_id).masks[FIRST].prompt is not None
    qtbot.waitUntil(lambda: session.picture(FIRST) is not None, timeout=LONG)


def test_a_failing_model_reaches_the_artist_and_is_asked_again_after_an_edit(
    make_session: Callable[..., Session], plate: Path, model: DiscModel, qtbot: QtBot
) -> None:
    model.fault = RuntimeError("no memory left")
    session = make_session()
    heard: list[Message] = []
    session.message_sent.connect(heard.append)
    session.open(plate)
    qtbot.waitUntil(lambda: any("no memory left" in m.text for m in heard), timeout=LONG)
    model.fault = None
    layer_id = click(session)
    wait_for_mask(qtbot, session, layer_id, FIRST)


def test_dragging_a_point_is_one_step(session: Session, qtbot: QtBot) -> None:
    layer_id = click(session)
    steps = len(session.history.labels())
    for x in (81, 90, 100):
        session.move_point(0, x, 45)
    session.finish_drag()
    assert len(session.history.labels()) == steps + 1
    session.move_point(0, 101, 45)
    assert len(session.history.labels()) == steps + 2
    session.go_to_history(steps - 1)
    assert session.project.layer(layer_id).prompts[FIRST].points[0].x == 80


def test_proposals_cycle_and_come_round(session: Session, qtbot: QtBot) -> None:
    layer_id = click(session)
    seen = []
    for _ in range(4):
        session.cycle_proposal()
        seen.append(session.project.layer(layer_id).prompts[FIRST].proposal)
    assert seen == [1, 2, 3, 0]


def test_a_locked_layer_refuses_and_says_so(session: Session, qtbot: QtBot) -> None:
    layer_id = click(session)
    session.edit("Lock", lambda project: edits.set_locked(project, layer_id, locked=True))
    with qtbot.waitSignal(session.message_sent) as heard:
        session.add_point(10, 10, include=True)
    assert "locked" in heard.args[0].text
    assert len(session.project.layer(layer_id).prompts[FIRST].points) == 1


def test_in_and_out_bound_the_jumps(session: Session) -> None:
    session.seek(1003)
    session.set_in()
    session.seek(1010)
    session.set_out()
    assert session.project.in_out == FrameRange(1003, 1010)
    session.go_to_start()
    assert session.playhead == 1003
    session.go_to_end()
    assert session.playhead == 1010
    session.clear_in_out()
    session.go_to_end()
    assert session.playhead == LAST


def test_playing_shows_every_frame_and_stops_at_the_end(session: Session, qtbot: QtBot) -> None:
    seen: list[int] = []
    session.playhead_changed.connect(seen.append)
    session.toggle_play()
    qtbot.waitUntil(lambda: session.playhead == LAST and session.rate == 0, timeout=LONG)
    assert seen == list(range(FIRST + 1, LAST + 1))


def export(session: Session, qtbot: QtBot, out: Path, mode: str = "refuse") -> ExportSummary:
    ids = [layer.id for layer in session.project.layers]
    with qtbot.waitSignal(session.export_finished, timeout=20000) as heard:
        session.export(out, ids, FrameRange(FIRST, LAST), mode)  # type: ignore[arg-type]
    summary = heard.args[0]
    assert isinstance(summary, ExportSummary)
    return summary


def test_an_export_writes_every_frame_it_can_and_names_the_gap(
    session: Session, qtbot: QtBot, tmp_path: Path
) -> None:
    click(session)  # its answer need not be there: the export asks for it
    summary = export(session, qtbot, tmp_path / "out")
    written = sorted((tmp_path / "out" / "Layer 1").glob("*.png"))
    assert len(written) == LAST - FIRST
    assert not summary.complete
    assert any(str(HOLE) in sentence for sentence in summary.sentences)
    first = cv2.imread(str(written[0]), cv2.IMREAD_UNCHANGED)
    assert first is not None
    assert first.shape == (90, 160)
    assert first[45, 80] == 255
    assert first[5, 5] == 0
    second = cv2.imread(str(written[1]), cv2.IMREAD_UNCHANGED)
    assert second is not None
    assert not second.any()


def test_an_export_refuses_to_overwrite_and_says_how_many(
    session: Session, qtbot: QtBot, tmp_path: Path
) -> None:
    click(session)
    export(session, qtbot, tmp_path / "out")
    again = export(session, qtbot, tmp_path / "out")
    assert again.existing == LAST - FIRST
    assert not again.complete
    assert export(session, qtbot, tmp_path / "out", "overwrite").existing == 0


def test_a_cancelled_export_leaves_whole_files_only(
    session: Session, qtbot: QtBot, tmp_path: Path, model: DiscModel
) -> None:
    click(session)
    with qtbot.waitSignal(session.export_finished, timeout=LONG) as heard:
        ids = [layer.id for layer in session.project.layers]
        session.export(tmp_path / "out", ids, FrameRange(FIRST, LAST), "refuse")
        session.cancel_export()
    assert heard.args[0].cancelled
    for path in (tmp_path / "out").rglob("*"):
        if path.is_file():
            assert cv2.imread(str(path), cv2.IMREAD_UNCHANGED) is not None


def test_a_session_ends_while_it_encodes(
    make_session: Callable[..., Session], plate: Path, model: DiscModel, qtbot: QtBot
) -> None:
    session = make_session(Settings(frames_mb=1))
    session.open(plate)
    qtbot.waitUntil(
        lambda: session._crew.embedding is not None or bool(model.encoded), timeout=LONG
    )
    session.shutdown()
    assert not any(lane.isRunning() for lane in session._crew.lanes)


@pytest.mark.parametrize("number", [1, 2])
def test_layers_are_chosen_by_their_number(session: Session, number: int) -> None:
    ids = [session.add_layer(), session.add_layer()]
    session.select_layer_number(number)
    assert session.selected == ids[number - 1]


def test_undoing_a_deleted_layer_selects_it_again(session: Session) -> None:
    layer_id = click(session)
    session.delete_layer(layer_id)
    assert session.selected is None
    session.undo()
    assert session.selected == layer_id


def test_the_first_click_cannot_take_away(session: Session, qtbot: QtBot) -> None:
    with qtbot.waitSignal(session.message_sent) as heard:
        session.add_point(10, 10, include=False)
    assert "first" in heard.args[0].text
    assert session.project.layers == ()


def test_undo_goes_to_the_frame_it_changes(session: Session) -> None:
    click(session)
    session.add_point(20, 20, include=True)
    session.seek(1005)
    session.undo()
    assert session.playhead == FIRST


def test_the_same_prompt_on_two_layers_is_answered_on_both(
    session: Session, qtbot: QtBot, model: DiscModel
) -> None:
    model.decoding.clear()
    first = session.add_layer()
    session.add_point(50, 50, include=True)
    second = session.add_layer()
    session.add_point(50, 50, include=True)
    model.decoding.set()
    for layer_id in (first, second):
        assert layer_id is not None
        wait_for_mask(qtbot, session, layer_id, FIRST)


def test_two_boxes_are_two_steps(session: Session) -> None:
    session.set_box(10, 10, 50, 50)
    steps = len(session.history.labels())
    session.set_box(20, 20, 60, 60)
    assert len(session.history.labels()) == steps + 1


def test_mattes_beyond_the_budget_do_not_chase_each_other(
    session: Session, qtbot: QtBot, model: DiscModel
) -> None:
    caches = session._caches
    assert caches is not None
    caches.mattes.budget = 3 * 160 * 90
    for x in (30, 60, 90, 120):
        session.add_layer()
        session.add_point(x, 45, include=True)
    qtbot.waitUntil(lambda: not list(session._stale()), timeout=LONG)
    qtbot.wait(200)
    heard: list[str] = []
    session.mask_changed.connect(lambda layer_id, _frame: heard.append(layer_id))
    qtbot.wait(500)
    assert len(heard) < 10


def test_a_reader_that_fails_in_an_unforeseen_way_is_a_gap_and_asked_once(
    make_session: Callable[..., Session],
    plate: Path,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[int] = []

    def fail(_source: object, _clip: object, frame: int) -> None:
        asked.append(frame)
        raise ValueError("unforeseen")

    monkeypatch.setattr("app.jobs.FrameSource.rgb8", fail)
    session = make_session()
    session.open(plate)
    qtbot.waitUntil(lambda: session.frame_error(LAST) is not None, timeout=LONG)
    qtbot.wait(300)
    assert len(asked) <= 3 * (LAST - FIRST + 1)


def test_an_out_point_set_while_playing_is_where_it_stops(session: Session, qtbot: QtBot) -> None:
    session.toggle_play()
    session.edit("Out", lambda p: edits.set_in_out(p, FrameRange(FIRST, FIRST + 4)))
    qtbot.waitUntil(lambda: session.rate == 0, timeout=LONG)
    assert session.playhead == FIRST + 4
