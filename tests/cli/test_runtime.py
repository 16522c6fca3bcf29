"""`rotocel runtime` with wheels of a few bytes, and with the lists that ship."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from app import paths, runtimes
from app.cli import COMMANDS
from app.cli_runtime import SUBCOMMANDS
from app.headless import settings_path
from app.settings import Settings, save
from models import runtime_load
from models.runtime_list import this_system
from tests.cli.conftest import Rotocel
from tests.models.wheels import LIBRARY, RUNTIME, listed, write_wheels


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a command offers is forgotten after the test."""
    monkeypatch.setattr(runtime_load, "_state", runtime_load._State())


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The wheels, and a program whose list names them."""
    folder = write_wheels(tmp_path / "wheels")
    said = {"format": 1, **asdict(listed(folder))}
    del said["digest"]
    (tmp_path / "list.json").write_text(json.dumps(said))
    monkeypatch.setattr(runtimes, "cuda_list", lambda: tmp_path / "list.json")
    return folder


def home() -> list[str]:
    folder = paths.user_runtimes()
    found = (path.name for path in folder.iterdir()) if folder.exists() else ()
    return sorted(name for name in found if name != "cuda.lock")


def test_it_is_listed_installed_and_removed(rotocel: Rotocel, wheels: Path) -> None:
    ran = rotocel("runtime", "list")
    assert ran.code == 0
    assert "cuda: ONNX Runtime 9.9.9 for NVIDIA cards, 2 files" in ran.out
    assert "It is not installed" in ran.out
    assert ", built in" in ran.out
    ran = rotocel("runtime", "install", wheels)
    assert (ran.code, ran.err) == (0, "")
    assert "It is used from the next start on" in ran.out
    assert home() == ["cuda"]
    assert "It is installed in" in rotocel("runtime", "list").out
    assert "is as it was installed: 4 files" in rotocel("runtime", "verify").out
    ran = rotocel("runtime", "remove")
    assert ran.code == 0
    assert home() == []


def test_damage_is_told(rotocel: Rotocel, wheels: Path) -> None:
    rotocel("runtime", "install", wheels)
    (paths.user_runtimes() / "cuda" / "onnxruntime" / "__init__.py").unlink()
    assert "__init__.py is missing" in rotocel("runtime", "list").out
    ran = rotocel("runtime", "verify")
    assert ran.code == 1
    assert "__init__.py is missing" in ran.err
    (paths.user_runtimes() / "cuda" / "runtime.json").unlink()
    assert rotocel("runtime", "list").out.count("is damaged, or of another version") == 1


def test_the_help_names_every_subcommand() -> None:
    assert f": {', '.join(SUBCOMMANDS)}" in COMMANDS["runtime"].what


def test_a_wrong_file_is_one_sentence(rotocel: Rotocel, wheels: Path) -> None:
    (wheels / RUNTIME).unlink()
    ran = rotocel("runtime", "install", wheels)
    assert ran.code == 1
    assert ran.err.count("\n") == 1
    assert f"{RUNTIME} is missing" in ran.err
    assert home() == []


def test_what_is_wanted_is_named_with_sums_and_a_command(rotocel: Rotocel, wheels: Path) -> None:
    ran = rotocel("runtime", "wanted")
    for wheel in listed(wheels).wheels:
        assert f"{wheel.sha256}  {wheel.size:>10}  {wheel.file}" in ran.out
    assert "pip download --no-deps" in ran.out
    assert "nvidia-tiny==1.2.3" in ran.out
    assert LIBRARY in ran.out


def test_why_it_is_not_used_is_told(rotocel: Rotocel, wheels: Path) -> None:
    rotocel("runtime", "install", wheels)
    (paths.user_runtimes() / "cuda.starting").touch()
    assert "ended the program when it was last started" in rotocel("runtime", "list").out
    assert "tried again" in rotocel("runtime", "retry").out
    assert "ended the program" not in rotocel("runtime", "list").out


def test_settings_that_want_the_cpu_leave_it_alone(rotocel: Rotocel, wheels: Path) -> None:
    rotocel("runtime", "install", wheels)
    assert runtime_load.offered() is None  # it was not there when that command started
    rotocel("runtime", "wanted")
    assert runtime_load.offered() is not None
    save(Settings(device="cpu"), settings_path())
    ran = rotocel("runtime", "list")
    assert runtime_load.offered() is None
    assert 'The settings say "device": "cpu", which leaves it unused.' in ran.out


def test_settings_that_cannot_be_read_leave_it_alone(rotocel: Rotocel, wheels: Path) -> None:
    """They may have said so."""
    rotocel("runtime", "install", wheels)
    settings_path().parent.mkdir(parents=True, exist_ok=True)
    settings_path().write_text('{"device": "cpu", oops}')
    rotocel("runtime", "list")
    assert runtime_load.offered() is None


def test_one_without_its_record_is_told(rotocel: Rotocel, wheels: Path) -> None:
    rotocel("runtime", "install", wheels)
    (paths.user_runtimes() / "cuda" / "runtime.json").unlink()
    runtimes.offer("auto")
    runtime_load.settle()
    assert "is damaged, or of another version" in runtime_load.note()


def test_one_whose_list_is_damaged_is_told(rotocel: Rotocel, wheels: Path, tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text("{}")
    runtimes.offer("auto")
    assert runtime_load.note() == ""  # nobody has one here
    (paths.user_runtimes() / "cuda").mkdir(parents=True)
    runtimes.offer("auto")
    assert "list.json is not a valid list" in runtime_load.note()
    runtimes.offer("cpu")
    assert runtime_load.note() == ""


def test_a_list_that_is_damaged_keeps_no_command_from_working(
    rotocel: Rotocel, wheels: Path, tmp_path: Path
) -> None:
    (tmp_path / "list.json").write_text("{}")
    assert rotocel("models", "list").code == 0
    ran = rotocel("runtime", "list")
    assert ran.code == 1
    assert "list.json is not a valid list" in ran.err


def test_a_system_without_one_is_told_so(
    rotocel: Rotocel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtimes, "cuda_list", lambda: tmp_path / "nowhere.json")
    ran = rotocel("runtime", "list")
    assert ran.code == 1
    assert f"There is no runtime for {this_system()}" in ran.err


def test_the_selftest_says_which_runtime_answers_and_why(rotocel: Rotocel, wheels: Path) -> None:
    """The tests have loaded ONNX Runtime long ago, so that of the pack comes too late."""
    rotocel("runtime", "install", wheels)
    ran = rotocel("selftest")
    assert ran.code == 0
    assert ", built in, providers:" in ran.out
    assert ran.out.count("Another ONNX Runtime was loaded before") == 2  # of the program, the model
