"""What models there are on this machine, what models can be had, and what can be done about it.

The one way to all of it, taken by the window and by the command line. No Qt; every call may take
long, so the window makes them on a lane.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from app import paths
from app.headless import BUNDLED, find_pack, load_model, packs, tried
from app.settings import Settings
from models.base import Model, ModelError
from models.catalogue import PACK, Entry, read_catalogue
from models.disk import amount
from models.download import download, forget
from models.fetch import Stop
from models.install import Installer
from models.ort import Runtime
from models.pack import MANIFEST, Pack, find_packs
from models.quarantine import try_pack
from models.recommend import Recommendation, recommend

Progress = Callable[[int, int], None]  # bytes that are here, bytes of all


@dataclass(frozen=True, slots=True)
class Installed:
    """A pack on this machine."""

    id: str
    label: str
    licence: str
    folder: Path
    size: int  # bytes on the disk
    supports: tuple[str, ...]  # of "point", "box", "track"
    bundled: bool
    chosen: bool  # the one that answers, here and on the command line

    @property
    def amount(self) -> str:
        """Its size as people read it."""
        return amount(self.size)


@dataclass(frozen=True, slots=True)
class Available:
    """A model of the catalogue."""

    id: str
    label: str
    kind: str  # "pack", "checkpoint" or "onnx"
    licence: str
    source: str
    host: str  # where it is fetched from
    brings: str
    size: int  # bytes to fetch
    here: bool  # fetched already, or installed
    caveat: str  # why it does not answer as it comes; may be empty
    next_step: str  # what is to be done with it once it is here

    @property
    def amount(self) -> str:
        """Its size as people read it."""
        return amount(self.size)


@dataclass(frozen=True, slots=True)
class Contents:
    """All that is on the shelf; `faults` are sentences about what is damaged."""

    installed: tuple[Installed, ...]
    available: tuple[Available, ...]
    faults: tuple[str, ...]


class Shelf:
    """The models of this user. `catalogue` takes the place of the one in the settings."""

    def __init__(self, settings: Settings, catalogue: Path | None = None) -> None:
        self._settings = settings
        chosen = catalogue or (Path(settings.catalogue) if settings.catalogue else None)
        self._catalogue = chosen or paths.catalogue()

    @property
    def chosen(self) -> str:
        """The id of the pack that answers."""
        return self._settings.model or BUNDLED

    def contents(self) -> Contents:
        """What is installed and what can be had; never fails."""
        found, faults = packs()
        installed = tuple(self._installed(pack) for pack in found)
        sentences = [str(fault) for fault in faults]
        try:
            entries = read_catalogue(self._catalogue)
        except ModelError as e:
            entries = ()
            sentences.append(str(e))
        ids = {pack.info.id for pack in found}
        available = tuple(self._available(entry, ids) for entry in entries)
        return Contents(installed, available, tuple(sentences))

    def entry(self, name: str) -> Entry:
        """The entry of the catalogue called `name`. Raises ModelError."""
        entries = read_catalogue(self._catalogue)
        found = next((entry for entry in entries if entry.id == name), None)
        if found is None:
            names = ", ".join(entry.id for entry in entries)
            raise ModelError(f"{self._catalogue} has no model called {name}; it has {names}.")
        return found

    def install(
        self, origin: Path, *, replace: bool = False, stop: Stop | None = None
    ) -> Installed:
        """Install the pack in a folder or zip. Raises ExistsError, ModelError, Cancelled."""
        token = stop or Stop()
        pack = self._installer().install(origin, replace=replace, goes=lambda: not token.fired)
        return self._installed(pack)

    def download(
        self, name: str, progress: Progress, stop: Stop | None = None, *, replace: bool = False
    ) -> str:
        """Fetch a model, and install it where it is a pack; returns what comes next, a sentence.

        Raises ExistsError, ModelError, Cancelled.
        """
        entry, folder = self.entry(name), self._folder(name)
        before = 0
        for file in entry.files:
            download(file, folder, partial(_of_all, progress, before, entry.size), stop)
            before += file.size
        if entry.kind == PACK:
            path = folder / entry.files[0].name
            label = self.install(path, replace=replace, stop=stop).label
            self._forget(entry)
            return f"{label} is installed."
        return entry.next_step(folder)

    def remove(self, name: str) -> str:
        """Delete an installed pack or a download; returns what was done. Raises ModelError."""
        entry = self._downloaded(name)
        if entry is not None:
            self._forget(entry)
            return f"What was downloaded of {entry.label} is deleted."
        place = self._installer().remove(name)
        return f"{name} is removed from {place.parent}."

    def pack(self, name: str) -> Pack:
        """The pack with the id `name`, or in the folder `name`. Raises ModelError."""
        return find_pack(name)

    def verify(self, name: str, stop: Stop | None = None) -> str:
        """Check every file of a pack and try it; returns what was found.

        Raises ModelError, Cancelled.
        """
        pack, token = self.pack(name), stop or Stop()
        for file in pack.files:
            token.check()
            pack.bytes_of(file)
        token.check()
        try_pack(pack, Runtime(self._settings.device))
        return (
            f"{pack.info.label} is whole: the sha256 of all {len(pack.files)} files is that of its "
            "model.json, and a trial in a process of its own passed."
        )

    def load(self, name: str) -> Model:
        """The model of the pack with the id `name`. Raises ModelError."""
        return load_model(self._settings, name)

    def recommend(self) -> Recommendation:
        """What suits this machine, from a measurement of some seconds. Raises ModelError."""
        return recommend(Runtime(self._settings.device))

    def _installer(self) -> Installer:
        bundled, _ = find_packs([paths.resource("models")])
        runtime = Runtime(self._settings.device)
        return Installer(paths.user_models(), bundled, runtime, tried())

    def _installed(self, pack: Pack) -> Installed:
        info = pack.info
        bundled = pack.folder.parent == paths.resource("models")
        size = sum(_size(pack.folder / name) for name in [*pack.files, MANIFEST])
        supports = tuple(task for task in ("point", "box", "track") if task in info.supports)
        chosen = info.id == self.chosen
        return Installed(
            info.id, info.label, info.licence, pack.folder, size, supports, bundled, chosen
        )

    def _available(self, entry: Entry, installed: set[str]) -> Available:
        folder = self._folder(entry.id)
        here = entry.id in installed or (
            entry.kind != PACK and all(_size(folder / f.name) == f.size for f in entry.files)
        )
        return Available(
            entry.id,
            entry.label,
            entry.kind,
            entry.licence,
            entry.source,
            urlsplit(entry.files[0].url).hostname or "",
            entry.brings,
            entry.size,
            here,
            entry.caveat,
            entry.next_step(folder),
        )

    def _downloaded(self, name: str) -> Entry | None:
        """The entry called `name` of which something was downloaded, if no pack has its name."""
        found, _ = packs()
        if any(pack.info.id == name for pack in found):
            return None
        with suppress(ModelError):
            entry = self.entry(name)
            return entry if self._folder(name).is_dir() else None
        return None

    def _folder(self, name: str) -> Path:
        return paths.user_downloads() / name

    def _forget(self, entry: Entry) -> None:
        folder = self._folder(entry.id)
        for file in entry.files:
            forget(file, folder)
        try:
            folder.rmdir()
        except OSError:  # something of the artist's own is in it
            return


def _of_all(progress: Progress, before: int, total: int, done: int, _size: int) -> None:
    """Tell the progress of one file as that of all files."""
    progress(before + done, total)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1
