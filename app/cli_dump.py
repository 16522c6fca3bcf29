"""`rotocel dump`: what is in a project file, as text and pictures, even where it is damaged."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path
from typing import Any

from app.cli_words import CommandError, Parser
from app.domain.mask import Mask, MaskError, checked_shape, checked_window, upsample
from app.domain.matte import coverage
from app.domain.project_dump import Dump, as_values, dump
from export import WRITERS
from export.naming import distinct_names, frame_number
from export.whole_file import plain_errors, whole, write_whole


def add_arguments(parser: Parser) -> None:
    """Describe the command."""
    parser.add_argument("project", type=Path, help="a .roto file, a backup or a live copy of one")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="write project.json, the masks as they are stored (16-bit grey PNG), and the mattes "
        "at the size of the clip (8-bit) into DIR, which must be empty or new; without it the JSON "
        "is printed",
    )


def run(chosen: Namespace) -> int:
    """Dump; 0 when all of the file could be read, 1 when not. Raises ProjectError, CommandError."""
    found = dump(chosen.project)
    values = as_values(found)
    if chosen.out is None:
        print(json.dumps(values, indent=1))
    else:
        _write(found, values, chosen.out)
    return 1 if found.faults else 0


def _write(found: Dump, values: dict[str, Any], out: Path) -> None:
    with plain_errors(out):
        if out.exists() and any(out.iterdir()):
            raise CommandError(f"{out} is not empty; choose another folder.")
        out.mkdir(parents=True, exist_ok=True)
    size = _size(values)
    names = distinct_names(str(layer.get("name", "layer")) for layer in values["layers"])
    masks = mattes = 0
    for name, layer in zip(names, values["layers"], strict=True):
        for row in found.masks.get(str(layer["id"]), []):
            masks += _write_mask(out / "masks" / name, name, row)
            written = size is not None and _write_matte(out / "mattes" / name, name, row, size)
            mattes += written
            if size is not None and not written:
                found.faults.append(f"the mask of {name} on frame {row.get('frame')} is damaged")
    values["faults"] = found.faults
    with whole(out / "project.json") as part:
        part.write_text(json.dumps(values, indent=1) + "\n", "utf-8")
    print(f"Wrote {out / 'project.json'}, {masks} masks and {mattes} mattes.")
    for fault in found.faults:
        print(f"Could not be read: {fault}.")


def _size(values: dict[str, Any]) -> tuple[int, int] | None:
    clip = values.get("clip")
    size = clip.get("size") if isinstance(clip, dict) else None
    good = isinstance(size, list) and len(size) == 2 and all(isinstance(n, int) for n in size)
    return (size[0], size[1]) if good and size and 0 < min(size) <= max(size) <= 16_384 else None


def _write_mask(folder: Path, name: str, row: dict[str, Any]) -> bool:
    if not isinstance(row.get("data"), bytes) or not isinstance(row.get("frame"), int):
        return False
    with plain_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with whole(folder / f"{name}.{frame_number(row['frame'])}.png") as part:
        part.write_bytes(row["data"])
    return True


def _write_matte(folder: Path, name: str, row: dict[str, Any], size: tuple[int, int]) -> bool:
    """The matte of a mask that makes one; False where it is damaged."""
    try:
        x0, y0, x1, y1 = (float(row[edge]) for edge in ("x0", "y0", "x1", "y1"))
        shape = checked_shape(row["data"])
        window = checked_window((x0, y0, x1, y1), size, shape)
        mask = Mask(row["data"], shape, window, None, "", 0.0)
        alpha = coverage(upsample(mask, size))
    except (MaskError, KeyError, TypeError, ValueError, ArithmeticError):
        return False
    with plain_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    writer = WRITERS["png8"]
    write_whole(writer, folder / f"{name}.{frame_number(row['frame'])}{writer.suffix}", alpha)
    return True
