"""`rotocel models convert`, and `verify` against the original: what needs PyTorch."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from argparse import Namespace
from pathlib import Path
from types import ModuleType

from app.cli_progress import telling
from app.cli_words import CommandError, Parser, UsageError
from app.settings import Settings
from models.pack import MANIFEST

SAM2 = ("tiny", "small", "base+", "large")
FAMILIES = {  # and their variants, the default first
    "sam2.1": SAM2,
    "sam2": SAM2,
    "edgetam": ("repvit-m1",),
    "efficienttam": ("ti", "ti_1", "ti_2", "s", "s_1", "s_2"),
}
SIZES = (512, 768, 1024)
PRECISIONS = ("fp32", "fp16-weights", "int8-encoder")


def add_convert_arguments(parser: Parser) -> None:
    """Describe `convert`."""
    weights = parser.add_mutually_exclusive_group(required=True)
    weights.add_argument(
        "--checkpoint", type=Path, metavar="FILE", help="the weights as published, e.g. .pt"
    )
    weights.add_argument(
        "--random",
        type=int,
        nargs="?",
        const=-1,
        metavar="SEED",
        help="random weights in place of a checkpoint, to test with",
    )
    parser.add_argument("--family", choices=FAMILIES, default="sam2.1", help="default: sam2.1")
    parser.add_argument("--variant", help="default: the first of the family, as tiny")
    parser.add_argument(
        "--size",
        type=int,
        choices=SIZES,
        default=1024,
        help="side of the square the model sees: smaller is quicker and coarser (default: 1024)",
    )
    parser.add_argument(
        "--precision",
        choices=PRECISIONS,
        default="fp32",
        help="smaller graphs; what they lose is measured and written down (default: fp32)",
    )
    add_package(parser)
    parser.add_argument("--trust", action="store_true", help="take a checkpoint of unknown hash")
    parser.add_argument("--out", type=Path, required=True, metavar="PACK", help="a new folder")


def add_package(parser: Parser) -> None:
    """Describe `--package`."""
    parser.add_argument(
        "--package",
        type=Path,
        metavar="FOLDER",
        help="where the original is installed, for families other than SAM 2",
    )


def run_convert(chosen: Namespace, _: Settings) -> int:
    """Write a pack. Raises CommandError or UsageError."""
    variants = FAMILIES[chosen.family]
    if chosen.variant not in {None, *variants}:
        raise UsageError(f"variants of {chosen.family} are {', '.join(variants)}")
    if chosen.random is not None and chosen.random < -1:
        raise UsageError("a seed is a whole number from 0")
    _look_at_files(chosen)
    with telling(0) as tell:
        tell("Loading PyTorch")
        convert = tools(chosen.package)
    seeded = {} if chosen.random in {None, -1} else {"seed": chosen.random}
    original = convert.Original(
        chosen.family,
        chosen.variant or variants[0],
        chosen.size,
        checkpoint=chosen.checkpoint,
        trusted=chosen.trust,
        **seeded,
    )
    try:
        with telling(0) as tell:
            name = convert.write(original, chosen.out, chosen.precision, tell)
    except convert.ConversionError as e:
        raise CommandError(str(e)) from e
    print(f"{chosen.out} holds the model {name}.")
    print(f"`rotocel models install {chosen.out}` puts it among yours.")
    return 0


def _look_at_files(chosen: Namespace) -> None:
    """Find out what is in the way before PyTorch is loaded. Raises CommandError."""
    out, checkpoint = chosen.out, chosen.checkpoint
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise CommandError(f"{out} is there already; name another folder with --out.")
    place = next(folder for folder in (out, *out.absolute().parents) if folder.exists())
    if not os.access(place, os.W_OK):
        raise CommandError(f"{place} may not be written to; name another folder with --out.")
    if checkpoint is not None and not checkpoint.is_file():
        raise CommandError(f"{checkpoint} is not a file; check the path of the checkpoint.")


def compare(folder: Path, checkpoint: Path | None, package: Path | None = None) -> int:
    """Hold a pack against its original and print the differences; 1 where they are too large.

    `package` is the folder of the original's package, for families other than SAM 2.
    """
    convert = tools(package)
    try:
        with telling() as tell:
            report = convert.compare(folder, checkpoint, tell)
    except convert.ConversionError as e:
        raise CommandError(str(e)) from e
    print("\n".join(report.lines()))
    print("It is equal to its original." if report.is_equal else "It differs from its original.")
    return 0 if report.is_equal else 1


def can_compare(folder: Path) -> bool:
    """Whether the original can be made again: a SAM 2 of a seed, and PyTorch is here."""
    if importlib.util.find_spec("torch") is None or importlib.util.find_spec("sam2") is None:
        return False
    said = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    provenance = said.get("provenance")
    if not isinstance(provenance, dict):
        return False
    return "random" in provenance and FAMILIES.get(str(provenance.get("family"))) is SAM2


def tools(package: Path | None = None) -> ModuleType:
    """The conversion tools, with the original in the folder `package`.

    Raises CommandError where they, PyTorch or the original are not installed.
    """
    try:
        if package is not None:
            from models.convert.packages import use  # noqa: PLC0415 - before anything imports sam2

            use(package)
        from models.convert import command  # noqa: PLC0415 - PyTorch takes a second to load
    except OSError as e:
        raise CommandError(str(e)) from e
    except ImportError as e:
        what = "this program" if getattr(sys, "frozen", False) else "this installation"
        raise CommandError(
            f"Converting needs PyTorch and sam2, which {what} has not ({e.name} is missing): "
            "get Rotocel with `pip install rotocel[cpu,convert]`."
        ) from e
    module: ModuleType = command
    return module
