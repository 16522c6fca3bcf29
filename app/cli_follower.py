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
from app.export_mattes import held_matte
from app.propagate import EmbeddingSource, Lost, Propagated, Skipped, archives_of, propagate
from app.propagation import Propagation
from export.base import Alpha, FrameError
from export.job import ExportJob, Mode
from models.base import Model
from models.ort import Cancel
from models.tracking import KeyMask, Tracker

MEMORIES = 8  # held at least, a stride apart: no model here looks back at more


@dataclass(frozen=True, slots=True)
class Fact:
    """What is told of an answer; the mask itself is let go of, as a clip has many."""

    key: bool
    score: float
    presence: float
    doubt: float  # 0..1; 0 of a keyframe
    reason: str  # a short code, see domain/review.py
    encoder: float  # seconds
    tracker: float  # seconds

    @classmethod
    def of(cls, answer: Propagated) -> Fact:
        """The facts of one answer."""
        mask = answer.mask
        told = mask.score, answer.presence, mask.doubt, mask.reason
        return cls(answer.is_key, *told, answer.encoder, answer.tracker)


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

        A mask that leads the tracker is written as it is, not as the tracker answers it: one typed,
        a locked one, or one that answers its prompt. Raises FrameError for a frame that cannot be
        read or whose mask is damaged, and what the propagation raises.
        """
        wanted = (self.typed.layers[index], frame)
        while self._may_come(wanted):
            answer = next(self._answers, None) if self._answers else None
            if answer is None:
                break
            self._take(answer)
        mask, matte = self._waiting.pop(wanted, None), self._given(*wanted)
        if matte is None:
            matte = self._followed(wanted, mask)
        return matte if matte is None or self.soft else (matte >= 0.5).astype(np.float32)

    def _followed(self, wanted: tuple[LayerId, int], mask: Mask | None) -> Alpha | None:
        """The matte of an answer; None before the first. Raises FrameError where it lacks."""
        frame = wanted[1]
        if frame in self._skipped:
            raise FrameError(self._skipped[frame])
        if mask is None:
            self._check_missing(wanted)
            return None
        return coverage(upsample(mask, self.propagation.clip.size))

    def _given(self, layer_id: LayerId, frame: int) -> Alpha | None:
        """What leads the tracker on a frame, as a matte; None where there are clicks only."""
        clip, key = self.propagation.clip, self.propagation.keys[layer_id].get(frame)
        if key is None or frame in clip.missing:
            return None
        held = held_matte(self.typed.project.layer(layer_id), frame, clip.size)
        if held is None and isinstance(key, KeyMask):
            return key.inside.astype(np.float32)
        return held

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
            self._skipped[answer.frame] = answer.sentence
            self._check_led(answer.sentence)
            return
        while self._visits[self._place] != answer.frame:
            self._place += 1
        wanted = answer.layer_id, answer.frame
        self.facts[wanted] = Fact.of(answer)
        if self._place <= self._due[answer.frame]:
            self._waiting[wanted] = answer.mask

    def _check_led(self, sentence: str) -> None:
        """Raise CommandError where no frame that can be read says any more where a layer is."""
        for layer_id, keys in self.propagation.keys.items():
            layer = self.typed.project.layer(layer_id)
            if all(frame in self._skipped or layer.is_absent(frame) for frame in keys):
                raise CommandError(
                    f"{sentence} No other frame says where {layer.name} is; prompt another one."
                )

    def seconds(self) -> Mapping[str, float]:
        """Seconds a frame: of the encoder, and of the tracker for all layers."""
        facts = self.facts.values()
        count = len({frame for _, frame in self.facts}) or 1
        return {
            "encoder": sum(fact.encoder for fact in facts) / count,
            "tracker": sum(fact.tracker for fact in facts) / count,
        }
