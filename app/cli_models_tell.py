"""`rotocel models list, verify, recommend`: what tells and changes nothing."""

from __future__ import annotations

import json
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app import cli_models_convert
from app.cli_words import Parser
from app.model_shelf import Available, Contents, Installed, Shelf
from app.settings import Settings
from models.disk import amount


def add_catalogue(parser: Parser) -> None:
    """Describe the argument that names another catalogue."""
    parser.add_argument(
        "--catalogue",
        type=Path,
        metavar="FILE",
        help="a catalogue of your own (JSON) in place of the one that comes with Rotocel",
    )


def add_list_arguments(parser: Parser) -> None:
    """Describe `list`."""
    add_catalogue(parser)
    parser.add_argument("--json", action="store_true", help="print it as JSON")


def run_list(chosen: Namespace, settings: Settings) -> int:
    """Print all models; 1 where an installed one, or the catalogue, is damaged."""
    contents = Shelf(settings, chosen.catalogue).contents()
    if chosen.json:
        print(json.dumps(_values(contents), indent=1))
    else:
        print("\n".join(_lines(contents)))
    return 1 if contents.faults else 0


def add_verify_arguments(parser: Parser) -> None:
    """Describe `verify`."""
    parser.add_argument("pack", metavar="PACK", help="the id of an installed model, or a folder")
    parser.add_argument(
        "--against",
        type=Path,
        metavar="CHECKPOINT",
        help="compare with the original of these weights too, which needs PyTorch and minutes; "
        "models of random weights are compared with theirs whenever it is installed",
    )
    cli_models_convert.add_package(parser)


def run_verify(chosen: Namespace, settings: Settings) -> int:
    """Check a pack, and compare it with its original where that can be had.

    1 where the two differ. Raises CommandError or ModelError.
    """
    shelf = Shelf(settings)
    print(shelf.verify(chosen.pack), flush=True)
    folder = shelf.pack(chosen.pack).folder
    named = chosen.against is not None or chosen.package is not None
    if named or cli_models_convert.can_compare(folder):
        return cli_models_convert.compare(folder, chosen.against, chosen.package)
    return 0


def add_recommend_arguments(parser: Parser) -> None:
    """Describe `recommend`."""
    parser.add_argument("--json", action="store_true", help="print it as JSON")


def run_recommend(chosen: Namespace, settings: Settings) -> int:
    """Measure and print. Raises ModelError."""
    found = Shelf(settings).recommend()
    if chosen.json:
        values = asdict(found) | {"sentences": found.sentences}
        print(json.dumps(values, indent=1))
        return 0
    print("\n".join(found.sentences))
    print("\nEstimated for this machine (first click, further clicks, a tracked frame):")
    for item in found.estimates:
        track = "-" if item.track is None else f"{item.track:.2f} s"
        room = "" if item.fits else "   wants more memory than is free"
        times = f"{item.click:6.2f} s  {1000 * item.answer:5.0f} ms  {track:>8}"
        print(f"  {item.title:26}{times}{room}")
    print("`rotocel models list` says which of them can be had.")
    return 0


def _values(contents: Contents) -> dict[str, Any]:
    installed = [asdict(item) | {"folder": str(item.folder)} for item in contents.installed]
    available = [asdict(item) for item in contents.available]
    return {"installed": installed, "available": available, "faults": list(contents.faults)}


def _lines(contents: Contents) -> list[str]:
    lines = ["Installed:"]
    lines += [f"  {_installed(item)}" for item in contents.installed]
    lines += ["", "To be had (`rotocel models download ID`):"]
    for item in contents.available:
        lines += [f"  {_available(item)}", f"      {item.brings}"]
    if contents.faults:
        lines += ["", *contents.faults]
    return lines


def _installed(item: Installed) -> str:
    notes = [", ".join(item.supports)]
    notes += ["ships with Rotocel"] if item.bundled else []
    notes += ["in use"] if item.chosen else []
    return f"{item.id:28}{item.label}, {item.licence}, {amount(item.size)}; {'; '.join(notes)}"


def _available(item: Available) -> str:
    here = "; it is here" if item.here else ""
    return f"{item.id:28}{item.label}, {item.licence}, {amount(item.size)}, {item.kind}{here}"
