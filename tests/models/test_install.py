"""Packs from folders and zips, honest ones and others; nothing is left of what is refused."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import stat
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from models import stage, unpack
from models.base import Cancelled, ModelError
from models.disk import alone
from models.install import ExistsError, Installer
from models.ort import Runtime
from models.pack import find_packs, read_pack
from tests.models.graphs import write_tiny_pack
from tests.models.test_mobilesam import PACK as BUNDLED
from tests.models.test_quarantine import crashing


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home" / "models"


@pytest.fixture
def installer(home: Path, tmp_path: Path) -> Installer:
    bundled = (read_pack(BUNDLED),)
    return Installer(home, bundled, Runtime("cpu", threads=1), tmp_path / "tried")


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return write_tiny_pack(tmp_path / "from" / "tiny")


def zipped(pack: Path, path: Path, place: str = "") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(pack.iterdir()):
            archive.write(file, place + file.name)
    return path


def installed(home: Path) -> list[str]:
    """All that is in the folder of models."""
    return sorted(path.name for path in home.iterdir()) if home.exists() else []


def test_a_folder_is_installed(installer: Installer, pack: Path, home: Path) -> None:
    (pack / "stray.exe").write_bytes(b"not named by model.json")
    found = installer.install(pack)
    assert found.folder == home / "tiny"
    assert installed(home) == ["tiny"]
    assert installed(home / "tiny") == ["decoder.onnx", "encoder.onnx", "model.json"]
    assert pack.exists()
    packs, faults = find_packs([home])
    assert [item.info.id for item in packs] == ["tiny"]
    assert not faults


@pytest.mark.parametrize("place", ["", "tiny-1.0/"])
def test_a_zip_is_installed(
    installer: Installer, pack: Path, home: Path, tmp_path: Path, place: str
) -> None:
    path = zipped(pack, tmp_path / "tiny.zip", place)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("__MACOSX/._model.json", b"what a Mac adds")
    installer.install(path)
    assert installed(home) == ["tiny"]
    assert installed(home / "tiny") == ["decoder.onnx", "encoder.onnx", "model.json"]


def test_what_passed_the_trial_is_remembered(
    installer: Installer, pack: Path, tmp_path: Path
) -> None:
    installer.install(pack)
    assert len(list((tmp_path / "tried").iterdir())) == 1


def test_a_pack_with_an_id_already_there_is_replaced_only_when_asked(
    installer: Installer, pack: Path, home: Path, tmp_path: Path
) -> None:
    installer.install(pack)
    other = write_tiny_pack(tmp_path / "other", label="Newer")
    with pytest.raises(ExistsError, match="tiny is installed already"):
        installer.install(other)
    assert read_pack(home / "tiny").info.label == "Tiny"
    installer.install(other, replace=True)
    assert read_pack(home / "tiny").info.label == "Newer"
    assert installed(home) == ["tiny"]


def test_a_replacement_that_fails_leaves_the_old_one(
    installer: Installer, pack: Path, home: Path, tmp_path: Path
) -> None:
    installer.install(pack)
    other = write_tiny_pack(tmp_path / "other", label="Newer")
    (other / "decoder.onnx").write_bytes(crashing())
    with pytest.raises(ModelError, match=r"decoder\.onnx in .*other is not the file"):
        installer.install(other, replace=True)
    assert read_pack(home / "tiny").info.label == "Tiny"
    assert installed(home) == ["tiny"]


def test_a_rename_that_fails_brings_the_old_one_back(
    installer: Installer, pack: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installer.install(pack)
    other = write_tiny_pack(tmp_path / "other", label="Newer")
    rename = Path.rename

    def fail(self: Path, target: Path) -> Path:
        if self.name == "pack":
            raise PermissionError(13, "Permission denied")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(ModelError, match="may not be written"):
        installer.install(other, replace=True)
    assert read_pack(home / "tiny").info.label == "Tiny"
    assert installed(home) == ["tiny"]


def test_a_pack_lost_by_a_kill_between_two_renames_comes_back(
    installer: Installer, pack: Path, home: Path, tmp_path: Path
) -> None:
    installer.install(pack)
    stage = home / ".new-killed"
    (stage / "old").mkdir(parents=True)
    (home / "tiny").rename(stage / "old" / "tiny")
    write_tiny_pack(stage / "pack")
    assert find_packs([home]) == ([], [])  # nobody takes a staged pack for an installed one
    with alone(home / ".lock", ""):
        installer.tidy()  # another program is at work: nothing is touched
    assert stage.exists()
    installer.tidy()
    assert installed(home) == ["tiny"]
    stage.mkdir()
    installer.install(write_tiny_pack(tmp_path / "b", id="b"))
    assert installed(home) == ["b", "tiny"]


def test_the_id_of_the_bundled_pack_is_its_own(installer: Installer, tmp_path: Path) -> None:
    other = write_tiny_pack(tmp_path / "other", id="mobilesam")
    with pytest.raises(ModelError, match="id of a model that ships with Rotocel"):
        installer.install(other, replace=True)


def test_an_id_that_another_folder_has_is_refused(
    installer: Installer, pack: Path, home: Path
) -> None:
    write_tiny_pack(home / "by-hand")
    with pytest.raises(ModelError, match=r"by-hand has the id tiny too"):
        installer.install(pack, replace=True)
    assert installed(home) == ["by-hand"]


def test_a_pack_that_crashes_is_not_installed(
    installer: Installer, home: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad"
    write_tiny_pack(bad)
    data = crashing()
    (bad / "decoder.onnx").write_bytes(data)
    manifest = json.loads((bad / "model.json").read_text())
    manifest["files"]["decoder.onnx"] = hashlib.sha256(data).hexdigest()
    (bad / "model.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelError, match=f"^{bad} ends the program that runs it"):
        installer.install(bad)
    assert installed(home) == []


def test_a_family_of_a_newer_version_is_not_installed(
    installer: Installer, home: Path, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match="get a newer version of Rotocel"):
        installer.install(write_tiny_pack(tmp_path / "new", family="sam9"))
    assert installed(home) == []


def test_a_cancel_leaves_nothing(installer: Installer, pack: Path, home: Path) -> None:
    with pytest.raises(Cancelled):
        installer.install(pack, goes=lambda: False)
    assert installed(home) == []


def test_two_at_once_do_not_mix(installer: Installer, pack: Path, home: Path) -> None:
    home.mkdir(parents=True)
    with alone(home / ".lock", ""), pytest.raises(ModelError, match="Another Rotocel changes"):
        installer.install(pack)


def test_too_little_room_is_said_before(
    installer: Installer, pack: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(pack)._replace(free=1000)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    with pytest.raises(ModelError, match="has 1000 bytes free"):
        installer.install(pack)
    assert installed(home) == []


def test_a_disk_that_fills_up_leaves_nothing(
    installer: Installer, pack: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(stage, "put_on_disk", full)
    with pytest.raises(ModelError, match="is full"):
        installer.install(pack)
    assert installed(home) == []


def test_what_is_not_there_is_a_sentence(installer: Installer, tmp_path: Path, home: Path) -> None:
    with pytest.raises(ModelError, match=r"nowhere is not there"):
        installer.install(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match=r"model\.json cannot be read"):
        installer.install(tmp_path / "empty")
    assert installed(home) == []


def test_a_file_that_is_a_link_out_of_a_folder_is_refused(
    installer: Installer, pack: Path, home: Path, tmp_path: Path
) -> None:
    (pack / "encoder.onnx").rename(tmp_path / "elsewhere.onnx")
    (pack / "encoder.onnx").symlink_to(tmp_path / "elsewhere.onnx")
    with pytest.raises(ModelError, match="is a link out of its folder"):
        installer.install(pack)
    assert installed(home) == []


def test_a_named_file_that_is_missing_is_named(
    installer: Installer, pack: Path, tmp_path: Path
) -> None:
    (pack / "encoder.onnx").unlink()
    with pytest.raises(ModelError, match=r"encoder\.onnx"):
        installer.install(pack)
    with pytest.raises(ModelError, match=r"encoder\.onnx is missing from"):
        installer.install(zipped(pack, tmp_path / "tiny.zip"))


def test_a_manifest_that_names_itself_is_refused(installer: Installer, tmp_path: Path) -> None:
    bad = write_tiny_pack(tmp_path / "bad", files={"model.json": "0" * 64})
    with pytest.raises(ModelError, match="names itself"):
        installer.install(bad)


Plant = Callable[[zipfile.ZipFile], None]


def entry(name: str, mode: int = 0) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("x")
    info.filename = name  # the constructor would make it harmless
    info.external_attr = mode << 16
    return info


def bomb(archive: zipfile.ZipFile) -> None:
    archive.writestr("bomb.bin", bytes(8 << 20), zipfile.ZIP_DEFLATED)


def crowd(archive: zipfile.ZipFile) -> None:
    for number in range(300):
        archive.writestr(f"{number}.txt", b"")


PLANTS: dict[str, tuple[Plant, str]] = {
    "up": (lambda z: z.writestr(entry("../out.onnx"), b"x"), "leads elsewhere"),
    "up, deeper": (lambda z: z.writestr(entry("a/../../out.onnx"), b"x"), "leads elsewhere"),
    "absolute": (lambda z: z.writestr(entry("/etc/out"), b"x"), "leads elsewhere"),
    "backslash": (lambda z: z.writestr(entry("..\\out"), b"x"), "no plain name"),
    "drive": (lambda z: z.writestr(entry("C:out"), b"x"), "no plain name"),
    "line break": (lambda z: z.writestr(entry("a\nb"), b"x"), "no plain name"),
    "link": (lambda z: z.writestr(entry("link", stat.S_IFLNK | 0o777), b"/etc"), "is a link"),
    "device": (lambda z: z.writestr(entry("dev", stat.S_IFCHR), b""), "is a link or a device"),
    "bomb": (bomb, "would unfold to more than 200 times"),
    "crowd": (crowd, "holds more than 256 files"),
    "method": (lambda z: z.writestr("a", b"x", zipfile.ZIP_LZMA), "unusual method"),
    "two packs": (lambda z: z.writestr("b/model.json", b"{}"), "model.json must be in it once"),
}


@pytest.mark.parametrize("plant", PLANTS)
def test_a_hostile_zip_is_refused(
    installer: Installer, pack: Path, home: Path, tmp_path: Path, plant: str
) -> None:
    path = zipped(pack, tmp_path / "tiny.zip")
    work, words = PLANTS[plant]
    with zipfile.ZipFile(path, "a") as archive:
        work(archive)
    with pytest.raises(ModelError, match=words):
        installer.install(path)
    assert installed(home) == []
    assert not (tmp_path / "home" / "out.onnx").exists()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_twice_in_a_zip_is_refused(installer: Installer, pack: Path, tmp_path: Path) -> None:
    path = zipped(pack, tmp_path / "tiny.zip")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("encoder.onnx", b"another")
    with pytest.raises(ModelError, match=r"encoder\.onnx twice"):
        installer.install(path)


def test_an_encrypted_entry_is_refused(installer: Installer, pack: Path, tmp_path: Path) -> None:
    path = zipped(pack, tmp_path / "tiny.zip")
    data = bytearray(path.read_bytes())
    at = data.find(b"PK\x01\x02")
    data[at + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(ModelError, match="is encrypted"):
        installer.install(path)


def test_a_zip_that_lies_about_its_sizes_is_refused(
    installer: Installer, pack: Path, home: Path, tmp_path: Path
) -> None:
    path = zipped(pack, tmp_path / "tiny.zip")
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as archive:
        size = archive.getinfo("encoder.onnx").file_size
    at = data.rfind(b"encoder.onnx") - 46 + 24  # in the directory at the end
    assert int.from_bytes(data[at : at + 4], "little") == size
    data[at : at + 4] = (size - 5).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(ModelError, match=r"tiny\.zip"):
        installer.install(path)
    assert installed(home) == []


@pytest.mark.parametrize("cut", [0, 10, 0.5, -1])
def test_a_zip_that_is_cut_off_is_a_sentence(
    installer: Installer, pack: Path, home: Path, tmp_path: Path, cut: float
) -> None:
    path = zipped(pack, tmp_path / "tiny.zip")
    data = path.read_bytes()
    path.write_bytes(data[: int(cut * len(data))] if isinstance(cut, float) else data[:cut])
    with pytest.raises(ModelError, match=r"tiny\.zip is not a whole zip"):
        installer.install(path)
    assert installed(home) == []


def test_a_zip_whose_bytes_are_damaged_is_a_sentence(
    installer: Installer, pack: Path, home: Path, tmp_path: Path
) -> None:
    path = zipped(pack, tmp_path / "tiny.zip")
    data = bytearray(path.read_bytes())
    at = data.find(b"encoder.onnx") + 40
    data[at : at + 20] = bytes(20)
    path.write_bytes(data)
    with pytest.raises(ModelError, match=r"tiny\.zip"):
        installer.install(path)
    assert installed(home) == []


@pytest.mark.parametrize(
    "changes",  # to the first entry of the directory, by offset
    [
        {6: b"\x63"},  # wants version 9.9
        {9: b"\x08", 46: b"\xff\xfe"},  # says that its name is UTF-8
    ],
)
def test_a_zip_whose_directory_is_damaged_is_a_sentence(
    installer: Installer, pack: Path, tmp_path: Path, changes: dict[int, bytes]
) -> None:
    path = zipped(pack, tmp_path / "tiny.zip")
    data = bytearray(path.read_bytes())
    start = data.find(b"PK\x01\x02")
    for offset, value in changes.items():
        data[start + offset : start + offset + len(value)] = value
    path.write_bytes(data)
    with pytest.raises(ModelError, match=r"tiny\.zip is not a whole zip"):
        installer.install(path)


def test_a_long_directory_is_not_read(installer: Installer, pack: Path, tmp_path: Path) -> None:
    path = zipped(pack, tmp_path / "tiny.zip")
    with zipfile.ZipFile(path, "a") as archive:
        for number in range(30_000):
            archive.writestr(zipfile.ZipInfo(f"{number}"), b"")
    tracemalloc.start()
    with pytest.raises(ModelError, match=r"tiny\.zip lists more than any model holds"):
        installer.install(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 20


def test_a_zip_of_something_else_is_a_sentence(installer: Installer, tmp_path: Path) -> None:
    path = tmp_path / "holiday.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("beach.jpg", b"x")
    with pytest.raises(ModelError, match=r"holiday\.zip is not a zip of a model"):
        installer.install(path)


def test_more_than_fits_any_pack_is_refused(
    installer: Installer, pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpack, "MOST_BYTES", 1000)
    with pytest.raises(ModelError, match="would unfold to more than"):
        installer.install(zipped(pack, tmp_path / "tiny.zip"))


def test_a_pack_is_removed(installer: Installer, pack: Path, home: Path) -> None:
    installer.install(pack)
    assert installer.remove("tiny") == home / "tiny"
    assert installed(home) == []


def test_a_pack_whose_removal_is_killed_is_cleared_away_whatever_its_name(
    installer: Installer, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("old", "gone"):
        installer.install(write_tiny_pack(tmp_path / name, id=name))
        with monkeypatch.context() as patch:
            patch.setattr("shutil.rmtree", lambda *_, **__: None)  # killed before
            installer.remove(name)
        installer.tidy()
        assert installed(home) == []


def test_a_damaged_pack_is_removed_by_its_folder(installer: Installer, home: Path) -> None:
    write_tiny_pack(home / "broken", format=7)
    installer.remove("broken")
    assert installed(home) == []


def test_a_link_is_removed_and_not_what_it_leads_to(
    installer: Installer, pack: Path, home: Path
) -> None:
    home.mkdir(parents=True)
    (home / "linked").symlink_to(pack, target_is_directory=True)
    installer.remove("tiny")
    assert installed(home) == []
    assert (pack / "model.json").exists()


@pytest.mark.parametrize("name", ["..", "../from", "/", "", ".lock", "nothing"])
def test_nothing_else_is_removed(installer: Installer, pack: Path, home: Path, name: str) -> None:
    home.mkdir(parents=True)
    with pytest.raises(ModelError, match="There is no model called"):
        installer.remove(name)
    assert pack.exists()


def test_the_bundled_pack_is_never_removed(installer: Installer) -> None:
    with pytest.raises(ModelError, match="ships with Rotocel and stays"):
        installer.remove("mobilesam")
    assert BUNDLED.is_dir()
