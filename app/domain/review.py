"""What the artist should look at: masks that may be wrong, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from app.domain.project import Layer, LayerId

SUSPECT = 0.5  # the doubt from which on a frame is suspect; calibrated, see models/review.py

SENTENCES: Mapping[str, str] = {
    "score": "The model is unsure",
    "covered": "Leaves out a like part",
    "area": "The size leaps",
    "jump": "It jumps",
    "edge": "Too fine for the model",
    "lost": "It has vanished",
}


class Suspect(NamedTuple):
    """A frame of a layer to look at."""

    doubt: float  # 0..1
    layer: LayerId
    frame: int
    reason: str  # a short code


def sentence(reason: str) -> str:
    """Why a mask is doubtful, as the artist reads it; codes of later versions are not known."""
    return SENTENCES.get(reason, "It may be wrong")


def is_suspect(layer: Layer, frame: int) -> bool:
    """Whether the mask on `frame` should be looked at; not where the artist has said what is so."""
    mask = layer.masks.get(frame)
    if mask is None or mask.doubt < SUSPECT:
        return False
    return not (layer.locked or frame in layer.locks or frame in layer.prompts)


def suspects(layer: Layer) -> tuple[int, ...]:
    """The suspect frames of a layer, ascending."""
    doubtful = (frame for frame, mask in layer.masks.items() if mask.doubt >= SUSPECT)
    return tuple(sorted(frame for frame in doubtful if is_suspect(layer, frame)))


class Review:
    """The suspect frames of project after project: a layer that is the same is not read again."""

    def __init__(self) -> None:
        self._known: dict[LayerId, tuple[Layer, tuple[Suspect, ...]]] = {}

    def of(self, layer: Layer) -> tuple[Suspect, ...]:
        """Those of a layer, by frame."""
        known = self._known.get(layer.id)
        if known is None or known[0] is not layer:
            known = self._known[layer.id] = layer, tuple(_suspects(layer))
        return known[1]

    def ranked(self, layers: Iterable[Layer]) -> list[Suspect]:
        """Those of all layers, the most doubtful first; of like doubt in the order of time."""
        layers = list(layers)
        ids = {layer.id for layer in layers}
        self._known = {key: known for key, known in self._known.items() if key in ids}
        found = [suspect for layer in layers for suspect in self.of(layer)]
        return sorted(found, key=lambda suspect: -round(suspect.doubt, 1))


def _suspects(layer: Layer) -> Iterator[Suspect]:
    for frame in suspects(layer):
        mask = layer.masks[frame]
        yield Suspect(mask.doubt, layer.id, frame, mask.reason)
