"""Which families can be converted, and what each needs."""

from __future__ import annotations

from importlib import import_module

from models.convert.original import ConversionError
from models.convert.sam2 import SAM2, SAM21, Family

# Module and name of each Family, and the package its original is of. They are imported only when
# wanted: the packages exclude each other (see packages.py).
OTHERS = {
    "edgetam": ("edgetam", "EDGETAM", "edgetam-dimos"),
    "efficienttam": ("efficienttam", "EFFICIENTTAM", "efficient-track-anything"),
}


def family_of(name: str) -> Family:
    """The family called `name`. Raises ConversionError where it, or its original, is missing."""
    known = {"sam2.1": SAM21, "sam2": SAM2}
    if name in known:
        return known[name]
    if name not in OTHERS:
        names = ", ".join([*known, *OTHERS])
        raise ConversionError(f"There is no family {name}: families are {names}.")
    module, constant, package = OTHERS[name]
    try:
        family: Family = getattr(import_module(f"models.convert.{module}"), constant)
    except ImportError as e:
        raise ConversionError(
            f"Install the original of {name}, the package {package}, into a folder of its own, and "
            f"name that with --package (see models/README.md); what is installed has none ({e})."
        ) from e
    return family
