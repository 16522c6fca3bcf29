"""The program's front door: exit codes, sentences, and no Qt where no window is wanted."""

from __future__ import annotations

import logging
import subprocess
import sys
import types
from pathlib import Path

import pytest

from app import cli, headless, paths
from app.__main__ import main
from app.domain.project import Project
from app.headless import has_display
from tests.cli.conftest import Rotocel

ROOT = Path(__file__).resolve().parents[2]
WITHOUT_QT = """
import sys
from app.__main__ import main
code = main(sys.argv[1:])
loaded = sorted(name for name in sys.modules if name.startswith(("PySide6", "shiboken6")))
sys.exit(f"Qt was loaded: {loaded}" if loaded else code)
"""


def test_no_command_loads_qt(clip: Path, tmp_path: Path) -> None:
    words = ["matte", str(clip), "--point", "110,120", "--frames", "1001", "--out", str(tmp_path)]
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT_QT, *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert (tmp_path / "Layer 1" / "Layer 1.1001.png").is_file()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["matte"], "required: clip, --out"),
        (["matte", "x", "--out", "o", "--point", "5"], "should be like X,Y"),
        (["matte", "x", "--out", "o", "--overwrite", "--resume"], "not allowed with"),
        (["evaluate", "clicks"], "--frames and --masks"),
        (["evaluate", "clicks", "--clicks", "0"], "--clicks"),
        (["selftest", "extra"], "unrecognized"),
        (["--nonsense"], "unrecognized"),
        (["a", "b"], "unrecognized"),
    ],
)
def test_what_is_typed_wrongly_is_one_sentence_and_exit_code_2(
    rotocel: Rotocel, arguments: list[str], told: str
) -> None:
    ran = rotocel(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err
    assert ran.err.startswith("rotocel: ")
    assert ran.err.endswith(".\n")
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize("kind", ["text", "missing", "empty folder", "cut"])
def test_a_clip_that_is_none_is_one_sentence_naming_it_and_exit_code_1(
    rotocel: Rotocel, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "plate.mp4"
    if kind == "text":
        path.write_text("this is no movie\n" * 50)
    elif kind == "empty folder":
        path.mkdir()
    elif kind == "cut":
        path.write_bytes(paths.resource("demo", "bigbuckbunny.mp4").read_bytes()[:20_000])
    out = tmp_path / "out"
    ran = rotocel("matte", path, "--point", "5,5", "--out", out)
    assert (ran.code, ran.out) == (1, "")
    assert "plate.mp4" in ran.err
    assert ran.err.count("\n") == 1
    assert not out.exists()


def test_the_first_frame_of_another_clip_may_be_the_pattern(
    rotocel: Rotocel, clip: Path, tmp_path: Path
) -> None:
    ran = rotocel("matte", clip / "plate.####.png", "--point", "900,5", "--out", tmp_path / "out")
    assert ran.code == 2
    assert "900,5 lies outside the picture, which is 320x240" in ran.err


def test_an_unknown_model_is_named_with_those_there_are(rotocel: Rotocel, clip: Path) -> None:
    words = ("--frames", clip, "--masks", clip, "--pack", "nothing")
    ran = rotocel("evaluate", "clicks", *words)
    assert ran.code == 1
    assert ran.err == "rotocel: There is no model called nothing; installed: mobilesam.\n"


def test_help_and_version_are_no_errors(rotocel: Rotocel) -> None:
    overview = rotocel("--help")
    assert overview.code == 0
    assert all(name in overview.out for name in cli.COMMANDS)
    assert rotocel("--version").out.startswith("rotocel ")
    assert "--point X,Y[@FRAME]" in rotocel("matte", "--help").out


@pytest.mark.parametrize(("command", "words"), [("dump", "as JSON and PNG"), ("runtime", "NVIDIA")])
def test_help_begins_with_a_sentence_in_which_names_keep_their_capitals(
    rotocel: Rotocel, command: str, words: str
) -> None:
    sentence = rotocel(command, "--help").out.split("\n\n")[1]
    assert words in " ".join(sentence.split())
    assert sentence[0].isupper()


def test_a_clip_alone_opens_the_window_on_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    opened: list[tuple[Path | None, Project | None]] = []

    def run_window(path: Path | None, project: Project | None = None) -> int:
        opened.append((path, project))
        return 0

    window = types.ModuleType("app.window")
    monkeypatch.setattr(window, "run_window", run_window, raising=False)
    monkeypatch.setitem(sys.modules, "app.window", window)
    clip = tmp_path / "shot.mov"
    clip.touch()
    assert main([str(clip)]) == 0
    assert main(["plate.####.png"]) == 0  # whether there is such a sequence is for the window
    assert main([]) == 0
    assert opened == [(clip, None), (Path("plate.####.png"), None), (None, None)]
    assert main(["bogus"]) == 2


def test_a_fault_of_our_own_is_one_sentence_and_in_the_log(
    rotocel: Rotocel, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the roof fell in")

    monkeypatch.setattr("app.cli_matte.load_model", fail)
    ran = rotocel("matte", clip, "--point", "5,5", "--out", tmp_path / "out")
    assert ran.code == 1
    assert "the roof fell in" in ran.err
    assert "Traceback" not in ran.err
    log = (paths.user_logs() / "rotocel.log").read_text("utf-8")
    assert "Traceback" in log
    assert "the roof fell in" in log


def test_the_log_is_let_go_of(rotocel: Rotocel) -> None:
    before = list(logging.getLogger().handlers)
    rotocel("--version")
    assert logging.getLogger().handlers == before


def test_settings_that_cannot_be_read_are_said_and_not_fatal(
    rotocel: Rotocel, clip: Path, tmp_path: Path
) -> None:
    path = headless.settings_path()
    path.parent.mkdir(parents=True)
    path.write_text("{ not json")
    ran = rotocel("matte", clip, "--point", "900,5", "--out", tmp_path / "out")
    assert ran.code == 2
    assert str(path) in ran.err
    assert "900,5 lies outside" in ran.err


@pytest.mark.parametrize(
    ("environment", "platform", "seen"),
    [
        ({}, "linux", False),
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({"QT_QPA_PLATFORM": "vnc:size=800x600"}, "linux", True),
        ({"DISPLAY": ":0", "QT_QPA_PLATFORM": "offscreen"}, "linux", False),
        ({}, "win32", True),
        ({}, "darwin", True),
    ],
)
def test_a_window_opens_only_where_it_is_seen(
    environment: dict[str, str], platform: str, seen: bool
) -> None:
    assert has_display(environment, platform) is seen
