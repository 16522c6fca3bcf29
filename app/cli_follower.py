"""Handing the masks of a propagation to an export, in the order in which they come."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from app.cli_project import Typed
from app.cli_words import CommandError
from app.domain.archive import RECENT
from app.domain.mask import Mask, upsample
from app.domain.matte import coverage
from app.domain.project import LayerId
from app.propagate import EmbeddingSource, Lost, Propagated, Skipped, archives_of, propagate
from app.propagation import Propagation
from export.base import Alpha, FrameError
from export.job import ExportJob, Mode
from models.base import Model
from models.ort import Cancel
from models.tracking import Tracker

MEMORIES = 8  # held at least, a stride apart: no model here looks back at more


@dataclass(frozen=True, slots=True)
class Fact:
    """What is told of an answer; the mask itself is let go of, as a clip has many."""

    key: bool
    score: float
    presence: float
    encoder: float  # seconds
    tracker: float  # seconds

    @classmethod
    def of(cls, answer: Propagated) -> Fact:
        """The facts of one answer."""
        score, presence = answer.mask.score, answer.presence
        return cls(answer.is_key, score, presence, answer.encoder, answer.tracker)


@dataclass
class Follower:
    """Hands the masks to the export as it asks for them, which is in the order they come.

    A frame that is visited twice, as both ways may, is asked for as soon as it has come for all
    layers, so that little is lost when the work is stopped.
    """

    propagation: Propagation
    typed: Typed
    soft: bool
    facts: dict[tuple[LayerId, int], Fact] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._visits = [frame for order in self.propagation.passes for frame in order]
        self._due = self._places()
        self._place = 0  # of the visit under way
        self._waiting: dict[tuple[LayerId, int], Mask] = {}
        self._skipped: dict[int, str] = {}
        self._lost: dict[LayerId, int] = {}  # where each was first
        self._answers: Generator[Propagated | Skipped | Lost] | None = None

    def start(
        self, tracker: Tracker, model: Model, source: EmbeddingSource, stride: int
    ) -> Generator[Propagated | Skipped | Lost]:
        """The propagation, not begun yet; whoever asks closes it. Memories are `stride` apart."""
        recent = max(RECENT, MEMORIES * stride)
        archives = archives_of(self.propagation, self.typed.project, model.info, None, recent)
        self._answers = propagate(self.propagation, tracker, model, source, archives, Cancel())
        return self._answers

    def job(self, out: Path, mode: Mode) -> ExportJob:
        """What to write where."""
        names = tuple(self.typed.project.layer(layer).name for layer in self.typed.layers)
        frames = tuple(sorted(self._due, key=lambda frame: self._due[frame]))
        return ExportJob(out, names, frames, self.propagation.clip.size, mode=mode, flat=True)

    def alpha(self, index: int, frame: int) -> Alpha | None:
        """The mask of a layer; None on frames before its own first prompt.

        Raises FrameError for a frame that cannot be read, and what the propagation raises.
        """
        wanted = (self.typed.layers[index], frame)
        while self._may_come(wanted):
            answer = next(self._answers, None) if self._answers else None
            if answer is None:
                break
            self._take(answer)
        if frame in self._skipped:
            raise FrameError(self._skipped[frame])
        mask = self._waiting.pop(wanted, None)
        if mask is None:
            self._check_missing(wanted)
            return None
        logits = upsample(mask, self.propagation.clip.size)
        return coverage(logits) if self.soft else (logits > 0).astype(np.float32)

    def _check_missing(self, wanted: tuple[LayerId, int]) -> None:
        """Raise FrameError where a mask should have come: the layer had some before."""
        layer, frame = wanted
        if not any(other == layer for other, _ in self.facts):
            return
        if layer in self._lost:
            where = self._lost[layer]
            raise FrameError(f"the object was lost on frame {where}; prompt it where it is back.")
        if self._place <= self._due[frame]:
            raise FrameError("the model gave no mask for it.")

    def _may_come(self, wanted: tuple[LayerId, int]) -> bool:
        frame = wanted[1]
        there = wanted in self._waiting or frame in self._skipped
        return not there and self._place <= self._due[frame]

    def _places(self) -> dict[int, int]:
        """Where in the order of work each frame has come for all layers that come to it."""
        came: dict[int, set[LayerId]] = {}
        due: dict[int, int] = {}
        visits = [(frame, order.step) for order in self.propagation.passes for frame in order]
        for place, (frame, step) in enumerate(visits):
            starts = self.propagation.starts.items()
            now = {layer for layer, start in starts if (frame - start) * step >= 0}
            if frame not in due or now - came[frame]:
                due[frame] = place
                came[frame] = came.get(frame, set()) | now
        return due

    def _take(self, answer: Propagated | Skipped | Lost) -> None:
        if isinstance(answer, Lost):
            self._lost.setdefault(answer.layer_id, answer.frame)
            return
        if isinstance(answer, Skipped):
            if any(answer.frame in keys for keys in self.propagation.keys.values()):
                raise CommandError(f"{answer.sentence} It has a prompt; prompt another frame.")
            self._skipped[answer.frame] = answer.sentence
            return
        while self._visits[self._place] != answer.frame:
            self._place += 1
        wanted = answer.layer_id, answer.frame
        self.facts[wanted] = Fact.of(answer)
        if self._place <= self._due[answer.frame]:
            self._waiting[wanted] = answer.mask

    def seconds(self) -> Mapping[str, float]:
        """Seconds a frame: of the encoder, and of the tracker for all layers."""
        facts = self.facts.values()
        count = len({frame for _, frame in self.facts}) or 1
        return {
            "encoder": sum(fact.encoder for fact in facts) / count,
            "tracker": sum(fact.tracker for fact in facts) / count,
        }
