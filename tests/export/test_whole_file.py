"""Torn writes, full disks, folders that cannot be used: nothing lost, nothing half-written."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from export import WRITERS, whole_file
from export.base import Alpha, ExportError
from export.job import ExportJob
from export.png import Png8
from export.sequence import export

WHITE = np.ones((8, 12), np.float32)
GREY = np.full((8, 12), 0.5, np.float32)
ROOT = Path(__file__).parents[2]
PNG = WRITERS["png8"]


@dataclass(frozen=True, slots=True)
class TornPng(Png8):
    """Stops in the middle of a file with a given error."""

    number: int = errno.ENOSPC

    def write(self, path: Path, alpha: Alpha) -> None:
        Png8.write(self, path, alpha)
        path.write_bytes(path.read_bytes()[:40])
        raise OSError(self.number, os.strerror(self.number), str(path))


@dataclass(frozen=True, slots=True)
class LyingPng(Png8):
    """Writes another matte than it was given."""

    def write(self, path: Path, alpha: Alpha) -> None:
        Png8.write(self, path, 1 - alpha)


def white(_layer: int, _frame: int) -> Alpha:
    return WHITE


def job(out_dir: Path, frames: int = 3) -> ExportJob:
    return ExportJob(out_dir, ("Rabbit",), tuple(range(1, frames + 1)), (12, 8))


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """A finished matte."""
    path = tmp_path / "a.0001.png"
    PNG.write(path, GREY)
    return path


def assert_untouched(older: Path) -> None:
    assert [path.name for path in older.parent.iterdir()] == [older.name]
    np.testing.assert_array_equal(PNG.read(older), PNG.rounded(GREY))


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "is full"),
        (errno.EDQUOT, "is full"),
        (errno.EROFS, "may not be written"),
        (errno.EACCES, "may not be written"),
        (errno.EIO, "could not be written"),
        (errno.ENOENT, "choose another folder"),
    ],
)
def test_a_torn_write_leaves_the_older_file_and_says_why(
    older: Path, number: int, words: str
) -> None:
    with pytest.raises(ExportError, match=words) as error:
        whole_file.write_whole(TornPng(number=number), older, WHITE)
    assert str(older.parent) in str(error.value)
    assert_untouched(older)


def test_a_failure_to_reach_the_disk_leaves_the_older_file(
    older: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_file: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(ExportError, match="Input/output error"):
        whole_file.write_whole(PNG, older, WHITE)
    monkeypatch.undo()
    assert_untouched(older)


def test_a_failure_to_rename_leaves_the_older_file(
    older: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_self: Path, _target: Path) -> None:
        raise PermissionError(errno.EACCES, "in use")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(ExportError, match="open"):
        whole_file.write_whole(PNG, older, WHITE)
    monkeypatch.undo()
    assert_untouched(older)


def test_a_file_that_reads_back_otherwise_never_takes_its_name(older: Path) -> None:
    with pytest.raises(ExportError, match="did not read back"):
        whole_file.write_whole(LyingPng(), older, WHITE)
    assert_untouched(older)


def test_the_size_returned_is_that_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    assert whole_file.write_whole(PNG, path, WHITE) == path.stat().st_size


def test_an_interrupt_in_the_middle_leaves_nothing(
    older: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_file: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        whole_file.write_whole(PNG, older, WHITE)
    monkeypatch.undo()
    assert_untouched(older)


KILLED = """
import os, signal, sys
from pathlib import Path
from export.job import ExportJob
from export.sequence import export
import numpy as np

def die(file):
    os.kill(os.getpid(), signal.SIGKILL)

work = ExportJob(Path(sys.argv[1]), ("Rabbit",), (1, 2, 3), (12, 8))
for step in export(work, lambda *_: np.ones((8, 12), np.float32)):
    if step.done == 1:
        os.fsync = die
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_killed_export_leaves_whole_mattes_and_the_next_one_clears_the_rest(
    tmp_path: Path,
) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, tmp_path], check=False, cwd=ROOT)
    assert killed.returncode == -9
    folder = tmp_path / "Rabbit"
    assert sorted(p.name for p in folder.iterdir()) == [".Rabbit.0002.png.part", "Rabbit.0001.png"]
    assert PNG.read(folder / "Rabbit.0001.png").all()
    # Even where the torn frame is no longer asked for.
    work = ExportJob(tmp_path, ("Rabbit",), (3,), (12, 8))
    assert len(list(export(work, white))) == 2
    assert sorted(p.name for p in folder.iterdir()) == ["Rabbit.0001.png", "Rabbit.0003.png"]


def test_other_peoples_hidden_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "Rabbit").mkdir()
    other = tmp_path / "Rabbit" / ".notes.part"
    other.write_text("mine")
    list(export(job(tmp_path), white))
    assert other.read_text() == "mine"


def test_a_file_in_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("precious")
    with pytest.raises(ExportError, match="a file stands"):
        list(export(job(tmp_path / "out"), white))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "Rabbit").write_text("precious")
    with pytest.raises(ExportError, match="a file stands"):
        list(export(job(tmp_path / "other"), white))
    assert (tmp_path / "out").read_text() == "precious"
    assert (tmp_path / "other" / "Rabbit").read_text() == "precious"


def test_a_folder_that_cannot_be_made_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_self: Path, **_options: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(ExportError, match="may not be written"):
        list(export(job(tmp_path), white))
    assert not list(tmp_path.iterdir())


@pytest.fixture
def disk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A disk mounted with the options in the test's parameter."""
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if not mount or not umount:
        pytest.skip("there is no mount command to make a small disk with")
    disk = tmp_path / "disk"
    disk.mkdir()
    command = [mount, "-t", "tmpfs", "-o", request.param, "none", disk]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("a small disk cannot be mounted here")
    yield disk
    subprocess.run([umount, disk], check=True)


@pytest.mark.parametrize("disk", ["ro"], indirect=True)
def test_a_disk_that_may_not_be_written_is_named(disk: Path) -> None:
    with pytest.raises(ExportError, match="may not be written") as error:
        list(export(job(disk / "out"), white))
    assert str(disk / "out") in str(error.value)


@pytest.mark.parametrize("disk", ["size=64k"], indirect=True)
def test_a_disk_that_fills_up_ends_the_export_with_whole_mattes_only(disk: Path) -> None:
    noise = np.random.default_rng(1).random((100, 100), np.float32)
    work = ExportJob(disk, ("Rabbit",), tuple(range(1, 21)), (100, 100))
    with pytest.raises(ExportError, match="is full"):
        list(export(work, lambda *_: noise))
    left = sorted(path.name for path in (disk / "Rabbit").iterdir())
    assert 2 <= len(left) < 20
    assert left == [f"Rabbit.{n:04}.png" for n in range(1, len(left) + 1)]
    for name in left:
        np.testing.assert_array_equal(PNG.read(disk / "Rabbit" / name), PNG.rounded(noise))


def test_the_bytes_are_on_the_disk_before_they_get_the_name(
    older: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def note_fsync(number: int) -> None:
        done.append(f"fsync {os.fstat(number).st_ino}")
        fsync(number)

    def note_replace(part: Path, target: Path) -> Path:
        done.append(f"rename {part.stat().st_ino}")
        return replace(part, target)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(Path, "replace", note_replace)
    whole_file.write_whole(PNG, older, WHITE)
    number = older.stat().st_ino
    assert done == [f"fsync {number}", f"rename {number}"]
