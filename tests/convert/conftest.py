"""Packs of random weights beside the originals they come from; made once a run."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from models.base import Rgb8
from models.library import load
from models.ort import Runtime
from models.pack import read_pack
from models.sam2 import Sam2
from models.tracking import TrackOptions

WHY = "needs the original SAM 2 (torch and sam2): make test installs it"

Answers: TypeAlias = list[tuple[str, NDArray[np.float32]]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What compares is left out, saying so, where there is nothing to compare with."""
    try:
        import sam2  # noqa: F401, PLC0415
        import torch  # noqa: F401, PLC0415
    except ImportError:
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason=WHY))


@pytest.fixture(scope="session")
def packs(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Makes the folder of a pack of random weights; the same one for the same wish."""
    made: dict[tuple[object, ...], Path] = {}

    def pack(
        size: int, family: str = "sam2.1", variant: str = "tiny", precision: str = "fp32"
    ) -> Path:
        from models.convert.original import Original  # noqa: PLC0415
        from models.convert.sam2 import convert  # noqa: PLC0415

        wish = (size, family, variant, precision)
        if wish not in made:
            made[wish] = tmp_path_factory.mktemp("pack")
            convert(Original(family, variant, size), made[wish], precision)
        return made[wish]

    return pack


@pytest.fixture(scope="session")
def models(packs: Callable[..., Path]) -> Callable[..., Sam2]:
    """The model of such a pack."""

    def model(*wish: Any) -> Sam2:
        loaded = load(read_pack(packs(*wish)), Runtime("cpu"))
        assert isinstance(loaded, Sam2)
        return loaded

    return model


@pytest.fixture(scope="session")
def originals() -> Callable[..., Answers]:
    """What the original answers to events; asked once for each wish."""
    known: dict[bytes, Answers] = {}

    def answers(
        size: int,
        pictures: Sequence[Rgb8],
        events: Sequence[Any],
        options: TrackOptions | None = None,
        family: str = "sam2.1",
    ) -> Answers:
        from models.convert.original import Original, build  # noqa: PLC0415
        from models.convert.parity import Theirs  # noqa: PLC0415

        options = options or TrackOptions()
        wish = pickle.dumps((size, len(pictures), pictures[0].shape, events, options, family))
        if wish not in known:
            theirs = Theirs(build(Original(family, "tiny", size)), pictures, options)
            known[wish] = [answer for event in events for answer in theirs.play(event)]
        return known[wish]

    return answers
