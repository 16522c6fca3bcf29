"""`rotocel models`: what models there are, and how to get, check and lose them.

SUBCOMMANDS is the table of what can be done; a new one is a row and a module.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from typing import NamedTuple

from app import cli_models_convert, cli_models_get, cli_models_tell
from app.cli_words import Parser, described
from app.settings import Settings


class Subcommand(NamedTuple):
    """What it does in a few words, its arguments, and what runs."""

    what: str
    add_arguments: Callable[[Parser], None]
    run: Callable[[Namespace, Settings], int]


SUBCOMMANDS = {
    "list": Subcommand(
        "say which models are installed, and which can be had",
        cli_models_tell.add_list_arguments,
        cli_models_tell.run_list,
    ),
    "recommend": Subcommand(
        "measure this machine for a few seconds and say which model suits it",
        cli_models_tell.add_recommend_arguments,
        cli_models_tell.run_recommend,
    ),
    "download": Subcommand(
        "fetch a model of the catalogue, its licence shown first",
        cli_models_get.add_download_arguments,
        cli_models_get.run_download,
    ),
    "install": Subcommand(
        "install a model from a folder or a zip",
        cli_models_get.add_install_arguments,
        cli_models_get.run_install,
    ),
    "use": Subcommand(
        "choose the model that answers, here and in the window",
        cli_models_get.add_use_arguments,
        cli_models_get.run_use,
    ),
    "convert": Subcommand(
        "turn published weights into a model of ours; needs PyTorch",
        cli_models_convert.add_convert_arguments,
        cli_models_convert.run_convert,
    ),
    "verify": Subcommand(
        "check every file of a model and try it",
        cli_models_tell.add_verify_arguments,
        cli_models_tell.run_verify,
    ),
    "remove": Subcommand(
        "delete an installed model, or what was downloaded",
        cli_models_get.add_remove_arguments,
        cli_models_get.run_remove,
    ),
}


def add_arguments(parser: Parser) -> None:
    """Describe the command."""
    table = parser.add_subparsers(dest="subcommand", metavar="WHAT", required=True)
    for name, sub in SUBCOMMANDS.items():
        sub.add_arguments(table.add_parser(name, help=sub.what, description=described(sub.what)))


def run(chosen: Namespace, settings: Settings) -> int:
    """Run the subcommand; returns the exit code. Raises CommandError, UsageError, ModelError."""
    return SUBCOMMANDS[chosen.subcommand].run(chosen, settings)
