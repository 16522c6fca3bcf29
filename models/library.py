"""Makes models of packs, each by the code of its family."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from models.base import Model, ModelError
from models.ort import Runtime
from models.pack import MANIFEST, Pack


def load(pack: Pack, runtime: Runtime | None = None) -> Model:
    """The model of `pack`: graphs are read and checked now, opened at first use.

    Raises ModelError naming the file that is missing, changed or of an unknown family.
    """
    if pack.family not in FAMILIES:
        raise ModelError(
            f"{pack.folder / MANIFEST} wants the family {pack.family}, "
            "which is unknown here; get a newer version of Rotocel."
        )
    return FAMILIES[pack.family](pack, runtime or Runtime())


# What a family is made of is imported when a pack of it is loaded: OpenCV alone takes as long as
# opening all graphs.


def _sam1(pack: Pack, runtime: Runtime) -> Model:
    from models.sam1_pack import load  # noqa: PLC0415

    return load(pack, runtime)


def _sam2(pack: Pack, runtime: Runtime) -> Model:
    from models.sam2_pack import load  # noqa: PLC0415

    return load(pack, runtime)


FAMILIES: Mapping[str, Callable[[Pack, Runtime], Model]] = {"sam1": _sam1, "sam2": _sam2}
