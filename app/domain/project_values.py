"""The project's values as JSON, and back: nothing a file says is believed before it is checked.

Readers raise ValueError with a few words on what is wrong; whoever called them names the file.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import chain, pairwise
from pathlib import Path
from reprlib import repr as brief
from typing import Any, TypeVar

from app.domain.clip_facts import Clip, ClipError, Interpretation
from app.domain.fingerprint import Fingerprint
from app.domain.frames import FrameRange
from app.domain.limits import check_size
from app.domain.mask import MOST_BYTES, Mask, MaskError, checked_shape
from app.domain.project import MOST_POINTS, Box, Point, Prompt

T = TypeVar("T")

FARTHEST_FRAME = 10**12  # twelve digits, the most that file names are read with
MOST_FRAMES = 10_000_000  # more than a hundred hours
MOST_MISSING = 200_000  # the names of files are read with fewer
FARTHEST_PIXEL = 1e6
LONGEST_TEXT = 4096
LONGEST_JSON = 8 << 20  # characters; as Python values they take up to thirty times the memory
LONGEST_STEP = 120  # characters of a point or a box
# Of a prompt: its steps, the largest mask as base64, and its names with each letter escaped.
LONGEST_PROMPT = (MOST_POINTS + 1) * LONGEST_STEP + MOST_BYTES * 4 // 3 + 24 * LONGEST_TEXT
HASH = re.compile(r"[0-9a-f]{0,64}")


def prompt_text(prompt: Prompt) -> str:
    """A prompt as JSON; the longest one, with the largest mask as its base, can be read back."""
    box, points = prompt.box, prompt.points
    values: dict[str, object] = {
        "box": [box.x0, box.y0, box.x1, box.y1, box.proposal] if box else None,
        "points": [[p.x, p.y, p.include, p.proposal] for p in points],
    }
    if prompt.base is not None:
        values["base"] = _base_values(prompt.base)
    return json.dumps(values, separators=(",", ":"))


def prompt_of(text: object) -> Prompt:
    """The prompt in a JSON text."""
    values = _dict(_json(text, LONGEST_PROMPT))
    points = _list(values.get("points", []), MOST_POINTS)
    box = values.get("box")
    base = values.get("base")
    prompt = Prompt(
        None if box is None else _box(_list(box, 5)),
        tuple(map(_point, points)),
        None if base is None else _base(_dict(base)),
    )
    if not prompt:
        raise ValueError("an empty prompt")
    return prompt


def _base_values(mask: Mask) -> dict[str, object]:
    data = base64.b64encode(mask.data).decode("ascii")
    return {
        "data": data,
        "window": mask.window,
        "model": mask.model,
        "score": mask.score,
        "empty": mask.empty,
        "doubt": mask.doubt,
        "reason": mask.reason,
    }


def _base(values: Mapping[str, Any]) -> Mask:
    """The mask that a prompt amends; its pixels are looked at only when they are wanted."""
    try:
        data = base64.b64decode(values["data"], validate=True)
        shape = checked_shape(data)
    except (binascii.Error, TypeError, MaskError) as e:
        raise ValueError(f"a mask that is amended: {e}") from e
    x0, y0, x1, y1 = map(real, _list(values["window"], 4, 4))
    if not (x1 - x0 >= 1 and y1 - y0 >= 1):
        raise ValueError("the window of a mask that is amended")
    score, doubt = (min(max(real(values.get(k, 0)), 0.0), 1.0) for k in ("score", "doubt"))
    return Mask(
        data,
        shape,
        (x0, y0, x1, y1),
        None,
        _name(values["model"]),
        score,
        values.get("empty") is True,
        doubt,
        _name(values.get("reason", "")),
    )


def clip_text(clip: Clip, relative: str | None) -> str:
    """What is kept of a clip, as JSON: how to find it again and how to know it."""
    return json.dumps(
        {
            "path": str(clip.path),
            "relative": relative,
            "kind": clip.kind,
            "name": clip.name,
            "size": clip.size,
            "frames": [clip.frames.first, clip.frames.last],
            "missing": [[run.first, run.last] for run in runs(clip.missing)],
            "fps": str(clip.fps),
            "pixel_aspect": str(clip.pixel_aspect),
            "bit_depth": clip.bit_depth,
            "colour": clip.colour,
            "interpretation": _interpretation_values(clip.interpretation),
            "fingerprint": {
                "bytes": clip.fingerprint.bytes,
                "sample": clip.fingerprint.sample,
                "frames": clip.fingerprint.frames,
                "times": clip.fingerprint.times,
            },
        }
    )


def clip_of(text: object) -> tuple[Clip, str | None]:
    """The clip in a JSON text, offline, and its path relative to the project."""
    values = _object(text)
    frames = frames_of(values["frames"])
    relative = values.get("relative")
    clip = Clip(
        path=Path(_text(values["path"])),
        kind=_one_of(values["kind"], ("movie", "sequence")),
        name=_text(values["name"]),
        size=_size(values["size"]),
        frames=frames,
        missing=_missing(values["missing"], frames),
        fps=_fraction(values["fps"]),
        pixel_aspect=_fraction(values["pixel_aspect"]),
        bit_depth=whole(values["bit_depth"], 1, 32),
        colour=_text(values["colour"]),
        fingerprint=_fingerprint(_dict(values["fingerprint"])),
        warnings=(),
        interpretation=_interpretation(_dict(values["interpretation"])),
        offline=True,
    )
    return clip, None if relative is None else _text(relative)


def frames_of(values: object) -> FrameRange:
    """A range of frames from [first, last]."""
    first, last = (whole(n, -FARTHEST_FRAME, FARTHEST_FRAME) for n in _list(values, 2, 2))
    if not 0 <= last - first < MOST_FRAMES:
        raise ValueError(f"frames {first} to {last}")
    return FrameRange(first, last)


def in_out_of(text: object) -> FrameRange:
    """The in/out range in a JSON text."""
    return frames_of(_json(text))


def runs(frames: Iterable[int]) -> list[FrameRange]:
    """The frames as ranges without gaps, ascending."""
    found: list[FrameRange] = []
    for frame in sorted(frames):
        if found and found[-1].last == frame - 1:
            found[-1] = replace(found[-1], last=frame)
        else:
            found.append(FrameRange(frame, frame))
    return found


def whole(value: object, low: int, high: int) -> int:
    """A whole number from `low` to `high`."""
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(f"{brief(value)} where a number from {low} to {high} belongs")
    return value


def real(value: object, farthest: float = FARTHEST_PIXEL) -> float:
    """A finite number not farther from 0 than `farthest`."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise ValueError(f"{brief(value)} where a number belongs")
    if not -farthest <= value <= farthest:
        raise ValueError(f"the number {brief(value)}")
    return float(value)


def _box(values: Sequence[object]) -> Box:
    if len(values) != 5:
        raise ValueError("a box without five numbers")
    x0, y0, x1, y1 = map(real, values[:4])
    if not (x0 < x1 and y0 < y1):
        raise ValueError("an empty box")
    return Box(x0, y0, x1, y1, whole(values[4], 0, 3))


def _point(value: object) -> Point:
    x, y, include, proposal = _list(value, 4, 4)
    if not isinstance(include, bool):
        raise ValueError("a point that neither adds nor takes away")
    return Point(real(x), real(y), include, whole(proposal, 0, 3))


def _size(value: object) -> tuple[int, int]:
    width, height = (whole(n, 1, 1 << 20) for n in _list(value, 2, 2))
    check_size("The clip", width, height)
    return width, height


def _missing(value: object, frames: FrameRange) -> frozenset[int]:
    missing = [frames_of(run) for run in _list(value, MOST_MISSING)]
    apart = all(run.last < following.first for run, following in pairwise(missing))
    inside = all(run.intersect(frames) == run for run in missing)
    if not (apart and inside) or sum(map(len, missing)) > MOST_MISSING:
        raise ValueError("missing frames that the clip cannot have")
    return frozenset(chain.from_iterable(missing))


def _fingerprint(values: Mapping[str, Any]) -> Fingerprint:
    return Fingerprint(
        whole(values["bytes"], 0, 1 << 62),
        _hash(values["sample"]),
        whole(values["frames"], 0, MOST_FRAMES),
        _hash(values["times"]),
    )


def _interpretation_values(interpretation: Interpretation) -> dict[str, object]:
    return {
        "first_frame": interpretation.first_frame,
        "fps": str(interpretation.fps) if interpretation.fps else None,
        "matrix": interpretation.matrix,
        "range": interpretation.range,
    }


def _interpretation(values: Mapping[str, Any]) -> Interpretation:
    fps = values.get("fps")
    return Interpretation(
        first_frame=whole(values["first_frame"], -FARTHEST_FRAME, FARTHEST_FRAME),
        fps=None if fps is None else _fraction(fps),
        matrix=_one_of(values["matrix"], ("auto", "601", "709", "2020")),
        range=_one_of(values["range"], ("auto", "full", "limited")),
    )


def _object(text: object) -> dict[str, Any]:
    return _dict(_json(text))


def _json(text: object, longest: int = LONGEST_JSON) -> object:
    if not isinstance(text, str):
        raise ValueError("no text")
    if len(text) > longest:
        raise ValueError(f"a text of {len(text)} characters")
    try:
        return json.loads(text)
    except RecursionError as e:
        raise ValueError("brackets within brackets without end") from e


def _dict(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("no object")
    return value


def _list(value: object, most: int, least: int = 0) -> Sequence[Any]:
    if not isinstance(value, list) or not least <= len(value) <= most:
        raise ValueError(f"no list of {least} to {most}")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_TEXT or "\0" in value:
        raise ValueError(f"no text of 1 to {LONGEST_TEXT} characters")
    return value


def _name(value: object) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise ValueError("no name")
    return value


def _hash(value: object) -> str:
    if not isinstance(value, str) or not HASH.fullmatch(value):
        raise ValueError("no hash")
    return value


def _fraction(value: object) -> Fraction:
    text = _text(value)
    if len(text) > 60 or not re.fullmatch(r"[0-9]+(/[0-9]+)?", text):
        raise ValueError(f"{text[:40]} where a ratio belongs")
    try:
        ratio = Fraction(text)
    except ZeroDivisionError as e:
        raise ValueError("a division by zero") from e
    if not Fraction(1, 10**9) <= ratio <= 10**9:
        raise ValueError(f"the ratio {text}")
    return ratio


def _one_of(value: object, choices: tuple[T, ...]) -> T:
    for choice in choices:
        if value == choice:
            return choice
    raise ValueError(f"{brief(value)} where one of {choices} belongs")


def parsed(what: str, read: Callable[[], T]) -> T:
    """What `read` returns; whatever it trips over becomes a ValueError that says `what`."""
    try:
        return read()
    except KeyError as e:
        raise ValueError(f"{what} lacks {e}") from e
    except (ValueError, OverflowError, TypeError, ClipError) as e:
        raise ValueError(f"{what} holds {e}") from e


def view_text(playhead: int, selected: str | None) -> str:
    """Where the artist was, as JSON."""
    return json.dumps({"playhead": playhead, "selected": selected})


def view_of(text: object) -> tuple[int, str | None]:
    """The playhead and the selected layer in a JSON text."""
    values = _object(text)
    selected = values.get("selected")
    playhead = whole(values["playhead"], -FARTHEST_FRAME, FARTHEST_FRAME)
    return playhead, None if selected is None else _text(selected)
