"""What goes into the frozen program, decided on lists of files."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

import av
import pytest

from models.runtime_list import read_list
from tests.models.wheels import LIBRARY, RUNTIME, listed, write_wheels

PACKAGING = Path(__file__).parents[1] / "packaging"


def script(name: str) -> ModuleType:
    """A file of `packaging`, which is no package: it would hide the library of that name."""
    spec = importlib.util.spec_from_file_location(f"packaging_{name}", PACKAGING / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


bundle, notices, runtime_list = script("bundle"), script("notices"), script("runtime_list")

QT = "PySide6/Qt/plugins/"


def chosen(*names: str, needs: dict[str, list[str]] | None = None) -> dict[str, str]:
    """What stays of files of wheels, or of the system where there is no folder in their name."""

    def imports(source: str) -> Iterable[str]:
        return (needs or {}).get(source.rsplit("/", 1)[-1], [])

    entries = [
        (name, f"/wheels/{name}" if "/" in name else f"/usr/lib/x86_64/{name}", "BINARY")
        for name in names
    ]
    return {name: source for name, source, _ in bundle.chosen(entries, imports)}


def test_screens_without_a_desktop_and_gtk_are_left_out() -> None:
    kept = chosen(f"{QT}platforms/libqxcb.so", f"{QT}platforms/libqeglfs.so", f"{QT}generic/a.so")
    assert list(kept) == [f"{QT}platforms/libqxcb.so"]


def test_of_what_wheels_say_of_themselves_the_version_stays() -> None:
    names = ("METADATA", "RECORD", "licenses/LICENSE.txt", "licenses/__pycache__/AUTHORS.pyc")
    kept = chosen(*(f"av-18.1.0.dist-info/{name}" for name in names))
    assert list(kept) == ["av-18.1.0.dist-info/METADATA"]


def test_libraries_of_the_system_stay_where_something_needs_them() -> None:
    needs = {"libqxcb.so": ["liba.so.1"], "liba.so.1": ["libb.so.2", "libc.so.6"]}
    kept = chosen(f"{QT}platforms/libqxcb.so", "liba.so.1", "libb.so.2", "libgtk.so.3", needs=needs)
    assert set(kept) == {f"{QT}platforms/libqxcb.so", "liba.so.1", "libb.so.2"}


def test_opencv_borrows_the_ffmpeg_of_the_same_interface() -> None:
    theirs = "opencv_python_headless.libs/libavcodec-c4204469.so.62.28.101"
    ours = "av.libs/libavcodec-5e6b81c2.so.62.28.102"
    assert chosen(theirs, ours)[theirs] == f"../{ours}"


def test_opencv_keeps_its_own_ffmpeg_where_the_interface_is_another() -> None:
    theirs = "opencv_python_headless.libs/libavcodec-c4204469.so.61.28.101"
    assert chosen(theirs, "av.libs/libavcodec-5e6b81c2.so.62.28.102")[theirs] == f"/wheels/{theirs}"


@pytest.fixture
def no_freezer(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyInstaller is not installed where the tests run."""
    known = notices.Part("known", "1", "MIT", "", (PACKAGING / "licences" / "MIT.txt",))
    monkeypatch.setattr(notices, "_bootloader", lambda: known)


@pytest.mark.usefixtures("no_freezer")
def test_a_library_without_a_notice_stops_the_build(tmp_path: Path) -> None:
    stranger = tmp_path / "libstranger.so.1"
    stranger.touch()
    with pytest.raises(notices.NoticeError, match=r"libstranger\.so\.1"):
        notices.parts_of({"libstranger.so.1": str(stranger)}, [])


@pytest.mark.usefixtures("no_freezer")
@pytest.mark.parametrize("name", ["av.libs/libfdk-aac-deadbeef.so.2", "av/.dylibs/libfdk.2.dylib"])
def test_the_notice_of_a_wheel_does_not_count_for_what_was_put_into_it(name: str) -> None:
    of_wheel = str(Path(av.__file__))
    with pytest.raises(notices.NoticeError, match="libfdk"):
        notices.parts_of({name: of_wheel}, [])


@pytest.mark.usefixtures("no_freezer")
def test_code_without_a_notice_stops_the_build(tmp_path: Path) -> None:
    (tmp_path / "stranger.py").touch()
    with pytest.raises(notices.NoticeError, match=r"stranger\.py"):
        notices.parts_of({}, [str(tmp_path / "stranger.py")])


@pytest.mark.usefixtures("no_freezer")
def test_a_part_without_a_text_stops_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    bare = notices.Part("bare", "1", "MIT", "")
    monkeypatch.setattr(notices, "_library", lambda _name: bare)
    with pytest.raises(notices.NoticeError, match="no text: bare"):
        notices.parts_of({"x.libs/libbare.so": ""}, [])


@pytest.mark.usefixtures("no_freezer")
def test_libraries_in_wheels_are_named_with_the_versions_of_their_files() -> None:
    names = ("av.libs/libx264-d6533a8d.so.165", "av.libs/libx265-f5385bb8.so.216")
    found = {part.name: part for part in notices.parts_of(dict.fromkeys(names, ""), [])}
    part = found["x264 and x265"]
    assert part.version == "libx264.so.165, libx265.so.216"
    assert part.licence == "GPL-2.0-or-later"
    assert notices._library("av/.dylibs/libx264.165.dylib").name == part.name  # as on macOS


def test_every_library_of_the_list_has_its_terms() -> None:
    for entry in notices._entries():
        names = [entry["name"]]
        for name in entry.get("texts", ()):
            assert (PACKAGING / "licences" / name).is_file(), names
        if "said_by" in entry:
            texts = notices._wheel(entry["said_by"]).texts
            assert any(notices._says(text, entry) for text in texts), names
        assert entry.get("texts") or "said_by" in entry, names


@pytest.mark.parametrize(
    ("place", "whose"),
    [
        ("Lib/json/__init__.py", True),
        ("python311.dll", True),
        ("DLLs/_ssl.pyd", True),
        ("Lib/site-packages/x/y.py", False),
        ("other.dll", False),
    ],
)
def test_what_comes_with_python_on_windows_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, whose: bool
) -> None:
    monkeypatch.setattr(sys, "base_prefix", str(tmp_path))
    monkeypatch.setattr(notices.sysconfig, "get_path", lambda _: str(tmp_path / "Lib"))
    assert notices._is_pythons(str(tmp_path / place)) is whose


def test_the_bill_of_materials_names_every_part() -> None:
    part = notices.Part("numpy", "2.4.6", "BSD-3-Clause", "https://numpy.org", (), "pkg:pypi/numpy")
    (component,) = notices.bill([part])["components"]
    assert component["name"] == "numpy"
    assert component["licenses"] == [{"license": {"name": "BSD-3-Clause"}}]


@pytest.mark.parametrize(
    "path", sorted(runtime_list.RESOURCES.iterdir()), ids=lambda path: path.name
)
def test_every_list_of_a_runtime_is_whole_and_names_no_place(path: Path) -> None:
    found = read_list(path)
    assert path.name == f"{found.name}-{found.system}.json"
    assert found.python == "cp311"  # that of the release workflow
    names = {wheel.requirement.partition("==")[0] for wheel in found.wheels}
    assert {"onnxruntime-gpu", "nvidia-cublas", "nvidia-cuda-runtime", "nvidia-cudnn-cu13"} <= names
    assert "//" not in path.read_text("utf-8")


def test_a_list_is_made_of_the_wheels_that_rotocel_has_not(tmp_path: Path) -> None:
    wheels = write_wheels(tmp_path)
    (wheels / "numpy-2.0-cp311-cp311-any.whl").touch()
    said = runtime_list.described("3.11", "linux-x86_64", wheels)
    expected = [
        {"file": wheel.file, "size": wheel.size, "sha256": wheel.sha256}
        for wheel in listed(wheels).wheels
    ]
    assert [wheel["file"] for wheel in said["wheels"]] == [LIBRARY, RUNTIME]
    assert said["wheels"] == expected
    assert (said["version"], said["python"]) == ("9.9.9", "cp311")
    assert said["unpacked"] > 400
