"""The catalogue: what models can be had, from where, under which licence, and what is sent.

It is a JSON file, the one that ships with the program or a studio's own. Either way it is checked
like a stranger's: whatever it names is fetched from exactly there, and taken only if it is exactly
as long and has exactly the sha256 written here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from models.base import ModelError
from models.description import NAME, SHA256, DescriptionError, once
from models.files import read_file

FORMAT = 1
MOST_CATALOGUE = 1 << 20  # bytes
MOST_MODELS = 256
MOST_FILES = 16
LARGEST = 8 << 30  # bytes of one file
LONGEST = 400  # characters of a sentence
LOCAL = frozenset({"127.0.0.1", "::1", "localhost"})

PACK, CHECKPOINT, ONNX = "pack", "checkpoint", "onnx"
KINDS = (PACK, CHECKPOINT, ONNX)

WORD = re.compile(r"[a-z0-9][a-z0-9._+-]{0,39}")


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file that can be had at `url`, `size` bytes long."""

    name: str
    url: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A model that can be had.

    `kind`: a "pack" is a zip that is installed as it is; a "checkpoint" has to be turned into a
    pack first; "onnx" are graphs of somebody else's, which are kept to compare with.
    """

    id: str
    label: str
    kind: str
    licence: str
    source: str  # who made it
    brings: str  # one sentence: what an artist gains by it
    files: tuple[RemoteFile, ...]
    family: str = ""  # of a checkpoint: what the conversion is told
    variant: str = ""

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    @property
    def caveat(self) -> str:
        """What keeps it from answering as it comes, to know before it is fetched; may be empty."""
        if self.kind == CHECKPOINT:
            return (
                "It does not answer as it comes: `rotocel models convert` makes a model of it, "
                "which needs Python and PyTorch on this machine."
            )
        if self.kind == ONNX:
            return "Rotocel does not run it; it is there to compare conversions with."
        return ""

    def next_step(self, folder: Path) -> str:
        """What to do with the files once they are in `folder`; one sentence."""
        if self.kind == CHECKPOINT:
            path = folder / self.files[0].name
            return (
                f"It is a checkpoint, not yet a model that Rotocel runs: `rotocel models convert "
                f'--checkpoint "{path}" --family {self.family} --variant {self.variant}` makes a '
                "pack of it (this needs PyTorch)."
            )
        if self.kind == ONNX:
            return (
                f"The graphs are in {folder}. They are of another layout than Rotocel's packs and "
                "are not run by it; they are there to compare conversions with."
            )
        return "It is installed."


def read_catalogue(path: Path) -> tuple[Entry, ...]:
    """The models in the catalogue at `path`. Raises ModelError naming it and what is wrong."""
    try:
        return parse(read_file(path, MOST_CATALOGUE, "name another catalogue"))
    except DescriptionError as e:
        raise ModelError(f"{path} is not a valid catalogue of models: {e}.") from e


def parse(data: bytes) -> tuple[Entry, ...]:
    """The models in `data`. Raises DescriptionError."""
    try:
        whole = json.loads(data.decode(), object_pairs_hook=once)
    except DescriptionError:
        raise
    except (ValueError, RecursionError) as e:
        raise DescriptionError("it is not JSON in UTF-8") from e
    stated = whole.get("format") if isinstance(whole, dict) else None
    if stated != FORMAT or type(stated) is not int:  # True is no number here
        raise DescriptionError(f"its format is not {FORMAT}, the one this version reads")
    models = _list(whole.get("models"), "models", MOST_MODELS)
    entries = tuple(_entry(item) for item in models)
    if len({entry.id for entry in entries}) < len(entries):
        raise DescriptionError("an id stands in it twice")
    return entries


def is_allowed(url: str, *, local: bool) -> bool:
    """Whether `url` may be asked: https, or, where `local` says so, http to this machine."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or parts.username is not None or parts.password is not None:
        return False
    return parts.scheme == "https" or (local and _is_local(parts))


def is_local(url: str) -> bool:
    """Whether `url` is http to this machine: a server for tests, or one behind a tunnel."""
    return _is_local(urlsplit(url))


def _is_local(parts: SplitResult) -> bool:
    return parts.scheme == "http" and parts.hostname in LOCAL


def _entry(value: object) -> Entry:
    if not isinstance(value, dict):
        raise DescriptionError("an entry of models is not an object with keys")
    kind = _text(value, "kind")
    if kind not in KINDS:
        raise DescriptionError(f"a kind is not one of {', '.join(KINDS)}")
    files = tuple(_file(item) for item in _list(value.get("files"), "files", MOST_FILES))
    if kind != ONNX and len(files) != 1:
        raise DescriptionError(f"a {kind} is not one file")
    if len({file.name for file in files}) < len(files):
        raise DescriptionError("two files of a model have one name")
    return Entry(
        id=_name(value, "id"),
        label=_text(value, "label"),
        kind=kind,
        licence=_text(value, "licence"),
        source=_text(value, "source"),
        brings=_text(value, "brings"),
        files=files,
        family=_word(value, "family") if kind == CHECKPOINT else "",
        variant=_word(value, "variant") if kind == CHECKPOINT else "",
    )


def _file(value: object) -> RemoteFile:
    if not isinstance(value, dict):
        raise DescriptionError("an entry of files is not an object with keys")
    url, size, sha256 = _text(value, "url"), value.get("size"), value.get("sha256")
    if not url.isascii() or " " in url or not is_allowed(url, local=True):
        raise DescriptionError(f"the url {url} is not https://")
    if type(size) is not int or not 0 < size <= LARGEST:
        raise DescriptionError(f"a size is not a whole number of bytes from 1 to {LARGEST}")
    if not isinstance(sha256, str) or not SHA256.fullmatch(sha256):
        raise DescriptionError("a sha256 is not 64 small hexadecimal digits")
    return RemoteFile(_name(value, "name"), url, size, sha256)


def _list(value: object, what: str, most: int) -> Sequence[object]:
    if not isinstance(value, list) or not 1 <= len(value) <= most:
        raise DescriptionError(f"{what} is not a list of 1 to {most}")
    return value


def _text(entries: Mapping[str, object], key: str) -> str:
    value = entries.get(key)
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise DescriptionError(f"{key} is not a line of text")
    if len(value) > LONGEST:
        raise DescriptionError(f"{key} is longer than {LONGEST} characters")
    return value


def _name(entries: Mapping[str, object], key: str) -> str:
    value = _text(entries, key)
    if not NAME.fullmatch(value):
        raise DescriptionError(f"{key} is not a name of letters a-z, digits, dots, _ and -")
    return value


def _word(entries: Mapping[str, object], key: str) -> str:
    """A word that stands in a command to be typed: nothing a shell would read as more."""
    value = _text(entries, key)
    if not WORD.fullmatch(value):
        raise DescriptionError(f"{key} is not a word of small letters, digits, dots, _, + and -")
    return value
