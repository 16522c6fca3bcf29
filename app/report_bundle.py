"""An error report: text that can be read before anyone gets it. Nothing is sent from here."""

from __future__ import annotations

import logging
import os
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from app import crash, paths
from app.headless import settings_path
from app.log import NAME, OLDER
from app.redaction import hide, redact
from app.selftest import findings
from app.settings import SettingsError, as_json, load
from export.base import ExportError
from export.whole_file import whole

log = logging.getLogger(__name__)

GB = 2**30
WORDS = "what happened"
LOGS = (NAME, *(f"{NAME}.{number}" for number in range(1, OLDER + 1)), crash.NAME, crash.LAST)


class ReportError(Exception):
    """The report could not be written; the text is fit to show the artist."""


class Part(NamedTuple):
    """One text of a report."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Bundle:
    """A report: its parts, in the order they are read."""

    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(f"=== {part.name} ===\n\n{part.text.strip()}\n" for part in self.parts)

    def told(self, words: str) -> Bundle:
        """This report, the artist's own words before the rest if there are any."""
        return Bundle((Part(WORDS, words.strip()), *self.parts)) if words.strip() else self


def collect() -> Bundle:
    """What helps to find a fault here, without footage; what cannot be found out says why."""
    settings = _text(_settings)  # first: from then on the clips opened last are hidden
    parts = [
        Part("system", _text(lambda: "\n".join(findings()))),
        Part("machine", _text(lambda: f"{_disks()}\n{_memory()}")),
        Part("settings", settings),
    ]
    for name in LOGS:
        path = paths.user_logs() / name
        if path.is_file() and path.stat().st_size:
            parts.append(Part(name, _text(partial(path.read_text, "utf-8", "replace"))))
    return Bundle(tuple(parts))


def save(bundle: Bundle, path: Path) -> None:
    """Write `bundle` as a ZIP of text files, whole or not at all. Raises ReportError."""
    try:
        with whole(path) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
            for number, (name, text) in enumerate(bundle.parts, 1):
                archive.writestr(f"{number} {name}.txt", text)
    except ExportError as e:
        reason = e.__cause__.strerror if isinstance(e.__cause__, OSError) else e
        raise ReportError(f"{path} cannot be written ({reason}); choose another place.") from e


def _text(make: Callable[[], str]) -> str:
    """What `make` returns, redacted; a report about a fault must not fail of one."""
    try:
        return redact(make())
    except Exception as e:
        log.exception("a part of the report is missing")
        return redact(f"This could not be found out ({type(e).__name__}: {e}).")


def _settings() -> str:
    """The settings without the clips opened last, the folders of mattes and the catalogue."""
    try:
        settings = load(settings_path())
    except SettingsError as e:
        return str(e)
    mattes = (*settings.mattes.keys(), *settings.mattes.values())
    for path in (*settings.recent, *mattes, settings.catalogue):
        if path:
            hide(Path(path))
    return as_json(replace(settings, recent=(), mattes={}, catalogue=""))


def _disks() -> str:
    folders = {"cache": paths.user_cache(), "log": paths.user_logs(), "home": Path.home()}
    return "\n".join(_disk(name, folder) for name, folder in folders.items())


def _disk(name: str, folder: Path) -> str:
    there = next(path for path in (folder, *folder.parents) if path.exists())
    usage = shutil.disk_usage(there)
    return f"disk of the {name} folder: {usage.free / GB:.1f} of {usage.total / GB:.1f} GB free"


def _memory() -> str:
    facts = Path("/proc/meminfo")
    if facts.exists():  # Linux; total, free, available
        return "\n".join(
            " ".join(line.split()) for line in facts.read_text("ascii").split("\n")[:3]
        )
    if "SC_PHYS_PAGES" in getattr(os, "sysconf_names", {}):  # macOS
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        return f"memory: {total / GB:.1f} GB"
    return "memory: not known here"
