"""What every writer offers, and how exports say that they failed."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Alpha: TypeAlias = NDArray[np.float32]  # (height, width), 0..1, linear


class ExportError(Exception):
    """An export could not start or go on; the text is fit to show the artist."""


class FrameError(Exception):
    """One matte could not be computed; its text says why, and the export goes on without it."""


class MatteWriter(Protocol):
    """One file format for single mattes."""

    @property
    def key(self) -> str:
        """Its unique and stable name, e.g. "png8"."""

    @property
    def label(self) -> str:
        """Its name as the artist reads it."""

    @property
    def suffix(self) -> str:
        """The end of its file names, with the dot."""

    def write(self, path: Path, alpha: Alpha) -> None:
        """Write `alpha` to `path`, whatever the name ends in. Raises OSError."""

    def read(self, path: Path) -> Alpha:
        """The matte in a file. Raises OSError, or ExportError where the file is no such matte."""

    def rounded(self, alpha: Alpha) -> Alpha:
        """`alpha` as the format can hold it: exactly what `read` returns after `write`."""
