"""Which families can be converted, and what each needs."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from models.convert import packages

if TYPE_CHECKING:
    from models.convert.sam2 import Family

# module and name of each Family; imported when wanted only, since the originals exclude each other
PLACES = {
    "sam2": ("sam2", "SAM2"),
    "sam2.1": ("sam2", "SAM21"),
    "edgetam": ("edgetam", "EDGETAM"),
    "efficienttam": ("efficienttam", "EFFICIENTTAM"),
}


def family_of(name: str, package: Path | None = None) -> Family:
    """The family called `name`, a key of PLACES; its original is taken from the folder `package`.

    Raises OSError where `package` is none or comes too late, ImportError where a part is missing.
    """
    if package is not None:
        packages.use(package)
    module, constant = PLACES[name]
    family: Family = getattr(import_module(f"models.convert.{module}"), constant)
    return family
