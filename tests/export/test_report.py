"""Reports: frames as one reads them, counts as one says them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from export.report import Report, spans


@pytest.mark.parametrize(
    ("frames", "text"),
    [
        ([], ""),
        ([7], "7"),
        ([1, 2, 3, 7], "1 to 3, 7"),
        ([-3, -2, 0], "-3 to -2, 0"),
        ([1001, 1003], "1001, 1003"),
    ],
)
def test_frames_are_told_in_runs(frames: list[int], text: str) -> None:
    assert spans(frames) == text


@given(st.sets(st.integers(-50, 50)))
def test_runs_name_every_frame_and_no_other(frames: set[int]) -> None:
    told: set[int] = set()
    for run in filter(None, spans(sorted(frames)).split(", ")):
        first, _, last = run.partition(" to ")
        told |= set(range(int(first), int(last or first) + 1))
    assert told == frames


def test_a_report_tells_the_worst_before_the_usual() -> None:
    report = Report(
        Path("out"), 1, 2, {"Grass": (5,)}, {"Rabbit": (3, 4)}, ("Frame 3 is broken.",), 1.25
    )
    assert report.sentences == (
        f"Wrote 1 matte to {Path('out')} in 1.2 s.",
        "Left 2 mattes alone that were complete.",
        "Rabbit: 2 mattes missing: 3 to 4.",
        "Frame 3 is broken.",
        "Grass: no mask on 5, written black.",
    )


def test_files_are_called_what_they_are_and_names_stay() -> None:
    report = Report(Path("mattes"), 1, 2, {}, {"matte": (3,)}, (), 1.25, "masks")
    assert report.sentences == (
        "Wrote 1 mask to mattes in 1.2 s.",
        "Left 2 masks alone that were complete.",
        "matte: 1 mask missing: 3.",
    )
