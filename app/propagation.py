"""What to propagate: from which keyframes, over which frames, and what stands in the way."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from types import MappingProxyType
from typing import Literal, TypeAlias

from app.domain.clip import Clip
from app.domain.frames import FrameRange
from app.domain.project import Layer, LayerId, Project
from app.layer_keys import is_somewhere, keys_of
from models.base import Model
from models.tracking import Key, Tracks

Direction: TypeAlias = Literal["forward", "backward", "both"]
Extent: TypeAlias = Literal["end", "keyframe", "one", "fix"]
Keys: TypeAlias = Mapping[LayerId, Mapping[int, Key]]


@dataclass(frozen=True, eq=False)
class Propagation:
    """What to propagate: the keys of each layer, and the frames to answer in the order of work.

    There is a pass for each way. In it a layer is answered from its own start on, which may lie
    before the pass, and only on the frames that `within` has for it, where it has any.
    """

    clip: Clip
    keys: Keys
    passes: tuple[range, ...]  # step 1 or -1
    starts: Mapping[LayerId, int] = field(default_factory=lambda: MappingProxyType({}))
    is_fix: bool = False  # whether each way ends where the masks are as they were
    within: Mapping[LayerId, FrameRange] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def frames(self) -> int:
        """How many frames are worked on; one that both ways begin with counts twice."""
        return sum(len(frames) for order in self.passes for _, frames in self.stretches(order))

    @property
    def leads_nowhere(self) -> bool:
        """Whether there are no frames but keyframes to answer."""
        ways = [(self.span(layer, order), layer) for order in self.passes for layer in self.keys]
        return all(set(frames) <= self.keys[layer].keys() for frames, layer in ways)

    def span(self, layer: LayerId, order: range) -> range:
        """The frames of a pass that a layer is answered on."""
        frames = self.within.get(layer, FrameRange(min(order), max(order)))
        near, far = (frames.first, frames.last)[:: order.step]
        start = (self.starts.get(layer, order[0]) - order[0]) * order.step
        begin = max(0, start, (near - order[0]) * order.step)
        return order[begin : max(begin, (far - order[0]) * order.step + 1)]

    def stretches(self, order: range) -> Iterator[tuple[Collection[LayerId], range]]:
        """The layers answered together, and on which frames of a pass, in the order of work.

        A tracker answers for all its layers: one that is not there yet would be guessed, and the
        guess remembered.
        """
        spans = {layer: self.span(layer, order) for layer in self.keys}
        cuts = {cut for span in spans.values() if span for cut in (span[0], span[-1] + span.step)}
        for start, end in pairwise(sorted(cuts, reverse=order.step < 0)):
            layers = [layer for layer, span in spans.items() if start in span]
            if layers:
                yield layers, range(start, end, order.step)


def cannot_follow(model: Model) -> str:
    """Why a model cannot propagate; empty where it can."""
    if isinstance(model, Tracks):
        return ""
    return (
        f"{model.info.label} sees single images only; install a SAM 2.1 model under"
        " File > Models to follow objects."
    )


def obstacle(project: Project, layers: Collection[Layer], model: Model) -> str:
    """Why `layers` cannot be propagated, in a sentence; empty where they can."""
    single = cannot_follow(model)
    if single or project.clip is None:
        return single or "Open a clip first."
    if project.clip.offline:
        return f"{project.clip.name} is not at hand; use File > Link footage."
    keyed = [layer for layer in layers if is_somewhere(layer, project.clip)]
    if not keyed and any(keys_of(layer, project.clip) for layer in layers):
        return "The object is marked absent on every keyframe; click it on a frame where it is."
    if not keyed:
        return "There is no keyframe to start from; click the object on a frame first."
    if all(layer.locked for layer in keyed):
        return "The layer is locked; unlock it to change it."
    return ""


def planned(
    project: Project,
    layers: Collection[Layer],
    playhead: int,
    direction: Direction,
    extent: Extent = "end",
) -> Propagation:
    """How `layers` are propagated from the keyframe at the playhead, and how far.

    That is the last keyframe up to the playhead where it goes forward, the first one from it on
    where it goes backward; where there is none on that side, the nearest one on the other. `extent`
    is the end of in/out, the next keyframe, one frame from the playhead, or as far as a fix at the
    playhead changes anything, between the keyframes on both sides. Nothing outside in/out is
    answered, wherever the start is. Locked frames count as keyframes. Locked layers, those that no
    keyframe says the place of, and those without a frame to go to, are left out. Raises ValueError
    without a clip.
    """
    clip, work = project.clip, project.work_range
    if clip is None or work is None:
        raise ValueError("a project without a clip cannot be propagated")
    keys, starts, within = {}, {}, {}
    for layer in layers:
        if layer.locked or not is_somewhere(layer, clip):
            continue
        found = keys_of(layer, clip)
        start = _start(found, playhead, direction, extent)
        frames = _reach(layer, found, start, playhead, extent, work)
        if frames is not None:
            keys[layer.id], starts[layer.id], within[layer.id] = found, start, frames
    orders = passes(starts.values(), _hull(within.values()) or work, direction)
    return Propagation(clip, keys, orders, starts, extent == "fix", within)


def why_nowhere(
    plan: Propagation, work: FrameRange, playhead: int, direction: Direction, extent: Extent
) -> str:
    """Why `plan`, made by `planned`, leads nowhere, in a sentence."""
    frame = beside(playhead, direction)
    if extent in {"keyframe", "fix"}:
        return "There are no frames to go to before the next keyframe, within in and out."
    if extent == "end" or frame not in work:
        return "There are no frames to go to within in and out."
    if plan.keys:
        return f"Frame {frame} is a keyframe or locked, and keeps its own mask."
    return (
        f"There is no mask on frame {playhead} to go on from; click the object there, or propagate"
        " up to it."
    )


def beside(playhead: int, direction: Direction) -> int:
    """The frame next to the playhead."""
    return playhead - 1 if direction == "backward" else playhead + 1


def _reach(
    layer: Layer,
    keyframes: Collection[int],
    start: int,
    playhead: int,
    extent: Extent,
    work: FrameRange,
) -> FrameRange | None:
    """Those of the frames of `work` that the layer may be answered on; None where there are none.

    One frame alone is reached only from what is there already: else the tracker would silently
    follow the object from a keyframe that may be thousands of frames away.
    """
    if extent == "end":
        return work
    if extent == "one":
        known = start in work and playhead in {*keyframes, *layer.masks}
        return FrameRange(start, start) if known else None
    first = max([work.first, *(frame + 1 for frame in keyframes if frame < start)])
    last = min([work.last, *(frame - 1 for frame in keyframes if frame > start)])
    return FrameRange(first, last) if first <= last else None


def _hull(ranges: Collection[FrameRange]) -> FrameRange | None:
    """The least range that has all of `ranges` in it, None where there are none."""
    if not ranges:
        return None
    return FrameRange(min(one.first for one in ranges), max(one.last for one in ranges))


def passes(starts: Collection[int], frames: FrameRange, direction: Direction) -> tuple[range, ...]:
    """The frames to answer from `starts` on, each way asked for; none where there are none."""
    if not starts:
        return ()
    forward = range(max(min(starts), frames.first), frames.last + 1)
    backward = range(min(max(starts), frames.last), frames.first - 1, -1)
    ways = {"forward": (forward,), "backward": (backward,), "both": (forward, backward)}
    return tuple(order for order in ways[direction] if order)


def _start(keyframes: Collection[int], playhead: int, direction: Direction, extent: Extent) -> int:
    """The frame from which to go; `keyframes` are not empty."""
    if extent == "fix":
        return playhead
    if extent == "one":
        return beside(playhead, direction)
    before = [frame for frame in keyframes if frame <= playhead]
    after = [frame for frame in keyframes if frame >= playhead]
    if direction == "backward":
        return min(after) if after else max(before)
    return max(before) if before else min(after)
