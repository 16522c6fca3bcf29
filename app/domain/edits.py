"""Edits: pure functions from a project to the next one. Unchanged parts are shared."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TypeVar

from app.domain.frames import FrameRange
from app.domain.mask import Mask
from app.domain.project import MOST_POINTS, Box, Layer, LayerId, Point, Project, Prompt

T = TypeVar("T")
COLOURS = 7  # the size of the layer colour set
LONGEST_NAME = 200  # characters of a layer's name; more is cut
MOST_LAYERS = 1000


def add_layer(project: Project, name: str | None = None) -> Project:
    """A new layer on top, with a free name and the least used colour; none beyond MOST_LAYERS."""
    if len(project.layers) >= MOST_LAYERS:
        return project
    name = (name or _free_name(project))[:LONGEST_NAME]
    layer = Layer(uuid.uuid4().hex, name, _free_colour(project))
    return replace(project, layers=(layer, *project.layers))


def delete_layer(project: Project, layer_id: LayerId) -> Project:
    """The project without this layer."""
    project.layer(layer_id)
    return replace(project, layers=tuple(x for x in project.layers if x.id != layer_id))


def move_layer(project: Project, layer_id: LayerId, to: int) -> Project:
    """The layer moved to position `to` (0 is the top), others keep their order."""
    layer = project.layer(layer_id)
    rest = [x for x in project.layers if x.id != layer_id]
    rest.insert(max(0, min(to, len(rest))), layer)
    layers = tuple(rest)
    return project if layers == project.layers else replace(project, layers=layers)


def rename_layer(project: Project, layer_id: LayerId, name: str) -> Project:
    """The layer under another name; an empty name changes nothing."""
    name = " ".join(name.split())[:LONGEST_NAME]
    return _with_layer(project, replace(project.layer(layer_id), name=name)) if name else project


def set_colour(project: Project, layer_id: LayerId, colour: int) -> Project:
    """The layer in another colour of the set."""
    return _with_layer(project, replace(project.layer(layer_id), colour=colour % COLOURS))


def set_shown(project: Project, layer_id: LayerId, shown: bool) -> Project:
    """The layer shown or hidden."""
    return _with_layer(project, replace(project.layer(layer_id), shown=shown))


def set_solo(project: Project, layer_id: LayerId, solo: bool) -> Project:
    """The layer soloed or not; while any layer is soloed, only those are drawn."""
    return _with_layer(project, replace(project.layer(layer_id), solo=solo))


def set_locked(project: Project, layer_id: LayerId, locked: bool) -> Project:
    """The layer locked against prompts, or free."""
    return _with_layer(project, replace(project.layer(layer_id), locked=locked))


def set_in_out(project: Project, in_out: FrameRange | None) -> Project:
    """The work range, cut to the clip; None is the whole clip."""
    if in_out is not None and project.clip is not None:
        in_out = in_out.intersect(project.clip.frames)
    return project if in_out == project.in_out else replace(project, in_out=in_out)


def add_point(project: Project, layer_id: LayerId, frame: int, point: Point) -> Project:
    """One more click on `frame`; none beyond MOST_POINTS."""
    prompt = _prompt(project, layer_id, frame)
    if len(prompt.points) >= MOST_POINTS:
        return project
    return set_prompt(project, layer_id, frame, replace(prompt, points=(*prompt.points, point)))


def move_point(
    project: Project, layer_id: LayerId, frame: int, index: int, x: float, y: float
) -> Project:
    """Point `index` of the prompt at another place. Raises IndexError."""
    prompt = _prompt(project, layer_id, frame)
    points = list(prompt.points)
    points[index] = replace(points[index], x=x, y=y)
    return set_prompt(project, layer_id, frame, replace(prompt, points=tuple(points)))


def delete_point(project: Project, layer_id: LayerId, frame: int, index: int) -> Project:
    """The prompt without point `index`. Raises IndexError."""
    prompt = _prompt(project, layer_id, frame)
    points = list(prompt.points)
    del points[index]
    return set_prompt(project, layer_id, frame, replace(prompt, points=tuple(points)))


def set_box(project: Project, layer_id: LayerId, frame: int, box: Box | None) -> Project:
    """The prompt with this box, or without one."""
    prompt = _prompt(project, layer_id, frame)
    return set_prompt(project, layer_id, frame, replace(prompt, box=box))


def set_proposal(project: Project, layer_id: LayerId, frame: int, proposal: int) -> Project:
    """The prompt's last step asking for another of the model's proposals."""
    prompt = _prompt(project, layer_id, frame)
    if prompt.points:
        last = replace(prompt.points[-1], proposal=proposal)
        prompt = replace(prompt, points=(*prompt.points[:-1], last))
    elif prompt.box:
        prompt = replace(prompt, box=replace(prompt.box, proposal=proposal))
    return set_prompt(project, layer_id, frame, prompt)


def clear_prompt(project: Project, layer_id: LayerId, frame: int) -> Project:
    """The frame without its prompt and without the mask that answered it."""
    return set_prompt(project, layer_id, frame, Prompt())


def set_prompt(project: Project, layer_id: LayerId, frame: int, prompt: Prompt) -> Project:
    """The layer with `prompt` on `frame`.

    A mask that no prompt made becomes what the prompt amends, and comes back when the prompt goes;
    any other one goes with it. A locked frame stays as it is.
    """
    layer = project.layer(layer_id)
    if frame in layer.locks:
        return project
    before, mask = layer.prompts.get(frame), layer.masks.get(frame)
    if prompt:
        if before is None and mask is not None and mask.prompt is None:
            prompt = replace(prompt, base=mask)
        return _with_layer(project, replace(layer, prompts=_put(layer.prompts, frame, prompt)))
    prompts, masks = _without(layer.prompts, frame), _without(layer.masks, frame)
    if before is not None and before.base is not None:
        masks = _put(masks, frame, before.base)
    return _with_layer(project, replace(layer, prompts=prompts, masks=masks))


def set_mask(project: Project, layer_id: LayerId, frame: int, mask: Mask) -> Project:
    """The layer with `mask` on `frame`; a locked frame keeps its own."""
    layer = project.layer(layer_id)
    if frame in layer.locks:
        return project
    return _with_layer(project, replace(layer, masks=_put(layer.masks, frame, mask)))


def set_masks(project: Project, masks: Mapping[LayerId, Mapping[int, Mask]]) -> Project:
    """The layers with masks that no prompt made, as propagation gives them.

    A frame with a prompt or a lock keeps its own mask, a locked layer all of them; a layer that is
    not there is left out.
    """
    return masks_setter(masks)(project)


def masks_setter(
    masks: Mapping[LayerId, Mapping[int, Mask]],
) -> Callable[[Project], Project]:
    """`set_masks` for many values of a history: layers they share are shared afterwards."""
    return _for_many(masks, with_masks)


def answers_setter(
    answers: Mapping[tuple[LayerId, int], Mask],
) -> Callable[[Project], Project]:
    """Puts `answers` where their prompts still ask for them; other values are given back as such.

    For many values of a history: layers they share are shared afterwards.
    """
    by_layer: dict[LayerId, dict[int, Mask]] = {}
    for (layer_id, frame), mask in answers.items():
        by_layer.setdefault(layer_id, {})[frame] = mask
    return _for_many(by_layer, _answered)


def _for_many(
    masks: Mapping[LayerId, Mapping[int, Mask]],
    change: Callable[[Layer, Mapping[int, Mask]], Layer],
) -> Callable[[Project], Project]:
    done: dict[int, tuple[Layer, Layer]] = {}  # before, after: what is alive keeps its id

    def changed(layer: Layer) -> Layer:
        if id(layer) not in done:
            done[id(layer)] = layer, change(layer, masks[layer.id])
        return done[id(layer)][1]

    return lambda project: _with_layers(
        project, {x.id: changed(x) for x in project.layers if x.id in masks}
    )


def _answered(layer: Layer, masks: Mapping[int, Mask]) -> Layer:
    wanted = {
        frame: mask
        for frame, mask in masks.items()
        if layer.is_stale(frame) and layer.prompts.get(frame) == mask.prompt
    }
    return replace(layer, masks=MappingProxyType({**layer.masks, **wanted})) if wanted else layer


def with_masks(layer: Layer, masks: Mapping[int, Mask]) -> Layer:
    """The layer with these masks on the frames without prompt and lock; a locked one as it is."""
    if layer.locked:
        return layer
    fresh = {
        frame: mask
        for frame, mask in masks.items()
        if frame not in layer.prompts
        and frame not in layer.locks
        and layer.masks.get(frame) is not mask
    }
    return replace(layer, masks=MappingProxyType({**layer.masks, **fresh})) if fresh else layer


def drop_mask(project: Project, layer_id: LayerId, frame: int) -> Project:
    """The layer without the mask on `frame` and without its lock; its prompt stays."""
    layer = project.layer(layer_id)
    masks, locks = _without(layer.masks, frame), layer.locks - {frame}
    return _with_layer(project, replace(layer, masks=masks, locks=locks))


def approve(project: Project, layer_id: LayerId, frame: int) -> Project:
    """The mask on `frame` held for good by the artist: no more doubt, until it is made anew."""
    layer = project.layer(layer_id)
    mask = layer.masks.get(frame)
    if mask is None or (mask.doubt, mask.reason) == (0.0, ""):
        return project
    sure = replace(mask, doubt=0.0, reason="")
    return _with_layer(project, replace(layer, masks=_put(layer.masks, frame, sure)))


def lock_frames(
    project: Project, layer_id: LayerId, frames: Collection[int], locked: bool
) -> Project:
    """The layer with these frames locked, or free; those without a mask cannot be locked.

    Neither can those whose mask does not answer their prompt: the right one is on its way.
    """
    layer = project.layer(layer_id)
    if not locked:
        return _with_layer(project, replace(layer, locks=layer.locks - set(frames)))
    held = {frame for frame in frames if frame in layer.masks and not layer.is_stale(frame)}
    return _with_layer(project, replace(layer, locks=layer.locks | held))


def mark_absent(project: Project, layer_id: LayerId, frames: Collection[int]) -> Project:
    """The layer said not to be on these frames: an empty mask on each, locked, and no prompt.

    A locked frame stays as it is. Raises ValueError without a clip.
    """
    if project.clip is None:
        raise ValueError("without a clip there are no frames to be absent from")
    return import_masks(project, layer_id, dict.fromkeys(frames, Mask.absent(project.clip.size)))


def import_masks(project: Project, layer_id: LayerId, masks: Mapping[int, Mask]) -> Project:
    """The layer with masks that were made elsewhere, locked; prompts on their frames are deleted.

    A frame that is locked already stays as it is.
    """
    layer = project.layer(layer_id)
    masks = {frame: mask for frame, mask in masks.items() if frame not in layer.locks}
    if not masks:
        return project
    prompts = {frame: item for frame, item in layer.prompts.items() if frame not in masks}
    changed = replace(
        layer,
        prompts=layer.prompts if len(prompts) == len(layer.prompts) else MappingProxyType(prompts),
        masks=MappingProxyType({**layer.masks, **masks}),
        locks=layer.locks | masks.keys(),
    )
    return _with_layer(project, changed)


def paint_mask(project: Project, layer_id: LayerId, frame: int, mask: Mask) -> Project:
    """The layer with a mask that the artist painted, locked; the prompt on its frame is deleted.

    A locked frame takes it too, and stays locked: a lock guards against the machine.
    """
    layer = project.layer(layer_id)
    if frame in layer.locks and frame not in layer.prompts and layer.masks[frame] == mask:
        return project
    free = lock_frames(project, layer_id, [frame], locked=False)
    return import_masks(free, layer_id, {frame: mask})


def frames_marked_otherwise(before: Project, after: Project) -> set[int]:
    """The frames that differ, on a layer of both projects, in prompt, lock or locked mask."""
    older = {layer.id: layer for layer in before.layers}
    frames: set[int] = set()
    for layer in after.layers:
        other = older.get(layer.id)
        if other is None or other is layer:  # most are shared, and may have thousands of locks
            continue
        frames |= other.locks ^ layer.locks
        both = other.locks & layer.locks
        frames |= {frame for frame in both if other.masks[frame] is not layer.masks[frame]}
        if other.prompts is layer.prompts:
            continue
        for frame in other.prompts.keys() | layer.prompts.keys():
            if other.prompts.get(frame) != layer.prompts.get(frame):
                frames.add(frame)
    return frames


def _prompt(project: Project, layer_id: LayerId, frame: int) -> Prompt:
    return project.layer(layer_id).prompts.get(frame, Prompt())


def _with_layer(project: Project, layer: Layer) -> Project:
    layers = tuple(layer if x.id == layer.id else x for x in project.layers)
    return project if layers == project.layers else replace(project, layers=layers)


def _with_layers(project: Project, changed: Mapping[LayerId, Layer]) -> Project:
    layers = tuple(changed.get(x.id, x) for x in project.layers)
    same = all(new is old for new, old in zip(layers, project.layers, strict=True))
    return project if same else replace(project, layers=layers)


def _put(items: Mapping[int, T], frame: int, item: T) -> Mapping[int, T]:
    return MappingProxyType({**items, frame: item})


def _without(items: Mapping[int, T], frame: int) -> Mapping[int, T]:
    return MappingProxyType({key: item for key, item in items.items() if key != frame})


def _free_name(project: Project) -> str:
    taken = {layer.name for layer in project.layers}
    number = next(n for n in range(1, len(taken) + 2) if f"Layer {n}" not in taken)
    return f"Layer {number}"


def _free_colour(project: Project) -> int:
    used = [layer.colour for layer in project.layers]
    return min(range(COLOURS), key=lambda colour: (used.count(colour), colour))
