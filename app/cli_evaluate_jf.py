"""`rotocel evaluate jf`: the DAVIS measures of masks on the disk."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from app.cli_progress import telling
from app.cli_results import add_json, check_writable, write_json
from app.cli_words import Parser
from app.davis import Scores, mean
from app.evaluate_jf import Rules, find_sequences, overall, score_all


def add_arguments(parser: Parser) -> None:
    """Describe the command."""
    parser.add_argument("truth", type=Path, metavar="TRUTH", help="folder of sequences, or one")
    parser.add_argument("pred", type=Path, metavar="PRED", help="the masks to score, named alike")
    parser.add_argument(
        "--skip-ends", action="store_true", help="leave out the first and the last frame"
    )
    parser.add_argument(
        "--missing-empty", action="store_true", help="a missing mask counts as an empty one"
    )
    parser.add_argument("--ids", action="store_true", help="grey masks hold object numbers")
    add_json(parser, "every object's scores")


def run(chosen: Namespace) -> int:
    """Print the table of scores. Raises EvaluationError, CommandError."""
    rules = Rules(chosen.skip_ends, chosen.missing_empty, chosen.ids)
    check_writable(chosen.json)
    sequences = find_sequences(chosen.truth, chosen.pred)
    with telling() as tell:
        found = score_all(sequences, rules, tell)
    skipped = [sequence.name for sequence in sequences if sequence.name not in found]
    _tell_skipped(skipped)
    print(table(found))
    if chosen.json:
        write_json(chosen.json, values(found) | {"skipped": skipped})
    return 0


def _tell_skipped(names: Sequence[str]) -> None:
    if names and sys.stderr is not None:  # as in a windowed program on Windows
        sys.stderr.write(f"rotocel: not in the mean, without a true object: {', '.join(names)}.\n")


def table(found: Mapping[str, Mapping[int, Scores]]) -> str:
    """A Markdown table: a row for each sequence, the last the mean over all objects."""
    lines = ["| sequence | objects | J | F | J&F |", "|---|---|---|---|---|"]
    for name, objects in found.items():
        lines.append(_row(name, len(objects), mean(list(objects.values()))))
    count = sum(map(len, found.values()))
    return "\n".join([*lines, _row("mean", count, overall(found))])


def values(found: Mapping[str, Mapping[int, Scores]]) -> dict[str, Any]:
    """The scores as JSON values; an object's are [J, F]."""
    told: dict[str, Any] = {}
    for name, objects in found.items():
        by_id = {str(one): [scores.j, scores.f] for one, scores in objects.items()}
        told[name] = _three(mean(list(objects.values()))) | {"objects": by_id}
    return told | {"mean": _three(overall(found))}


def _row(name: str, objects: int, scores: Scores) -> str:
    return f"| {name} | {objects} | {scores.j:.4f} | {scores.f:.4f} | {scores.jf:.4f} |"


def _three(scores: Scores) -> dict[str, float]:
    return {"J": scores.j, "F": scores.f, "J&F": scores.jf}
