"""What the program needs before it can work, found without a window: settings, packs, a model."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from app import paths
from app.settings import Settings
from models.base import Model, ModelError
from models.install import Installer
from models.library import MANIFEST, Pack, find_packs, read_pack
from models.ort import Runtime
from models.quarantine import load_tried

BUNDLED = "mobilesam"  # id of the pack that ships with the program
UNSEEN = {"offscreen", "minimal"}  # platforms of Qt that show nothing


def settings_path() -> Path:
    """The file of the user's settings."""
    return paths.user_config() / "settings.json"


def tried() -> Path:
    """Where packs that passed their trial are remembered."""
    return paths.user_cache() / "tried"


def packs() -> tuple[list[Pack], list[ModelError]]:
    """The installed packs, the user's own before bundled ones, and what is wrong with others."""
    Installer(paths.user_models()).tidy()
    return find_packs([paths.user_models(), paths.resource("models")])


def load_model(settings: Settings, name: str = "") -> Model:
    """The model of the pack with id `name`, else the chosen one, else the one that ships.

    Raises ModelError where it is missing or damaged.

    A pack that does not ship with the program is first tried in another process, once.
    """
    return _tried(settings, _installed(name or settings.model or BUNDLED))


def load_pack(settings: Settings, name: str | None = None) -> tuple[Pack, Model]:
    """A pack and its model, by id or by folder. Raises ModelError as `load_model` does."""
    pack = find_pack(name or settings.model or BUNDLED)
    return pack, _tried(settings, pack)


def find_pack(name: str) -> Pack:
    """The pack in the folder `name`, else the installed one of this id. Raises ModelError."""
    return read_pack(Path(name)) if (Path(name) / MANIFEST).is_file() else _installed(name)


def _installed(name: str) -> Pack:
    found, faults = packs()
    chosen = next((pack for pack in found if pack.info.id == name), None)
    if chosen is None and name == BUNDLED and faults:
        raise faults[0]
    if chosen is None:
        names = ", ".join(pack.info.id for pack in found) or "none"
        raise ModelError(f"There is no model called {name}; installed: {names}.")
    return chosen


def _tried(settings: Settings, pack: Pack) -> Model:
    return load_tried(pack, Runtime(settings.device), tried())


def has_display(environment: Mapping[str, str] = os.environ, platform: str = sys.platform) -> bool:
    """Whether a window would be seen: on Windows and macOS, else where a display is named."""
    if environment.get("QT_QPA_PLATFORM", "").split(":")[0] in UNSEEN:
        return False
    if platform in {"win32", "darwin"}:
        return True
    return any(environment.get(n) for n in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))
