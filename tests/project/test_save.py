"""Saving: whole or not at all, with a backup, and nothing of this machine in the file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.domain import project_save
from app.domain.backups import KEPT, backups_of, beside, folder_of
from app.domain.live_copy import LiveCopy
from app.domain.project_read import read_project
from app.domain.project_schema import ProjectError, reading
from app.domain.project_write import View
from tests.project.values import plain_project, renamed


@pytest.fixture
def live(tmp_path: Path) -> LiveCopy:
    return LiveCopy(tmp_path / "recovery")


def name_of(path: Path) -> str:
    return read_project(path).project.layers[0].name


def save(live: LiveCopy, home: Path, name: str) -> str:
    return live.save(renamed(plain_project(), name), View(), home)


def test_a_saved_file_tells_nothing_of_this_machine(live: LiveCopy, tmp_path: Path) -> None:
    home = tmp_path / "secret folder" / "shot.roto"
    home.parent.mkdir()
    save(live, home, "Fox")
    assert b"secret folder" not in home.read_bytes()
    with reading(home) as db:
        facts = {row[0] for row in db.execute("SELECT name FROM fact")}
    assert facts == {"clip", "view"}


def test_a_save_that_fails_leaves_the_file_and_no_leftovers(
    live: LiveCopy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "shot.roto"
    save(live, home, "Fox")
    before = home.read_bytes()
    for step in ("_copy", "_check", "_put_on_disk"):
        with monkeypatch.context() as patch:
            patch.setattr(project_save, step, lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
            with pytest.raises(ProjectError, match="is full; free some space"):
                save(live, home, "Hare")
        assert home.read_bytes() == before
        assert sorted(path.name for path in tmp_path.iterdir()) == ["recovery", "shot.roto"]
    save(live, home, "Hare")
    assert name_of(home) == "Hare"


def test_the_bytes_are_on_the_disk_before_they_get_the_name(
    live: LiveCopy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    fsync, replace = os.fsync, Path.replace
    home = tmp_path / "shot.roto"
    save(live, home, "Fox")

    def note_fsync(number: int) -> None:
        done.append("fsync " + Path(f"/proc/self/fd/{number}").readlink().name)
        fsync(number)

    def note_replace(part: Path, target: Path) -> Path:
        done.append(f"rename {part.name} {target.name}")
        return replace(part, target)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(Path, "replace", note_replace)
    save(live, home, "Hare")
    assert done == [
        "fsync .shot.roto.part",
        "rename .shot.roto.part shot.roto",
        f"fsync {tmp_path.name}",
    ]


def test_a_backup_that_is_copied_is_on_the_disk_before_it_gets_its_name(
    live: LiveCopy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    fsync, replace, home = os.fsync, Path.replace, tmp_path / "shot.roto"
    save(live, home, "Fox")

    def note_fsync(number: int) -> None:
        done.append("fsync " + Path(f"/proc/self/fd/{number}").readlink().name)
        fsync(number)

    def note_replace(part: Path, target: Path) -> Path:
        done.append(f"rename {target.name}")
        return replace(part, target)

    monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError(1, "no links")))
    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(Path, "replace", note_replace)
    save(live, home, "Hare")
    backup = done.index("rename shot.0001.roto")
    assert done[backup - 1] == "fsync shot.0001.part"
    assert backup < done.index("rename shot.roto")


def test_the_file_before_becomes_a_backup_without_a_moment_without_it(
    live: LiveCopy, tmp_path: Path
) -> None:
    home = tmp_path / "shot.roto"
    for number in range(KEPT + 3):
        save(live, home, f"Fox {number}")
    backups = backups_of(home)
    assert [backup.number for backup in backups] == list(range(KEPT + 2, 2, -1))
    assert [name_of(backup.path) for backup in backups[:2]] == [
        f"Fox {KEPT + 1}",
        f"Fox {KEPT}",
    ]


def test_backups_are_copied_where_the_disk_cannot_link(
    live: LiveCopy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "shot.roto"
    save(live, home, "Fox")
    monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError(1, "no links")))
    assert save(live, home, "Hare") == ""
    assert name_of(backups_of(home)[0].path) == "Fox"
    assert [path.suffix for path in folder_of(home).iterdir()] == [".roto"]


def test_a_backup_that_cannot_be_kept_is_said_and_the_save_goes_on(
    live: LiveCopy, tmp_path: Path
) -> None:
    home = tmp_path / "shot.roto"
    save(live, home, "Fox")
    folder_of(home).write_text("in the way")
    assert "without a backup" in save(live, home, "Hare")
    assert name_of(home) == "Hare"


def test_a_link_keeps_pointing_where_it_points(live: LiveCopy, tmp_path: Path) -> None:
    real, link = tmp_path / "server" / "shot.roto", tmp_path / "shot.roto"
    real.parent.mkdir()
    link.symlink_to(real)
    save(live, link, "Fox")
    save(live, link, "Hare")
    assert link.is_symlink()
    assert name_of(real) == "Hare"
    assert backups_of(real)


def test_the_permissions_of_the_file_stay(live: LiveCopy, tmp_path: Path) -> None:
    home = tmp_path / "shot.roto"
    save(live, home, "Fox")
    home.chmod(0o640)
    save(live, home, "Hare")
    assert home.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("letter", ["a", "é", "鹿", "🦊"])
def test_names_as_long_as_the_disk_allows(live: LiveCopy, tmp_path: Path, letter: str) -> None:
    count = (255 - len(".roto")) // len(letter.encode())
    home = tmp_path / f"{letter * count}.roto"
    save(live, home, "Fox")
    save(live, home, "Hare")
    assert name_of(home) == "Hare"
    assert name_of(backups_of(home)[0].path) == "Fox"
    for path in (beside(home, ".", ".lock"), folder_of(home)):
        assert len(path.name.encode()) <= 255


def test_a_folder_as_deep_as_the_system_allows(live: LiveCopy, tmp_path: Path) -> None:
    home = tmp_path.joinpath(*["a folder with a long name, one of many like it"] * 40, "shot.roto")
    home.parent.mkdir(parents=True)
    assert len(str(home)) > 1500
    save(live, home, "Fox")
    save(live, home, "Hare")
    assert name_of(home) == "Hare"
    assert name_of(backups_of(home)[0].path) == "Fox"
    assert b"home" not in home.read_bytes()


def test_a_name_that_is_no_text_is_as_good_as_any(live: LiveCopy, tmp_path: Path) -> None:
    home = tmp_path / "\udcff.roto"
    save(live, home, "Fox")
    save(live, home, "Hare")
    assert name_of(home) == "Hare"


def test_a_read_only_file_is_not_replaced(
    live: LiveCopy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "shot.roto"
    save(live, home, "Fox")
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write anything
    with pytest.raises(ProjectError, match="may not be written"):
        save(live, home, "Hare")
    assert name_of(home) == "Fox"
