"""What the documents say of the tests is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.ui.action_table import action_table

ROOT = Path(__file__).parents[1]
KEY = re.compile(r"(?:(?:Ctrl|Shift|Alt)\+)+(?:[A-Z]\w*|\.)")
ROW = re.compile(r"\| `(?P<file>[\w/]+\.py)` `(?P<test>test_\w+)` \|$", re.MULTILINE)
NAMED = [
    match.group("file", "test")
    for match in ROW.finditer((ROOT / "app/README.md").read_text("utf-8"))
]


def test_the_table_of_what_can_go_wrong_is_there() -> None:
    assert len(NAMED) > 30


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_every_test_it_names_exists(file: str, test: str) -> None:
    assert f"def {test}(" in (ROOT / "tests" / file).read_text("utf-8")


def test_every_key_with_a_modifier_that_the_artists_page_names_does_something() -> None:
    named = set(KEY.findall((ROOT / "README.md").read_text("utf-8")))
    known = {key for row in action_table(str) for key in row.keys.split("; ")}
    assert {"Ctrl+F", "Ctrl+Right", "Ctrl+Left", "Ctrl+Shift+P", "Ctrl+."} <= named
    assert named <= known
