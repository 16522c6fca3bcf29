"""The project that the words of a command line describe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.cli_words import At, MaskAt, NewLayer, UsageError, Word
from app.domain import edits
from app.domain.clip import Clip
from app.domain.frames import FrameRange
from app.domain.project import Box, Layer, LayerId, Point, Project


def asked_frames(clip: Clip, frames: FrameRange | None) -> FrameRange:
    """The frames to work on: the whole clip, or those asked for. Raises UsageError outside it."""
    if frames is None:
        return clip.frames
    if frames.intersect(clip.frames) != frames:
        raise UsageError(
            f"--frames {frames.first}-{frames.last} is not within {clip.name}, "
            f"which has {clip.frames.first}-{clip.frames.last}."
        )
    return frames


@dataclass(frozen=True)
class Typed:
    """What was typed: a project with the prompts, its layers in order, and files of masks."""

    project: Project
    layers: list[LayerId]
    masks: Mapping[LayerId, Mapping[int, Path]]


def build(clip: Clip, frames: FrameRange, words: Sequence[Word]) -> tuple[Project, list[LayerId]]:
    """A project with the prompts typed, and its layers in the order typed. Raises UsageError."""
    typed = understood(clip, frames, words, frames.first)
    if not any(layer.prompts for layer in typed.project.layers):
        raise UsageError("Say what to cut out, with --point X,Y or --box X0,Y0,X1,Y1.")
    return typed.project, typed.layers


def understood(clip: Clip, frames: FrameRange, words: Sequence[Word], usual: int) -> Typed:
    """What was typed; a word without a frame belongs to the frame `usual`.

    Words before any --layer belong to a layer called Layer 1; a name that comes again continues its
    layer. Raises UsageError for a step outside the picture or the frames.
    """
    project, layers, current = Project(clip=clip, in_out=frames), list[LayerId](), ""
    masks: dict[LayerId, dict[int, Path]] = {}
    for word in words:
        name = word.name if isinstance(word, NewLayer) else None
        known = _named(project, name) if name else None
        if known:
            current = known.id
        elif name or not current:
            project = edits.add_layer(project, name)
            current = project.layers[0].id
            layers.append(current)
        if isinstance(word, At):
            frame = _frame_of(word, frames, usual)
            project = _with_step(project, current, word.step, frame, clip)
        elif isinstance(word, MaskAt):
            frame = _frame_of(word, frames, usual)
            if frame in masks.setdefault(current, {}):
                raise UsageError(f"Frame {frame} has two masks in one layer; give one.")
            masks[current][frame] = word.path
    for layer in project.layers:
        for frame, prompt in layer.prompts.items():
            if prompt.box is None and not any(point.include for point in prompt.points):
                raise UsageError(
                    f"On frame {frame} there is only what to leave out; "
                    "add a --point or --box of the object."
                )
    return Typed(project, layers, masks)


def _with_step(
    project: Project, layer_id: LayerId, step: Point | Box, frame: int, clip: Clip
) -> Project:
    if isinstance(step, Point):
        _check_inside(step.x, step.y, clip)
        return edits.add_point(project, layer_id, frame, step)
    return edits.set_box(project, layer_id, frame, _checked_box(project, layer_id, step, frame))


def _frame_of(word: At | MaskAt, frames: FrameRange, usual: int) -> int:
    frame = usual if word.frame is None else word.frame
    if frame not in frames:
        what = "mask" if isinstance(word, MaskAt) else "prompt"
        raise UsageError(
            f"A {what} is on frame {frame}, outside the frames asked for "
            f"({frames.first}-{frames.last})."
        )
    return frame


def _checked_box(project: Project, layer_id: LayerId, box: Box, frame: int) -> Box:
    clip, prompt = project.clip, project.layer(layer_id).prompts.get(frame)
    if prompt and prompt.box:
        raise UsageError(f"Frame {frame} has two boxes in one layer; give one.")
    if clip:
        _check_inside(box.x0, box.y0, clip)
        _check_inside(box.x1, box.y1, clip)
    return box


def _check_inside(x: float, y: float, clip: Clip) -> None:
    width, height = clip.size
    if not (0 <= x <= width and 0 <= y <= height):
        raise UsageError(
            f"The place {x:g},{y:g} lies outside the picture, which is {width}x{height} pixels."
        )


def _named(project: Project, name: str) -> Layer | None:
    return next((layer for layer in project.layers if layer.name == name), None)
