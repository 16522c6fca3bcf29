"""What goes wrong beside the work: lanes, the model, memory, other windows, the clock, the disk."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from app import plan
from app.domain import edits, recovery
from app.domain.backups import backups_of
from app.domain.clip import open_clip
from app.domain.live_copy import LiveCopy
from app.domain.locks import take
from app.domain.project import Point, Project
from app.domain.project_read import read_project
from app.domain.project_schema import ProjectError, create
from app.domain.project_write import View
from app.export_mattes import MaskSource, export_mattes
from app.lanes import Lane
from app.project_jobs import Keeping, NotSaved, Saved, SaveProject, home_lock
from app.session import Session
from export.job import Mode
from export.report import Report
from models.base import ModelError, Prediction
from tests.drill.full_disk import read_only_disk
from tests.fakes import DiscModel
from tests.project.values import plain_project, renamed
from tests.session.conftest import FIRST
from tests.session.test_files import LONG, click, live_of, messages, save, wait_until_kept

ROOT = Path(__file__).parents[2]
PICKS = ("pick_read", "pick_embed", "pick_decode", "pick_thumbnail", "pick_keep")


@pytest.mark.parametrize("name", PICKS)
def test_a_lane_that_raises_is_told_of_and_all_go_on(
    name: str, session: Session, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = messages(session)
    with monkeypatch.context() as patch:
        patch.setattr(plan, name, lambda *_: (_ for _ in ()).throw(RuntimeError("a lane fell")))
        session.publish()
        qtbot.waitUntil(lambda: any("a lane fell" in m.text for m in heard), timeout=LONG)
    session.publish()
    click(session, qtbot)
    assert save(session, qtbot, tmp_path / "shot.roto")


def test_a_model_that_fails_in_the_middle_of_an_export_costs_that_frame_only(
    plate: Path, tmp_path: Path, model: DiscModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = open_clip(plate)
    project = edits.add_layer(Project(clip), "Ball")
    layer_id = project.layers[0].id
    for frame in range(FIRST, FIRST + 4):
        project = edits.add_point(project, layer_id, frame, Point(80.0, 45.0))
    decode = model.decode

    def fail(*arguments: Any, **names: Any) -> Prediction:
        if len(model.decoded) == 2:
            model.decoded.append(())
            raise ModelError("the graph broke")
        return decode(*arguments, **names)

    monkeypatch.setattr(model, "decode", fail)

    def exported(mode: Mode) -> Report:
        frames = range(FIRST, FIRST + 4)
        with closing(MaskSource(clip, model)) as source:
            *_, report = export_mattes(project, [layer_id], frames, tmp_path, mode, source)
        assert isinstance(report, Report)
        return report

    first = exported("refuse")
    assert first.missing == {"Ball": [FIRST + 2]}
    assert "the graph broke" in first.errors[0]
    assert len(list(tmp_path.glob("Ball/*.png"))) == 3
    second = exported("resume")
    assert second.complete
    assert (second.written, second.kept) == (1, 3)


@pytest.mark.parametrize("error", [MemoryError(), ModelError("Memory ran out: choose a model.")])
def test_memory_that_runs_out_in_the_encoder_is_a_sentence_and_the_next_edit_tries_again(
    make_session: Callable[..., Session],
    plate: Path,
    model: DiscModel,
    qtbot: QtBot,
    error: Exception,
) -> None:
    model.fault = error
    session = make_session()
    heard = messages(session)
    session.open(plate)
    qtbot.waitUntil(lambda: any("Memory ran out" in m.text for m in heard), timeout=LONG)
    model.fault = None
    click(session, qtbot)


def test_memory_that_runs_out_for_real_ends_in_a_sentence(tmp_path: Path) -> None:
    """The bundled model in a process that may not have the memory for one encode."""
    script = (
        "import resource, sys\n"
        "import numpy as np\n"
        "from app.headless import load_model\n"
        "from app.settings import Settings\n"
        "from models.base import ModelError\n"
        "model = load_model(Settings(device='cpu'))\n"
        "picture = np.zeros((720, 1280, 3), np.uint8)\n"
        "model._encoder.get()\n"  # opening it starts threads, which ONNX Runtime dies of failing
        "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "limit = used + int(sys.argv[1]) * 2**20\n"
        "resource.setrlimit(resource.RLIMIT_AS, (limit, limit))\n"
        "try:\n"
        "    model.encode(picture)\n"
        "except ModelError as error:\n"
        "    print('told:', error)\n"
        "else:\n"
        "    print('done')\n"
    )
    for room in (40, 160):
        command = [sys.executable, "-c", script, str(room)]
        ran = subprocess.run(
            command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=120
        )
        assert ran.returncode == 0, ran.stderr
        assert ran.stdout.startswith("told: "), (room, ran.stdout, ran.stderr)


@contextmanager
def another_program(home: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has the project open."""
    script = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from app.project_jobs import home_lock\n"
        "lock = home_lock(Path(sys.argv[1]), None)\n"
        "print('open' if lock else 'refused', flush=True)\n"
        "time.sleep(60)\n"
    )
    command = [sys.executable, "-c", script, str(home)]
    program = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert program.stdout is not None
    assert program.stdout.readline() == "open\n"
    try:
        yield program
    finally:
        program.kill()
        program.wait(10)
        program.stdout.close()


def test_a_project_is_free_again_when_the_program_that_had_it_is_killed(tmp_path: Path) -> None:
    home = tmp_path / "shot.roto"
    live = LiveCopy(tmp_path / "recovery")
    live.save(plain_project(), View(), home)
    keeping = Keeping(live, renamed(plain_project(), "Fox"), 1001, None, None, clean=False)
    with another_program(home) as program:
        answer = SaveProject(keeping, home, None, None)()
        assert isinstance(answer, NotSaved)
        assert "open in another window" in answer.sentence
        os.kill(program.pid, signal.SIGKILL)
        program.wait(10)
        saved = SaveProject(keeping, home, None, None)()
        assert isinstance(saved, Saved)
    live.delete()
    assert saved.lock is not None
    saved.lock.release()
    assert read_project(home).project.layers[0].name == "Fox"


def test_a_clock_that_goes_back_mixes_nothing_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "shot.roto"
    live = LiveCopy(tmp_path / "recovery")
    now = time.time()
    for number in range(4):
        live.save(renamed(plain_project(), f"Fox {number}"), View(), home)
        os.utime(home, (now - 86400 * number, now - 86400 * number))
    names = [read_project(backup.path).project.layers[0].name for backup in backups_of(home)]
    assert names == ["Fox 2", "Fox 1", "Fox 0"]
    live.keep(renamed(plain_project(), "Hare"), View())
    live.close()
    for path in live.path.parent.iterdir():
        os.utime(path, (0, 0))
    (work,) = recovery.recoverable(live.path.parent)
    live, stored = recovery.recover(work.path)
    assert stored.project.layers[0].name == "Hare"
    live.delete()


def test_a_folder_that_may_only_be_read_is_a_sentence_and_nothing_is_lost(tmp_path: Path) -> None:
    folder = tmp_path / "server"
    folder.mkdir()
    home = folder / "shot.roto"
    live = LiveCopy(tmp_path / "recovery")
    live.save(plain_project(), View(), home)
    before = home.read_bytes()
    try:
        with read_only_disk(folder):
            with pytest.raises(ProjectError, match="server"):
                live.save(renamed(plain_project(), "Fox"), View(), home)
            assert home_lock(home, None) is not None  # nobody can write there
            other = LiveCopy(folder / "recovery")
            with pytest.raises(ProjectError, match="cannot be kept safe"):
                other.keep(plain_project(), View())
    except PermissionError as error:
        pytest.skip(f"no read-only folder can be made: {error}")
    assert home.read_bytes() == before
    live.save(renamed(plain_project(), "Fox"), View(), home)
    assert read_project(home).project.layers[0].name == "Fox"
    live.delete()


def test_a_lock_of_a_folder_that_is_gone_is_given_freely(tmp_path: Path) -> None:
    lock = take(tmp_path / "gone" / ".shot.roto.lock")
    assert lock is not None
    lock.release()
    assert not (tmp_path / "gone").exists()


def test_the_artist_is_told_when_the_recovery_folder_fills_up_and_when_to_save(
    session: Session, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = live_of(session)
    monkeypatch.setattr(live, "_keep", lambda *_, **__: (_ for _ in ()).throw(OSError(28, "full")))
    heard = messages(session)
    session.add_point(80, 45, include=True)
    qtbot.waitUntil(lambda: any("save the project soon" in m.text for m in heard), timeout=LONG)


def test_an_edit_that_is_not_kept_for_a_reason_nobody_foresaw_is_told_once(
    session: Session, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    live, heard, tried = live_of(session), messages(session), list[Project]()

    def fail(_db: object, project: Project, *_: object, **__: object) -> None:
        tried.append(project)
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(live, "_keep", fail)
        session.add_point(80, 45, include=True)
        qtbot.waitUntil(lambda: any("in memory only" in m.text for m in heard), timeout=LONG)
        qtbot.waitUntil(lambda: tried[-1] is session.project, timeout=LONG)
        qtbot.wait(300)
        assert len(tried) <= 3  # the click, its answer
    session.files._try_again()
    wait_until_kept(session, qtbot)


def test_a_job_that_always_raises_leaves_the_processor_to_others(qtbot: QtBot) -> None:
    tried = list[int]()

    def fail() -> None:
        tried.append(len(tried))
        raise RuntimeError("again")

    lane = Lane("broken", lambda: fail, parent=None)
    lane.start()
    qtbot.waitUntil(lambda: bool(tried), timeout=LONG)
    qtbot.wait(500)
    assert len(tried) <= 2
    lane.wake()  # something else is wanted: it does not wait
    qtbot.waitUntil(lambda: len(tried) >= 2, timeout=500)
    lane.stop()
    assert lane.wait(500)


def test_what_is_left_of_a_live_copy_that_was_hardly_begun_is_cleared(tmp_path: Path) -> None:
    """Killed while it switches to the write-ahead log, which nothing acknowledged goes before."""
    live = LiveCopy(tmp_path)
    create(str(live.path)).close()
    live.path.with_name(f"{live.path.name}-journal").write_bytes(bytes(512))
    (tmp_path / "begun.lock").touch()  # by one that was killed still earlier
    held = take(tmp_path / "held.lock")  # by one that is about to begin
    assert recovery.recoverable(tmp_path) == []
    assert [path.name for path in tmp_path.iterdir()] == ["held.lock"]
    assert held is not None
    held.release()


def test_an_edit_is_synced_to_the_disk_before_it_is_acknowledged(tmp_path: Path) -> None:
    """SQLite's part in it: with FULL it syncs the log at every commit."""
    live = LiveCopy(tmp_path)
    live.keep(plain_project(), View())
    live.close()
    live, _ = recovery.recover(live.path)
    for _ in range(2):  # taken up, and made anew
        assert live._db is not None
        assert live._db.execute("PRAGMA synchronous").fetchone() == (2,)
        assert live._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        live.delete()
        live.keep(plain_project(), View())
    live.delete()
