"""Missing footage is found by its content, then by size and name, and a search always ends."""

from __future__ import annotations

import os
import shutil
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from app.domain import footage_score, footage_search
from app.domain.clip import open_clip
from app.domain.fingerprint import movie_sample
from app.domain.footage import Candidate, Score, compare, find_candidates
from tests.clip.stored import images, movie, stored


def ranks(found: list[Candidate], root: Path) -> list[tuple[str, str]]:
    return [(each.path.relative_to(root).as_posix(), each.score.name) for each in found]


def change(path: Path) -> None:
    """Give a file other bytes, as many as before."""
    path.write_bytes(path.read_bytes()[:-9] + b"different")


def test_a_moved_movie_is_found_whatever_lies_beside_it(tmp_path: Path) -> None:
    wanted = stored(movie(tmp_path / "lost" / "plate.mp4"))
    shutil.move(tmp_path / "lost" / "plate.mp4", tmp_path / "renamed.bak")
    movie(tmp_path / "plate.mov", range(30, 40))
    movie(tmp_path / "old" / "plate.mp4", range(30, 40))
    shutil.copy(tmp_path / "renamed.bak", tmp_path / "swapped.mp4")
    change(tmp_path / "swapped.mp4")
    movie(tmp_path / "another.mp4", range(2))
    for name in ("plate.txt", "plate.wav", "plate", "plate.rotocel"):
        (tmp_path / name).write_bytes(b"no footage")
    found = find_candidates(wanted, [tmp_path])
    assert ranks(found, tmp_path) == [
        ("renamed.bak", "CONTENT"),
        ("swapped.mp4", "SIZE"),
        ("old/plate.mp4", "NAME"),
        ("plate.mov", "ALIKE"),
    ]
    assert [each.reason for each in found] == [
        "renamed.bak is the same footage, by its content.",
        "swapped.mp4 has the same size in bytes, but other content.",
        "plate.mp4 has the same name, but other content.",
        "plate.mov has a similar name.",
    ]
    assert compare(wanted, open_clip(found[0].path), frozenset()).kind == "same"


def test_a_moved_sequence_is_found_whatever_lies_beside_it(tmp_path: Path) -> None:
    wanted = stored(images(tmp_path / "lost" / "plate.#.png", range(1001, 1005)))
    shutil.rmtree(tmp_path / "lost")
    images(tmp_path / "a" / "plate.#.png", range(1001, 1004))
    images(tmp_path / "b" / "bg_#.png", range(1001, 1005))
    images(tmp_path / "c" / "fg.#.png", range(1001, 1005))
    change(tmp_path / "c" / "fg.1001.png")
    images(tmp_path / "d" / "plate_#.jpg", range(1001, 1003))
    images(tmp_path / "e" / "other.#.png", range(1001, 1003))
    movie(tmp_path / "PLATE.mov")
    found = find_candidates(wanted, [tmp_path])
    assert ranks(found, tmp_path) == [
        ("b/bg_####.png", "CONTENT"),
        ("c/fg.####.png", "SIZE"),
        ("a/plate.####.png", "NAME"),
        ("PLATE.mov", "ALIKE"),
        ("d/plate_####.jpg", "ALIKE"),
    ]
    assert compare(wanted, open_clip(found[0].path), frozenset({1003})).kind == "same"


def test_as_many_bytes_in_fewer_files_are_not_the_same_size(tmp_path: Path) -> None:
    wanted = stored(images(tmp_path / "lost" / "plate.#.png", range(4)))
    images(tmp_path / "now" / "other.#.png", range(1))
    (tmp_path / "now" / "other.0000.png").write_bytes(bytes(wanted.fingerprint.bytes))
    assert find_candidates(wanted, [tmp_path / "now"]) == []


def test_an_extended_sequence_is_found_by_its_name(tmp_path: Path) -> None:
    path = images(tmp_path / "plate.#.png", range(1001, 1005))
    wanted = stored(path)
    images(path.with_name("plate.#.png"), range(1005, 1009))
    (found,) = find_candidates(wanted, [tmp_path])
    assert (found.path, found.score) == (path, Score.NAME)
    match = compare(wanted, open_clip(found.path), frozenset({1002}))
    assert match.reason == "plate.####.png has 4 frames more."


def test_footage_replaced_in_place_is_a_candidate_at_its_own_path(tmp_path: Path) -> None:
    path = movie(tmp_path / "plate.mp4")
    wanted = stored(path)
    change(path)
    assert ranks(find_candidates(wanted, [tmp_path]), tmp_path) == [("plate.mp4", "SIZE")]


def test_a_single_image_is_found(tmp_path: Path) -> None:
    images(tmp_path / "#.png", [1]).with_name("0001.png").rename(tmp_path / "poster.png")
    wanted = stored(tmp_path / "poster.png")
    (tmp_path / "poster.png").rename(tmp_path / "still.png")
    (found,) = find_candidates(wanted, [tmp_path])
    assert (found.path, found.score) == (tmp_path / "still.png", Score.CONTENT)
    assert open_clip(found.path).fingerprint == wanted.fingerprint


def test_names_of_digits_alone_are_told_apart_by_their_folder(tmp_path: Path) -> None:
    wanted = stored(images(tmp_path / "lost" / "shot" / "#.png", range(4)))
    images(tmp_path / "now" / "shot" / "#.png", range(7))
    images(tmp_path / "now" / "elsewhere" / "#.png", range(7))
    found = find_candidates(wanted, [tmp_path / "now"])
    assert ranks(found, tmp_path) == [("now/shot/####.png", "NAME")]


@pytest.mark.parametrize("name", ["frames", "bear_frames"])
def test_a_clip_has_its_name_with_the_folder_above_or_without(tmp_path: Path, name: str) -> None:
    wanted = replace(stored(images(tmp_path / "lost/bear/frames/#.png", range(4))), name=name)
    images(tmp_path / "bear" / "frames" / "#.png", range(7))
    found = find_candidates(wanted, [tmp_path / "bear"])
    assert ranks(found, tmp_path) == [("bear/frames/####.png", "NAME")]


def test_names_are_compared_as_other_systems_write_them(tmp_path: Path) -> None:
    wanted = stored(movie(tmp_path / "lost" / "cafe\N{COMBINING ACUTE ACCENT}.mp4"))
    wanted = replace(wanted, path=Path(r"C:\plates") / wanted.path.name)
    movie(tmp_path / "now" / "Caf\N{LATIN SMALL LETTER E WITH ACUTE}.mp4", range(3))
    (found,) = find_candidates(wanted, [tmp_path / "now"])
    assert found.score == Score.NAME


def test_of_equals_the_earlier_folder_comes_first_then_the_name(tmp_path: Path) -> None:
    wanted = stored(movie(tmp_path / "near" / "b.mp4"))
    for place in ("near/a.mp4", "far/a.mp4", "far/deep/0.mp4"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(wanted.path, tmp_path / place)
    found = find_candidates(wanted, [tmp_path / "near", tmp_path / "far", tmp_path])
    names = [name for name, _ in ranks(found, tmp_path)]
    assert names == ["near/a.mp4", "near/b.mp4", "far/deep/0.mp4", "far/a.mp4"]


def test_there_are_at_most_twelve(tmp_path: Path) -> None:
    wanted = stored(movie(tmp_path / "plate.mp4"))
    for number in range(20):
        shutil.copy(wanted.path, tmp_path / f"copy{number:02}.mp4")
    found = find_candidates(wanted, [tmp_path])
    assert [each.path.name for each in found] == [f"copy{number:02}.mp4" for number in range(12)]


def test_deeper_hidden_and_linked_folders_are_left_out(tmp_path: Path) -> None:
    wanted = stored(movie(tmp_path / "away" / "plate.mp4"))
    look = tmp_path / "look"
    for place in ("a/b/plate.mp4", ".hidden/plate.mp4", ".plate.mp4"):
        (look / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(wanted.path, look / place)
    (look / "linked").symlink_to(tmp_path / "away")
    (look / "loop").symlink_to(look / "loop")
    assert find_candidates(wanted, [look]) == []
    (look / "link.mp4").symlink_to(wanted.path)
    assert ranks(find_candidates(wanted, [look]), tmp_path) == [("look/link.mp4", "CONTENT")]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_only_regular_files_are_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film = stored(movie(tmp_path / "lost" / "plate.mp4"))
    still = stored(images(tmp_path / "lost" / "plate.#.png", [1]))
    look = tmp_path / "look"
    look.mkdir()
    os.mkfifo(look / "plate.mp4")
    os.mkfifo(look / "plate.0001.png")
    (look / "plate.mov").symlink_to(look / "plate.mp4")
    (look / "plate.mkv").symlink_to("/dev/zero")
    monkeypatch.chdir(look)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("plate.avi")
        for wanted in (film, still):
            empty = replace(wanted, fingerprint=replace(wanted.fingerprint, bytes=0))
            assert find_candidates(empty, [look]) == []


def test_what_cannot_be_read_is_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = stored(movie(tmp_path / "plate.mp4"))
    locked, scandir = tmp_path / "locked", os.scandir
    locked.mkdir()

    def refuse(folder: Path) -> Iterator[os.DirEntry[str]]:
        if folder == locked:
            raise PermissionError(13, "Permission denied")
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    folders = [locked, tmp_path / "gone", tmp_path / "a\0b", tmp_path / ("x" * 5000), tmp_path]
    assert ranks(find_candidates(wanted, folders), tmp_path) == [("plate.mp4", "CONTENT")]


def test_a_file_that_cannot_be_read_is_no_candidate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = stored(movie(tmp_path / "plate.mp4"))
    shutil.copy(wanted.path, tmp_path / "copy.mp4")

    def refuse(path: Path) -> str:
        if path.name == "plate.mp4":
            raise PermissionError(13, "Permission denied")
        return movie_sample(path)

    monkeypatch.setattr(footage_score, "movie_sample", refuse)
    assert ranks(find_candidates(wanted, [tmp_path]), tmp_path) == [("copy.mp4", "CONTENT")]


def test_content_is_read_only_where_the_sizes_are_equal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = stored(movie(tmp_path / "lost" / "plate.mp4"))
    movie(tmp_path / "now" / "plate.mp4", range(9))
    images(tmp_path / "now" / "plate.#.png", range(6))
    for name in ("movie_sample", "sequence_sample"):
        monkeypatch.setattr(footage_score, name, lambda _: pytest.fail("read"))
    found = find_candidates(wanted, [tmp_path / "now"])
    assert [each.score for each in found] == [Score.NAME, Score.ALIKE]


@pytest.mark.parametrize("kind", ["movie", "sequence"])
def test_a_search_ends_at_once_wherever_it_is(tmp_path: Path, kind: str) -> None:
    """Each time the search asks it is told to end; whatever it has then is part of the whole."""
    if kind == "movie":
        wanted = stored(movie(tmp_path / "plate.mp4"))
    else:
        wanted = stored(images(tmp_path / "plate.#.png", range(4)))
    images(tmp_path / "below" / "plate.#.png", range(4))
    asked = count()
    whole = find_candidates(wanted, [tmp_path], until=lambda: next(asked) < 0)
    total = next(asked)
    assert total > 10
    for end in range(total):
        asked = count()
        found = find_candidates(wanted, [tmp_path], until=lambda: next(asked) >= end)  # noqa: B023
        assert next(asked) == end + 1
        assert [each for each in whole if each in found] == found


def test_no_more_entries_are_looked_at_than_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = stored(movie(tmp_path / "lost" / "plate.mp4"))
    monkeypatch.setattr(footage_search, "MOST_ENTRIES", 10)
    for number in range(30):
        (tmp_path / "full" / f"{number}").mkdir(parents=True)
    assert find_candidates(wanted, [tmp_path / "full", wanted.path.parent]) == []
    found = find_candidates(wanted, [wanted.path.parent, tmp_path / "full"])
    assert [each.path for each in found] == [wanted.path]


def test_a_full_folder_is_searched_quickly(tmp_path: Path) -> None:
    wanted = stored(images(tmp_path / "lost" / "plate.#.png", range(1001, 1005)))
    look = tmp_path / "look"
    look.mkdir()
    for number in range(2500):
        (look / f"plate.{number:04}.png").write_bytes(b"image")
        (look / f"take {number}.mov").write_bytes(b"movie")
    start = time.perf_counter()
    (found,) = find_candidates(wanted, [look])
    seconds = time.perf_counter() - start
    print(f"5000 files in {seconds:.3f} s")
    assert found.path == look / "plate.####.png"
    assert seconds < 5
