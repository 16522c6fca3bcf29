"""Where footage is looked for: beside the project first, and never on a stranger's server."""

from __future__ import annotations

import ntpath
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.domain import footage_places
from app.domain.clip import Clip
from app.domain.footage import is_remote, likely_folders, locate, relative_to
from tests.clip.stored import images, movie, stored

HOME = Path("/jobs/my show/shot 010")
NAMES = st.text(st.characters(exclude_characters="/\0"), min_size=1, max_size=20).filter(
    lambda name: name not in (".", "..")
)
PATHS = st.lists(NAMES, min_size=1, max_size=6).map(lambda names: Path("/", *names))
ANYTHING = st.text(st.one_of(st.characters(), st.sampled_from("/\\.:?C\0")), max_size=40)


@pytest.mark.parametrize(
    "text",
    [
        r"\\server\share\plate.mov",
        "//server/share/plate.mov",
        r"/\server\share",
        r"\/server/share",
        "///server/share",
        r"\\?\UNC\server\share\plate.mov",
        r"\\?\C:\plate.mov",
        r"\\.\pipe\plate",
        "//./C:/plate.mov",
        r"\??\UNC\server\share",
        "file://server/share/plate.mov",
        "file:///plate.mov",
        "FILE://server/plate.mov",
        r"file:\\server\share",
        "smb://server/share",
        "https://server/plate.mov",
    ],
)
def test_places_on_the_network_are_known_by_their_look(text: str) -> None:
    assert is_remote(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plate.mov",
        "/jobs/plate.mov",
        "/jobs//plate.mov",
        "../plates/plate.mov",
        r"..\plates\plate.mov",
        r"C:\plates\plate.mov",
        "C:/plates/plate.mov",
        "C://plates",
        r"\plates",
        "/?/plate.mov",
        "file:plate.mov",
        "shot: take/2.mov",
    ],
)
def test_places_of_this_machine_are_not_remote(text: str) -> None:
    assert not is_remote(text)


def test_the_relative_place_is_tried_first(tmp_path: Path) -> None:
    places = list(locate("/was/plate.mov", "../plates/a b/plate.mov", HOME))
    assert places == [Path("/jobs/my show/plates/a b/plate.mov"), Path("/was/plate.mov")]


def test_each_place_is_tried_once() -> None:
    absolute = "/jobs/my show/plates/plate.mov"
    assert list(locate(absolute, "../plates/plate.mov", HOME)) == [Path(absolute)]


@pytest.mark.parametrize(("relative", "home"), [(None, HOME), ("plate.mov", None), ("", HOME)])
def test_without_a_relative_place_the_absolute_one_is_left(
    relative: str | None, home: Path | None
) -> None:
    assert list(locate("/was/plate.mov", relative, home)) == [Path("/was/plate.mov")]


@pytest.mark.parametrize(
    "relative",
    [
        "/etc/x",
        "C:foo",
        "C:/foo",
        r"C:\foo",
        r"\x",
        r"\\server\share\x",
        "//server/share/x",
        r"\\?\C:\x",
        "file://server/x",
        "a\0b",
        "a/" * 5000,
        "a" * 300,
    ],
)
def test_a_relative_place_that_is_none_is_ignored(relative: str) -> None:
    assert list(locate("/was/plate.mov", relative, HOME)) == [Path("/was/plate.mov")]


@pytest.mark.parametrize(
    "absolute",
    [
        "",
        ".",
        "plate.mov",
        "C:foo",
        r"C:\x.mov",
        "/a\0b",
        "/a" * 5000,
        "/" + "a" * 300,
        "file:///x",
    ],
)
def test_an_absolute_place_that_is_none_here_is_ignored(absolute: str) -> None:
    if os.name == "nt" and absolute == r"C:\x.mov":
        pytest.skip("that is a place on Windows")
    assert list(locate(absolute, "plate.mov", HOME)) == [HOME / "plate.mov"]


def test_servers_are_left_out_unless_the_project_lies_there() -> None:
    absolute = "//Server/Share/plates/plate.mov"
    assert list(locate(absolute, None, HOME)) == []
    assert list(locate(absolute, None, None)) == []
    assert list(locate(absolute, None, Path("//other/share/shot"))) == []
    assert list(locate(absolute, None, Path("//server/other/shot"))) == []
    assert list(locate(absolute, None, Path("//server/share2/shot"))) == []
    assert list(locate(absolute, None, Path("//server/share/shot"))) == [Path(absolute)]
    assert list(locate(absolute, "../plate.mov", Path("//server/share/shot"))) == [
        Path("//server/share/plate.mov"),
        Path(absolute),
    ]


@given(ANYTHING, ANYTHING, st.sampled_from([None, HOME, Path("//server/share/shot")]))
def test_whatever_a_project_says_the_places_are_absolute_and_few(
    absolute: str, relative: str, home: Path | None
) -> None:
    places = list(locate(absolute, relative, home))
    assert len(places) <= 2
    assert len(set(places)) == len(places)
    for place in places:
        assert place.is_absolute()
        assert "\0" not in str(place)
        assert not is_remote(str(place)) or home == Path("//server/share/shot")


@given(PATHS, PATHS)
def test_a_relative_path_leads_back_to_the_clip(path: Path, home: Path) -> None:
    assume(not is_remote(str(path)))
    relative = relative_to(path, home)
    assert relative is not None
    assert next(locate("", relative, home)) == path


@given(PATHS, NAMES, st.lists(NAMES, min_size=1, max_size=3), st.lists(NAMES, max_size=3))
def test_a_folder_that_moves_as_a_whole_keeps_its_footage(
    job: Path, new: str, inside: list[str], shot: list[str]
) -> None:
    """The job's folder is renamed, with the project in it and its plates beside or below."""
    moved = job.with_name(new)
    relative = relative_to(job.joinpath(*inside), job.joinpath(*shot))
    assert relative is not None
    assert next(locate("", relative, moved.joinpath(*shot))) == moved.joinpath(*inside)


def test_relative_paths_are_written_with_forward_slashes() -> None:
    assert relative_to(Path("/jobs/plates/é 1/p.####.exr"), HOME) == "../../plates/é 1/p.####.exr"
    assert relative_to(HOME / "plate.mov", HOME) == "plate.mov"


@pytest.mark.skipif(os.name == "nt", reason="no file of Windows is called so")
@pytest.mark.parametrize("name", ["C:plate.mov", r"\plate.mov", r"\\server\share\x"])
def test_a_file_named_like_a_drive_is_still_found(name: str) -> None:
    relative = relative_to(HOME / name, HOME)
    assert relative == f"./{name}"
    assert next(locate("", relative, HOME)) == HOME / name


def test_there_is_no_relative_path_to_another_drive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(footage_places, "relpath", ntpath.relpath)
    assert relative_to(Path(r"D:\plates\plate.mov"), Path(r"C:\shot")) is None


@pytest.fixture
def clip(tmp_path: Path) -> Clip:
    return stored(movie(tmp_path / "show" / "plates" / "v1" / "plate.mp4", range(2)))


def test_likely_folders_are_the_projects_the_clips_and_the_one_above(
    tmp_path: Path, clip: Clip
) -> None:
    home = tmp_path / "show" / "shot"
    home.mkdir()
    assert likely_folders(clip, home) == [home, clip.path.parent, home.parent]
    assert likely_folders(clip, None) == [clip.path.parent]
    assert likely_folders(clip, clip.path.parent) == [clip.path.parent, clip.path.parent.parent]


def test_above_a_folder_that_is_gone_two_are_looked_at(tmp_path: Path, clip: Clip) -> None:
    show = tmp_path / "show"
    gone = replace(clip, path=show / "plates" / "v2" / "plate.mp4")
    assert likely_folders(gone, None) == [show / "plates", show]
    gone = replace(clip, path=show / "x" / "v1" / "plate.mp4")
    assert likely_folders(gone, tmp_path / "nowhere" / "shot") == [show]
    gone = replace(clip, path=show / "x" / "y" / "v1" / "plate.mp4")
    assert likely_folders(gone, None) == []


def test_a_folder_given_as_it_is_seen_from_here_is_likely(
    tmp_path: Path, clip: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path / "show")
    assert likely_folders(clip, Path()) == [tmp_path / "show", clip.path.parent, tmp_path]
    assert list(locate("", "../plate.mov", Path())) == [tmp_path / "plate.mov"]


def test_a_sequence_was_in_the_folder_of_its_files(tmp_path: Path) -> None:
    clip = stored(images(tmp_path / "shot" / "plate.#.png", range(2)))
    assert likely_folders(clip, None) == [tmp_path / "shot"]


def test_folders_that_hold_the_whole_machine_are_never_likely(
    tmp_path: Path, clip: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = tmp_path / "homes" / "user"
    (user / "shot").mkdir(parents=True)
    monkeypatch.setattr(Path, "home", lambda: user)
    gone = replace(clip, path=user.parent / "gone" / "deep" / "plate.mp4")
    assert likely_folders(gone, None) == []
    assert likely_folders(replace(clip, path=Path("/plate.mp4")), Path("/")) == []
    assert likely_folders(gone, user) == [user]
    assert likely_folders(gone, user / "shot") == [user / "shot", user]


def test_a_machine_without_homes_has_likely_folders_too(
    clip: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nowhere() -> Path:
        raise RuntimeError("could not determine home directory")

    monkeypatch.setattr(Path, "home", nowhere)
    assert likely_folders(clip, None) == [clip.path.parent]


def test_likely_folders_never_touch_a_strangers_server(
    clip: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    touched: list[Path] = []

    def look(path: Path) -> bool:
        touched.append(path)
        return True

    monkeypatch.setattr(Path, "is_dir", look)
    for text in ("//server/share/plates/plate.mov", "//?/UNC/server/share/plate.mov"):
        away = replace(clip, path=Path(text))
        assert likely_folders(away, None) == []
        assert likely_folders(away, HOME) == [HOME, HOME.parent]
    assert not [path for path in touched if is_remote(str(path))]
    away = replace(clip, path=Path("//server/share/plates/plate.mov"))
    home = Path("//server/share/jobs/shot")
    assert likely_folders(away, home) == [home, away.path.parent, home.parent]


@pytest.mark.parametrize(
    "text", ["plate.mov", "C:plates/plate.mov", "/a\0b/c.mov", "/" + "a/" * 5000]
)
def test_a_path_that_is_none_here_has_no_likely_folders(clip: Clip, text: str) -> None:
    assert likely_folders(replace(clip, path=Path(text)), None) == []
