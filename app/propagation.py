"""What to propagate: from which keyframes, over which frames, and what stands in the way."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
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

    There is a pass for each way. In it a layer is answered from its own start on.
    """

    clip: Clip
    keys: Keys
    passes: tuple[range, ...]  # step 1 or -1
    starts: Mapping[LayerId, int] = field(default_factory=lambda: MappingProxyType({}))
    is_fix: bool = False  # whether each way ends where the masks are as they were

    @property
    def frames(self) -> int:
        """How many frames are worked on; one that both ways begin with counts twice."""
        return sum(map(len, self.passes))

    @property
    def leads_nowhere(self) -> bool:
        """Whether there are no frames but keyframes to answer."""
        frames = {frame for order in self.passes for frame in order}
        return all(frames <= keys.keys() for keys in self.keys.values())


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
    keyed = [layer for layer in layers if is_somewhere(layer)]
    if not keyed and any(layer.locks for layer in layers):
        return "The object is marked absent on every keyframe; click it on a frame where it is."
    if not keyed:
        return "There is no keyframe to start from; click the object on a frame first."
    if all(layer.locked for layer in keyed):
        return "The layer is locked; unlock it to change it."
    return ""


def planned(
    project: Project,
    layers: Sequence[Layer],
    playhead: int,
    direction: Direction,
    extent: Extent = "end",
) -> Propagation:
    """How `layers` are propagated from the keyframe at the playhead, and how far.

    That is the last keyframe up to the playhead where it goes forward, the first one from it on
    where it goes backward; where there is none on that side, the nearest one on the other. `extent`
    is the end of in/out, the next keyframe, one frame from the playhead, or as far as a fix at the
    playhead changes anything, between the keyframes on both sides. Locked frames count as
    keyframes. Locked layers, and those that no keyframe says the place of, are left out. Raises
    ValueError without a clip.
    """
    if project.clip is None or project.work_range is None:
        raise ValueError("a project without a clip cannot be propagated")
    used = [layer for layer in layers if is_somewhere(layer) and not layer.locked]
    keys = {layer.id: found for layer in used if (found := keys_of(layer, project.clip))}
    frames, starts = project.work_range, {}
    for layer, found in keys.items():
        start = playhead if extent == "fix" else _start(list(found), playhead, direction)
        starts[layer] = start
        if extent in {"keyframe", "fix"}:
            frames = _between(list(found), start, frames)
    if extent == "one":
        return _one(Propagation(project.clip, keys, ()), playhead, direction, frames)
    orders = passes(starts.values(), frames, direction)
    return Propagation(project.clip, keys, orders, starts, extent == "fix")


def _between(keyframes: Sequence[int], start: int, frames: FrameRange) -> FrameRange:
    """Those of `frames` about `start` that no other keyframe lies before."""
    before = [frame for frame in keyframes if frame < start]
    after = [frame for frame in keyframes if frame > start]
    first = max([frames.first, *(frame + 1 for frame in before)])
    last = min([frames.last, *(frame - 1 for frame in after)])
    return FrameRange(min(first, start), max(last, start))


def _one(plan: Propagation, playhead: int, direction: Direction, frames: FrameRange) -> Propagation:
    """`plan` for the frame beside the playhead; for none where that is outside `frames`."""
    step = -1 if direction == "backward" else 1
    frame = playhead + step
    order = range(frame, frame + step, step) if frame in frames else range(0)
    return replace(plan, passes=(order,) if order else (), starts=dict.fromkeys(plan.keys, frame))


def passes(starts: Collection[int], frames: FrameRange, direction: Direction) -> tuple[range, ...]:
    """The frames to answer from `starts` on, each way asked for; none where there are none."""
    if not starts:
        return ()
    forward = range(max(min(starts), frames.first), frames.last + 1)
    backward = range(min(max(starts), frames.last), frames.first - 1, -1)
    ways = {"forward": (forward,), "backward": (backward,), "both": (forward, backward)}
    return tuple(order for order in ways[direction] if order)


def _start(keyframes: Sequence[int], playhead: int, direction: Direction) -> int:
    """The one of `keyframes` (ascending, not empty) from which to go."""
    before = [frame for frame in keyframes if frame <= playhead]
    after = [frame for frame in keyframes if frame >= playhead]
    if direction == "backward":
        return after[0] if after else before[-1]
    return before[-1] if before else after[0]
