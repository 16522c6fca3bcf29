"""EdgeTAM and EfficientTAM are their originals, whose packages take the place of SAM 2's.

Each runs in a process of its own. The variables name the folders; models/README.md says how they
are made.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from models.convert import packages

pytestmark = pytest.mark.slow

# variable, variant, and a seed with which objects mostly are there in the scenario of verify.py
FAMILIES = {
    "edgetam": ("ROTOCEL_EDGETAM", "repvit-m1", 6),
    "efficienttam": ("ROTOCEL_EFFICIENTTAM", "ti_1", 1),
}


def rotocel(*words: object, code: int = 0) -> str:
    """What `rotocel models` prints; it must end with `code`."""
    command = [sys.executable, "-m", "app", "models", *map(str, words)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=900)
    assert done.returncode == code, done.stderr + done.stdout
    return done.stdout


def converted(family: str, folder: Path) -> tuple[Path, Sequence[object]]:
    """A pack of `family` made in `folder`, and the words that name its original's package."""
    variable, variant, seed = FAMILIES[family]
    if not os.environ.get(variable):
        pytest.skip(f"needs the package of {family}: {variable} names no folder")
    package = ("--package", os.environ[variable])
    wish = ("--family", family, "--variant", variant, "--random", seed, "--size", 512)
    rotocel("convert", *wish, *package, "--out", folder / "pack")
    return folder / "pack", package


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.timeout(1800)
def test_a_pack_is_equal_to_its_original_but_not_with_another_rule(
    family: str, tmp_path: Path
) -> None:
    pack, package = converted(family, tmp_path)
    assert "It is equal to its original." in rotocel("verify", pack, *package)
    manifest = json.loads((pack / "model.json").read_text(encoding="utf-8"))
    manifest["tracking"]["memories"] = 5
    (pack / "model.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert "It differs from its original." in rotocel("verify", pack, *package, code=1)


def test_a_folder_without_the_package_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=f"{tmp_path} holds no package sam2"):
        packages.use(tmp_path)


def test_a_second_original_in_one_process_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sam2").mkdir()
    (tmp_path / "sam2" / "__init__.py").touch()
    monkeypatch.setitem(sys.modules, "sam2", type(sys)("sam2"))
    sys.modules["sam2"].__file__ = "elsewhere/sam2/__init__.py"
    before = list(sys.path)
    with pytest.raises(OSError, match="process of its own"):
        packages.use(tmp_path)
    assert sys.path == before


def test_another_family_without_its_package_says_what_to_install(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "app", "models", "convert", "--random", "--family", "edgetam"]
    command += ["--out", str(tmp_path / "pack")]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert "edgetam-dimos" in done.stderr
    assert "--package" in done.stderr
    assert "Traceback" not in done.stderr
