"""How the review is measured: rates, fits without a sequence, and the command itself."""

from __future__ import annotations

import json
import math
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.__main__ import main
from app.cli_evaluate_review import Told
from app.evaluate_review import BAD, STARTS, Judged, fitted, left_out, rate
from models.review import WEIGHTS

BADS = np.array([True, True, True, True, False, False, False])
DOUBTS = np.array([0.9, 0.8, 0.6, 0.2, 0.7, 0.1, 0.0])


def masks(sequence: str, count: int, seed: int) -> list[Judged]:
    """Masks of which the first signal tells the bad from the good, and the others nothing."""
    noise = np.random.default_rng(seed)
    found = []
    for frame in range(count):
        bad = frame % 3 == 0
        signals = (0.5 if bad else 0.1, *noise.uniform(0, 0.1, len(WEIGHTS) - 1))
        iou = BAD - 0.1 if bad else BAD
        start = list(STARTS)[frame % len(STARTS)]
        found.append(Judged(sequence, start, frame, iou, 0.6 if bad else 0.2, "score", signals))
    return found


@pytest.mark.parametrize(
    ("threshold", "recall", "flagged"), [(0.5, 0.75, 1 / 3), (0.0, 1, 1), (0.95, 0, 0)]
)
def test_a_rate_counts_bad_and_good_masks_apart(
    threshold: float, recall: float, flagged: float
) -> None:
    assert rate(BADS, DOUBTS, threshold) == pytest.approx((recall, flagged))


def test_of_nothing_there_is_no_rate() -> None:
    assert math.isnan(rate(BADS[:4], DOUBTS[:4], 0.5).flagged)


def test_a_fit_finds_the_signal_that_tells_and_none_speaks_for_a_mask() -> None:
    known = masks("a", 60, 1)
    signals, bad = np.array([mask.signals for mask in known]), np.array([m.is_bad for m in known])
    fit = fitted(signals, bad)
    assert (fit.factors >= 0).all()
    assert fit.factors[0] * 0.4 > 2 * max(fit.factors[1:] * 0.1)
    assert rate(bad, fit.doubts(signals), 0.5) == (1, 0)
    backwards = fitted(signals, ~bad)
    assert backwards.factors[0] == 0


def test_a_sequence_is_judged_by_the_others() -> None:
    odd = [
        Judged("odd", "truth", 0, 1 - mask.iou, 0.0, "", mask.signals) for mask in masks("", 30, 2)
    ]
    known = [*masks("a", 30, 3), *masks("b", 30, 4), *odd]
    doubts = left_out(known)
    own = np.array([mask.sequence == "odd" for mask in known])
    high = np.array([mask.signals[0] > 0.3 for mask in known])
    assert ((doubts[own] >= 0.5) == high[own]).all(), "as the others have it"


def test_it_is_told_as_tables_and_as_values() -> None:
    told = Told([*masks("a", 30, 3), *masks("b", 30, 4)])
    lines = list(told.lines())
    assert lines[0] == "60 propagated masks, 20 of them bad (IoU below 0.75)."
    assert "| 0.5 (suspect) | 1.000 | 0.000 | 1.000 | 0.000 |" in lines
    assert "| a | 10 | 1.000 | 20 | 0.000 | 1.000 | 0.000 |" in lines
    values = told.values()
    assert values["fit"]["factors"].keys() == WEIGHTS.keys()
    assert len(values["masks"]) == 60
    assert json.loads(json.dumps(values, allow_nan=False)) == values


def test_one_sequence_alone_is_told_without_fits() -> None:
    values = Told([mask for mask in masks("a", 30, 3) if not mask.is_bad]).values()
    assert values["fit"] is None
    assert values["curve"][0]["rule"]["recall"] is None
    json.dumps(values, allow_nan=False)


def test_the_command_follows_a_square(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for kind in ("frames", "masks"):
        (tmp_path / "square" / kind).mkdir(parents=True)
        (tmp_path / "nothing" / kind).mkdir(parents=True)  # left out, or it would be an error
        cv2.imwrite(str(tmp_path / f"nothing/{kind}/00000.png"), np.zeros((9, 9), np.uint8))
    noise = np.random.default_rng(0).integers(60, 90, (120, 160, 3), np.uint8)
    for frame in range(3):
        inside = np.zeros((120, 160), np.uint8)
        inside[40:80, 40 + 5 * frame : 80 + 5 * frame] = 255
        picture = np.where(inside[..., None] > 0, np.uint8(220), noise)
        cv2.imwrite(str(tmp_path / f"square/frames/{frame:05}.png"), picture)
        cv2.imwrite(str(tmp_path / f"square/masks/{frame:05}.png"), inside)
    out = tmp_path / "review.json"
    command = ["evaluate", "review", "--sets", str(tmp_path), "--json", str(out), "--only"]
    assert main([*command, "circle"]) == 2
    assert "There is no sequence called circle." in capsys.readouterr().err
    assert main([*command, "square"]) == 0
    assert "propagated masks" in capsys.readouterr().out
    told = json.loads(out.read_text("utf-8"))
    assert {mask["start"] for mask in told["masks"]} <= set(STARTS)
    assert max(mask["doubt"] for mask in told["masks"]) < 0.5
