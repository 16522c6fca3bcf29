"""`rotocel report`: all that helps, nothing that tells whose footage it is."""

from __future__ import annotations

import errno
import os
import zipfile
from pathlib import Path
from typing import NoReturn

import pytest

from app import paths
from app.headless import settings_path
from app.report_bundle import Bundle, Part, ReportError, collect, save
from app.settings import Settings
from app.settings import save as save_settings
from tests.cli.conftest import Rotocel

SECRETS = ("zinnia", "marigold", "peony", "home/", str(Path.home()))
BUNDLE = Bundle((Part("system", "good"), Part("rotocel.log", "bad, ü")))


@pytest.fixture
def planted() -> None:
    """Settings, a log with paths and a crash, as an artist's machine has them."""
    recent = ("/net/zinnia/marigold.mov", "/net/zinnia/peony.1001.exr")
    settings = Settings(recent=recent, mattes={"/net/peony.mov": "/net/zinnia/out"}, frames_mb=777)
    save_settings(settings, settings_path())
    logs = paths.user_logs()
    logs.mkdir(parents=True)
    home = Path.home()
    (logs / "rotocel.log").write_text(f"marigold is bad, {home}/zinnia/b.mov too: roof\n")
    (logs / "rotocel.log.1").write_text("peony.1003.exr cannot be read: cellar\n")
    (logs / "crash.log").write_text(f'  File "{home}/zinnia/x.py", line 3 in attic\n')
    (logs / "crash.1.log").write_text('  File "/net/zinnia/x.py", line 3 in garret\n')


@pytest.mark.usefixtures("planted")
def test_the_report_has_everything_but_paths_and_names(rotocel: Rotocel) -> None:
    ran = rotocel("report")
    assert (ran.code, ran.err) == (0, "")
    for told in ("ONNX Runtime", "codecs: ", "GB free", "777", "roof", "cellar", "attic", "garret"):
        assert told in ran.out, told
    for secret in SECRETS:
        assert secret not in ran.out, secret
    assert "recent" not in ran.out


@pytest.mark.usefixtures("planted")
def test_the_file_holds_what_is_printed(rotocel: Rotocel, tmp_path: Path) -> None:
    out = tmp_path / "report.zip"
    ran = rotocel("report", "--out", out)
    assert ran.code == 0
    assert str(out) in ran.out
    with zipfile.ZipFile(out) as archive:
        texts = [archive.read(name).decode() for name in archive.namelist()]
        assert archive.namelist()[0] == "1 system.txt"
    assert "cellar" in "".join(texts)
    assert not any(secret in text for secret in SECRETS for text in texts)


def test_a_file_that_is_there_is_not_replaced(rotocel: Rotocel, tmp_path: Path) -> None:
    out = tmp_path / "report.zip"
    out.write_text("mine")
    ran = rotocel("report", "--out", out)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == f"rotocel: {out} is already there; choose another name.\n"
    assert out.read_text() == "mine"


def test_settings_that_cannot_be_read_are_said_in_the_report(rotocel: Rotocel) -> None:
    settings_path().parent.mkdir(parents=True)
    settings_path().write_text("{ not json")
    ran = rotocel("report")
    assert ran.code == 0
    assert "cannot be read" in ran.out
    assert str(settings_path()) not in ran.out


def test_a_fault_in_one_part_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> NoReturn:
        raise RuntimeError("no runtime in /net/zinnia")

    monkeypatch.setattr("app.report_bundle.findings", fail)
    text = collect().text
    assert "could not be found out (RuntimeError: no runtime in <path:" in text
    assert "GB free" in text


def test_the_artists_words_come_first_and_stay_as_typed() -> None:
    told = BUNDLE.told("  I opened /my/clip.mov ")
    assert told.text.startswith("=== what happened ===\n\nI opened /my/clip.mov\n\n=== system")
    assert BUNDLE.told(" \n") == BUNDLE


def test_a_report_is_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.zip"

    def full(_file: int) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(ReportError, match="No space left"):
            save(BUNDLE, path)
    assert list(tmp_path.iterdir()) == []
    save(BUNDLE, path)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.read("2 rotocel.log.txt").decode() == "bad, ü"


def test_a_place_that_is_not_there_is_one_sentence(rotocel: Rotocel, tmp_path: Path) -> None:
    ran = rotocel("report", "--out", tmp_path / "nowhere" / "report.zip")
    assert ran.code == 1
    assert "cannot be written (No such file or directory)" in ran.err
