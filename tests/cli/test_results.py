"""Files of results: known to be writable before anything is measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.cli_results import check_writable, write_json
from app.cli_words import CommandError
from tests.cli.conftest import Rotocel


def test_a_look_changes_nothing(tmp_path: Path) -> None:
    old, new, link = tmp_path / "old", tmp_path / "new", tmp_path / "link"
    old.write_text("before")
    link.symlink_to(tmp_path / "nothing yet")
    check_writable(old, new, link, None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "old"]
    assert old.read_text() == "before"
    write_json(old, [1])
    assert json.loads(old.read_text()) == [1]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("nowhere/x.json", r"x\.json cannot be written \(No such"), (".", "is a folder; name a file")],
)
def test_what_cannot_be_written_is_one_sentence(tmp_path: Path, name: str, sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        check_writable(tmp_path / name)


@pytest.mark.parametrize(
    "words",
    [
        ("evaluate", "coco", "nowhere"),
        ("evaluate", "jf", "nowhere", "nowhere"),
        ("evaluate", "clicks", "--frames", "nowhere", "--masks", "nowhere"),
        ("bench",),
    ],
)
def test_commands_look_before_they_measure(
    rotocel: Rotocel, tmp_path: Path, words: tuple[str, ...]
) -> None:
    ran = rotocel(*words, "--json", tmp_path / "nowhere" / "x.json")
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert "x.json cannot be written" in ran.err
