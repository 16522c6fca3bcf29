"""The catalogue that ships, and catalogues from strangers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.paths import resource
from models.base import ModelError
from models.catalogue import is_allowed, parse, read_catalogue
from models.description import DescriptionError

GOOD: dict[str, Any] = {
    "id": "sam2.1-tiny",
    "label": "SAM 2.1 tiny",
    "kind": "checkpoint",
    "licence": "Apache-2.0",
    "source": "Meta",
    "brings": "Follows an object.",
    "family": "sam2.1",
    "variant": "base+",
    "files": [
        {"name": "a.pt", "url": "https://models.example/a.pt", "size": 10, "sha256": "0" * 64}
    ],
}


def catalogue(*models: dict[str, Any]) -> bytes:
    return json.dumps({"format": 1, "models": list(models)}).encode()


def with_file(**changes: Any) -> dict[str, Any]:
    return GOOD | {"files": [GOOD["files"][0] | changes]}


def test_the_catalogue_that_ships_is_valid_https_and_pinned() -> None:
    entries = read_catalogue(resource("models", "catalogue.json"))
    assert len(entries) >= 5
    for entry in entries:
        assert entry.licence == "Apache-2.0"
        for file in entry.files:
            assert is_allowed(file.url, local=False)
            assert "/main/" not in file.url  # a branch can change, a revision cannot


def test_a_checkpoint_says_how_it_becomes_a_pack(tmp_path: Path) -> None:
    (entry,) = parse(catalogue(GOOD))
    assert entry.size == 10
    assert (
        f'rotocel models convert --checkpoint "{tmp_path / "a.pt"}" --family sam2.1 '
        "--variant base+`"
    ) in entry.next_step(tmp_path)


def test_packs_and_graphs_need_no_family(tmp_path: Path) -> None:
    rest = {key: value for key, value in GOOD.items() if key not in {"family", "variant"}}
    pack, graphs = parse(catalogue(rest | {"kind": "pack"}, rest | {"kind": "onnx", "id": "other"}))
    assert pack.next_step(tmp_path) == "It is installed."
    assert "not run by it" in graphs.next_step(tmp_path)


@pytest.mark.parametrize(
    ("models", "words"),
    [
        ([], "models is not a list of 1"),
        ([GOOD, GOOD], "an id stands in it twice"),
        (["text"], "is not an object"),
        ([GOOD | {"kind": "wish"}], "kind is not one of"),
        ([GOOD | {"id": "../up"}], "id is not a name"),
        ([GOOD | {"label": "two\nlines"}], "label is not a line"),
        ([GOOD | {"brings": "x" * 401}], "longer than 400"),
        ([GOOD | {"variant": "tiny; rm -rf ~"}], "variant is not a word"),
        ([GOOD | {"files": []}], "files is not a list"),
        ([GOOD | {"files": GOOD["files"] * 2}], "a checkpoint is not one file"),
        ([GOOD | {"kind": "onnx", "files": GOOD["files"] * 2}], "have one name"),
        ([with_file(name="../a.pt")], "name is not a name"),
        ([with_file(name=".hidden")], "name is not a name"),
        ([with_file(url="http://models.example/a.pt")], "is not https"),
        ([with_file(url="file:///etc/passwd")], "is not https"),
        ([with_file(url="https://name:secret@models.example/a")], "is not https"),
        ([with_file(url="https://models.example:port/a")], "is not https"),
        ([with_file(url="https://models.example/a b")], "is not https"),
        ([with_file(size=0)], "a size is not"),
        ([with_file(size=True)], "a size is not"),
        ([with_file(size=9 << 30)], "a size is not"),
        ([with_file(size=1.5)], "a size is not"),
        ([with_file(sha256="0" * 63)], "a sha256 is not"),
        ([with_file(sha256="A" * 64)], "a sha256 is not"),
    ],
)
def test_what_makes_no_sense_is_refused(models: list[Any], words: str) -> None:
    with pytest.raises(DescriptionError, match=words):
        parse(catalogue(*models))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "format is not 1"),
        (b'{"format": 2}', "format is not 1"),
        (b'{"format": true}', "format is not 1"),
        (b'{"format": 1, "format": 1}', "twice"),
    ],
)
def test_a_file_that_is_none_names_itself(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "catalogue.json"
    path.write_bytes(data)
    with pytest.raises(ModelError, match=f"catalogue.json is not a valid catalogue.*{words}"):
        read_catalogue(path)


def test_a_file_that_is_missing_names_itself(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"catalogue\.json cannot be read"):
        read_catalogue(tmp_path / "catalogue.json")


@pytest.mark.parametrize(
    ("url", "local", "allowed"),
    [
        ("https://models.example/a", False, True),
        ("http://127.0.0.1:80/a", True, True),
        ("http://localhost/a", True, True),
        ("http://127.0.0.1/a", False, False),  # where an https server would send on to
        ("http://127.0.0.1.example/a", True, False),
        ("http://127.0.0.1@models.example/a", True, False),
        ("https:///a", True, False),
        ("", True, False),
    ],
)
def test_where_a_file_may_come_from(url: str, *, local: bool, allowed: bool) -> None:
    assert is_allowed(url, local=local) is allowed
