"""What `rotocel propagate` works on: a clip with what was typed, or a saved project."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import dataclass

from app.cli_mask_file import read_mask
from app.cli_project import Typed, asked_frames, understood
from app.cli_saved import read_saved
from app.cli_words import CommandError, NewLayer, UsageError
from app.domain.clip import Clip, open_clip
from app.domain.frames import FrameRange
from app.domain.project import Layer, LayerId
from app.domain.project_schema import SUFFIX
from app.jobs import steps
from app.layer_keys import is_somewhere, keys_of
from models.tracking import Key


@dataclass(frozen=True)
class Shot:
    """A clip, the frames asked for, layers, and what is sure of each of them by frame."""

    clip: Clip
    frames: FrameRange
    typed: Typed
    keys: Mapping[LayerId, Mapping[int, Key]]


def shot_of(chosen: Namespace) -> Shot:
    """What was asked for. Raises UsageError, CommandError, ClipError, ProjectError."""
    return _stored(chosen) if chosen.clip.suffix.lower() == SUFFIX else _typed(chosen)


def _typed(chosen: Namespace) -> Shot:
    clip = open_clip(chosen.clip)
    frames = asked_frames(clip, chosen.frames)
    usual = frames.last if chosen.backward else frames.first
    typed = understood(clip, frames, chosen.words or [], usual)
    keys = {one: _typed_keys(typed, typed.project.layer(one), clip) for one in typed.layers}
    if not keys:
        raise UsageError("Say what to follow, with --point X,Y, --box X0,Y0,X1,Y1 or --mask PNG.")
    for frame in sorted({f for found in keys.values() for f in found} & clip.missing):
        raise UsageError(f"Frame {frame} is missing from {clip.name}; prompt another frame.")
    return Shot(clip, frames, typed, keys)


def _typed_keys(typed: Typed, layer: Layer, clip: Clip) -> Mapping[int, Key]:
    masks = typed.masks.get(layer.id, {})
    for frame in sorted(masks.keys() & layer.prompts.keys()):
        raise UsageError(f"Frame {frame} of {layer.name} has a mask and clicks; give one.")
    found: dict[int, Key] = {f: tuple(steps(p)) for f, p in layer.prompts.items()}
    found |= {frame: read_mask(path, clip) for frame, path in masks.items()}
    if not found:
        raise UsageError(
            f"Say what {layer.name} is, with --point X,Y, --box X0,Y0,X1,Y1 or --mask PNG."
        )
    return dict(sorted(found.items()))


def _stored(chosen: Namespace) -> Shot:
    """The keyframes and locks of a saved project; --layer picks layers of it."""
    home, words = chosen.clip, chosen.words or []
    if not all(isinstance(word, NewLayer) for word in words):
        raise UsageError(f"The prompts are those of {home.name}; only --layer can be given.")
    saved = read_saved(home, chosen.footage)
    if saved.clip.offline:
        raise CommandError(f"{saved.reason} Name it with --footage.")
    if saved.reason:
        sys.stderr.write(f"rotocel: {saved.reason}\n")
    layers = [
        one for one in saved.layers([word.name for word in words]) if is_somewhere(one, saved.clip)
    ]
    if not layers:
        raise CommandError(f"{home.name} has no keyframe to start from; click an object in it.")
    keys = {layer.id: keys_of(layer, saved.clip) for layer in layers}
    typed = Typed(saved.project, list(keys), {})
    return Shot(saved.clip, saved.frames(chosen.frames), typed, keys)
