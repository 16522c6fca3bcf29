"""The direction of imports is checked by import-linter; here it is checked that it would notice."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BREACHES = {
    "app/domain/frames.py": "from PySide6.QtCore import QObject",
    "app/domain/history.py": "import models.base",
    "app/jobs.py": "from PySide6.QtCore import QObject",
    "app/plan.py": "import app.session",
    "app/ui/theme.py": "import export.naming",
    "models/base.py": "import app.settings",
    "models/ort.py": "import torch",
    "export/naming.py": "import models.base",
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in ("app", "models", "export"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_tree_keeps_its_contracts(copy: Path) -> None:
    result = lint(copy)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(("file", "breach"), BREACHES.items())
def test_a_planted_breach_is_caught(copy: Path, file: str, breach: str) -> None:
    path = copy / file
    future = "from __future__ import annotations\n"
    path.write_text(path.read_text("utf-8").replace(future, f"{future}\n{breach}\n", 1), "utf-8")
    result = lint(copy)
    assert result.returncode != 0
    assert "BROKEN" in result.stdout
