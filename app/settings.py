"""The user's settings: a small JSON file that holds only what differs from the defaults."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Protocol

log = logging.getLogger(__name__)

RECENT = 10  # how many clips the menu remembers


class SettingsError(Exception):
    """The settings file could not be read or written; the text is fit to show the artist."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user chose; every field has a default that suits most machines."""

    shortcuts: dict[str, str] = field(default_factory=dict)  # action id -> key sequence
    recent: tuple[str, ...] = ()  # clips opened last, newest first
    mattes: dict[str, str] = field(default_factory=dict)  # clip -> where its mattes went last
    undo_mb: int = 256  # memory that only undo and redo need
    frames_mb: int = 1024  # memory for decoded frames
    embeddings_mb: int = 512  # memory for embeddings
    disk_gb: float = 10.0  # disk for embeddings
    archives_gb: float = 4.0  # disk for what trackers remember
    encode_ahead: bool = True  # encode frames before they are asked for
    device: str = "auto"  # what models run on: auto, cpu, cuda, directml, coreml
    model: str = ""  # id of the pack that answers; empty: the one that ships with the program
    catalogue: str = ""  # file of models that can be had; empty: the one that ships
    version_seen: str = ""  # of the program that ran last; empty: none has yet
    log_paths: bool = False  # write paths and names of footage to the log

    def with_recent(self, clip: Path) -> Settings:
        """These settings with `clip` at the top of the recent ones."""
        path = str(clip)
        rest = tuple(item for item in self.recent if item != path)
        return replace(self, recent=(path, *rest)[:RECENT])

    def with_mattes(self, clip: Path, folder: str) -> Settings:
        """These settings with the folder that mattes of `clip` went to; the oldest is forgotten."""
        others = {path: place for path, place in self.mattes.items() if path != str(clip)}
        latest = list({**others, str(clip): folder}.items())[-RECENT:]
        return replace(self, mattes=dict(latest))


KNOWN = frozenset(item.name for item in fields(Settings))


class SettingsStore(Protocol):
    """Holds the settings and writes every change."""

    @property
    def settings(self) -> Settings:
        """The settings as they are now."""

    def change(self, settings: Settings) -> None:
        """Take these settings and keep them for the next start."""


def load(path: Path) -> Settings:
    """The settings in `path`, the defaults where there is no such file. Raises SettingsError."""
    try:
        if not path.exists():
            return Settings()
        values = json.loads(path.read_text("utf-8"))
        if strange := values.keys() - KNOWN:  # of a newer version, or misspelt
            log.warning("settings that are not known: %s", ", ".join(sorted(strange)))
        return Settings(**{name: _checked(name, values[name]) for name in values.keys() & KNOWN})
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise SettingsError(
            f"{path} cannot be read ({error}); mend or delete it to use your settings again"
        ) from error


def as_json(settings: Settings) -> str:
    """What differs from the defaults, as the file holds it."""
    return json.dumps(_chosen(settings), indent=2)


def _chosen(settings: Settings) -> dict[str, Any]:
    defaults = asdict(Settings())
    return {name: value for name, value in asdict(settings).items() if value != defaults[name]}


def save(settings: Settings, path: Path) -> None:
    """Write what differs from the defaults, whole or not at all. Raises SettingsError.

    Settings in the file that are not known here stay: a newer version may have put them there.
    """
    temporary = path.with_name(path.name + ".tmp")
    values = {**_strange(path), **_chosen(settings)}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(values, indent=2) + "\n", "utf-8")
        temporary.replace(path)
    except OSError as error:
        raise SettingsError(f"{path} cannot be written ({error.strerror or error})") from error


def _strange(path: Path) -> dict[str, Any]:
    """What the file at `path` holds that is no setting of this version."""
    try:
        values = json.loads(path.read_text("utf-8"))
        return {name: value for name, value in values.items() if name not in KNOWN}
    except (OSError, ValueError, AttributeError):
        return {}


def _checked(name: str, value: Any) -> Any:  # noqa: ANN401 - JSON is any type until checked
    defaults = Settings()
    wanted = type(getattr(defaults, name))
    if wanted is tuple and isinstance(value, list) and all(isinstance(x, str) for x in value):
        return tuple(value)
    if wanted is float and isinstance(value, int):
        return float(value)
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        raise TypeError(f"{name} should be {wanted.__name__}")
    return value
