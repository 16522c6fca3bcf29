"""`rotocel propagate`: follow objects through a clip from prompts or masks, without a window."""

from __future__ import annotations

import json
import math
from argparse import Namespace
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from app.cli_follower import Fact, Follower
from app.cli_matte import (
    CLIP,
    add_clip_and_words,
    add_frames,
    add_mode,
    add_pack,
    as_values,
    carried_out,
    mode_of,
)
from app.cli_shot import shot_of
from app.cli_words import AddWord, CommandError, Parser, UsageError, at_least, mask
from app.domain.clip import Clip
from app.domain.frames import FrameRange
from app.domain.project import LayerId
from app.headless import load_model
from app.propagate import EmbeddingSource
from app.propagation import Direction, Keys, Propagation, cannot_follow, passes
from app.settings import Settings
from export.report import Report, spans
from export.sequence import export
from models.base import Model
from models.ort import Cancel
from models.tracking import TrackOptions, tracker_of


def add_arguments(parser: Parser) -> None:
    """Describe the command."""
    what = f"{CLIP}, or a saved project with keyframes"
    add_clip_and_words(parser, "the first frame asked for, the last with --backward", what)
    parser.add_argument(
        "--mask", dest="words", action=AddWord, type=mask, metavar="PNG[@FRAME]",
        help="the object as a picture of the clip's size: inside is what is brighter than half of "
        "white, or above 0 where nothing is so bright, as with object numbers",
    )  # fmt: skip
    add_frames(parser)
    parser.add_argument(
        "--footage", type=Path, metavar="CLIP", help="a project's clip, where it is not found"
    )
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
    shot = shot_of(chosen)
    clip, frames, typed = shot.clip, shot.frames, shot.typed
    propagation = _planned(chosen, clip, frames, shot.keys)
    model = load_model(settings, chosen.pack)
    options = TrackOptions(chosen.conditioning, chosen.stride, chosen.prune)
    tracker = tracker_of(model, options)
    if tracker is None:
        raise CommandError(f"{cannot_follow(model)} Name it with --pack.")
    follower = Follower(propagation, typed, soft=chosen.soft)
    with closing(EmbeddingSource(clip, model, Cancel(), None)) as source:
        answers = follower.start(tracker, model, source, chosen.stride)
        with closing(answers):
            report = carried_out(
                lambda: export(follower.job(chosen.out, mode_of(chosen)), follower.alpha),
                chosen.out,
                "masks",
            )
    before = sorted(set(frames) - {frame for order in propagation.passes for frame in order})
    told = _Told(report, follower, model, before)
    if chosen.json:
        print(json.dumps(told.values()))
    else:
        print(*told.sentences(), sep="\n")
    return 0 if report.complete else 1


def _planned(chosen: Namespace, clip: Clip, frames: FrameRange, keys: Keys) -> Propagation:
    """From where to where; refused where that leads to no frame, unless just one was asked for."""
    direction: Direction = "both" if chosen.both else "backward" if chosen.backward else "forward"
    end = max if direction == "backward" else min
    starts = {layer: end(found) for layer, found in keys.items()}
    propagation = Propagation(clip, keys, passes(starts.values(), frames, direction), starts)
    if propagation.leads_nowhere and not (chosen.frames and len(frames) == 1):
        way = "" if chosen.both else f" {direction}"
        raise UsageError(
            f"There are no frames to go to{way} from the prompts within {frames.first}-"
            f"{frames.last}; prompt another frame, go another way or ask for other --frames."
        )
    return propagation


@dataclass(frozen=True)
class _Told:
    """The report, for people or for programs."""

    report: Report
    follower: Follower
    model: Model
    before: list[int]  # frames asked for to which the propagation does not come

    def sentences(self) -> Iterator[str]:
        """As one reads it."""
        yield from self.report.sentences
        if self.before:
            order = self.follower.propagation.passes[0]
            side = "before the first" if order.step > 0 else "after the last"
            yield (
                f"Not written: {spans(self.before)}, {side} prompt; --both goes both ways from it."
            )
        seconds = self.follower.seconds()
        yield (
            f"{self.model.info.label} on {self.model.info.device}, seconds a frame: "
            f"encoder {seconds['encoder']:.3f}, tracker {seconds['tracker']:.3f}."
        )

    def values(self) -> dict[str, object]:
        """As JSON holds it."""
        values = as_values(self.report, None)
        del values["sheet"]
        seconds = self.follower.seconds()
        values["not_written"] = self.before
        values["model"] = {"id": self.model.info.id, "device": self.model.info.device}
        values["seconds_a_frame"] = {name: round(value, 4) for name, value in seconds.items()}
        values["frames"] = [self._fact(*place, fact) for place, fact in self.follower.facts.items()]
        return values

    def _fact(self, layer: LayerId, frame: int, fact: Fact) -> dict[str, object]:
        return {
            "layer": self.follower.typed.project.layer(layer).name,
            "frame": frame,
            "key": fact.key,
            "score": round(fact.score, 4),
            "presence": round(fact.presence, 4) if math.isfinite(fact.presence) else None,
            "doubt": round(fact.doubt, 4),
            "reason": fact.reason,
            "seconds": {"encoder": round(fact.encoder, 4), "tracker": round(fact.tracker, 4)},
        }
