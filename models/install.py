"""Installing and removing packs in the user's folder of models: whole or not at all.

A pack is copied to a folder of its own inside that folder, two levels deep so that nobody takes it
for an installed one, checked and tried there, and then takes its place by one rename.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from models.base import ModelError
from models.description import NAME
from models.disk import plain_errors
from models.ort import Runtime
from models.pack import MANIFEST, Pack, read_pack
from models.quarantine import load_tried
from models.stage import Stages, is_there
from models.unpack import Goes, copy_pack, opened


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
        with plain_errors(self.folder / origin.name), self._stages.open() as stage:
            staged = self._staged(origin, stage.folder, goes)
            place = self.folder / staged.info.id
            self._check_place(staged, place, replace=replace)
            stage.put_in_place(staged.folder, place)
        return read_pack(place)

    def remove(self, name: str) -> Path:
        """Delete the pack with the id or in the folder `name`. Raises ModelError.

        A link to a pack elsewhere is deleted, the pack itself is not.
        """
        place = self._place_of(name)
        with plain_errors(place), self._stages.open() as stage:
            stage.take_away(place)
        return place

    def tidy(self) -> None:
        """Clear away what a killed program left, unless another one is at work just now."""
        self._stages.tidy()

    @property
    def _stages(self) -> Stages:
        return Stages(self.folder, "the models")

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
        if is_there(place) and not replace:
            raise ExistsError(name, place)

    def _place_of(self, name: str) -> Path:
        """The folder of an installed pack, by its id, or by its name where it is damaged."""
        found = self._folders(name)
        if NAME.fullmatch(name) and is_there(self.folder / name):
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
