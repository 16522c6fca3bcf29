"""Installing and removing packs in the user's folder of models: whole or not at all.

A pack is copied to a folder of its own inside that folder, two levels deep so that nobody takes it
for an installed one, checked and tried there, and then takes its place by one rename.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from models.base import ModelError
from models.description import NAME
from models.disk import alone, plain_errors, put_on_disk, sync_folder
from models.ort import Runtime
from models.pack import MANIFEST, Pack, read_pack
from models.quarantine import load_tried
from models.unpack import Goes, copy_pack, opened

STAGE = ".new-"  # folders of packs that are not installed yet, or not any more
OLD = "old"  # in such a folder: the pack that is being replaced, under its own name
GONE = "gone"  # and the pack that is being removed


class ExistsError(ModelError):
    """A pack with this id is there already; it is replaced only where that is asked for."""

    def __init__(self, name: str, place: Path) -> None:
        super().__init__(f"{name} is installed already, in {place}.")


@dataclass(frozen=True, slots=True)
class Installer:
    """Installs into `folder`. `bundled` packs keep their ids; `memory` is the quarantine's."""

    folder: Path
    bundled: Sequence[Pack] = ()
    runtime: Runtime = field(default_factory=Runtime)
    memory: Path | None = None

    def install(self, origin: Path, *, replace: bool = False, goes: Goes = lambda: True) -> Pack:
        """The pack that the folder or zip `origin` holds, now in its place.

        It is copied, its hashes are checked, and it is tried in a process of its own. Raises
        ExistsError, ModelError, and Cancelled where `goes` says so; what was there stays then.
        """
        with plain_errors(self.folder / origin.name):
            self.folder.mkdir(parents=True, exist_ok=True)
            with self._stage() as stage:
                staged = self._staged(origin, stage, goes)
                place = self.folder / staged.info.id
                self._check_place(staged, place, replace=replace)
                _put_in_place(staged.folder, place, stage)
        return read_pack(place)

    def remove(self, name: str) -> Path:
        """Delete the pack with the id or in the folder `name`. Raises ModelError.

        A link to a pack elsewhere is deleted, the pack itself is not.
        """
        place = self._place_of(name)
        with plain_errors(place), self._stage() as stage:
            (stage / GONE).mkdir()
            place.rename(stage / GONE / place.name)  # at once; what is slow comes after
            sync_folder(self.folder)
        return place

    def tidy(self) -> None:
        """Clear away what a killed program left, unless another one is at work just now."""
        with suppress(ModelError, OSError):
            if any(self.folder.glob(f"{STAGE}*")):
                with alone(self._lock, ""):
                    self._tidy()

    @property
    def _lock(self) -> Path:
        return self.folder / ".lock"

    def _staged(self, origin: Path, stage: Path, goes: Goes) -> Pack:
        if not origin.exists():
            raise ModelError(f"{origin} is not there; name a folder or a zip with a model.")
        with opened(origin) as source:
            copy_pack(source, origin, stage / "pack", goes)
        try:
            pack = read_pack(stage / "pack")
            load_tried(pack, self.runtime, self.memory)
        except ModelError as e:  # the artist knows the origin, not the stage
            raise ModelError(str(e).replace(str(stage / "pack"), str(origin))) from e
        return pack

    def _check_place(self, staged: Pack, place: Path, *, replace: bool) -> None:
        name = staged.info.id
        if any(pack.info.id == name for pack in self.bundled):
            raise ModelError(
                f"{name} is the id of a model that ships with Rotocel, which stays; have the maker "
                "of this one give it another id."
            )
        rivals = [path for path in self._folders(name) if path != place]
        if rivals:
            raise ModelError(f"{rivals[0]} has the id {name} too; remove it first.")
        if _is_there(place) and not replace:
            raise ExistsError(name, place)

    def _place_of(self, name: str) -> Path:
        """The folder of an installed pack, by its id, or by its name where it is damaged."""
        found = self._folders(name)
        if NAME.fullmatch(name) and _is_there(self.folder / name):
            found = [*found, self.folder / name]
        if found:
            return found[0]
        if any(pack.info.id == name for pack in self.bundled):
            raise ModelError(f"{name} ships with Rotocel and stays.")
        raise ModelError(f"There is no model called {name} in {self.folder}.")

    def _folders(self, name: str) -> list[Path]:
        """The folders whose valid pack has the id `name`."""
        found = []
        for manifest in sorted(self.folder.glob(f"*/{MANIFEST}")):
            try:
                if read_pack(manifest.parent).info.id == name:
                    found.append(manifest.parent)
            except ModelError:
                continue
        return found

    @contextmanager
    def _stage(self) -> Iterator[Path]:
        """A fresh folder beside the packs, which goes with all that is in it at the end."""
        busy = f"Another Rotocel changes the models in {self.folder}; wait for it."
        with alone(self._lock, busy):
            self._tidy()
            stage = Path(tempfile.mkdtemp(prefix=STAGE, dir=self.folder))
            try:
                yield stage
            finally:
                shutil.rmtree(stage, ignore_errors=True)

    def _tidy(self) -> None:
        """Clear away what a program left that was killed; a pack it was replacing comes back."""
        for stage in self.folder.glob(f"{STAGE}*"):
            for old in (stage / OLD).glob("*"):
                if not _is_there(self.folder / old.name):
                    old.rename(self.folder / old.name)
            shutil.rmtree(stage, ignore_errors=True)


def _put_in_place(staged: Path, place: Path, stage: Path) -> None:
    """Give `staged` the name `place`; a pack there goes to the stage. Raises OSError."""
    for path in staged.iterdir():
        put_on_disk(path)
    old = stage / OLD / place.name
    if _is_there(place):
        old.parent.mkdir()
        place.rename(old)
    try:
        staged.rename(place)
    except OSError:
        if _is_there(old):
            old.rename(place)
        raise
    sync_folder(place.parent)


def _is_there(path: Path) -> bool:
    """Whether the name is taken, be it by a link that leads nowhere."""
    return path.exists() or path.is_symlink()
