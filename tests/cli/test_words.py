"""What is typed, and the values or the one sentence it becomes."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from app.cli_project import asked_frames, build
from app.cli_words import At, NewLayer, UsageError, Word, box, exclude, frame_range, include
from app.domain.clip import Clip, open_clip
from app.domain.frames import FrameRange
from app.domain.project import Box, Point, Prompt


@pytest.fixture
def opened(clip: Path) -> Clip:
    return open_clip(clip)


def test_places_are_read_with_and_without_a_frame() -> None:
    assert include("10,20") == At(Point(10, 20), None)
    assert exclude("10.5,20@-3") == At(Point(10.5, 20, include=False), -3)
    assert box("9,8,1,2@7") == At(Box(1, 2, 9, 8), 7)


@pytest.mark.parametrize("text", ["", "1", "1,2,3", "a,b", "1,2@", "1,2@x", "nan,1", "1,inf"])
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="should be like X,Y"):
        include(text)


def test_ranges_may_be_one_frame_and_negative() -> None:
    assert frame_range("5") == FrameRange(5, 5)
    assert frame_range("-5--2") == FrameRange(-5, -2)
    for wrong in ("", "a-b", "1-", "9-1"):
        with pytest.raises(argparse.ArgumentTypeError):
            frame_range(wrong)


def test_steps_keep_their_order_layer_and_frame(opened: Clip) -> None:
    words: list[Word] = [
        include("1,1"),
        exclude("2,2"),
        NewLayer("B"),
        include("3,3@1003"),
        box("1,2,9,9"),
    ]
    project, layers = build(opened, opened.frames, words)
    first, second = (project.layer(layer_id) for layer_id in layers)
    assert (first.name, second.name) == ("Layer 1", "B")
    assert first.prompts[1001] == Prompt(points=(Point(1, 1), Point(2, 2, include=False)))
    assert second.prompts == {
        1003: Prompt(points=(Point(3, 3),)),
        1001: Prompt(box=Box(1, 2, 9, 9)),
    }


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "Say what to cut out"),
        ([NewLayer("A")], "Say what to cut out"),
        ([include("321,5")], "outside the picture, which is 320x240"),
        ([box("1,1,500,9")], "500,9 lies outside"),
        ([include("1,1@1009")], "frame 1009, outside the frames"),
        ([box("1,1,5,5"), box("1,1,6,6")], "two boxes"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    opened: Clip, words: list[At | NewLayer], told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        build(opened, opened.frames, words)


def test_frames_beyond_the_clip_are_refused(opened: Clip) -> None:
    assert asked_frames(opened, None) == opened.frames
    with pytest.raises(UsageError, match="which has 1001-1003"):
        asked_frames(opened, FrameRange(1001, 1004))
