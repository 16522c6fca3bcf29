"""Files of results that a measuring command writes; one that is there is replaced.

They come of a command that can be repeated, so nothing of the artist's is lost, unlike with mattes.
"""

from __future__ import annotations

import json
from pathlib import Path

from app.cli_words import CommandError, Parser

REPLACED = "replaced if there"


def add_json(parser: Parser, what: str) -> None:
    """Describe the file that takes `what` as JSON."""
    parser.add_argument("--json", type=Path, metavar="FILE", help=f"write {what}; {REPLACED}")


def check_writable(*paths: Path | None) -> None:
    """Raises CommandError where one cannot be written: better known before hours of work."""
    for path in paths:
        if path is not None:
            _check(path)


def _check(path: Path) -> None:
    if path.is_dir():
        raise CommandError(f"{path} is a folder; name a file.")
    try:
        there, target = path.exists(), path.resolve()
        with path.open("ab"):  # what it holds stays
            pass
        if not there:
            target.unlink()
    except OSError as e:
        raise unwritable(path, e) from e


def unwritable(path: Path, error: OSError) -> CommandError:
    """The sentence for a file that cannot be written."""
    return CommandError(f"{path} cannot be written ({error.strerror}); choose another place.")


def write_json(path: Path, values: object) -> None:
    """Write `values` as JSON. Raises CommandError where the file cannot be written."""
    try:
        path.write_text(json.dumps(values, indent=1) + "\n", "utf-8")
    except OSError as e:
        raise unwritable(path, e) from e
