"""`rotocel propagate`: follow objects through a clip from prompts or masks, without a window."""

from __future__ import annotations

import json
import math
from argparse import Namespace
from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from app.cli_matte import (
    add_clip_and_words,
    add_frames,
    add_mode,
    add_pack,
    as_values,
    carried_out,
    mode_of,
)
from app.cli_project import Typed, asked_frames, understood
from app.cli_words import AddWord, CommandError, Parser, UsageError, at_least, mask
from app.domain.clip import Clip, open_clip
from app.domain.image_file import read_image
from app.domain.mask import Mask, upsample
from app.domain.matte import coverage
from app.domain.project import LayerId
from app.headless import load_model
from app.jobs import steps
from app.propagate import EmbeddingSource, Lost, Propagated, Skipped, archives_of, propagate
from app.propagation import Direction, Propagation, cannot_follow, passes
from app.settings import Settings
from export.base import Alpha, FrameError
from export.job import ExportJob, Mode
from export.report import Report
from export.sequence import export
from models.base import Model
from models.ort import Cancel
from models.tracking import Key, KeyMask, Tracker, TrackOptions, tracker_of


def add_arguments(parser: Parser) -> None:
    """Describe the command."""
    add_clip_and_words(parser)
    parser.add_argument(
        "--mask", dest="words", action=AddWord, type=mask, metavar="PNG[@FRAME]",
        help="the object as a picture of the clip's size: bright inside, black outside",
    )  # fmt: skip
    add_frames(parser)
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--backward", action="store_true", help="go towards the first frame")
    way.add_argument("--both", action="store_true", help="go both ways from the first prompt")
    add_pack(parser)
    usual = TrackOptions()
    parser.add_argument(
        "--conditioning", type=at_least(0), default=usual.conditioning, metavar="N",
        help="prompted frames looked at on each frame, the nearest; 0: all of them",
    )  # fmt: skip
    parser.add_argument(
        "--stride", type=at_least(1), default=usual.stride, metavar="N",
        help="remember every Nth frame, and the newest",
    )  # fmt: skip
    parser.add_argument(
        "--prune", action="store_true", help="leave out memories that repeat the newest one"
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="where the masks go, as 00001.png"
    )
    parser.add_argument("--soft", action="store_true", help="write coverage, not only 0 and 255")
    add_mode(parser)
    parser.add_argument("--json", action="store_true", help="print the report as JSON")


def run(chosen: Namespace, settings: Settings) -> int:
    """Write the masks; 0 when all are there, 1 when some could not be made.

    Raises UsageError, CommandError and the errors of clip, model and export.
    """
    clip = open_clip(chosen.clip)
    frames = asked_frames(clip, chosen.frames)
    typed = understood(clip, frames, chosen.words or [])
    keys = _keys(typed, clip)
    direction: Direction = "both" if chosen.both else "backward" if chosen.backward else "forward"
    end = max if direction == "backward" else min
    starts = {layer: end(found) for layer, found in keys.items()}
    propagation = Propagation(clip, keys, passes(starts.values(), frames, direction), starts)
    model = load_model(settings, chosen.pack)
    options = TrackOptions(chosen.conditioning, chosen.stride, chosen.prune)
    tracker = tracker_of(model, options)
    if tracker is None:
        raise CommandError(f"{cannot_follow(model)} Name it with --pack.")
    follower = _Follower(propagation, typed, soft=chosen.soft)
    with closing(EmbeddingSource(clip, model, Cancel(), None)) as source:
        answers = follower.start(tracker, model, source)
        with closing(answers):
            report = carried_out(
                lambda: export(follower.job(chosen.out, mode_of(chosen)), follower.alpha),
                chosen.out,
                "masks",
            )
    _tell(report, follower, model, as_json=chosen.json)
    return 0 if report.complete else 1


def _keys(typed: Typed, clip: Clip) -> dict[LayerId, dict[int, Key]]:
    """What is sure of each layer, by frame. Raises UsageError, CommandError, ClipError."""
    keys: dict[LayerId, dict[int, Key]] = {}
    for layer in (typed.project.layer(layer_id) for layer_id in typed.layers):
        masks = typed.masks.get(layer.id, {})
        for frame in sorted(masks.keys() & layer.prompts.keys()):
            raise UsageError(f"Frame {frame} of {layer.name} has a mask and clicks; give one.")
        found: dict[int, Key] = {f: tuple(steps(p)) for f, p in layer.prompts.items()}
        found |= {frame: _read_mask(path, clip) for frame, path in masks.items()}
        if not found:
            raise UsageError(
                f"Say what {layer.name} is, with --point X,Y, --box X0,Y0,X1,Y1 or --mask PNG."
            )
        keys[layer.id] = dict(sorted(found.items()))
    if not keys:
        raise UsageError("Say what to follow, with --point X,Y, --box X0,Y0,X1,Y1 or --mask PNG.")
    for frame in sorted({frame for found in keys.values() for frame in found}):
        if frame in clip.missing:
            raise UsageError(f"Frame {frame} is missing from {clip.name}; prompt another frame.")
    return keys


def _read_mask(path: Path, clip: Clip) -> KeyMask:
    """The mask in a file: what is brighter than half of its brightest. Raises CommandError."""
    pixels = read_image(path).pixels
    grey = pixels.max(axis=2).astype(np.float32)
    height, width = grey.shape
    if (width, height) != clip.size:
        raise CommandError(
            f"{path.name} is {width}x{height} pixels, {clip.name} is {clip.size[0]}x{clip.size[1]};"
            " give a mask of the clip's size."
        )
    if not grey.max() > 0:
        raise CommandError(f"{path.name} is black all over; paint the object white.")
    return KeyMask(grey > grey.max() / 2)


@dataclass
class _Follower:
    """Hands the masks to the export as it asks for them, which is in the order they come.

    A frame that is visited twice, as both ways may, is asked for when it is visited last.
    """

    propagation: Propagation
    typed: Typed
    soft: bool
    facts: dict[tuple[LayerId, int], Propagated] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._visits = [frame for order in self.propagation.passes for frame in order]
        self._last = {frame: place for place, frame in enumerate(self._visits)}
        self._place = 0  # of the visit under way
        self._waiting: dict[tuple[LayerId, int], Mask] = {}
        self._skipped: dict[int, str] = {}
        self._lost: dict[LayerId, int] = {}  # where each was first
        self._answers: Generator[Propagated | Skipped | Lost] | None = None

    def start(
        self, tracker: Tracker, model: Model, source: EmbeddingSource
    ) -> Generator[Propagated | Skipped | Lost]:
        """The propagation, not begun yet; whoever asks closes it."""
        archives = archives_of(self.propagation, self.typed.project, model.info, None)
        self._answers = propagate(self.propagation, tracker, model, source, archives, Cancel())
        return self._answers

    def job(self, out: Path, mode: Mode) -> ExportJob:
        """What to write where."""
        names = tuple(self.typed.project.layer(layer).name for layer in self.typed.layers)
        frames = tuple(sorted(self._last, key=lambda frame: self._last[frame]))
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
        if self._place <= self._last[frame]:
            raise FrameError("the model gave no mask for it.")

    def _may_come(self, wanted: tuple[LayerId, int]) -> bool:
        frame = wanted[1]
        there = wanted in self._waiting or frame in self._skipped
        return not there and self._place <= self._last[frame]

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
        self.facts[wanted] = answer
        self._waiting[wanted] = answer.mask

    def seconds(self) -> Mapping[str, float]:
        """Seconds a frame: of the encoder, and of the tracker for all layers."""
        facts = self.facts.values()
        count = len({fact.frame for fact in facts}) or 1
        return {
            "encoder": sum(fact.encoder for fact in facts) / count,
            "tracker": sum(fact.tracker for fact in facts) / count,
        }


def _tell(report: Report, follower: _Follower, model: Model, *, as_json: bool) -> None:
    """Print the report, for people or for programs."""
    seconds = follower.seconds()
    if not as_json:
        for sentence in report.sentences:
            print(sentence.replace("matte", "mask"))
        print(
            f"{model.info.label} on {model.info.device}, seconds a frame: "
            f"encoder {seconds['encoder']:.3f}, tracker {seconds['tracker']:.3f}."
        )
        return
    project = follower.typed.project
    values = as_values(report, None)
    del values["sheet"]
    values["model"] = {"id": model.info.id, "device": model.info.device}
    values["seconds_a_frame"] = {name: round(value, 4) for name, value in seconds.items()}
    values["frames"] = [
        {
            "layer": project.layer(fact.layer_id).name,
            "frame": fact.frame,
            "key": fact.is_key,
            "score": round(fact.mask.score, 4),
            "presence": round(fact.presence, 4) if math.isfinite(fact.presence) else None,
            "seconds": {"encoder": round(fact.encoder, 4), "tracker": round(fact.tracker, 4)},
        }
        for fact in follower.facts.values()
    ]
    print(json.dumps(values))
