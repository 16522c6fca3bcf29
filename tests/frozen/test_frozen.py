"""The frozen program where a stranger puts it: no Python, no network, nothing it may write to."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from models.runtime_record import read_record
from tests.models.wheels import WORKING, write_record

BUILT = Path(__file__).parents[2] / "dist" / "rotocel"
NOBODY = 65534
IS_ROOT = sys.platform != "win32" and os.geteuid() == 0
WINDOWS = {name: os.environ[name] for name in ("SYSTEMROOT", "TEMP") if name in os.environ}
QUIET = re.compile(r"This plugin does not support propagateSizeHints\(\)")  # Qt without a screen

pytestmark = [
    pytest.mark.frozen,
    pytest.mark.skipif(not BUILT.exists(), reason="there is no frozen program: run `make freeze`"),
    pytest.mark.timeout(600),
]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy that nobody may write to, in a folder with an awkward name."""
    place = tmp_path_factory.mktemp("frozen") / "Röto cel (kopie)"
    shutil.copytree(BUILT, place, symlinks=True)
    for path in (place, *place.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & ~0o222)
    open_to_all(place)
    return place / "rotocel"


def open_to_all(place: Path) -> None:
    """Let other users come to `place`: pytest's folders are its user's own."""
    top = Path(tempfile.gettempdir())
    for parent in place.parents:
        if parent != top and parent.is_relative_to(top):
            parent.chmod(0o755)


def give(place: Path, user: int) -> None:
    """Make a folder that user's, where we may."""
    if sys.platform != "win32" and IS_ROOT:
        os.chown(place, user, user)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home."""
    place = tmp_path / "home"
    place.mkdir()
    open_to_all(place)
    give(place, NOBODY)
    return place


def run(program: Path, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What the program says, as another user, without a network and with hardly an environment."""
    unshare, setpriv = shutil.which("unshare"), shutil.which("setpriv")
    alone: list[str] = []
    if IS_ROOT and unshare and setpriv:
        alone = [unshare, "--net", setpriv, f"--reuid={NOBODY}", f"--regid={NOBODY}"]
        alone.append("--clear-groups")
    return subprocess.run(
        [*alone, str(program), *arguments],
        env={"HOME": str(home), "PATH": "/nonexistent", "LC_ALL": "C.UTF-8", **WINDOWS},
        cwd=home,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )


def complaints(told: str) -> list[str]:
    return [line for line in told.splitlines() if not QUIET.fullmatch(line)]


def test_it_opens_clicks_exports_and_says_nothing_else(program: Path, home: Path) -> None:
    done = run(program, home, "selftest", "--frozen")
    assert (done.returncode, complaints(done.stderr)) == (0, []), done
    wanted = (
        r"rotocel [\d.]+, Python .*",
        r"processors: .*",
        r"numpy [\d.]+, opencv-python-headless [\d.]+, av [\d.]+, OpenEXR [\d.]+, PySide6.* [\d.]+",
        r"ONNX Runtime [\d.]+, built in, providers: .*CPUExecutionProvider.*",
        r"codecs: .*; lacking: none",
        r"libavcodec .*",
        r"models: mobilesam",
        rf"own models in {re.escape(str(home))}.*",
        rf"cache in {re.escape(str(home))}.*",
        r"model in use: mobilesam",
        r"MobileSAM on CPU: encoded in .*",
        r"a click on frame 1067 of bigbuckbunny gave a mask of .*: all is well",
        r"the window is open after .*",
        r"a click in the window gave the expected mask \(IoU .*\)",
        r"an exported matte holds it, 1280 x 720, .*",
    )
    lines = done.stdout.splitlines()
    assert len(lines) == len(wanted), lines
    for line, pattern in zip(lines, wanted, strict=True):
        assert re.fullmatch(pattern, line), line


def test_the_demo_is_matted_into_the_home(program: Path, home: Path) -> None:
    done = run(program, home, "demo", "--no-window")
    assert done.returncode == 0, done
    assert len(list((home / "demo-out").rglob("*.png"))) == 9


def test_objects_are_followed(program: Path, home: Path) -> None:
    clip = program.parent / "_internal" / "resources" / "demo" / "bigbuckbunny.mp4"
    asked = [
        "propagate",
        str(clip),
        "--point",
        "470,380",
        "--frames",
        "1067-1070",
        "--out",
        "masks",
    ]
    done = run(program, home, *asked)
    assert done.returncode == 0, done
    assert len(list((home / "masks").rglob("*.png"))) == 4


def test_a_model_is_tried_in_a_process_of_its_own(program: Path, home: Path) -> None:
    done = run(program, home, "models", "verify", "mobilesam")
    assert (done.returncode, complaints(done.stderr)) == (0, []), done


@pytest.fixture
def runtime(program: Path, home: Path) -> Path:
    """A runtime pack in the home, as if it had been installed; of a few lines of Python."""
    if sys.platform != "linux":
        pytest.skip("only Linux has packs where this test puts one")
    (lists,) = (program.parent / "_internal" / "resources" / "runtimes").glob("cuda-linux*.json")
    place = home / ".local" / "share" / "rotocel" / "runtimes" / "cuda"
    for name, code in WORKING.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(code)
    write_record(place, hashlib.sha256(lists.read_bytes()).hexdigest())
    if sys.platform != "win32" and IS_ROOT:
        for path in (home, *home.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
    return place


def test_an_installed_runtime_takes_the_place_of_the_bundled_one(
    program: Path, home: Path, runtime: Path
) -> None:
    done = run(program, home, "runtime", "list")
    assert "In use: ONNX Runtime 9.9.9, the installed runtime cuda" in done.stdout, done


def test_an_installed_runtime_that_fails_gives_way_to_the_bundled_one(
    program: Path, home: Path, runtime: Path
) -> None:
    (runtime / "onnxruntime" / "capi" / "deep.py").unlink()
    write_record(runtime, read_record(runtime).made_by)  # as if it had never been in a wheel
    done = run(program, home, "selftest")
    assert done.returncode == 0, done
    assert ", built in, providers" in done.stdout
    assert "cannot be loaded (onnxruntime.capi.deep is not in" in done.stdout
    assert "all is well" in done.stdout


def test_bad_input_is_one_sentence(program: Path, home: Path) -> None:
    done = run(program, home, "matte", "no-such-clip.mov", "--point", "1,1", "--out", "x")
    assert done.returncode != 0
    assert "no-such-clip.mov" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_a_home_that_may_not_be_written_to_is_told_of_and_no_end(program: Path, home: Path) -> None:
    home.chmod(0o755)
    give(home, 0)
    done = run(program, home, "selftest")
    assert done.returncode == 0, done
    assert "Traceback" not in done.stdout + done.stderr
    assert "all is well" in done.stdout


def test_no_folder_of_the_machine_it_was_made_on_is_named_inside() -> None:
    here = str(BUILT.parents[1]).encode()
    files = (path for path in BUILT.rglob("*") if path.is_file() and not path.is_symlink())
    assert [path.relative_to(BUILT) for path in files if here in path.read_bytes()] == []


def test_nothing_of_the_developers_is_inside() -> None:
    names = {path.name.split(".")[0].split("-")[0].lower() for path in BUILT.rglob("*")}
    assert not names & {"torch", "sam2", "onnx", "pytest", "hypothesis", "mypy", "tests"}


def test_every_part_has_its_terms_beside_it() -> None:
    texts = BUILT / "licences"
    table = (texts / "LICENCES.md").read_text("utf-8")
    parts = [line.split("|")[1].strip() for line in table.splitlines() if line.startswith("| ")][1:]
    assert {"FFmpeg", "x264 and x265", "Python", "onnxruntime", "Rotocel"} <= set(parts)
    assert "GNU General Public License, version" in table
    for part in parts:
        place = texts / re.sub(r"\W+", "-", part).strip("-").lower()
        assert any(place.iterdir()), part
