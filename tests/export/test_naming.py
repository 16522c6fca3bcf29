"""Names: safe on every system, and never two layers in one folder."""

from __future__ import annotations

import ntpath
from collections.abc import Callable
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from export.naming import MAX_BYTES, distinct_names, frame_number, identity, matte_path, safe_name

any_text = st.text(st.characters(codec=None), max_size=200)
awkward = st.text(
    st.sampled_from('aA. /\\:*?"<>|#%@$[]_2é\u0301ß\x00\n\ud800漢🐇CONcon'), max_size=12
)
names = any_text | awkward


@given(names)
def test_a_safe_name_is_one_short_printable_component(name: str) -> None:
    safe = safe_name(name)
    assert 0 < len(safe.encode()) <= MAX_BYTES
    assert not set(safe) & set('<>:"/\\|?*#%@$[]\0\n')
    assert safe[0] not in ". "
    assert safe[-1] not in ". "
    assert PurePosixPath(safe).parts == PureWindowsPath(safe).parts == (safe,)


@given(names)
def test_a_safe_name_is_safe_to_make_safe_again(name: str) -> None:
    assert safe_name(safe_name(name)) == safe_name(name)


@given(names, st.integers(-99999, 99999999))
def test_no_matte_leaves_the_output_folder(name: str, frame: int) -> None:
    path = PurePosixPath("/out") / matte_path(safe_name(name), frame, ".png")
    assert path.parent.parent == PurePosixPath("/out")
    assert ".." not in path.parts
    assert len(path.name.encode()) < 200


RESERVED = ["con", "CON.png", "Nul", "com1", "LPT9.x", "aux ", "prn.", "conin$", "COM¹", "con .a"]


@given(
    names
    | st.sampled_from([*RESERVED, "C:", "C:\\x", "\\\\host\\share", "//?/C:/x", "~", "..\\.."])
)
def test_no_matte_leaves_the_output_folder_by_the_rules_of_windows(name: str) -> None:
    folder = PureWindowsPath("D:/out")
    inside = PureWindowsPath(matte_path(safe_name(name), 1001, ".png").as_posix())
    path = folder / inside
    assert path.parent.parent == folder
    assert not inside.is_absolute()
    assert not inside.drive
    assert ".." not in path.parts
    assert not any(is_reserved(part) for part in inside.parts)
    assert all(part == part.rstrip(". ") for part in inside.parts)


def is_reserved(part: str) -> bool:
    """Whether Windows keeps this name for a device; asked of Python, not of export.naming."""
    asked: Callable[[str], bool] | None = getattr(ntpath, "isreserved", None)  # from 3.13 on
    return asked(part) if asked else PureWindowsPath(part).is_reserved()


@given(st.lists(names, max_size=8) | st.lists(st.sampled_from(["a", "A", "a_2", "A_2", ""])))
def test_no_two_layers_share_a_folder(layers: list[str]) -> None:
    distinct = distinct_names(layers)
    assert len(distinct) == len(layers)
    assert len({identity(name) for name in distinct}) == len(layers)
    assert all(safe_name(name) == name for name in distinct)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("Rabbit", "Rabbit"),
        ("Käse 漢字 🐇", "Käse 漢字 🐇"),
        ("arm/left", "arm_left"),
        ("..", "layer"),
        ("", "layer"),
        ("../../etc/passwd", "_.._etc_passwd"),
        (".hidden", "hidden"),
        ("trailing. ", "trailing"),
        ("con", "_con"),
        ("Lpt1.old", "_Lpt1.old"),
        ("console", "console"),
        ("Tree #2", "Tree _2"),
        ("e\u0301", "é"),
        ("x" * 500, "x" * MAX_BYTES),
        ("漢" * 500, "漢" * (MAX_BYTES // 3)),
    ],
)
def test_names_keep_what_they_can(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@pytest.mark.parametrize(
    ("layers", "folders"),
    [
        (["Rabbit", "Rabbit"], ["Rabbit", "Rabbit_2"]),
        (["Rabbit", "rabbit", "RABBIT"], ["Rabbit", "rabbit_2", "RABBIT_3"]),
        (["a", "a_2", "a"], ["a", "a_2", "a_3"]),
        (["a/b", "a:b"], ["a_b", "a_b_2"]),
        (["x" * 90, "x" * 95], ["x" * MAX_BYTES, "x" * (MAX_BYTES - 2) + "_2"]),
    ],
)
def test_layers_of_one_name_are_told_apart(layers: list[str], folders: list[str]) -> None:
    assert distinct_names(layers) == folders


@given(st.integers(-(10**9), 10**9))
def test_a_frame_number_is_padded_but_never_cut(frame: int) -> None:
    text = frame_number(frame)
    assert int(text) == frame
    assert len(text) >= 4


@pytest.mark.parametrize(
    ("frame", "text"),
    [(0, "0000"), (7, "0007"), (1001, "1001"), (12345, "12345"), (-3, "-003"), (-12345, "-12345")],
)
def test_frame_numbers_read_as_compositors_print_them(frame: int, text: str) -> None:
    assert frame_number(frame) == text


def test_a_matte_lies_in_the_folder_of_its_layer() -> None:
    assert matte_path("Rabbit", 1001, ".png").as_posix() == "Rabbit/Rabbit.1001.png"
