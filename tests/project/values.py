"""Projects of every shape, for hypothesis, and plain ones made by hand."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType

import numpy as np
from hypothesis import strategies as st

from app.domain.clip_facts import Clip, Interpretation
from app.domain.fingerprint import Fingerprint
from app.domain.frames import FrameRange
from app.domain.mask import Mask
from app.domain.project import Box, Layer, Point, Project, Prompt

SIZE = (640, 360)
HASH = "0123456789abcdef" * 4

names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
ratios = st.fractions(Fraction(1, 100), Fraction(240), max_denominator=1001)
numbers = st.floats(-1e5, 1e5)
frames = st.integers(1001, 1040)
proposals = st.integers(0, 3)
points = st.builds(Point, numbers, numbers, st.booleans(), proposals)


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    x0, y0 = draw(numbers), draw(numbers)
    return Box(x0, y0, x0 + draw(st.floats(1, 1e5)), y0 + draw(st.floats(1, 1e5)), draw(proposals))


prompts = st.builds(Prompt, st.none() | boxes(), st.lists(points, max_size=4).map(tuple)).filter(
    bool
)


@st.composite
def masks(draw: st.DrawFn) -> Mask:
    rows, columns = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    seed = draw(st.integers(0, 999))
    logits = np.random.default_rng(seed).normal(0, 6, (rows, columns)).astype(np.float16)
    x0, y0 = draw(st.integers(0, 600)), draw(st.integers(0, 300))
    window = (float(x0), float(y0), x0 + draw(st.floats(1, 640)), y0 + draw(st.floats(1, 640)))
    mask = Mask.pack(
        logits,
        window=window,
        prompt=draw(st.none() | prompts),
        model=draw(names),
        score=draw(st.floats(0, 1)),
    )
    return replace(mask, doubt=draw(st.floats(0, 1)), reason=draw(st.sampled_from(["", "jump"])))


@st.composite
def layers(draw: st.DrawFn, number: int) -> Layer:
    made = draw(st.dictionaries(frames, masks(), max_size=4))
    return Layer(
        f"{number:032x}",
        draw(names),
        draw(st.integers(0, 6)),
        draw(st.booleans()),
        draw(st.booleans()),
        draw(st.booleans()),
        MappingProxyType(draw(st.dictionaries(frames, prompts, max_size=4))),
        MappingProxyType(made),
        frozenset(frame for frame in made if draw(st.booleans())),
    )


@st.composite
def clips(draw: st.DrawFn) -> Clip:
    first = draw(st.integers(-50, 5000))
    range_ = FrameRange(first, first + draw(st.integers(0, 200)))
    kind = draw(st.sampled_from(["movie", "sequence"]))
    return Clip(
        path=Path("/footage") / draw(names).replace("/", "_").replace("\0", "_"),
        kind="movie" if kind == "movie" else "sequence",
        name=draw(names.filter(lambda name: "\0" not in name)),
        size=SIZE,
        frames=range_,
        missing=frozenset(draw(st.sets(st.integers(range_.first, range_.last), max_size=9))),
        fps=draw(ratios),
        pixel_aspect=draw(ratios),
        bit_depth=draw(st.sampled_from([8, 10, 12, 16, 32])),
        colour="BT.709 limited (assumed)",
        fingerprint=Fingerprint(draw(st.integers(0, 1 << 60)), HASH, len(range_), HASH[::-1]),
        warnings=(),
        interpretation=Interpretation(
            draw(st.integers(-9, 9999)),
            draw(st.none() | ratios),
            draw(st.sampled_from(["auto", "601", "709", "2020"])),
            draw(st.sampled_from(["auto", "full", "limited"])),
        ),
        offline=True,
    )


@st.composite
def projects(draw: st.DrawFn) -> Project:
    clip = draw(clips())
    numbers = draw(st.permutations(range(4)))[: draw(st.integers(0, 4))]
    made = tuple(draw(layers(number)) for number in numbers)
    in_out = None
    if draw(st.booleans()):
        ends = sorted(draw(st.integers(clip.frames.first, clip.frames.last)) for _ in range(2))
        in_out = FrameRange(*ends)
    return Project(clip, made, in_out)


def plain_clip(path: Path = Path("/footage/rabbit.mp4"), count: int = 100) -> Clip:
    """A movie clip, offline."""
    return Clip(
        path=path,
        kind="movie",
        name=path.stem,
        size=SIZE,
        frames=FrameRange(1001, 1000 + count),
        missing=frozenset(),
        fps=Fraction(24),
        pixel_aspect=Fraction(1),
        bit_depth=8,
        colour="BT.709 limited",
        fingerprint=Fingerprint(1234, HASH, count, HASH),
        warnings=(),
        interpretation=Interpretation(),
        offline=True,
    )


def plain_mask(prompt: Prompt | None = None, seed: int = 0) -> Mask:
    """A small mask that answers `prompt`."""
    logits = np.random.default_rng(seed).normal(0, 6, (16, 16)).astype(np.float16)
    return Mask.pack(logits, window=(0, 0, 640, 640), prompt=prompt, model="fake", score=0.5)


def plain_project(layers: int = 2, keyframes: int = 3) -> Project:
    """A project with as many layers, each with prompts and their masks on as many frames."""
    prompt = Prompt(points=(Point(10.5, 20.25),))
    made = tuple(
        Layer(
            f"{number:032x}",
            f"Layer {number}",
            number % 7,
            prompts=MappingProxyType({1001 + frame: prompt for frame in range(keyframes)}),
            masks=MappingProxyType(
                {1001 + frame: plain_mask(prompt, number) for frame in range(keyframes)}
            ),
        )
        for number in range(1, layers + 1)
    )
    return Project(plain_clip(), made)


def renamed(project: Project, name: str) -> Project:
    """The project with its first layer called `name`."""
    first, *rest = project.layers
    return replace(project, layers=(replace(first, name=name), *rest))
