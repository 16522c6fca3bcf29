"""`rotocel evaluate tracking`: how well objects are followed, beside simpler ways to do it."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import Any

from app.cli_footage import add_footage, add_only, chosen_footage
from app.cli_progress import telling
from app.cli_results import add_json, check_writable, write_json
from app.cli_words import Parser, UsageError
from app.davis import Scores, mean
from app.evaluate_tracking import Way, read_footage, score, ways
from app.headless import load_model
from app.settings import Settings


def add_arguments(parser: Parser) -> None:
    """Describe the command."""
    add_footage(parser)
    add_only(parser)
    parser.add_argument(
        "--ways", nargs="+", metavar="WAY", help=f"of {', '.join(repr(way.name) for way in ways())}"
    )
    add_json(parser, "every score")


def run(chosen: Namespace, settings: Settings) -> int:
    """Print the table of J&F. Raises UsageError, EvaluationError, ModelError."""
    used = [way for way in ways() if not chosen.ways or way.name in chosen.ways]
    unknown = set(chosen.ways or ()) - {way.name for way in used}
    if unknown:
        raise UsageError(f"There is no way called {min(unknown)}.")
    footages = chosen_footage(chosen)
    check_writable(chosen.json)
    model = load_model(settings, chosen.pack)
    scores: dict[str, dict[str, Scores]] = {way.name: {} for way in used}
    with telling(0) as tell:
        for name, folders in footages.items():
            tell(f"{name}: encoding")
            footage = read_footage(folders, model)
            for way in used:
                tell(f"{name}: {way.what}")
                scores[way.name][name] = score(way, footage)
    print(table(used, scores))
    if chosen.json:
        write_json(chosen.json, {"model": model.info.id} | values(used, scores))
    return 0


def table(used: Sequence[Way], scores: Mapping[str, Mapping[str, Scores]]) -> str:
    """A Markdown table of J&F: a row for each way, a column for each sequence and their mean."""
    names = list(scores[used[0].name])
    lines = [f"| J&F | {' | '.join(names)} | mean |", "|---" * (len(names) + 2) + "|"]
    for way in used:
        cells = [f"{scores[way.name][name].jf:.3f}" for name in names]
        whole = mean(list(scores[way.name].values())).jf
        lines.append(f"| {way.what} | {' | '.join(cells)} | {whole:.3f} |")
    return "\n".join(lines)


def values(used: Sequence[Way], scores: Mapping[str, Mapping[str, Scores]]) -> dict[str, Any]:
    """The scores as JSON values, by way and sequence."""
    told: dict[str, Any] = {}
    for way in used:
        rows = {name: _three(found) for name, found in scores[way.name].items()}
        whole = _three(mean(list(scores[way.name].values())))
        told[way.name] = {"what": way.what, "sequences": rows, "mean": whole}
    return {"ways": told}


def _three(scores: Scores) -> dict[str, float]:
    return {"J": scores.j, "F": scores.f, "J&F": scores.jf}
