"""`rotocel evaluate`: the ways to measure how good masks are."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import NamedTuple

from app import (
    cli_evaluate_clicks,
    cli_evaluate_coco,
    cli_evaluate_fixes,
    cli_evaluate_jf,
    cli_evaluate_review,
    cli_evaluate_tracking,
)
from app.cli_words import Parser, described
from app.settings import Settings


class Protocol(NamedTuple):
    """A way to measure: what it tells, its arguments, and what runs."""

    what: str
    add_arguments: Callable[[Parser], None]
    run: Callable[[argparse.Namespace, Settings], int]


PROTOCOLS: Mapping[str, Protocol] = {
    "clicks": Protocol(
        "how many clicks a model needs, by simulated corrections",
        cli_evaluate_clicks.add_arguments,
        cli_evaluate_clicks.run,
    ),
    "coco": Protocol(
        "how well a model and its original answer points on objects of a COCO folder",
        cli_evaluate_coco.add_arguments,
        cli_evaluate_coco.run,
    ),
    "jf": Protocol(
        "how well masks of sequences fit the truth: DAVIS J, F and J&F",
        cli_evaluate_jf.add_arguments,
        lambda chosen, _: cli_evaluate_jf.run(chosen),
    ),
    "review": Protocol(
        "how well suspect frames are told from good ones",
        cli_evaluate_review.add_arguments,
        cli_evaluate_review.run,
    ),
    "tracking": Protocol(
        "how well objects are followed, beside simpler ways to do it",
        cli_evaluate_tracking.add_arguments,
        cli_evaluate_tracking.run,
    ),
    "fixes": Protocol(
        "what a fix costs, carried outward or with all tracked anew",
        cli_evaluate_fixes.add_arguments,
        cli_evaluate_fixes.run,
    ),
}


def add_arguments(parser: Parser) -> None:
    """Describe the command and its protocols."""
    table = parser.add_subparsers(dest="what", required=True, metavar="|".join(PROTOCOLS))
    for name, protocol in PROTOCOLS.items():
        own = table.add_parser(name, help=protocol.what, description=described(protocol.what))
        protocol.add_arguments(own)


def run(chosen: argparse.Namespace, settings: Settings) -> int:
    """Run the protocol asked for. Raises UsageError, CommandError, EvaluationError, ModelError."""
    return PROTOCOLS[chosen.what].run(chosen, settings)
