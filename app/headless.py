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
from models.ort import Runtime
from models.pack import MANIFEST, Pack, find_packs, read_pack
from models.quarantine import load_tried

BUNDLED = "mobilesam"  # id of the pack that ships with the program
UNSEEN = {"offscreen", "minimal"}  # platforms of Qt that show nothing


def settings_path() -> Path:
    """The file of the user's settings."""
    return paths.user_config() / "settings.json"


def tried() -> Path:
    """Where packs that passed their trial are remembered."""
    return paths.user_cache() / "tried"


def kept_graphs() -> Path:
    """Where graphs are kept as they were rewritten for this machine."""
    return paths.user_cache() / "graphs"


def packs() -> tuple[list[Pack], list[ModelError]]:
    """The installed packs, the user's own before bundled ones, and what is wrong with others."""
    Installer(paths.user_models()).tidy()
    return find_packs([paths.user_models(), paths.resource("models")])


def load_model(settings: Settings, name: str = "") -> Model:
    """The model of the pack called `name`, else the chosen one, else the one that ships.

    Raises ModelError where it is missing or damaged.

    A pack that does not ship with the program is first tried in another process, once.
    """
    return load_pack(settings, name)[1]


def load_pack(settings: Settings, name: str = "") -> tuple[Pack, Model]:
    """A pack and its model, found as `find_pack` does. Raises ModelError as `load_model` does."""
    pack = find_pack(name or settings.model or BUNDLED)
    return pack, load_tried(pack, Runtime(settings.device, kept=kept_graphs()), tried())


def find_pack(name: str) -> Pack:
    """The installed pack with the id `name`, else the one in the folder `name`.

    Raises ModelError. Installed ones come first, so that no folder lying about stands in for one.
    """
    found, faults = packs()
    for pack in found:
        if pack.info.id == name:
            return pack
    if (Path(name) / MANIFEST).is_file():
        return read_pack(Path(name))
    for fault in faults:
        if name in str(fault):
            raise fault
    names = ", ".join(pack.info.id for pack in found) or "none"
    raise ModelError(f"There is no model called {name}; installed: {names}.")


def has_display(environment: Mapping[str, str] = os.environ, platform: str = sys.platform) -> bool:
    """Whether a window would be seen: on Windows and macOS, else where a display is named."""
    if environment.get("QT_QPA_PLATFORM", "").split(":")[0] in UNSEEN:
        return False
    if platform in {"win32", "darwin"}:
        return True
    return any(environment.get(n) for n in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))
