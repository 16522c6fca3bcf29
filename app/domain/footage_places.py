"""Where a project's footage may lie, worked out without opening anything.

A project may come from a stranger. Looking at a path on a server makes Windows hand that server the
artist's credentials, so a place on the network counts only where the project itself lies there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from os import sep
from os.path import normpath, relpath
from pathlib import Path, PureWindowsPath

from app.domain.clip_facts import Clip

LONGEST = 4096  # characters of a path
LONGEST_NAME = 255  # characters of one name in it; no file system takes more
ANCESTORS = 2  # how far above a folder that is gone one looks
REMOTE = re.compile(r"[\\/]{2}|[\\/]\?\?[\\/]|[a-z][a-z0-9+.-]+:[\\/]{2}", re.IGNORECASE)


def is_remote(path_text: str) -> bool:
    r"""Whether the text looks like a place beyond this machine's own folders.

    Such are \\server\share (with slashes of either kind), \\?\ and \\.\ with all they can hide,
    and addresses (file://, smb://). A mounted share looks local and is not.
    """
    return REMOTE.match(path_text) is not None


def locate(absolute: str, relative: str | None, home: Path | None) -> Iterator[Path]:
    """The places to try for a clip, best first; nothing is looked at, so they may not exist.

    `home` is the project's folder, None for a project that was never saved. Both texts come from
    the project file, so anything can stand there: what is no place is left out.
    """
    places = []
    if home is not None and relative and _is_place(relative) and _is_relative(relative):
        places.append(Path(normpath(home.absolute() / relative)))
    if _is_place(absolute) and Path(absolute).is_absolute() and _may_look(absolute, home):
        places.append(Path(normpath(absolute)))
    yield from dict.fromkeys(places)


def relative_to(path: Path, home: Path) -> str | None:
    """The path from the project's folder `home` to the clip at `path`, as `locate` takes it.

    It has forward slashes and may begin with ../; None where there is none (another drive).
    """
    try:
        text = relpath(path, home).replace(sep, "/")
    except ValueError:
        return None
    return text if _is_relative(text) else f"./{text}"  # a file may be called C:plate.mov


def likely_folders(wanted: Clip, home: Path | None) -> list[Path]:
    """The existing folders where the missing clip `wanted` may be found, nearest first.

    These are the folder of the project (`home`), that of the clip or what is left above it, and
    the one above the project. Roots and the folder of all users' homes would be a huge search.
    """
    home = home.absolute() if home else None
    folders = [home] if home else []
    folders += _left_of(wanted.path.parent, home) if wanted.path.is_absolute() else []
    folders += [home.parent] if home else []
    return [folder for folder in dict.fromkeys(folders) if _is_worth_it(folder, home)]


def _left_of(folder: Path, home: Path | None) -> Sequence[Path]:
    """The folder, or the ones above it where it is gone."""
    return [folder] if _is_worth_it(folder, home) else folder.parents[:ANCESTORS]


def _is_worth_it(folder: Path, home: Path | None) -> bool:
    return _may_look(str(folder), home) and not _is_huge(folder) and _is_folder(folder)


def _may_look(path_text: str, home: Path | None) -> bool:
    if not is_remote(path_text):
        return True
    share = _share(path_text)
    return home is not None and share != "" and share == _share(str(home))


def _share(path_text: str) -> str:
    """The server and share of a path, comparable; empty where it names none."""
    return PureWindowsPath(path_text).drive.casefold() if is_remote(path_text) else ""


def _is_place(text: str) -> bool:
    names = re.split(r"[\\/]", text)
    return "\0" not in text and len(text) <= LONGEST and max(map(len, names)) <= LONGEST_NAME


def _is_relative(text: str) -> bool:
    """Whether the text stays relative on every system: on Windows C:foo and \\foo do not."""
    return not PureWindowsPath(text).anchor and not is_remote(text)


def _is_huge(folder: Path) -> bool:
    """Whether the folder is a root, or has the homes of all users somewhere below."""
    try:
        return folder == folder.parent or folder in Path.home().parents
    except RuntimeError:  # there is no home
        return False


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False
