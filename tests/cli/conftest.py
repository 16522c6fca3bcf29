"""The tiny clip, made once, and a way to call the real main()."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from app import cli_progress
from app.__main__ import main
from tests.cli.disc import make_clip


class Ran(NamedTuple):
    """What a command left: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, parsed."""
        return json.loads(self.out)


Rotocel = Callable[..., Ran]


@pytest.fixture
def rotocel(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Rotocel:
    """Runs the program with these arguments; however long that takes, it tells no progress."""
    monkeypatch.setattr(cli_progress, "EVERY", math.inf)

    def run(*arguments: object) -> Ran:
        code = main([str(argument) for argument in arguments])
        return Ran(code, *capsys.readouterr())

    return run


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the tiny clip; nobody may change it."""
    return make_clip(tmp_path_factory.mktemp("disc") / "plate")
