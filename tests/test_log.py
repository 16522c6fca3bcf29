"""What reaches the log, what does not, and what a crash leaves."""

from __future__ import annotations

import gc
import logging
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from app import crash, paths
from app.log import kept
from app.redaction import hide

ROOT = Path(__file__).resolve().parents[1]
CRASH = """
import faulthandler, sys
sys.stderr = None if sys.argv[1:] == ["windowed"] else sys.stderr
from app.log import kept
with kept(log_paths=False):
    faulthandler._sigsegv()
"""
WAIT = """
from app.log import kept
with kept(log_paths=False):
    print("ready", flush=True)
    input()
"""


def logged() -> str:
    return (paths.user_logs() / "rotocel.log").read_text("utf-8")


def crashing(*words: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", CRASH, *words], cwd=ROOT, check=False, capture_output=True
    )
    assert ran.returncode != 0


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What those heard who listened before; the test run would fail of it."""
    told: list[str] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: told.append(str(args.exc_value)))
    monkeypatch.setattr(sys, "unraisablehook", lambda args: told.append(str(args.exc_value)))
    return told


def test_the_log_has_no_paths_by_default() -> None:
    hide(Path("/net/marigold.mov"))
    with kept(log_paths=False) as fault:
        logging.getLogger("app").error("%s and marigold.mov", "/net/zinnia/a.exr")
    assert fault == ""
    assert "ERROR app: <path:" in logged()
    assert "zinnia" not in logged()
    assert "marigold" not in logged()


def test_who_asks_for_paths_has_them_in_the_log() -> None:
    with kept(log_paths=True):
        logging.getLogger("app").error("%s is bad", "/net/zinnia/a.exr")
    assert "/net/zinnia/a.exr is bad" in logged()


def test_a_name_that_is_not_text_is_logged_all_the_same() -> None:
    with kept(log_paths=True):
        logging.getLogger("app").error("bad: %s", "a\udcff.mov")
    assert "a\\udcff.mov" in logged()


def test_an_exception_of_a_thread_is_in_the_log(told: list[str]) -> None:
    def fall() -> None:
        raise RuntimeError("the roof fell in on '/net/zinnia/a.exr'")

    with kept(log_paths=False):
        thread = threading.Thread(target=fall, name="roofer")
        thread.start()
        thread.join()
    assert told == ["the roof fell in on '/net/zinnia/a.exr'"]
    assert "unexpected in roofer" in logged()
    assert "RuntimeError: the roof fell in on '<path:" in logged()
    assert "zinnia" not in logged()


def test_an_exception_nobody_can_catch_is_in_the_log(told: list[str]) -> None:
    class Falling:
        def __del__(self) -> None:
            raise RuntimeError("too late")

    with kept(log_paths=False):
        Falling()
        gc.collect()
    assert told == ["too late"]
    assert "RuntimeError: too late" in logged()


def test_everything_is_as_it_was_afterwards() -> None:
    root = logging.getLogger()
    before = (
        list(root.handlers),
        root.level,
        sys.excepthook,
        threading.excepthook,
        sys.unraisablehook,
    )
    with kept(log_paths=False):
        assert list(root.handlers) != before[0]
    assert (
        list(root.handlers),
        root.level,
        sys.excepthook,
        threading.excepthook,
        sys.unraisablehook,
    ) == before


def test_where_no_log_can_be_kept_one_sentence_says_so() -> None:
    paths.user_logs().parent.mkdir(parents=True)
    paths.user_logs().write_text("a file in its place")
    with kept(log_paths=False) as fault:
        logging.getLogger("app").error("heard by nobody")
    assert fault.startswith("No log is kept: ")
    assert not crash.take()


@pytest.mark.parametrize("words", [[], ["windowed"]])
def test_a_crash_leaves_a_trace_that_is_told_once(words: list[str]) -> None:
    crashing(*words)
    assert "Segmentation fault" in (paths.user_logs() / "crash.log").read_text("utf-8")
    assert crash.take()
    trace = (paths.user_logs() / "crash.1.log").read_text("utf-8")
    assert "Segmentation fault" in trace
    assert str(Path.home()) not in trace
    assert not crash.take()


def test_a_run_that_ends_well_is_no_crash() -> None:
    subprocess.run([sys.executable, "-c", WAIT], cwd=ROOT, check=True, input=b"\n")
    assert (paths.user_logs() / "crash.log").exists()
    assert not crash.take()


def test_an_instance_that_still_runs_is_no_crash_and_can_crash_later() -> None:
    wait = WAIT + "    import faulthandler; faulthandler._sigsegv()\n"
    crashing()
    with subprocess.Popen(
        [sys.executable, "-c", wait],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"ready\n"
        assert crash.take()
        assert not crash.take()
        other.communicate(b"\n")
    assert crash.take()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is full")
def test_a_full_disk_costs_the_log_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    paths.user_logs().mkdir(parents=True)
    (paths.user_logs() / "rotocel.log").symlink_to("/dev/full")
    with kept(log_paths=False):
        logging.getLogger("app").error("nobody reads this")
    assert capsys.readouterr().err == ""
