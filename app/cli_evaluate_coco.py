"""`rotocel evaluate coco`."""

from __future__ import annotations
from argparse import Namespace
from app.cli_words import Parser
from app.settings import Settings


def add_arguments(parser: Parser) -> None:
    """Describe."""


def run(chosen: Namespace, settings: Settings) -> int:
    """Run."""
    return 0
