"""What happens when things come faster, later or twice: nothing is lost and nothing gets stuck."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.domain import edits, recovery
from app.domain.backups import backups_of
from app.domain.live_copy import LiveCopy
from app.domain.locks import take
from app.domain.project_read import read_project
from app.domain.project_schema import ProjectError, open_own
from app.domain.project_write import View
from app.project_jobs import home_lock
from app.session import Session
from tests.fakes import DiscModel
from tests.project.values import plain_project, renamed
from tests.session.conftest import FIRST
from tests.session.test_files import (
    LONG,
    click,
    crashed,
    live_of,
    messages,
    open_project,
    other,
    save,
    wait_until_kept,
)

__all__ = ["other"]

Make = Callable[..., Session]


@pytest.fixture
def home(session: Session, qtbot: QtBot, tmp_path: Path) -> Path:
    """A saved project, open in the session."""
    click(session, qtbot)
    home = tmp_path / "shot.roto"
    assert save(session, qtbot, home)
    return home


def settled(session: Session, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: session.files.opening is None, timeout=LONG)


def test_a_project_that_is_opened_twice_in_a_row_is_not_locked_by_itself(
    home: Path, other: Make, session: Session, qtbot: QtBot
) -> None:
    session.shutdown()
    second = other()
    with qtbot.waitSignal(second.began, timeout=LONG):
        second.open(home)
        second.open(home)
    settled(second, qtbot)
    assert second.files.read_only == ""


def test_work_done_while_something_opens_is_not_left(
    home: Path, session: Session, qtbot: QtBot, plate: Path
) -> None:
    heard = messages(session)
    session.open(home)
    session.add_point(20, 20, include=True)
    settled(session, qtbot)
    assert len(session.project.layers[0].prompts[FIRST].points) == 2
    assert any("shot.roto was not opened" in message.text for message in heard)
    session.open(plate)
    session.add_point(30, 30, include=True)
    qtbot.waitUntil(lambda: any("plate was not opened" in m.text for m in heard), timeout=LONG)
    assert len(session.project.layers[0].prompts[FIRST].points) == 3
    assert session.files.is_modified


def test_a_save_is_through_before_another_project_takes_its_place(
    home: Path, session: Session, qtbot: QtBot
) -> None:
    session.add_point(20, 20, include=True)
    with qtbot.waitSignals([session.files.save_ended, session.began], timeout=LONG):
        session.files.save()
        session.open(home)
    settled(session, qtbot)
    assert len(session.project.layers[0].prompts[FIRST].points) == 2
    lock = session.files._document.lock
    assert lock is not None
    assert take(lock.path) is None  # it is held for real
    assert home_lock(home, None) is None


def test_work_that_is_given_up_twice_is_still_found(
    session: Session, other: Make, qtbot: QtBot
) -> None:
    click(session, qtbot)
    session.files.give_up()
    session.shutdown()
    for _ in range(2):
        again = other()
        (work,) = again.files.given_up()
        with qtbot.waitSignal(again.began, timeout=LONG):
            again.files.recover(work.path)
        settled(again, qtbot)
        assert live_of(again).path.parent.name == "recovery"
        again.files.give_up()
        again.shutdown()
    assert len(recovery.given_up(live_of_folder(session))) == 1


def live_of_folder(session: Session) -> Path:
    return session.files._folder


def test_recovered_work_notices_what_a_colleague_saved_meanwhile(
    home: Path, session: Session, other: Make, qtbot: QtBot, tmp_path: Path
) -> None:
    click(session, qtbot, 20, 20)
    folder = crashed(session, tmp_path)
    session.shutdown()
    colleague = LiveCopy(tmp_path / "elsewhere")
    colleague.save(plain_project(), View(), home)
    colleague.delete()
    second = other(folder)
    heard = messages(second)
    with qtbot.waitSignal(second.began, timeout=LONG):
        second.files.recover(second.files.recoverable()[0].path)
    settled(second, qtbot)
    assert save(second, qtbot)
    assert any("Another program had changed shot.roto" in message.text for message in heard)
    assert read_project(backups_of(home)[0].path).project.layers[0].name == "Layer 1"


def test_an_error_nobody_expected_while_keeping_is_told_once_and_does_not_spin(
    session: Session, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[object] = []

    def fail(*_: object, **__: object) -> None:
        calls.append(1)
        raise MemoryError

    monkeypatch.setattr(live_of(session), "_keep", fail)
    heard = messages(session)
    session.add_point(80, 45, include=True)
    qtbot.waitUntil(lambda: any("in memory only" in m.text for m in heard), timeout=LONG)
    qtbot.wait(300)
    assert len(calls) < 6  # the click, and its answer
    monkeypatch.undo()
    session.files._try_again()
    wait_until_kept(session, qtbot)


def test_the_in_out_range_alone_is_kept_too(
    session: Session, other: Make, qtbot: QtBot, tmp_path: Path
) -> None:
    session.seek(FIRST + 2)
    session.set_in()
    wait_until_kept(session, qtbot)
    (work,) = other(crashed(session, tmp_path)).files.recoverable()
    assert work.layers == 0


def test_saving_what_is_saved_makes_no_backup(home: Path, session: Session, qtbot: QtBot) -> None:
    for _ in range(3):
        assert save(session, qtbot)
    assert backups_of(home) == []


def test_saves_that_fail_at_the_last_moment_push_no_backup_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live, home = LiveCopy(tmp_path / "recovery"), tmp_path / "shot.roto"
    for number in range(5):
        live.save(renamed(plain_project(), f"Fox {number}"), View(), home)
    replace = Path.replace

    def refuse(path: Path, target: Path) -> Path:
        if Path(target).name == "shot.roto":
            raise OSError(16, "busy")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", refuse)
    for _ in range(12):
        with pytest.raises(ProjectError):
            live.save(renamed(plain_project(), "Hare"), View(), home)
    monkeypatch.undo()
    names = [read_project(backup.path).project.layers[0].name for backup in backups_of(home)]
    assert names == ["Fox 4", "Fox 3", "Fox 2", "Fox 1", "Fox 0"]
    live.delete()


def test_a_save_under_another_name_that_fails_does_not_move_the_project(tmp_path: Path) -> None:
    live, home = LiveCopy(tmp_path / "recovery"), tmp_path / "shot.roto"
    live.save(plain_project(), View(), home)
    live.keep(renamed(plain_project(), "Fox"), View())
    with pytest.raises(ProjectError):
        live.save(renamed(plain_project(), "Fox"), View(), tmp_path / "no" / "other.roto")
    live.close()
    (work,) = recovery.recoverable(tmp_path / "recovery")
    assert work.home == home


def test_a_name_of_any_length_can_be_saved_and_opened(
    home: Path, session: Session, qtbot: QtBot
) -> None:
    layer_id = session.project.layers[0].id
    session.edit("Rename", lambda project: edits.rename_layer(project, layer_id, "x" * 5000))
    assert save(session, qtbot)
    assert read_project(home).project.layers[0].name == "x" * 200


def test_what_could_not_be_opened_again_does_not_replace_what_can(tmp_path: Path) -> None:
    live, home = LiveCopy(tmp_path / "recovery"), tmp_path / "shot.roto"
    live.save(plain_project(), View(), home)
    with pytest.raises(ProjectError, match="could not be opened again"):
        live.save(renamed(plain_project(), "x" * 2000), View(), home)
    assert read_project(home).project.layers[0].name == "Layer 1"
    live.delete()


def test_a_damaged_live_copy_can_be_put_away(tmp_path: Path) -> None:
    folder = tmp_path / "recovery"
    folder.mkdir()
    (folder / "abcdef0123.roto").write_bytes(b"no database at all" * 100)
    (work,) = recovery.recoverable(folder)
    assert work.damaged
    recovery.give_up(work.path)
    assert recovery.recoverable(folder) == []
    assert len(recovery.given_up(folder)) == 1


def test_a_project_file_in_the_recovery_folder_is_not_deleted(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copies"
    folder.mkdir()
    shutil.copy(home, folder / "mine.roto")
    assert len(recovery.recoverable(folder)) == 1
    assert (folder / "mine.roto").exists()


def test_one_bad_live_copy_does_not_hide_the_others(tmp_path: Path) -> None:
    folder = tmp_path / "recovery"
    for name in ("Fox", "Hare"):
        live = LiveCopy(folder)
        live.keep(renamed(plain_project(), name), View())
        live.close()
    db = open_own(next(folder.glob("*.roto")))
    db.execute("UPDATE fact SET value = '{\"size\": [99999, 99999]}' WHERE name = 'clip'")
    db.close()
    assert len(recovery.recoverable(folder)) == 2


def test_two_long_names_share_neither_lock_nor_backups(tmp_path: Path) -> None:
    one, other_one = (tmp_path / f"{'a' * 240}_v00{n}.roto" for n in (1, 2))
    lock = home_lock(one, None)
    second = home_lock(other_one, None)
    assert lock is not None
    assert second is not None
    lock.release()
    second.release()


def test_a_damaged_mask_is_left_out_and_its_clicks_are_answered_anew(
    home: Path, session: Session, other: Make, qtbot: QtBot, model: DiscModel
) -> None:
    session.shutdown()
    db = open_own(home)
    data = bytearray(db.execute("SELECT data FROM mask").fetchone()[0])
    data[len(data) // 2] ^= 0xFF
    db.execute("UPDATE mask SET data = ?", (bytes(data),))
    db.close()
    second = other()
    heard = messages(second)
    open_project(second, qtbot, home)
    layer_id = second.project.layers[0].id
    qtbot.waitUntil(lambda: second.matte(layer_id, FIRST) is not None, timeout=LONG)
    assert any(f"on frame {FIRST} is damaged" in message.text for message in heard)
    assert second.project.layer(layer_id).masks[FIRST].logits().any()
