"""The project that the words of a command line describe."""

from __future__ import annotations

from collections.abc import Sequence

from app.cli_words import At, NewLayer, UsageError, Word
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


def build(clip: Clip, frames: FrameRange, words: Sequence[Word]) -> tuple[Project, list[LayerId]]:
    """A project with the prompts typed, and its layers in the order typed.

    Steps before any --layer belong to a layer called Layer 1; a name that comes again continues its
    layer. Raises UsageError for a step outside the picture or the frames.
    """
    project, layers, current = Project(clip=clip, in_out=frames), list[LayerId](), ""
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
            project = _with_step(project, current, word, clip, frames)
    if not any(layer.prompts for layer in project.layers):
        raise UsageError("Say what to cut out, with --point X,Y or --box X0,Y0,X1,Y1.")
    for layer in project.layers:
        for frame, prompt in layer.prompts.items():
            if prompt.box is None and not any(point.include for point in prompt.points):
                raise UsageError(
                    f"On frame {frame} there is only what to leave out; "
                    "add a --point or --box of the object."
                )
    return project, layers


def _with_step(
    project: Project, layer_id: LayerId, at: At, clip: Clip, frames: FrameRange
) -> Project:
    frame = frames.first if at.frame is None else at.frame
    if frame not in frames:
        raise UsageError(
            f"A prompt is on frame {frame}, outside the frames asked for "
            f"({frames.first}-{frames.last})."
        )
    if isinstance(at.step, Point):
        _check_inside(at.step.x, at.step.y, clip)
        return edits.add_point(project, layer_id, frame, at.step)
    return edits.set_box(project, layer_id, frame, _checked_box(project, layer_id, at.step, frame))


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
