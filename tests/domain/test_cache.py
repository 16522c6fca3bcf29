from __future__ import annotations

import os
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.cache import ByteCache, distance, next_frame, next_to_read, window
from app.domain.embedding_store import EmbeddingStore, make_room, store_path
from app.domain.frames import FrameRange
from app.domain.record_file import RecordFile

SHAPES = ((2, 3), (4,))
frames = st.builds(
    lambda first, count: FrameRange(first, first + count - 1),
    st.integers(-50, 2000),
    st.integers(1, 60),
)


def embedding(value: float) -> tuple[np.ndarray, ...]:
    return tuple(np.full(shape, value, np.float16) for shape in SHAPES)


def test_the_order_is_playhead_then_ahead_then_behind() -> None:
    done: set[int] = set()
    order = []
    while (frame := next_frame(10, FrameRange(8, 13), done)) is not None:
        order.append(frame)
        done.add(frame)
    assert order == [10, 11, 9, 12, 8, 13]


@given(frames, st.integers(-60, 2100), st.sampled_from([1, -1]), st.data())
def test_every_frame_comes_once(
    all_frames: FrameRange, playhead: int, direction: int, data: st.DataObject
) -> None:
    done = set(data.draw(st.lists(st.sampled_from(list(all_frames)))))
    todo = set(all_frames) - done
    while (frame := next_to_read(playhead, all_frames, done, direction)) is not None:
        assert frame in todo
        todo.remove(frame)
        done.add(frame)
    assert not todo


def test_frames_behind_are_read_in_ascending_runs() -> None:
    done = set(range(50, 101))
    order = []
    for _ in range(12):
        frame = next_to_read(50, FrameRange(1, 100), done)
        assert frame is not None
        order.append(frame)
        done.add(frame)
    assert order == list(range(38, 50))


@given(frames, st.integers(-60, 2100), st.integers(1, 80), st.sampled_from([1, -1]))
def test_a_window_holds_the_playhead_and_no_more_than_it_may(
    all_frames: FrameRange, playhead: int, count: int, direction: int
) -> None:
    near = window(playhead, all_frames, count, direction)
    assert len(near) == min(count, len(all_frames))
    assert near.first >= all_frames.first
    assert near.last <= all_frames.last
    assert all_frames.clamp(playhead) in near


def test_a_full_cache_lets_the_farthest_go() -> None:
    cache: ByteCache[int, bytes] = ByteCache(30, len)
    cache.cost = lambda frame: distance(frame, 5)
    for frame in (5, 9, 6, 7):
        cache.put(frame, bytes(10))
    assert cache.keys() == {5, 6, 7}
    assert cache.bytes == 30


def test_without_a_cost_the_value_used_longest_ago_goes() -> None:
    cache: ByteCache[str, bytes] = ByteCache(20, len)
    cache.put("a", bytes(10))
    cache.put("b", bytes(10))
    cache.get("a")
    cache.put("c", bytes(10))
    assert cache.keys() == {"a", "c"}


def test_records_survive_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "records"
    with_records = RecordFile(path, 100, 8)
    with_records.put(7, bytes(range(100)), lambda _frame: 0)
    with_records.close()
    again = RecordFile(path, 100, 8)
    assert again.get(7) == bytes(range(100))
    assert again.frames() == {7}
    again.close()


@pytest.mark.parametrize("where", range(0, 100, 9))
def test_a_torn_record_is_absent(tmp_path: Path, where: int) -> None:
    path = tmp_path / "records"
    records = RecordFile(path, 100, 4)
    records.put(3, bytes(100), lambda _frame: 0)
    records.close()
    whole = bytearray(path.read_bytes())
    start = len(whole) - 100
    whole[start + where] ^= 0xFF
    path.write_bytes(whole)
    again = RecordFile(path, 100, 4)
    assert again.get(3) is None
    assert again.frames() == frozenset()
    again.close()


def test_a_record_cut_off_by_a_full_disk_is_absent(tmp_path: Path) -> None:
    path = tmp_path / "records"
    records = RecordFile(path, 100, 4)
    records.put(3, bytes(100), lambda _frame: 0)
    records.close()
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 1)
    again = RecordFile(path, 100, 4)
    assert again.get(3) is None
    again.close()


def test_a_full_record_file_lets_the_costliest_go(tmp_path: Path) -> None:
    records = RecordFile(tmp_path / "records", 10, 3)
    for frame in (1, 2, 9, 3):
        records.put(frame, bytes([frame] * 10), lambda f: abs(f - 2))
    assert records.frames() == {1, 2, 3}
    assert records.get(3) == bytes([3] * 10)
    records.close()


def test_a_foreign_or_other_sized_file_starts_empty(tmp_path: Path) -> None:
    path = tmp_path / "records"
    path.write_bytes(random.Random(1).randbytes(10000))
    records = RecordFile(path, 100, 4)
    assert records.frames() == frozenset()
    records.put(1, bytes(100), lambda _frame: 0)
    records.close()
    other = RecordFile(path, 50, 4)
    assert other.frames() == frozenset()
    other.close()


def test_a_record_of_another_frame_is_never_returned(tmp_path: Path) -> None:
    """Two programs on one file: the slot of one frame may hold another's record."""
    first = RecordFile(tmp_path / "records", 100, 4)
    second = RecordFile(tmp_path / "records", 100, 4)
    first.put(1, bytes(100), lambda _frame: 0)
    second.put(2, b"x" * 100, lambda _frame: 0)
    assert first.get(1) is None
    first.close()
    second.close()


def test_a_late_record_for_a_closed_file_is_dropped(tmp_path: Path) -> None:
    records = RecordFile(tmp_path / "records", 10, 3)
    records.close()
    records.put(1, bytes(10), lambda _frame: 0)
    assert records.get(1) is None


def test_embeddings_leave_memory_but_stay_on_disk(tmp_path: Path) -> None:
    store = EmbeddingStore(SHAPES, 45, tmp_path / "e", 10)
    for frame in range(5):
        store.put(frame, embedding(frame))
    assert store.ram_bytes <= 45
    assert store.frames() == set(range(5))
    for frame in range(5):
        arrays = store.get(frame)
        assert arrays is not None
        assert [a.shape for a in arrays] == list(SHAPES)
        assert all((a == frame).all() for a in arrays)
    store.close()


def test_a_disk_that_fails_costs_only_speed(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    store = EmbeddingStore(SHAPES, 1000, blocked / "e", 10)
    assert store.disk_error is not None
    store.put(1, embedding(1))
    assert store.get(1) is not None


def test_an_embedding_of_another_shape_is_refused(tmp_path: Path) -> None:
    store = EmbeddingStore(SHAPES, 1000)
    with pytest.raises(ValueError, match="shapes"):
        store.put(1, (np.zeros((1,), np.float16),))


def test_other_models_and_clips_have_other_files(tmp_path: Path) -> None:
    names = {store_path(tmp_path, m, c) for m in ("a", "b") for c in ("x", "y")}
    assert len(names) == 4


def test_room_is_made_by_forgetting_the_clips_used_longest_ago(tmp_path: Path) -> None:
    for age, name in enumerate(("new", "older", "oldest")):
        path = tmp_path / f"{name}.embeddings"
        path.write_bytes(os.urandom(40960))
        os.utime(path, (1e9 - age, 1e9 - age))
    room = make_room(tmp_path, tmp_path / "mine.embeddings", 100_000)
    left = {path.stem for path in tmp_path.glob("*.embeddings")}
    assert "oldest" not in left
    assert "new" in left
    assert room >= 50_000


def test_embeddings_outside_the_work_range_give_way_first() -> None:
    store = EmbeddingStore(SHAPES, 5 * 20)
    store.playhead, store.work_range = 0, FrameRange(50, 60)
    for frame in (0, 1, 2, 50, 51):
        store.put(frame, embedding(frame))
    for frame in (52, 53):
        store.put(frame, embedding(frame))
    assert store.frames() == {0, 50, 51, 52, 53}
