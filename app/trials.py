"""What each part of the answer policy gains, by simulated clicks.

    python -m app.trials ../shared/data [--clicks N] [--pack FOLDER]

prints the table of models/README.md. Frames are encoded once and played under every policy.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from app.evaluate import AT, GIVEN, Folders, find_sets, run_clicks, summary
from models.answer import Answer, Answers, Decode, Question, Vote
from models.arrays import half
from models.base import CancelToken, Embedding, Logits, Model, ModelInfo, Prediction, Rgb8, Step
from models.library import load
from models.pack import read_pack
from models.sam1 import Sam1

PACK = Path(__file__).parents[1] / "resources" / "models" / "mobilesam"


class AsItComes:
    """The best of three by score at one point, the first mask later; own logits fed back."""

    def __init__(self, own_passes: int = 0) -> None:
        self._own_passes = own_passes

    def __call__(self, decode: Decode, question: Question) -> Answer:
        """The answer without any vote."""
        points, labels, prior = question.points, question.labels, question.prior
        decoded = decode(points, labels, prior)
        token = 1 + int(decoded.scores[1:].argmax()) if question.ambiguous else 0
        for _ in range(self._own_passes):
            decoded = decode(points, labels, half(decoded.masks[token]))
            token = 1 + int(decoded.scores[1:].argmax()) if question.ambiguous else 0
        return Answer(half(decoded.masks[token]), float(decoded.scores[token]))


class Best:
    """The mask of highest score at every step."""

    def __call__(self, decode: Decode, question: Question) -> Answer:
        """The answer by score alone."""
        decoded = decode(question.points, question.labels, question.prior)
        token = int(np.argmax(decoded.scores))
        return Answer(half(decoded.masks[token]), float(decoded.scores[token]))


TRIALS: Mapping[str, Answers] = {
    "as it comes": AsItComes(),
    "as it comes, one more pass on its own logits": AsItComes(own_passes=1),
    "best score at every step": Best(),
    "vote, the answer before unheard": Vote(continuity=0),
    "vote, every correction heard alike": Vote(doubt=0),
    "vote, half of the votes needed at one point": Vote(first=0.5),
    "vote, the first mask never favoured": Vote(sure=(1,)),
    "vote, one pass": Vote(passes=1),
    "vote (shipped)": Vote(),
}


class Remembering:
    """A model that encodes no picture twice; the policy can be changed."""

    def __init__(self, model: Sam1) -> None:
        self.model = model
        self._known: dict[bytes, Embedding] = {}

    @property
    def info(self) -> ModelInfo:
        """The model's."""
        return self.model.info

    def encode(self, rgb: Rgb8, cancel: CancelToken | None = None) -> Embedding:
        """The embedding, kept from the first time."""
        key = rgb[::16, ::16].tobytes()
        if key not in self._known:
            self._known[key] = self.model.encode(rgb, cancel)
        return self._known[key]

    def decode(
        self,
        embedding: Embedding,
        steps: Sequence[Step],
        prior: Logits | None = None,
        cancel: CancelToken | None = None,
    ) -> Prediction:
        """The model's answer under its present policy."""
        return self.model.decode(embedding, steps, prior, cancel)


def trial(
    model: Model, sets: Mapping[str, Sequence[Folders]], clicks: int
) -> dict[str, list[float]]:
    """The mean IoU after each number of clicks of AT, by set."""
    found: dict[str, list[float]] = {}
    for name, folders in sets.items():
        miou = summary(run_clicks(model, folders, clicks=clicks), clicks).miou
        found[name] = [miou[k] for k in AT if k <= clicks]
    return found


def row(title: str, found: Mapping[str, Sequence[float]]) -> str:
    """A line of the table: the mean over the sets, then each set."""
    means = np.mean([np.array(values) for values in found.values()], axis=0)
    cells = [means, *(found[name] for name in GIVEN)]
    return f"| {title} | {' | '.join(' '.join(f'{v:.3f}' for v in cell) for cell in cells)} |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table of all trials."""
    parser = argparse.ArgumentParser(description="Compare answer policies by simulated clicks.")
    parser.add_argument("data", type=Path, help="folder with the sets davis, grabcut, alpha, coco")
    parser.add_argument("--clicks", type=int, default=3)
    parser.add_argument("--pack", type=Path, default=PACK)
    chosen = parser.parse_args(arguments)
    model = load(read_pack(chosen.pack))
    assert isinstance(model, Sam1)
    remembering = Remembering(model)
    sets = find_sets(chosen.data)
    heading = "/".join(str(k) for k in AT if k <= chosen.clicks)
    print(f"| policy, after {heading} clicks | mean | {' | '.join(GIVEN)} |")  # noqa: T201
    print("|---" * (2 + len(GIVEN)) + "|", flush=True)  # noqa: T201
    for title, answers in TRIALS.items():
        remembering.model = model.answering_by(answers)
        print(row(title, trial(remembering, sets, chosen.clicks)), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
