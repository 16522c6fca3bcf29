"""`rotocel evaluate review`: how well suspect frames are told from good ones."""

from __future__ import annotations

import math
from argparse import Namespace
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from app.cli_footage import add_footage, add_only, chosen_footage
from app.cli_progress import telling
from app.cli_results import add_json, check_writable, write_json
from app.cli_words import Parser
from app.domain.review import SUSPECT
from app.evaluate import Bits, EvaluationError
from app.evaluate_review import (
    BAD,
    STARTS,
    THRESHOLDS,
    Judged,
    Rate,
    bad_of,
    fitted,
    judged,
    left_out,
    rate,
)
from app.evaluate_tracking import read_footage
from app.headless import load_model
from app.settings import Settings
from models.review import WEIGHTS


def add_arguments(parser: Parser) -> None:
    """Describe the command."""
    add_footage(parser)
    add_only(parser)
    add_json(parser, "every mask")


def run(chosen: Namespace, settings: Settings) -> int:
    """Print the curve. Raises UsageError, EvaluationError, ModelError."""
    footages = chosen_footage(chosen)
    check_writable(chosen.json)
    model = load_model(settings, chosen.pack)
    masks: list[Judged] = []
    with telling(0) as tell:
        for name, folders in footages.items():
            tell(f"{name}: encoding")
            footage = read_footage(folders, model)
            for start in STARTS:
                tell(f"{name}: {start}")
                masks += judged(footage, start)
    if not masks:
        raise EvaluationError(f"{chosen.sets} holds no sequence of two frames or more.")
    told = Told(masks)
    print(*told.lines(), sep="\n")
    if chosen.json:
        write_json(chosen.json, {"model": model.info.id} | told.values())
    return 0


class Told:
    """The result, for people or for programs."""

    def __init__(self, masks: Sequence[Judged]) -> None:
        self._masks = masks
        self._bad = bad_of(masks)
        self._doubts = np.array([mask.doubt for mask in masks])
        several = len({mask.sequence for mask in masks}) > 1
        self._left_out = left_out(masks) if several else None

    def lines(self) -> Iterator[str]:
        """As Markdown tables."""
        yield f"{len(self._bad)} propagated masks, {self._bad.sum()} of them bad (IoU below {BAD})."
        yield ""
        yield "| threshold | bad found | good flagged | bad, left out | good, left out |"
        yield "|---|---|---|---|---|"
        for threshold, rule, other in self._curve():
            mark = " (suspect)" if threshold == SUSPECT else ""
            yield f"| {threshold}{mark} | {_cells(rule)} | {_cells(other)} |"
        yield ""
        yield f"| at {SUSPECT} | bad | found | good | flagged | found, left out | flagged |"
        yield "|---|---|---|---|---|---|---|"
        for name, rows in self._parts():
            bad, doubts = self._bad[rows], self._doubts[rows]
            rule, other = rate(bad, doubts, SUSPECT), self._other(rows)
            cells = f"{bad.sum()} | {_cell(rule.recall)} | {(~bad).sum()} | {_cell(rule.flagged)}"
            yield f"| {name} | {cells} | {_cells(other)} |"

    def values(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "curve": [
                {"threshold": threshold, "rule": _shares(rule), "left_out": _shares(other)}
                for threshold, rule, other in self._curve()
            ],
            "fit": self._fit() if 0 < self._bad.sum() < len(self._bad) else None,
            "masks": [
                {
                    "sequence": mask.sequence,
                    "start": mask.start,
                    "frame": mask.frame,
                    "iou": mask.iou,
                    "doubt": mask.doubt,
                    "reason": mask.reason,
                    "signals": dict(zip(WEIGHTS, mask.signals, strict=True)),
                }
                for mask in self._masks
            ],
        }

    def _fit(self) -> dict[str, Any]:
        """What the weights of the rule would be by these masks."""
        signals = np.array([mask.signals for mask in self._masks])
        fit, usual = fitted(signals, self._bad), signals[~self._bad].mean(axis=0)
        return {
            "factors": dict(zip(WEIGHTS, map(float, fit.factors), strict=True)),
            "usual": dict(zip(WEIGHTS, map(float, usual), strict=True)),
            "base": fit.base + float(usual @ fit.factors),
        }

    def _curve(self) -> Iterator[tuple[float, Rate, Rate]]:
        everything = np.ones(len(self._bad), bool)
        for threshold in THRESHOLDS:
            rule = rate(self._bad, self._doubts, threshold)
            yield threshold, rule, self._other(everything, threshold)

    def _parts(self) -> Iterator[tuple[str, Bits]]:
        """The masks by where they come from, then by what they were tracked from."""
        for name in dict.fromkeys(mask.sequence for mask in self._masks):
            yield name, np.array([mask.sequence == name for mask in self._masks])
        for name in STARTS:
            yield f"from {name}", np.array([mask.start == name for mask in self._masks])

    def _other(self, rows: Bits, threshold: float = SUSPECT) -> Rate:
        if self._left_out is None:
            return Rate(math.nan, math.nan)
        return rate(self._bad[rows], self._left_out[rows], threshold)


def _cells(found: Rate) -> str:
    return " | ".join(map(_cell, found))


def _cell(share: float) -> str:
    return "-" if math.isnan(share) else f"{share:.3f}"


def _shares(found: Rate) -> dict[str, float | None]:
    return {key: None if math.isnan(v) else v for key, v in found._asdict().items()}
