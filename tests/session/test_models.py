"""Another model while a clip is open: what is asked from then on is its, nothing else changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.jobs import FrameEmbedded, FrameRead
from app.session import THROTTLE, Message, Session
from app.settings import Settings
from tests.fakes import DiscModel
from tests.session.conftest import FIRST
from tests.session.test_session import LONG, click, inside, wait_for_mask


@pytest.fixture
def other(model: DiscModel) -> DiscModel:
    """A model with another digest and other shapes, whose embeddings fit no one else."""
    other = DiscModel()
    other.info = replace(model.info, id="other", label="Other", digest="1" * 64)
    return other


def change(session: Session, model: DiscModel) -> None:
    """Take `model` into use as the desk does."""
    session.use_model(model, session.cache_maker()(model.info))


def test_finished_masks_stay_and_new_prompts_are_the_new_models(
    session: Session, qtbot: QtBot, model: DiscModel, other: DiscModel
) -> None:
    layer_id = click(session)
    wait_for_mask(qtbot, session, layer_id, FIRST)
    before = session.project
    asked = len(model.decoded)
    with qtbot.waitSignal(session.model_changed):
        change(session, other)
    assert session.project is before  # no edit, nothing to undo, no mask lost
    assert session.status().model == "Other"
    qtbot.waitUntil(lambda: FIRST in session.embedded_frames(), timeout=LONG)
    assert not other.decoded
    assert session.project.layer(layer_id).masks[FIRST].model == "disc"
    click(session, 40, 45)
    wait_for_mask(qtbot, session, layer_id, FIRST)
    assert len(model.decoded) == asked
    assert other.decoded
    assert session.project.layer(layer_id).masks[FIRST].model == "other"


def test_undo_still_finds_the_masks_of_the_model_before(
    session: Session, qtbot: QtBot, other: DiscModel
) -> None:
    layer_id = click(session)
    wait_for_mask(qtbot, session, layer_id, FIRST)
    change(session, other)
    click(session, 40, 45)
    wait_for_mask(qtbot, session, layer_id, FIRST)
    asked = len(other.decoded)
    session.undo()
    assert not session.is_pending(layer_id, FIRST)
    assert session.project.layer(layer_id).masks[FIRST].model == "disc"
    session.redo()
    assert session.project.layer(layer_id).masks[FIRST].model == "other"
    assert len(other.decoded) == asked


def test_embeddings_of_two_models_do_not_mix(
    session: Session, qtbot: QtBot, model: DiscModel, other: DiscModel
) -> None:
    qtbot.waitUntil(lambda: len(session.embedded_frames()) >= 3, timeout=LONG)
    ready = session.embedded_frames()
    other.encoding.clear()
    change(session, other)
    assert not session.embedded_frames()
    other.encoding.set()
    qtbot.waitUntil(lambda: FIRST in session.embedded_frames(), timeout=LONG)
    assert other.encoded
    encoded = len(model.encoded)
    model.encoding.clear()
    change(session, model)  # what it encoded before is on the disk
    assert session.embedded_frames() >= ready
    assert len(model.encoded) == encoded


def test_pictures_and_thumbnails_are_kept(session: Session, qtbot: QtBot, other: DiscModel) -> None:
    picture = session.picture(FIRST)
    assert picture is not None
    qtbot.waitUntil(lambda: session.thumbnail(FIRST) is not None, timeout=LONG)
    change(session, other)
    assert session.picture(FIRST) is picture
    assert session.thumbnail(FIRST) is not None
    session.seek(FIRST + 3)
    qtbot.waitUntil(lambda: session.picture(FIRST + 3) is not None, timeout=LONG)


def test_pictures_read_for_the_model_before_are_shown_and_its_answers_are_not(
    session: Session, qtbot: QtBot, other: DiscModel
) -> None:
    before = session.caches
    assert before is not None
    change(session, other)
    with qtbot.waitSignal(session.frame_ready, timeout=LONG):
        session._on_answered(FrameRead(before, FIRST + 1))
    seconds = session._encode_seconds
    session._on_answered(FrameEmbedded(before, FIRST, 99.0))
    assert session._encode_seconds == pytest.approx(seconds, abs=1.0)


def test_a_question_that_waits_is_answered_by_the_new_model(
    session: Session, qtbot: QtBot, model: DiscModel, other: DiscModel
) -> None:
    qtbot.waitUntil(lambda: FIRST in session.embedded_frames(), timeout=LONG)
    model.decoding.clear()
    layer_id = click(session)
    qtbot.wait(100)
    change(session, other)
    model.decoding.set()  # its answer comes late, and is not taken
    wait_for_mask(qtbot, session, layer_id, FIRST)
    assert session.project.layer(layer_id).masks[FIRST].model == "other"
    assert inside(session, layer_id, 80, 45)


def test_a_clip_that_is_being_opened_gets_caches_for_the_new_model(
    make_session: Callable[..., Session], plate: Path, qtbot: QtBot, other: DiscModel
) -> None:
    session = make_session(Settings(encode_ahead=False))
    with qtbot.waitSignal(session.clip_changed, timeout=LONG):
        session.open(plate)
        session.use_model(other)
    assert session.caches is not None
    assert session.caches.model == other.info.digest
    layer_id = click(session)
    wait_for_mask(qtbot, session, layer_id, FIRST)
    assert session.project.layer(layer_id).masks[FIRST].model == "other"


def test_caches_prepared_for_a_clip_that_was_closed_are_let_go(
    session: Session, other: DiscModel
) -> None:
    prepared = session.cache_maker()(other.info)
    assert prepared is not None
    session.close_project()
    session.use_model(other, prepared)
    assert session.caches is None
    assert prepared._embeddings._disk is None
    assert session.model.id == "other"


def test_without_a_clip_the_next_one_is_the_new_models(
    make_session: Callable[..., Session], plate: Path, qtbot: QtBot, other: DiscModel
) -> None:
    session = make_session()
    change(session, other)
    with qtbot.waitSignal(session.clip_changed, timeout=LONG):
        session.open(plate)
    layer_id = click(session)
    wait_for_mask(qtbot, session, layer_id, FIRST)
    assert session.project.layer(layer_id).masks[FIRST].model == "other"


def test_an_export_under_way_goes_on_with_the_model_it_began_with(
    session: Session, qtbot: QtBot, model: DiscModel, other: DiscModel, tmp_path: Path
) -> None:
    layer_id = click(session)
    wait_for_mask(qtbot, session, layer_id, FIRST)
    work = session.project.work_range
    assert work is not None
    with qtbot.waitSignal(session.export_finished, timeout=LONG) as ended:
        session.export(tmp_path / "out", [layer_id], work, "refuse")
        change(session, other)
    assert ended.args is not None
    assert not other.decoded
    assert (tmp_path / "out" / session.project.layer(layer_id).name).is_dir()


def test_what_became_of_the_wish_for_a_device_is_said_once_and_stays(
    session: Session, qtbot: QtBot, model: DiscModel
) -> None:
    said: list[Message] = []
    session.message_sent.connect(said.append)
    note = "NVIDIA CUDA could not be started; the model runs on the CPU."
    model.info = replace(model.info, notes=(note,))
    click(session)
    qtbot.waitUntil(lambda: bool(said), timeout=LONG)
    wait_for_mask(qtbot, session, click(session, 40, 45), FIRST)
    qtbot.wait(2 * THROTTLE)
    assert said == [Message("warning", note, stays=True)]
