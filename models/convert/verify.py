"""Is a pack equal to the original it comes from? Graph by graph, then clicks and tracking."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from models.base import ModelError
from models.convert.families import family_of
from models.convert.original import ConversionError, Original
from models.convert.parity import Difference, Go, Points, Whole, end_to_end, frames
from models.convert.parity_graphs import per_graph
from models.library import load
from models.ort import Runtime
from models.pack import Pack
from models.sam2 import Sam2
from models.tracking import TrackOptions

MOST_GRAPH = 1e-4  # the largest difference of any value of any graph
MOST_WHOLE = 2e-3  # and of a logit after clicks, tracking, corrections
MOST_FLIPPED = 2  # pixels of a mask

SIZE = (320, 180)  # of the made-up frames, (width, height)
COUNT = 10
# Three layers: clicks, a box, clicks and a mask; one is told to be absent. Forward, corrections,
# forward again from the correction, and back.
SCENARIO = (
    Points("a", 0, [(60, 90)], [1]),
    Points("b", 0, [(100, 60), (20, 20)], [1, 0]),
    Points("b", 0, [(100, 60), (20, 20), (150, 100)], [1, 0, 1]),
    Points("c", 0, [], [], (30, 40, 120, 150)),
    Whole("b", 4, (100, 80), 40),
    Whole("c", 3, (0, 0), 0),
    Go(0, 9),
    Points("a", 5, [(80, 90)], [1]),
    Points("a", 5, [(80, 90), (10, 10)], [1, 0]),
    Go(5, 9),
    Go(7, 0),
)
# what the original cannot answer on the CPU is left out: a frame whose only keyframes lie ahead


class Report(NamedTuple):
    """What was found."""

    graphs: Mapping[str, float]  # the largest difference, by file name
    answers: list[Difference]

    @property
    def is_equal(self) -> bool:
        """Whether every difference is within the limits of this module."""
        return all(largest < MOST_GRAPH for largest in self.graphs.values()) and all(
            answer.largest < MOST_WHOLE and answer.flipped <= MOST_FLIPPED
            for answer in self.answers
        )

    def lines(self) -> Iterator[str]:
        """The report as text."""
        for name, largest in self.graphs.items():
            yield f"{name:14} largest difference {largest:.1e}"
        worst = max(self.answers, key=lambda answer: answer.largest)
        flipped = max(answer.flipped for answer in self.answers)
        absent = sum(answer.absent for answer in self.answers)
        magnitude = sum(answer.magnitude for answer in self.answers) / len(self.answers)
        yield (
            f"{len(self.answers)} answers ({absent} of them: not there), logits of mean size "
            f"{magnitude:.1f}: largest difference {worst.largest:.1e} ({worst.what}), "
            f"at most {flipped} pixels flipped in a mask"
        )


def original_of(pack: Pack, checkpoint: Path | None = None) -> Original:
    """The original that `pack` says it comes from. Raises ConversionError.

    Packs of random weights can be made again from their seed; others need the `checkpoint`.
    """
    path = pack.folder / "model.json"
    said = json.loads(path.read_text(encoding="utf-8")).get("provenance")
    if not isinstance(said, dict) or not {"family", "variant"} <= said.keys():
        raise ConversionError(f"{path} does not say which original it comes from.")
    original = Original(str(said["family"]), str(said["variant"]), pack.size)
    if checkpoint is not None:
        return replace(original, checkpoint=checkpoint, trusted=True)
    if type(said.get("random")) is not int:
        raise ConversionError(
            f"{path} comes from a checkpoint: give --against {said.get('checkpoint')}."
        )
    return replace(original, seed=said["random"])


def verify(pack: Pack, original: Original, tell: Callable[[str], None] = lambda _: None) -> Report:
    """Hold `pack` against `original`. Raises ConversionError or ModelError."""
    model = load(pack, Runtime("cpu"))
    if not isinstance(model, Sam2):
        raise ModelError(f"{pack.folder} holds a {pack.family} model, which has no original here.")
    build = family_of(original.family).build
    graphs = per_graph(build(original), model, tell)
    options = TrackOptions()
    answers = end_to_end(build(original), model, frames(COUNT, SIZE), SCENARIO, options, tell)
    return Report(graphs, answers)
