"""Text without footage in it: paths and hidden names become short tokens, code stays readable.

A token like `<path:1a2b3c>.mov` is the same for the same path as long as the program runs, and says
nothing afterwards: its salt is never written. An unquoted folder whose last part has spaces keeps
what follows the first one, unless `hide` was told of it.
"""

from __future__ import annotations

import getpass
import hashlib
import re
import secrets
import sysconfig
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from app.domain.sequence_names import GENERIC
from app.redaction_shapes import TAIL, kept_suffix, pattern

ROOT = Path(__file__).resolve().parents[1]
SHORTEST = 3  # letters of a name worth hiding by itself; "1" would be hidden in every date
TRIVIAL = (
    "app clip clips data demo desktop documents downloads export exports film films footage frames "
    "home masks mattes media mnt models movies out output pictures plate plates public resources "
    "root rotocel shot shots temp tests tmp user users video videos volumes work"
)  # names that tell nothing, or that the log needs
NUMBER = re.compile(r"[\s._-]*(?:\d+|#+|@+|%\d*d)$")  # of a frame, at the end of a stem


class Redactor:
    """Knows what is hidden. One thread may hide while others redact."""

    def __init__(self, home: Path, users: Iterable[str] = ()) -> None:
        self._salt = secrets.token_bytes(16)
        self._paths = {str(home)} if len(str(home)) > SHORTEST else set()
        self._names = {name: "<user>" for name in users if _tells(name)}
        self._pattern = pattern(_code_folders(), self._paths, self._names)

    def hide(self, path: Path) -> None:
        """From now on neither `path` nor its name, stem or folders' names are in a text."""
        full = path.absolute()
        token = self._token(full)
        telling = (folder for folder in full.parents if not GENERIC.fullmatch(folder.name))
        folders = (full.parent, next(telling, full.parent))  # a clip may be named by both
        hidden = {folder.name: self._token(folder) for folder in folders}
        hidden |= dict.fromkeys(
            (full.stem, NUMBER.sub("", full.stem)), token.removesuffix(full.suffix)
        )
        hidden |= {full.name: token, str(path): token}
        known = {
            form: token for name, token in hidden.items() for form in _forms(name) if _tells(name)
        }
        self._names = known | self._names  # what the user is called stays so
        for folder in (full, *full.parents):
            if folder is full or " " in folder.name:  # a pattern cannot see where such a one ends
                self._paths = self._paths | _forms(str(folder))
        self._pattern = pattern(_code_folders(), self._paths, self._names)

    def redact(self, text: str) -> str:
        """`text` without paths and hidden names; takes time in proportion to its length."""
        return self._pattern.sub(self._replaced, text)

    def _replaced(self, found: re.Match[str]) -> str:
        if found["own"]:
            return ""  # what follows is relative to the program's folder
        if found["name"]:
            return self._names.get(found["name"]) or self._token(found["name"])
        if found["quoted"]:
            return self._token(found["quoted"])
        text = found[0].rstrip(TAIL)
        return self._token(text) + found[0][len(text) :] if text.strip("/\\~") else found[0]

    def _token(self, path: Path | str) -> str:
        plain = unicodedata.normalize("NFC", re.sub(r"[/\\]+", "/", str(path)))
        digest = hashlib.blake2b(
            plain.encode("utf-8", "surrogatepass"), key=self._salt, digest_size=3
        )
        return f"<path:{digest.hexdigest()}>{kept_suffix(plain)}"


def hide(path: Path) -> None:
    """Keep `path` and its names out of the log; to be told wherever the program hears of a path."""
    _redactor.hide(path)


def redact(text: str) -> str:
    """`text` as the log may have it."""
    return _redactor.redact(text)


def _tells(name: str) -> bool:
    """Whether a name by itself tells something about whose it is."""
    return len(name) >= SHORTEST and not name.isdigit() and name.casefold() not in TRIVIAL.split()


def _forms(name: str) -> set[str]:
    """A name as file systems spell it; macOS takes accents apart."""
    return {unicodedata.normalize(form, name) for form in ("NFC", "NFD")}


def _code_folders() -> set[str]:
    """Folders of code: what lies in them is told relative to them."""
    names = ("purelib", "platlib", "stdlib", "platstdlib")
    folders = {Path(sysconfig.get_path(name)) for name in names}
    return {str(form) for folder in folders for form in (folder, folder.resolve())}


def _user_names() -> list[str]:
    try:
        return [getpass.getuser(), Path.home().name]
    except (OSError, KeyError, ImportError):  # an account without a name
        return [Path.home().name]


_redactor = Redactor(Path.home(), _user_names())
