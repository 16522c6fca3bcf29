"""The original of a pack, in PyTorch, in a process of its own: nothing here imports it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from app.evaluate import Bits
from models.base import Click, ModelError
from models.lines import Lines
from models.pack import MANIFEST, Pack

NEEDED = ("torch", "sam2")
FAMILIES = ("sam2", "sam2.1")  # others ship other code, which calls itself sam2 and excludes it


@dataclass(frozen=True, slots=True)
class Which:
    """An original: its family and variant, its size, and its weights: a file, or random by seed."""

    family: str
    variant: str
    size: int
    checkpoint: Path | None = None
    seed: int = 0

    def arguments(self) -> list[str]:
        """How the processes of `models.convert` are told."""
        weights = [f"--seed={self.seed}"]
        if self.checkpoint:
            weights = [f"--checkpoint={self.checkpoint.absolute()}"]
        return [self.family, self.variant, str(self.size), *weights]


def installed() -> bool:
    """Whether PyTorch and the original's package are there; neither is imported."""
    return all(find_spec(name) is not None for name in NEEDED)


def which(pack: Pack, checkpoint: Path | None = None, seed: int | None = None) -> Which | None:
    """The original of `pack` as its provenance tells, None where it has none that runs here.

    Without a checkpoint the weights are random: of `seed`, or of the one the pack was made of.
    """
    facts = _told(pack, "provenance")
    family, variant, random = (facts.get(key) for key in ("family", "variant", "random"))
    if pack.family != "sam2" or family not in FAMILIES or not isinstance(variant, str):
        return None
    known = random if isinstance(random, int) else 0
    return Which(family, variant, pack.size, checkpoint, known if seed is None else seed)


def _told(pack: Pack, key: str) -> Mapping[str, Any]:
    """What model.json says under `key`, which not every pack has."""
    told = json.loads((pack.folder / MANIFEST).read_text("utf-8")).get(key)
    return told if isinstance(told, Mapping) else {}


class Answerer:
    """The original answering points; use it in a `with`, which ends its process."""

    def __init__(self, original: Which) -> None:
        """Start it. Raises ModelError where it is not installed or cannot be made."""
        if not installed():
            raise ModelError("The original is not installed: run `pip install rotocel[convert]`.")
        self._lines = Lines("models.convert.answer_original", original.arguments())
        try:
            self._lines.read()
        except ModelError:
            self._lines.close()
            raise
        self._folder = tempfile.TemporaryDirectory()

    def __enter__(self) -> Answerer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._lines.close()
        self._folder.cleanup()

    def masks(self, frame: Path, prompts: Sequence[Sequence[Click]]) -> list[Bits]:
        """Its mask for each prompt on the picture in the file. Raises ModelError."""
        out = Path(self._folder.name) / "masks.npz"
        points = [[[float(click.x), float(click.y)] for click in clicks] for clicks in prompts]
        self._lines.ask({"frame": str(frame.absolute()), "points": points, "out": str(out)})
        with np.load(out) as answered:
            packed, (height, width) = answered["packed"], answered["size"]
        bits = np.unpackbits(packed, axis=-1, count=int(width)).astype(bool)
        return list(bits.reshape(len(prompts), int(height), int(width)))
