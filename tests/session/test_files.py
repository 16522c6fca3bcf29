"""Projects in files: saved, opened, recovered, locked, linked to footage that went away."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.domain import edits
from app.domain.frames import FrameRange
from app.domain.live_copy import LiveCopy
from app.domain.project import LayerId
from app.domain.project_read import read_project
from app.domain.project_schema import VERSION, open_own
from app.reports import Message
from app.session import Session
from tests.fakes import DiscModel
from tests.session.conftest import FIRST, LAST

LONG = 10000
Make = Callable[..., Session]


def click(session: Session, qtbot: QtBot, x: float = 80, y: float = 45) -> LayerId:
    """A click, answered and on the disk."""
    session.add_point(x, y, include=True)
    layer_id = session.selected
    assert layer_id is not None
    qtbot.waitUntil(lambda: not session.is_pending(layer_id, session.playhead), timeout=LONG)
    wait_until_kept(session, qtbot)
    return layer_id


def live_of(session: Session) -> LiveCopy:
    live = session.files._document.live
    assert live is not None
    return live


def wait_until_kept(session: Session, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: live_of(session).kept is session.project, timeout=LONG)


def save(session: Session, qtbot: QtBot, path: Path | None = None) -> bool:
    with qtbot.waitSignal(session.files.save_ended, timeout=LONG) as ended:
        session.files.save(path)
    return bool(ended.args[0])


def open_project(session: Session, qtbot: QtBot, path: Path, *, footage: bool = True) -> None:
    with qtbot.waitSignal(session.began, timeout=LONG):
        session.open(path)
    if footage:
        qtbot.waitUntil(lambda: session.clip is not None and not session.clip.offline, timeout=LONG)


def messages(session: Session) -> list[Message]:
    heard: list[Message] = []
    session.message_sent.connect(heard.append)
    return heard


def crashed(session: Session, tmp_path: Path) -> Path:
    """The recovery folder as a crash would leave it now."""
    folder = tmp_path / "after the crash"
    folder.mkdir()
    for path in live_of(session).path.parent.iterdir():
        if path.suffix != ".lock" and path.is_file():
            shutil.copy(path, folder)
    return folder


@pytest.fixture
def other(model: DiscModel, tmp_path: Path, make_session: Make) -> Callable[..., Session]:
    """Makes further sessions, as further windows or later starts would be."""

    def make(recovery: Path | None = None) -> Session:
        session = make_session()
        if recovery is not None:
            session.files._folder = recovery
        return session

    return make


def test_what_is_saved_is_opened_as_it_was(
    session: Session, other: Callable[..., Session], qtbot: QtBot, tmp_path: Path
) -> None:
    layer_id = click(session, qtbot)
    session.seek(FIRST + 3)
    click(session, qtbot, 30, 30)
    session.set_in()
    home = tmp_path / "shot.roto"
    assert save(session, qtbot, home)
    assert session.files.home == home
    assert not session.files.is_modified
    second = other()
    open_project(second, qtbot, home.rename(tmp_path / "copy.roto"))
    assert second.project.layers == session.project.layers
    assert second.project.in_out == session.project.in_out
    assert second.playhead == FIRST + 3
    assert second.selected == layer_id
    assert not second.files.is_modified
    assert second.history.labels() == ["Open copy.roto"]
    qtbot.waitUntil(lambda: second.matte(layer_id, FIRST + 3) is not None, timeout=LONG)


def test_every_edit_is_on_the_disk_without_saving(
    session: Session, other: Callable[..., Session], qtbot: QtBot, tmp_path: Path
) -> None:
    layer_id = click(session, qtbot)
    session.edit("Rename", lambda project: edits.rename_layer(project, layer_id, "Fox"))
    wait_until_kept(session, qtbot)
    second = other(crashed(session, tmp_path))
    (work,) = second.files.recoverable()
    assert (work.name, work.layers, work.keyframes) == ("plate", 1, 1)
    assert work.picture[:2] == b"\xff\xd8"
    with qtbot.waitSignal(second.began, timeout=LONG):
        second.files.recover(work.path)
    assert second.project.layers == session.project.layers
    assert second.files.is_modified
    assert second.files.home is None
    assert second.history.labels() == ["Open plate"]
    qtbot.waitUntil(lambda: second.picture(FIRST) is not None, timeout=LONG)
    assert second.files.recoverable() == []


def test_recovered_work_knows_the_file_it_belongs_to(
    session: Session, other: Callable[..., Session], qtbot: QtBot, tmp_path: Path
) -> None:
    click(session, qtbot)
    home = tmp_path / "shot.roto"
    save(session, qtbot, home)
    click(session, qtbot, 30, 30)
    folder = crashed(session, tmp_path)
    session.shutdown()
    second = other(folder)
    (work,) = second.files.recoverable()
    assert work.name == "shot"
    with qtbot.waitSignal(second.began, timeout=LONG):
        second.files.recover(work.path)
    assert second.files.home == home
    assert second.files.is_modified
    assert second.history.labels() == ["Open shot.roto"]
    qtbot.waitUntil(lambda: second.files.opening is None, timeout=LONG)
    assert len(read_project(home).project.layers[0].prompts[FIRST].points) == 1
    assert save(second, qtbot)
    assert len(read_project(home).project.layers[0].prompts[FIRST].points) == 2


def test_work_tells_when_it_was_edited_last_however_often_it_is_looked_at(
    session: Session, other: Callable[..., Session], qtbot: QtBot, tmp_path: Path
) -> None:
    click(session, qtbot)
    wait_until_kept(session, qtbot)
    folder = crashed(session, tmp_path)
    (path,) = folder.glob("*.roto")
    with closing(open_own(path)) as db:
        db.execute("UPDATE fact SET value = '1000.5' WHERE name = 'edited'")
    second = other(folder)
    for _ in range(2):
        (work,) = second.files.recoverable()
        assert work.when == 1000.5
    with qtbot.waitSignal(second.files.footage_changed, timeout=LONG):
        second.files.recover(work.path)
    wait_until_kept(second, qtbot)
    second.shutdown()
    (work,) = other(folder).files.recoverable()
    assert work.when == 1000.5
    third = other(folder)
    with qtbot.waitSignal(third.files.footage_changed, timeout=LONG):
        third.files.recover(work.path)
    click(third, qtbot, 30, 30)
    wait_until_kept(third, qtbot)
    third.shutdown()
    (work,) = other(folder).files.recoverable()
    assert abs(work.when - time.time()) < 60


def test_looking_at_work_that_does_not_tell_when_it_was_edited_does_not_renew_it(
    session: Session, other: Callable[..., Session], qtbot: QtBot, tmp_path: Path
) -> None:
    click(session, qtbot)
    wait_until_kept(session, qtbot)
    folder = crashed(session, tmp_path)
    (path,) = folder.glob("*.roto")
    with closing(open_own(path)) as db:
        db.execute("DELETE FROM fact WHERE name = 'edited'")  # as before this was noted
    os.utime(path, (1000, 1000))
    for _ in range(2):
        (work,) = other(folder).files.recoverable()
        assert work.when == 1000


def test_saved_work_is_not_offered_again(
    session: Session, other: Callable[..., Session], qtbot: QtBot, tmp_path: Path
) -> None:
    click(session, qtbot)
    save(session, qtbot, tmp_path / "shot.roto")
    assert other(crashed(session, tmp_path)).files.recoverable() == []


def test_quitting_without_saving_leaves_the_work_for_the_next_start(
    session: Session, other: Callable[..., Session]
) -> None:
    session.add_point(80, 45, include=True)  # nobody waits until it is kept
    folder = live_of(session).path.parent
    session.shutdown()
    (work,) = other(folder).files.recoverable()
    assert work.keyframes == 1


def test_what_is_given_up_can_still_be_found(
    session: Session, other: Callable[..., Session], qtbot: QtBot
) -> None:
    click(session, qtbot)
    session.files.give_up()
    session.shutdown()
    second = other()
    assert second.files.recoverable() == []
    (work,) = second.files.given_up()
    with qtbot.waitSignal(second.began, timeout=LONG):
        second.files.recover(work.path)
    assert len(second.project.layers) == 1
    qtbot.waitUntil(lambda: second.files.opening is None, timeout=LONG)


def test_a_clip_nobody_worked_on_leaves_nothing_behind(session: Session, tmp_path: Path) -> None:
    session.shutdown()
    assert not list(tmp_path.glob("recovery/*.roto"))


def test_a_second_window_may_look_and_save_a_copy_only(
    session: Session, other: Callable[..., Session], qtbot: QtBot, tmp_path: Path
) -> None:
    layer_id = click(session, qtbot)
    home = tmp_path / "shot.roto"
    save(session, qtbot, home)
    second = other()
    heard = messages(second)
    open_project(second, qtbot, home)
    assert "read-only" in second.files.read_only
    assert any("read-only" in message.text for message in heard)
    before = second.project
    heard.clear()
    second.add_point(10, 10, include=True)
    second.delete_layer(layer_id)
    assert second.project is before
    assert heard == [Message("info", second.files.read_only)] * 2  # these go by themselves
    assert not second.files.is_modified
    second.files.save()
    assert second.files.saving is None
    assert save(second, qtbot, tmp_path / "copy.roto")
    assert second.files.read_only == ""
    second.add_point(10, 10, include=True)
    assert second.project is not before


def test_a_read_only_project_without_layers_gets_none(
    session: Session, other: Callable[..., Session], qtbot: QtBot, tmp_path: Path
) -> None:
    home = tmp_path / "shot.roto"
    save(session, qtbot, home)
    second = other()
    open_project(second, qtbot, home)
    second.add_point(10, 10, include=True)
    second.set_box(10, 10, 20, 20)
    assert second.add_layer() is None
    assert second.project.layers == ()
    assert second.selected is None


def test_saving_over_a_project_that_is_open_elsewhere_is_refused(
    session: Session, other: Callable[..., Session], qtbot: QtBot, tmp_path: Path, plate: Path
) -> None:
    click(session, qtbot)
    home = tmp_path / "shot.roto"
    save(session, qtbot, home)
    before = home.read_bytes()
    second = other()
    with qtbot.waitSignal(second.clip_changed, timeout=LONG):
        second.open(plate)
    click(second, qtbot)
    heard = messages(second)
    assert not save(second, qtbot, home)
    assert "open in another window" in heard[-1].text
    assert home.read_bytes() == before
    assert second.files.is_modified


def test_the_lock_goes_with_the_project(
    session: Session, other: Callable[..., Session], qtbot: QtBot, tmp_path: Path
) -> None:
    click(session, qtbot)
    save(session, qtbot, tmp_path / "shot.roto")
    assert (tmp_path / ".shot.roto.lock").exists()
    session.close_project()
    assert not (tmp_path / ".shot.roto.lock").exists()
    second = other()
    open_project(second, qtbot, tmp_path / "shot.roto")
    assert second.files.read_only == ""
    open_project(second, qtbot, tmp_path / "shot.roto")  # again, in the same window
    assert second.files.read_only == ""


def test_each_save_keeps_the_file_before_and_backups_open(
    session: Session, qtbot: QtBot, tmp_path: Path
) -> None:
    home = tmp_path / "shot.roto"
    for count in range(1, 4):
        click(session, qtbot, 20 * count, 45)
        save(session, qtbot, home)
    backups = [backup for backup, _ in session.files.backups()]
    assert [backup.number for backup in backups] == [2, 1]
    with qtbot.waitSignal(session.began, timeout=LONG):
        session.files.open_backup(backups[1].path)
    assert len(session.project.layers[0].prompts[FIRST].points) == 1
    assert session.files.home == home
    assert session.files.is_modified
    assert len(read_project(home).project.layers[0].prompts[FIRST].points) == 3
    qtbot.waitUntil(lambda: session.files.opening is None, timeout=LONG)
    save(session, qtbot)
    assert len(read_project(home).project.layers[0].prompts[FIRST].points) == 1
    assert [backup.number for backup, _ in session.files.backups()] == [3, 2, 1]


def test_another_programs_change_is_noticed_and_kept(
    session: Session, qtbot: QtBot, tmp_path: Path
) -> None:
    click(session, qtbot)
    home = tmp_path / "shot.roto"
    save(session, qtbot, home)
    home.unlink()
    home.write_bytes(b"something else")
    click(session, qtbot, 30, 30)
    heard = messages(session)
    assert save(session, qtbot)
    assert any("Another program had changed shot.roto" in message.text for message in heard)
    assert session.files.backups()[0][0].path.read_bytes() == b"something else"


def test_undo_leads_back_to_saved(session: Session, qtbot: QtBot, tmp_path: Path) -> None:
    click(session, qtbot)
    save(session, qtbot, tmp_path / "shot.roto")
    layer_id = session.project.layers[0].id
    session.edit("Hide", lambda project: edits.set_shown(project, layer_id, shown=False))
    assert session.files.is_modified
    session.undo()
    assert not session.files.is_modified


def test_a_newer_project_can_be_looked_at_only(
    session: Session, other: Callable[..., Session], qtbot: QtBot, tmp_path: Path
) -> None:
    click(session, qtbot)
    home = tmp_path / "shot.roto"
    save(session, qtbot, home)
    session.shutdown()
    db = open_own(home)
    db.execute(f"PRAGMA user_version = {VERSION + 1}")
    db.close()
    second = other()
    heard = messages(second)
    open_project(second, qtbot, home)
    assert "newer Rotocel" in second.files.read_only
    before = home.read_bytes()
    second.files.save(tmp_path / "copy.roto")
    assert "newer Rotocel" in heard[-1].text
    assert home.read_bytes() == before
    assert not (tmp_path / "copy.roto").exists()


def test_a_newer_project_that_is_open_elsewhere_is_not_copied_either(
    session: Session, other: Callable[..., Session], qtbot: QtBot, tmp_path: Path
) -> None:
    click(session, qtbot)
    home = tmp_path / "shot.roto"
    save(session, qtbot, home)
    db = open_own(home)
    db.execute(f"PRAGMA user_version = {VERSION + 1}")
    db.close()
    second = other()
    heard = messages(second)
    open_project(second, qtbot, home)
    second.files.save(tmp_path / "copy.roto")
    assert second.files.saving is None
    assert "newer Rotocel" in heard[-1].text


def test_a_damaged_project_is_one_sentence_and_the_present_one_stays(
    session: Session, qtbot: QtBot, tmp_path: Path
) -> None:
    click(session, qtbot)
    before = session.project
    bad = tmp_path / "bad.roto"
    bad.write_bytes(b"not a project")
    with qtbot.waitSignal(session.message_sent, timeout=LONG) as heard:
        session.open(bad)
    assert heard.args[0].level == "error"
    assert "bad.roto is not a Rotocel project" in heard.args[0].text
    assert session.project is before
    session.add_point(20, 20, include=True)
    wait_until_kept(session, qtbot)


def test_a_project_that_moved_with_its_footage_finds_it(
    session: Session, other: Callable[..., Session], qtbot: QtBot, tmp_path: Path, plate: Path
) -> None:
    click(session, qtbot)
    (tmp_path / "job").mkdir()
    save(session, qtbot, tmp_path / "job" / "shot.roto")
    session.shutdown()
    (tmp_path / "moved").mkdir()
    shutil.move(tmp_path / "job", tmp_path / "moved" / "job")
    shutil.move(plate, tmp_path / "moved" / "plate")
    second = other()
    open_project(second, qtbot, tmp_path / "moved" / "job" / "shot.roto")
    assert second.clip is not None
    assert second.clip.path.parent == tmp_path / "moved" / "plate"
    assert not second.files.is_modified
    assert second.files.missing is None


def test_missing_footage_opens_anyway_and_is_linked_again(
    session: Session, other: Callable[..., Session], qtbot: QtBot, tmp_path: Path, plate: Path
) -> None:
    layer_id = click(session, qtbot)
    home = tmp_path / "shot.roto"
    save(session, qtbot, home)
    session.shutdown()
    found = tmp_path / "elsewhere"
    plate.rename(found)
    second = other()
    open_project(second, qtbot, home, footage=False)
    qtbot.waitUntil(lambda: second.files.missing is not None, timeout=LONG)
    missing = second.files.missing
    assert missing is not None
    assert "not where it was" in missing.reason
    assert second.project.layer(layer_id).masks
    assert missing.candidates[0].path.parent == found
    assert "same footage" in missing.candidates[0].reason
    second.edit("Hide", lambda project: edits.set_shown(project, layer_id, shown=False))
    with qtbot.waitSignal(second.files.footage_changed, timeout=LONG):
        second.files.choose_footage(missing.candidates[0].path)
    assert second.files.missing is None
    second.undo()  # linking is no edit: undo does not lose the footage
    assert second.clip is not None
    assert not second.clip.offline
    assert second.files.is_modified
    qtbot.waitUntil(lambda: second.matte(layer_id, FIRST) is not None, timeout=LONG)
    save(second, qtbot)
    assert read_project(home).project.clip.path.parent == found  # type: ignore[union-attr]


def test_replaced_footage_is_not_trusted_before_the_artist_says_so(
    session: Session, other: Callable[..., Session], qtbot: QtBot, tmp_path: Path, plate: Path
) -> None:
    layer_id = click(session, qtbot)
    home = tmp_path / "shot.roto"
    save(session, qtbot, home)
    session.shutdown()
    for path in plate.iterdir():
        cv2.imwrite(str(path), np.full((90, 160, 3), 200, np.uint8))
    second = other()
    open_project(second, qtbot, home, footage=False)
    qtbot.waitUntil(lambda: second.files.missing is not None, timeout=LONG)
    missing = second.files.missing
    assert missing is not None
    assert "replaced" in missing.reason
    assert second.clip is not None
    assert second.clip.offline
    second.add_point(10, 10, include=True)
    assert len(second.project.layer(layer_id).prompts[FIRST].points) == 1
    heard = messages(second)
    with qtbot.waitSignal(second.files.footage_changed, timeout=LONG):
        second.files.choose_footage(plate)
    assert second.clip is not None
    assert second.frame_error(FIRST) is None
    assert any("other content" in message.text for message in heard)


def test_footage_that_does_not_fit_is_refused(
    session: Session, other: Callable[..., Session], qtbot: QtBot, tmp_path: Path, plate: Path
) -> None:
    click(session, qtbot)
    home = tmp_path / "shot.roto"
    save(session, qtbot, home)
    session.shutdown()
    shutil.rmtree(plate)
    wrong = tmp_path / "wrong"
    wrong.mkdir()
    cv2.imwrite(str(wrong / "x.1001.png"), np.zeros((30, 40, 3), np.uint8))
    second = other()
    heard = messages(second)
    open_project(second, qtbot, home, footage=False)
    qtbot.waitUntil(lambda: second.files.missing is not None, timeout=LONG)
    with qtbot.waitSignal(second.files.footage_changed, timeout=LONG):
        second.files.choose_footage(wrong)
    assert "40 x 30" in heard[-1].text
    assert second.files.missing is not None
    assert second.clip is not None
    assert second.clip.offline


def test_mattes_can_be_exported_while_the_footage_is_missing(
    session: Session, other: Callable[..., Session], qtbot: QtBot, tmp_path: Path, plate: Path
) -> None:
    layer_id = click(session, qtbot)
    home = tmp_path / "shot.roto"
    save(session, qtbot, home)
    session.shutdown()
    shutil.rmtree(plate)
    second = other()
    open_project(second, qtbot, home, footage=False)
    qtbot.waitUntil(lambda: second.frame_error(FIRST) is not None, timeout=LONG)

    with qtbot.waitSignal(second.export_finished, timeout=LONG) as done:
        second.export(tmp_path / "out", [layer_id], FrameRange(FIRST, FIRST), "refuse")
    assert done.args[0].complete
    assert len(list((tmp_path / "out").rglob("*.png"))) == 1


def test_a_recovery_folder_that_cannot_be_written_is_told_and_saving_still_works(
    session: Session, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = live_of(session)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(live, "_keep", refuse)
    heard = messages(session)
    session.add_point(80, 45, include=True)
    qtbot.waitUntil(lambda: any("cannot be kept safe" in m.text for m in heard), timeout=LONG)
    assert save(session, qtbot, tmp_path / "shot.roto")
    assert len(read_project(tmp_path / "shot.roto").project.layers) == 1


def test_what_could_not_be_kept_is_tried_again(
    session: Session, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = live_of(session)
    monkeypatch.setattr(live, "_keep", lambda *_, **__: (_ for _ in ()).throw(OSError("full")))
    session.add_point(80, 45, include=True)
    qtbot.waitUntil(lambda: live.refused is session.project, timeout=LONG)
    monkeypatch.undo()
    session.files._try_again()
    wait_until_kept(session, qtbot)


def test_an_answer_that_comes_after_a_save_makes_the_project_modified_again(
    session: Session, qtbot: QtBot, tmp_path: Path, model: DiscModel
) -> None:
    model.decoding.clear()
    session.add_point(80, 45, include=True)
    save(session, qtbot, tmp_path / "shot.roto")
    model.decoding.set()
    layer_id = session.project.layers[0].id
    qtbot.waitUntil(lambda: not session.is_pending(layer_id, FIRST), timeout=LONG)
    assert session.files.is_modified


def test_a_live_copy_that_somebody_deletes_is_made_again(session: Session, qtbot: QtBot) -> None:
    click(session, qtbot)
    live = live_of(session)
    for path in live.path.parent.iterdir():
        path.unlink()
    click(session, qtbot, 30, 30)
    assert live.path.exists()
    db = open_own(live.path)
    assert db.execute("SELECT count(*) FROM prompt").fetchone() == (1,)
    db.close()


def test_a_project_without_its_folder_says_so(
    session: Session, qtbot: QtBot, tmp_path: Path
) -> None:
    click(session, qtbot)
    heard = messages(session)
    assert not save(session, qtbot, tmp_path / "no" / "such" / "folder" / "shot.roto")
    assert "could not be written" in heard[-1].text
    assert session.files.is_modified
    assert session.files.home is None
    assert live_of(session).path.exists()


def test_frames_outside_the_clip_do_not_hurt(
    session: Session, other: Callable[..., Session], qtbot: QtBot, tmp_path: Path, plate: Path
) -> None:
    """A view from a file may point anywhere."""
    click(session, qtbot)
    home = tmp_path / "shot.roto"
    save(session, qtbot, home)
    session.shutdown()
    db = open_own(home)
    db.execute(
        'UPDATE fact SET value = \'{"playhead": 999999, "selected": "x"}\' WHERE name = \'view\''
    )
    db.close()
    second = other()
    open_project(second, qtbot, home)
    assert second.playhead == LAST
    assert second.selected == second.project.layers[0].id
