"""What `rotocel models convert` and `verify` do with PyTorch: the one door to this package."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from models.convert.families import family_of
from models.convert.original import FAMILIES, SIZES, VARIANTS, ConversionError, Original
from models.convert.precision import PRECISIONS
from models.convert.sam2 import convert
from models.convert.verify import Report, original_of, verify
from models.pack import read_pack

__all__ = ["FAMILIES", "PRECISIONS", "SIZES", "VARIANTS", "ConversionError", "Original"]


def write(original: Original, out: Path, precision: str, tell: Callable[[str], None]) -> str:
    """Write the pack of `original` into `out`, which is new or empty; gives its id.

    `tell` is told what is being done. Raises ConversionError naming what could not be read or
    written. What was begun is taken away again.
    """
    out = Path(os.path.abspath(out))  # noqa: PTH100 - `.` has no name; a link keeps its own
    if not out.name:
        raise ConversionError(f"{out} is no folder that a pack can be; name another with --out.")
    draft = out.with_name(f".{out.name}.part")
    try:
        shutil.rmtree(draft, ignore_errors=True)
        convert(original, draft, precision, family_of(original.family), tell)
        if out.exists():
            out.rmdir()
        draft.rename(out)
    except OSError as e:
        raise ConversionError(f"{out} could not be written ({e.strerror or e}).") from e
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return read_pack(out).info.id


def compare(folder: Path, checkpoint: Path | None, tell: Callable[[str], None]) -> Report:
    """Hold the pack in `folder` against its original; `tell` is told what is being done.

    Raises ConversionError or ModelError.
    """
    pack = read_pack(folder)
    return verify(pack, original_of(pack, checkpoint), tell)
