"""`rotocel models convert`, and `verify` against the original: what needs PyTorch."""

from __future__ import annotations

import importlib.util
import json
import sys
from argparse import Namespace
from pathlib import Path
from types import ModuleType

from app.cli_words import CommandError, Parser, UsageError
from app.settings import Settings
from models.library import MANIFEST

FAMILIES = ("sam2.1", "sam2")
VARIANTS = ("tiny", "small", "base+", "large")
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
    parser.add_argument("--variant", choices=VARIANTS, default="tiny", help="default: tiny")
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
    parser.add_argument("--trust", action="store_true", help="take a checkpoint of unknown hash")
    parser.add_argument("--out", type=Path, required=True, metavar="PACK", help="a new folder")


def run_convert(chosen: Namespace, _: Settings) -> int:
    """Write a pack. Raises CommandError or UsageError."""
    if chosen.random is not None and chosen.random < -1:
        raise UsageError("a seed is a whole number from 0")
    convert = tools()
    seeded = {} if chosen.random in {None, -1} else {"seed": chosen.random}
    original = convert.Original(
        chosen.family,
        chosen.variant,
        chosen.size,
        checkpoint=chosen.checkpoint,
        trusted=chosen.trust,
        **seeded,
    )
    try:
        name = convert.write(original, chosen.out, chosen.precision)
    except convert.ConversionError as e:
        raise CommandError(str(e)) from e
    print(f"{chosen.out} holds the model {name}.")
    print(f"`rotocel models install {chosen.out}` puts it among yours.")
    return 0


def compare(folder: Path, checkpoint: Path | None) -> int:
    """Hold a pack against its original and print the differences; 1 where they are too large."""
    convert = tools()
    try:
        report = convert.compare(folder, checkpoint, lambda line: print(f"{line} ...", flush=True))
    except convert.ConversionError as e:
        raise CommandError(str(e)) from e
    print("\n".join(report.lines()))
    print("It is equal to its original." if report.is_equal else "It differs from its original.")
    return 0 if report.is_equal else 1


def can_compare(folder: Path) -> bool:
    """Whether the original can be made again: the pack is of a seed, and PyTorch is here."""
    if importlib.util.find_spec("torch") is None or importlib.util.find_spec("sam2") is None:
        return False
    said = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    provenance = said.get("provenance")
    return isinstance(provenance, dict) and "random" in provenance


def tools() -> ModuleType:
    """The conversion tools. Raises CommandError where they, or PyTorch, are not installed."""
    try:
        from models.convert import command  # noqa: PLC0415 - PyTorch takes a second to load
    except ImportError as e:
        what = "this program" if getattr(sys, "frozen", False) else "this installation"
        raise CommandError(
            f"Converting needs PyTorch and sam2, which {what} has not ({e.name} is missing): "
            "get Rotocel with `pip install rotocel[cpu,convert]`."
        ) from e
    module: ModuleType = command
    return module
