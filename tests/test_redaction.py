"""No path and no hidden name survives; what a traceback says about the program does."""

from __future__ import annotations

import logging
import re
import string
import sysconfig
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import jobs
from app.log import Redacting
from app.redaction import Redactor

HOME = Path("/home/wilhelmina")
SECRETS = st.text("qzxjkvéß影ñQZ_", min_size=4, max_size=10).filter(
    lambda name: any(letter.isalnum() for letter in name)
)
SUFFIXES = st.sampled_from([".mov", ".MP4", ".exr", ".png"])
QUOTES = st.sampled_from(["''", '""', "``", "“”", "«»"])
BEFORE = st.sampled_from(["", "cannot open ", "path=", "(", "failed:", "影", "[", "12 of ", "->"])
AFTER = st.sampled_from(["", " is not there; try again.", ": broken", ")", ", then 1/2", "\nmore"])

STARTS = [
    ("/", "/"),
    ("/home/wilhelmina/", "/"),
    ("~/", "/"),
    ("~wilhelmina/", "/"),
    ("C:\\", "\\"),
    ("c:/", "/"),
    ("D:\\\\", "\\\\"),
    ("\\\\", "\\"),
    ("\\\\?\\C:\\", "\\"),
    ("//", "/"),
    ("file:///", "/"),
    ("file://host/", "/"),
    ("smb://", "/"),
]


@st.composite
def paths(
    draw: st.DrawFn, *, spaces: bool = False, suffixes: st.SearchStrategy[str] = SUFFIXES
) -> tuple[str, list[str]]:
    """An absolute path of any system and the names in it, which nobody else may read."""
    letters = SECRETS
    if spaces:
        letters = st.lists(SECRETS, min_size=1, max_size=4).map(" ".join)
    names = draw(st.lists(letters, min_size=1, max_size=4))
    start, separator = draw(st.sampled_from(STARTS))
    path = start + separator.join(names) + draw(suffixes)
    return path, [word for name in names for word in name.split()]


def survivors(text: str, names: list[str]) -> list[str]:
    return [name for name in [*names, "wilhelmina"] if name.casefold() in text.casefold()]


@given(paths(), BEFORE, AFTER)
def test_a_path_anywhere_in_a_sentence_never_survives(
    found: tuple[str, list[str]], before: str, after: str
) -> None:
    path, names = found
    text = Redactor(HOME, ["wilhelmina"]).redact(before + path + after)
    assert survivors(text, names) == []
    assert "<path:" in text


@given(paths(spaces=True, suffixes=st.sampled_from(["", ".mov"])), QUOTES, BEFORE, AFTER)
def test_a_quoted_path_with_spaces_never_survives(
    found: tuple[str, list[str]], quotes: str, before: str, after: str
) -> None:
    path, names = found
    text = Redactor(HOME).redact(f"{before}{quotes[0]}{path}{quotes[1]}{after}")
    assert survivors(text, names) == []


@pytest.mark.parametrize(("start", "separator"), STARTS)
def test_a_quoted_folder_of_any_system_never_survives(start: str, separator: str) -> None:
    path = f"{start}two gardens{separator}a walk"
    text = Redactor(HOME).redact(f"'{path}' and '{start}two gardens'")
    assert survivors(text, ["two", "gardens", "walk"]) == []


@given(paths(spaces=True), AFTER)
def test_a_path_with_spaces_that_ends_like_footage_never_survives(
    found: tuple[str, list[str]], after: str
) -> None:
    path, names = found
    assert survivors(Redactor(HOME).redact(f"{path}{after}"), names) == []


@given(SECRETS, SECRETS, SECRETS, SUFFIXES, AFTER)
def test_a_hidden_name_never_survives(
    folder: str, first: str, last: str, suffix: str, after: str
) -> None:
    clip = Path(f"/net/{folder} {first}/{first} {last}{suffix}")
    redactor = Redactor(HOME)
    redactor.hide(clip)
    for said in (clip, clip.name, clip.stem, clip.parent, clip.parent.name, f"{clip.stem}_mattes"):
        text = redactor.redact(f"Saying {said}{after}")
        assert survivors(text, [f"{first} {last}", f"{folder} {first}"]) == [], said


@given(st.text(string.printable, max_size=60))
def test_redacting_again_changes_nothing(text: str) -> None:
    redactor = Redactor(HOME)
    once = redactor.redact(f"{text} /net/film/shot.mov")
    assert redactor.redact(once.split()[-1]) == once.split()[-1]


@pytest.mark.parametrize("folder", [False, True])
def test_the_names_of_a_sequence_are_hidden_whatever_their_number(folder: bool) -> None:
    redactor = Redactor(HOME)
    redactor.hide(Path("/net/waterfall") if folder else Path("/net/waterfall.1001.exr"))
    assert "waterfall" not in redactor.redact("waterfall.1003.exr is broken, waterfall_v2 too")


@pytest.mark.parametrize("path", ["frames/0001.png", "img/frames", "frames"])
def test_the_folder_that_names_a_clip_is_hidden(path: str) -> None:
    redactor = Redactor(HOME)
    redactor.hide(Path("/net/waterfall") / path)
    assert "waterfall" not in redactor.redact("waterfall_frames has no frame 7")


def test_an_unquoted_folder_with_spaces_is_hidden_with_the_clip_in_it() -> None:
    redactor = Redactor(HOME)
    redactor.hide(Path("/net/two gardens/walk.mov"))
    assert "gardens" not in redactor.redact("The disk with /net/two gardens is full.")


def test_a_hidden_name_is_known_with_its_accents_apart() -> None:
    redactor = Redactor(HOME)
    redactor.hide(Path("/net/caf\N{LATIN SMALL LETTER E WITH ACUTE} noir"))
    assert "noir" not in redactor.redact("cafe\N{COMBINING ACUTE ACCENT} noir is empty")


def test_a_relative_path_as_typed_is_hidden() -> None:
    redactor = Redactor(HOME)
    redactor.hide(Path("reel 7/walk cycle"))
    assert redactor.redact("reel 7/walk cycle is not there") == redactor.redact(
        f"{Path.cwd()}/reel 7/walk cycle is not there"
    )


def test_equal_paths_are_equal_within_a_run_and_not_in_the_next() -> None:
    redactor, other = Redactor(HOME), Redactor(HOME)
    clip = Path("/net/film/walk.mov")
    redactor.hide(clip)
    token = redactor.redact(str(clip))
    assert re.fullmatch(r"<path:[0-9a-f]{6}>\.mov", token)
    assert redactor.redact("walk.mov is no movie; '/net/film/walk.mov' neither") == (
        f"{token} is no movie; '{token}' neither"
    )
    assert redactor.redact("/net/film/run.mov") != token
    assert other.redact(str(clip)) != token


def test_program_code_stays_readable() -> None:
    redactor = Redactor(HOME)
    standard = Path(sysconfig.get_path("stdlib"))
    for path, told in (
        (jobs.__file__, "app/jobs.py"),
        (np.__file__, "numpy/__init__.py"),
        (str(standard / "json" / "decoder.py"), "json/decoder.py"),
    ):
        line = f'  File "{path}", line 12, in run'
        assert redactor.redact(line) == f'  File "{told}", line 12, in run'


def test_footage_that_lies_in_the_programs_folder_is_footage() -> None:
    root = Path(jobs.__file__).parents[1]
    text = Redactor(HOME).redact(f"'{root}/reel/walk' and {root}/app/walk.mov")
    assert "walk" not in text


@pytest.mark.parametrize(
    "sentence",
    [
        "Frame 1003 of 1/2 is read and/or kept at 24000/1001 a second; see https.",
        "libavcodec 62.28.102, 8-bit grey PNG, app.jobs: n / a",
        "2026-10-10 10:10:10,123 ERROR app.lanes: read lane",
    ],
)
def test_what_is_no_path_stays(sentence: str) -> None:
    redactor = Redactor(HOME)
    redactor.hide(Path("/home/10.mov"))
    assert redactor.redact(sentence) == sentence


@pytest.mark.parametrize(
    "part",
    ["a", "/", "x/", "/a ", "'/\\", "'/a\\'", "a.mov ", "~", "ab:", "/a b c ", ".", "\\", "C:\\ "],
)
def test_a_megabyte_takes_seconds_at_most(part: str) -> None:
    redactor = Redactor(HOME)
    redactor.hide(Path("/net/film/walk.mov"))
    text = "/a " + part * (1_000_000 // len(part)) + "\n/net/secret.mov"
    start = time.perf_counter()
    assert "secret" not in redactor.redact(text)
    assert time.perf_counter() - start < 20  # quadratic time would be hours


def test_the_formatter_redacts_tracebacks_too() -> None:
    try:
        Path("/net/secret place/walk.mov").read_bytes()
    except OSError as e:
        record = logging.LogRecord("app", 40, "", 1, "bad: %s", ("/net/x.mov",), (type(e), e, None))
    text = Redacting("%(message)s").format(record)
    assert "FileNotFoundError" in text
    assert survivors(text, ["net", "secret", "walk", "x.mov"]) == []
