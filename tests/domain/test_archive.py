"""What a tracker remembers: given back only with the very mask it was made with, or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.archive import (
    HEAD,
    RECENT,
    ArchiveFolder,
    LayerArchive,
    archive_name,
    seal_of,
)

NAME = archive_name("model", "clip", "layer")
MASK, OTHER = seal_of(b"mask"), seal_of(b"other")
LOTS = 1 << 30


def later(path: Path, masks: dict[int, bytes]) -> LayerArchive:
    """The archive as the next run of the program finds it."""
    return LayerArchive(ArchiveFolder(path, LOTS), NAME, masks)


@pytest.mark.parametrize("record_first", [True, False])
def test_a_record_comes_back_with_its_mask_and_with_no_other(
    tmp_path: Path, record_first: bool
) -> None:
    archive = later(tmp_path, {})
    for step in (0, 1) if record_first else (1, 0):
        archive.put(5, b"memory") if step == 0 else archive.seal(5, MASK)
    assert archive.get(5) == b"memory"
    assert later(tmp_path, {5: MASK}).get(5) == b"memory"
    assert later(tmp_path, {5: OTHER}).get(5) is None
    assert later(tmp_path, {}).get(5) is None
    assert later(tmp_path, {6: MASK}).get(6) is None


def test_a_record_without_a_mask_is_not_written(tmp_path: Path) -> None:
    archive = later(tmp_path, {5: MASK})
    archive.put(5, b"memory")
    assert archive.get(5) == b"memory"  # it serves the run that made it
    assert later(tmp_path, {5: MASK}).get(5) is None


def test_archives_do_not_mix() -> None:
    names = {
        archive_name("a", "b", "c"),
        archive_name("x", "b", "c"),
        archive_name("a", "x", "c"),
        archive_name("a", "b", "x"),
    }
    assert len(names) == 4


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None
)
@given(st.data())
def test_whatever_becomes_of_a_file_it_is_right_or_absent(
    tmp_path: Path, data: st.DataObject
) -> None:
    folder = ArchiveFolder(tmp_path, LOTS)
    folder.write(NAME, 5, MASK, bytes(range(200)))
    path = tmp_path / NAME / "5.memory"
    whole = path.read_bytes()
    torn = bytearray(whole[: data.draw(st.integers(0, len(whole)))])
    for _ in range(data.draw(st.integers(0, 3))):
        if torn:
            at = data.draw(st.integers(0, len(torn) - 1))
            torn[at] ^= data.draw(st.integers(0, 255))
    path.write_bytes(bytes(torn))
    assert folder.read(NAME, 5) == ((MASK, bytes(range(200))) if torn == whole else None)
    path.rename(tmp_path / NAME / "6.memory")
    assert folder.read(NAME, 6) is None  # it is not the record of that frame
    (tmp_path / NAME / "6.memory").unlink()


def test_the_budget_holds_and_the_oldest_leave_first(tmp_path: Path) -> None:
    size = HEAD.size + 1000
    folder = ArchiveFolder(tmp_path, 10 * size)
    for frame in range(25):
        folder.write(NAME, frame, MASK, bytes(1000))
        if (tmp_path / NAME / f"{frame}.memory").exists():
            os.utime(tmp_path / NAME / f"{frame}.memory", (frame, frame))
        used = sum(path.stat().st_size for path in tmp_path.rglob("*.memory"))
        assert used <= 10 * size
    left = sorted(int(path.stem) for path in tmp_path.rglob("*.memory"))
    assert left == list(range(25 - len(left), 25))
    assert len(left) >= 8


def test_what_is_larger_than_the_budget_costs_nobody_else_his_place(tmp_path: Path) -> None:
    folder = ArchiveFolder(tmp_path, 5000)
    folder.write(NAME, 1, MASK, bytes(1000))
    folder.write(NAME, 2, MASK, bytes(9000))
    assert folder.read(NAME, 1) is not None
    assert folder.read(NAME, 2) is None


def test_a_disk_that_fails_is_said_once_and_costs_memory_only(tmp_path: Path) -> None:
    (tmp_path / "archives").write_text("a file where the folder should be")
    folder = ArchiveFolder(tmp_path / "archives", LOTS)
    archive = LayerArchive(folder, NAME)
    archive.seal(1, MASK)
    archive.put(1, b"memory")
    assert folder.error is not None
    assert archive.get(1) == b"memory"


def test_in_memory_only_the_first_and_the_latest_are_held(tmp_path: Path) -> None:
    archive = LayerArchive(None, NAME)
    frames = range(3 * RECENT)
    for frame in frames:
        archive.put(frame, b"%d" % frame)
        archive.seal(frame, MASK)
    held = [frame for frame in frames if archive.get(frame) == b"%d" % frame]
    assert held == [*frames[:RECENT], *frames[-RECENT:]]
