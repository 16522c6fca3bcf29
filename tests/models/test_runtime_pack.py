"""Runtime packs from folders and zips, honest ones and others; what is refused leaves nothing."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import stat
import zipfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeAlias

import pytest
from filelock import FileLock

from models import runtime_pack, stage
from models.base import ModelError
from models.runtime_list import RuntimeList, read_list, this_python, this_system
from models.runtime_pack import RuntimePack
from models.runtime_record import Part
from models.runtime_wheels import Progress, unpack
from tests.models.wheels import LIBRARY, RUNTIME, WORKING, listed, newer, pack_of, write_wheels


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    return write_wheels(tmp_path / "wheels")


@pytest.fixture
def pack(tmp_path: Path, wheels: Path) -> RuntimePack:
    return pack_of(tmp_path / "home" / "runtimes", wheels)


def left(pack: RuntimePack) -> list[str]:
    """All that is in the folder of runtimes, but the lock, whose file stays."""
    found = pack.home.iterdir() if pack.home.exists() else ()
    return sorted(path.name for path in found if path != pack.lock)


def files(pack: RuntimePack) -> set[str]:
    found = (path for path in pack.folder.rglob("*") if path.is_file())
    return {path.relative_to(pack.folder).as_posix() for path in found}


def zipped(folder: Path, path: Path, place: str = "") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, place + file.name)
    return path


INSTALLED = {"runtime.json", "nvidia/cu13/lib/libtiny.so.13", *WORKING}


def test_a_folder_is_installed_and_what_lies_beside_is_not(pack: RuntimePack, wheels: Path) -> None:
    (wheels / "numpy-2.0-cp311-cp311-any.whl").write_bytes(b"pip fetched it along")
    (wheels / "evil.py").write_text("raise SystemExit")
    pack.install(wheels)
    assert pack.is_installed
    assert not pack.fault
    assert files(pack) == INSTALLED
    assert left(pack) == ["cuda"]


@pytest.mark.parametrize("place", ["", "runtime/", "a/b/"])
def test_a_zip_is_installed(pack: RuntimePack, wheels: Path, tmp_path: Path, place: str) -> None:
    pack.install(zipped(wheels, tmp_path / "all.zip", place))
    assert files(pack) == INSTALLED


def test_progress_ends_at_all_of_it(pack: RuntimePack, wheels: Path) -> None:
    unpacked = sum(len(text) for text in WORKING.values()) + 400
    pack = replace(pack, wanted=replace(pack.wanted, unpacked=unpacked))
    told: list[tuple[int, int]] = []
    pack.install(wheels, lambda done, total: told.append((done, total)))
    assert told == sorted(told)
    assert told[-1] == (pack.wanted.size + unpacked,) * 2


def flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def longer(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"!")


FAULTS: list[tuple[Callable[[Path], None], str]] = [
    (flipped, "another sha256"),
    (longer, r"has \d+ bytes, and should have \d+"),
    (Path.unlink, "is missing"),
]


@pytest.mark.parametrize("zip_it", [False, True])
@pytest.mark.parametrize(("spoil", "sentence"), FAULTS)
def test_a_wheel_that_is_not_the_one_listed_is_refused_unopened(
    pack: RuntimePack,
    wheels: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[Path], None],
    sentence: str,
    zip_it: bool,
) -> None:
    opened: list[str] = []

    def spy(path: Path, folder: Path, progress: Progress) -> dict[str, Part]:
        opened.append(path.name)
        return unpack(path, folder, progress)

    monkeypatch.setattr(runtime_pack, "unpack", spy)
    spoil(wheels / RUNTIME)
    origin = zipped(wheels, tmp_path / "all.zip") if zip_it else wheels
    with pytest.raises(ModelError, match=f"{RUNTIME}.*{sentence}.*rotocel runtime wanted"):
        pack.install(origin)
    assert RUNTIME not in opened
    assert left(pack) == []


def test_an_origin_that_is_no_folder_and_no_zip_is_a_sentence(
    pack: RuntimePack, wheels: Path
) -> None:
    with pytest.raises(ModelError, match="is not there"):
        pack.install(wheels / "nowhere")
    (wheels / "text.zip").write_text("no zip")
    with pytest.raises(ModelError, match="is not a whole zip"):
        pack.install(wheels / "text.zip")


@pytest.mark.parametrize("name", ["../evil.py", "/evil.py", "onnxruntime/../../evil.py", "a\\b"])
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    wheels = write_wheels(tmp_path / "wheels", {**WORKING, name: "raise SystemExit"})
    pack = pack_of(tmp_path / "home", wheels)
    with pytest.raises(ModelError, match=f"{RUNTIME} is not taken"):
        pack.install(wheels)
    assert left(pack) == []
    assert not list(tmp_path.rglob("evil.py"))


def test_a_link_in_a_wheel_is_refused(tmp_path: Path) -> None:
    wheels = write_wheels(tmp_path / "wheels")
    entry = zipfile.ZipInfo("onnxruntime/link.so")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(wheels / RUNTIME, "a") as archive:
        archive.writestr(entry, "/etc/passwd")
    pack = pack_of(tmp_path / "home", wheels)
    with pytest.raises(ModelError, match=r"link\.so in it is a link"):
        pack.install(wheels)
    assert left(pack) == []


def test_a_wheel_that_is_a_link_out_of_its_folder_is_refused(
    pack: RuntimePack, wheels: Path, tmp_path: Path
) -> None:
    shutil.move(wheels / RUNTIME, tmp_path / "elsewhere.whl")
    (wheels / RUNTIME).symlink_to(tmp_path / "elsewhere.whl")
    with pytest.raises(ModelError, match="is a link out of its folder"):
        pack.install(wheels)


def test_a_disk_without_room_is_told_before_anything_is_copied(
    pack: RuntimePack, wheels: Path
) -> None:
    pack = replace(pack, wanted=replace(pack.wanted, unpacked=1 << 60))
    with pytest.raises(ModelError, match=r"The runtime cuda needs .* of space"):
        pack.install(wheels)
    assert left(pack) == []


def test_a_disk_that_fills_up_leaves_nothing(
    pack: RuntimePack, wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(stage, "put_on_disk", full)
    with pytest.raises(ModelError, match=r"is full; free some space and do this again\.$"):
        pack.install(wheels)
    assert left(pack) == []


def test_room_is_asked_for_all_that_is_there_at_once(
    pack: RuntimePack, wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(runtime_pack, "check_room", lambda _where, room, _name: asked.append(room))
    pack.install(wheels)
    largest = max(path.stat().st_size for path in wheels.iterdir())
    assert asked == [pack.wanted.unpacked + largest]


def test_all_of_it_is_on_the_disk_before_it_gets_its_name(
    pack: RuntimePack, wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put: set[str] = set()

    def spy(path: Path) -> None:
        if not pack.is_installed:
            put.add(path.relative_to(next(pack.home.glob(".new-*/pack"))).as_posix())

    monkeypatch.setattr(stage, "put_on_disk", spy)
    monkeypatch.setattr(stage, "sync_folder", spy)
    pack.install(wheels)
    inside = {path.relative_to(pack.folder).as_posix() for path in pack.folder.rglob("*")}
    assert put == {".", *inside}
    assert "onnxruntime/capi" in put


@pytest.mark.parametrize("when", [1, 3])
def test_a_ctrl_c_leaves_nothing(pack: RuntimePack, wheels: Path, when: int) -> None:
    told = 0

    def interrupt(_done: int, _total: int) -> None:
        nonlocal told
        told += 1
        if told == when:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pack.install(wheels, interrupt)
    assert told == when
    assert left(pack) == []


def test_what_a_killed_install_left_goes_with_the_next(pack: RuntimePack, wheels: Path) -> None:
    (pack.home / ".new-killed" / "pack").mkdir(parents=True)
    pack.install(wheels)
    assert left(pack) == ["cuda"]


def test_an_install_that_fails_keeps_the_one_before(pack: RuntimePack, wheels: Path) -> None:
    pack.install(wheels)
    flipped(wheels / LIBRARY)
    with pytest.raises(ModelError, match="another sha256"):
        pack.install(wheels)
    assert not pack.fault
    assert files(pack) == INSTALLED


def test_one_for_another_python_is_refused(tmp_path: Path, wheels: Path) -> None:
    pack = RuntimePack(tmp_path / "home", listed(wheels, python="cp27"))
    with pytest.raises(ModelError, match=rf"for cp27 .* runs on {this_python()}"):
        pack.install(wheels)
    assert left(pack) == []


def test_one_of_another_list_is_not_used(pack: RuntimePack, wheels: Path) -> None:
    pack.install(wheels)
    assert newer(pack).is_installed
    assert "another version of Rotocel" in newer(pack).fault


@pytest.mark.parametrize("record", ["", "[]", "{}", "nothing", '{"list": "", "files": [1]}'])
def test_a_damaged_record_is_a_fault(pack: RuntimePack, wheels: Path, record: str) -> None:
    pack.install(wheels)
    (pack.folder / "runtime.json").write_text(record)
    assert "is damaged" in pack.fault


Spoil: TypeAlias = Callable[[Path], object]
SPOILT: list[tuple[Spoil, str]] = [
    (lambda folder: longer(folder / "onnxruntime/__init__.py"), "__init__.py has another size"),
    (lambda folder: (folder / "onnxruntime/capi/deep.py").unlink(), "deep.py is missing"),
    (lambda folder: (folder / "onnxruntime/more.py").touch(), "more.py was not installed"),
    (lambda folder: (folder / "nvidia/libmore.so.1").touch(), r"libmore\.so\.1 was not installed"),
    (lambda folder: (folder / "MORE.DLL").touch(), "MORE.DLL was not installed"),
    (lambda folder: (folder / "numpy").symlink_to("/"), "numpy was not installed"),
]


@pytest.mark.parametrize(("spoil", "sentence"), SPOILT)
def test_what_is_not_as_it_was_installed_is_found_by_names_and_sizes(
    pack: RuntimePack, wheels: Path, spoil: Spoil, sentence: str
) -> None:
    pack.install(wheels)
    (pack.folder / "onnxruntime/__pycache__").mkdir()
    (pack.folder / "onnxruntime/__pycache__/deep.cpython-311.pyc").touch()
    (pack.folder / "notes.txt").touch()
    assert not pack.damage
    spoil(pack.folder)
    assert re.search(rf"not as it was installed \(.*{sentence}\); install it again", pack.damage)
    with pytest.raises(ModelError, match=sentence):
        pack.verify()


def test_what_python_makes_anew_may_be_in_a_wheel(tmp_path: Path) -> None:
    cached = "onnxruntime/__pycache__/deep.cpython-311.pyc"
    wheels = write_wheels(tmp_path / "wheels", {**WORKING, cached: "old"})
    pack = pack_of(tmp_path / "home", wheels)
    pack.install(wheels)
    assert not pack.damage
    longer(pack.folder / cached)
    assert {*pack.verify(), "runtime.json"} == INSTALLED


def test_the_rest_is_found_by_hashing(pack: RuntimePack, wheels: Path) -> None:
    with pytest.raises(ModelError, match="There is no runtime"):
        pack.verify()
    pack.install(wheels)
    told: list[tuple[int, int]] = []
    found = pack.verify(lambda done, total: told.append((done, total)))
    assert {*found, "runtime.json"} == INSTALLED
    assert told[-1] == (sum(part.size for part in found.values()),) * 2
    flipped(pack.folder / "onnxruntime/capi/deep.py")
    assert not pack.damage
    with pytest.raises(ModelError, match=r"deep\.py has another sha256"):
        pack.verify()


def test_nothing_is_changed_while_another_program_starts_it(
    pack: RuntimePack, wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack.install(wheels)
    monkeypatch.setattr(runtime_pack, "unpack", lambda *_: pytest.fail("unpacked"))
    with FileLock(pack.lock, thread_local=False):
        pack.mark.touch()
        for change in (partial(pack.install, wheels), pack.remove, pack.retry):
            with pytest.raises(ModelError, match="Another Rotocel is just starting"):
                change()
        assert pack.lock.exists()
        assert pack.mark.exists()
        assert not pack.damage


def test_the_place_is_not_changed_while_another_program_starts_it(
    pack: RuntimePack, wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that began to after the installation did."""
    monkeypatch.setattr(runtime_pack, "PATIENCE", 0.1)
    with ExitStack() as stack:

        def start(done: int, total: int) -> None:
            if not pack.mark.exists():
                stack.enter_context(FileLock(pack.lock, thread_local=False))
                pack.mark.touch()

        with pytest.raises(ModelError, match="Another Rotocel is just starting"):
            pack.install(wheels, start)
    assert left(pack) == ["cuda.starting"]


def test_the_file_of_the_lock_stays(pack: RuntimePack, wheels: Path) -> None:
    """Were it deleted, two programs could lock a file of their own each."""
    pack.install(wheels)
    number = pack.lock.stat().st_ino
    pack.retry()
    pack.remove()
    assert pack.lock.stat().st_ino == number


def test_a_link_that_leads_nowhere_is_removed(pack: RuntimePack, tmp_path: Path) -> None:
    pack.home.mkdir(parents=True)
    pack.folder.symlink_to(tmp_path / "nowhere")
    pack.remove()
    assert left(pack) == []


def test_it_is_removed_with_its_mark(pack: RuntimePack, wheels: Path) -> None:
    pack.install(wheels)
    pack.mark.touch()
    pack.remove()
    assert left(pack) == []
    with pytest.raises(ModelError, match="There is no runtime"):
        pack.remove()


def test_installing_again_forgets_the_mark(pack: RuntimePack, wheels: Path) -> None:
    pack.install(wheels)
    pack.mark.touch()
    pack.install(wheels)
    assert not pack.mark.exists()


class TestList:
    @pytest.fixture
    def said(self) -> dict[str, object]:
        wheel = {"file": RUNTIME, "size": 1, "sha256": "0" * 64}
        return {
            "format": 1,
            "name": "cuda",
            "version": "9.9.9",
            "python": this_python(),
            "system": this_system(),
            "unpacked": 1,
            "wheels": [wheel],
        }

    def read(self, folder: Path, said: object) -> RuntimeList:
        path = folder / "list.json"
        path.write_text(json.dumps(said))
        return read_list(path)

    def test_it_is_read(self, tmp_path: Path, said: dict[str, object]) -> None:
        found = self.read(tmp_path, said)
        assert found.wheels[0].requirement == "onnxruntime-gpu==9.9.9"
        assert found.digest == hashlib.sha256((tmp_path / "list.json").read_bytes()).hexdigest()
        assert not found.misfit

    @pytest.mark.parametrize(
        "change",
        [
            {"format": 2},
            {"name": "../cuda"},
            {"unpacked": True},
            {"wheels": []},
            {"wheels": [{"file": "../a-1-b-c-d.whl", "size": 1, "sha256": "0" * 64}]},
            {"wheels": [{"file": RUNTIME, "size": 0, "sha256": "0" * 64}]},
            {"wheels": [{"file": RUNTIME, "size": 1, "sha256": "0" * 63}]},
            {"wheels": [{"file": "plain.whl", "size": 1, "sha256": "0" * 64}]},
            {"wheels": "none"},
        ],
    )
    def test_a_wrong_one_is_refused(
        self, tmp_path: Path, said: dict[str, object], change: dict[str, object]
    ) -> None:
        with pytest.raises(ModelError, match=r"list\.json is not a valid list"):
            self.read(tmp_path, said | change)

    def test_the_command_names_every_wheel_and_its_systems(self, wheels: Path) -> None:
        command = listed(wheels, python="cp311").command("there")
        assert "--python-version 3.11 " in command
        assert "--platform manylinux1_x86_64 " in command
        assert command.endswith("-d there nvidia-tiny==1.2.3 onnxruntime-gpu==9.9.9")
