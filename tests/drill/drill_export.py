"""Export: a matte under its final name is whole and right, and a resume completes the rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random
from types import MappingProxyType

import numpy as np

from app.domain.mask import Mask
from app.domain.project import Layer, Point, Project, Prompt
from app.export_mattes import MaskSource, export_mattes, export_targets, matte_of
from app.jobs import answer
from export.base import Alpha, ExportError
from export.job import Mode
from export.png import Png8
from export.report import Progress, Report
from models.base import Embedding
from tests.drill.child import Heard, Say
from tests.drill.rounds import Lost, Torn
from tests.fakes import DiscModel
from tests.project.values import plain_clip

SIZE = (320, 180)
FRAMES = range(1001, 1013)
NAMES = ("Rabbit", "e\u0301toile 🦊")
WRITER = Png8()


class ExportDrill:
    """In half of the rounds older mattes are there, which the export replaces."""

    name, writes, by_line = "export", len(FRAMES) * len(NAMES), True

    def prepare(self, folder: Path, random: Random) -> None:
        if random.random() < 0.5:
            list(steps(older(), folder / "out", "refuse"))

    def work(self, folder: Path, random: Random, say: Say) -> None:
        out = folder / "out"
        names = iter([path.name for path in places(present(), out)])
        going = steps(present(), out, "overwrite" if out.exists() else "refuse")
        for name in names:
            say.begin(name)
            next(going)
            say.done(name)
        next(going)

    def verify(self, folder: Path, random: Random, heard: Heard) -> None:
        out = folder / "out"
        before = {path.name for path in out.rglob("*.png")} if out.exists() else set[str]()
        check_mattes(out, heard)
        *_, report = steps(present(), out, "resume")
        assert isinstance(report, Report)
        assert report.complete, report.sentences
        assert report.kept >= len(heard.done), report.sentences
        found = {path.name for path in out.rglob("*") if path.is_file()}
        assert found == set(expected(present())), found
        assert before <= found
        check_mattes(out, Heard(done=sorted(found)))


def check_mattes(out: Path, heard: Heard) -> None:
    new, old = expected(present()), expected(older())
    there = {path.name: path for path in out.rglob("*") if path.is_file()} if out.exists() else {}
    for name in heard.done:
        if name not in there:
            raise Lost(f"{name} is not there")
    parts = [name for name in there if name.endswith(".part")]
    assert len(parts) <= 1, parts
    for name in there.keys() - set(parts):
        try:
            matte = WRITER.read(there[name])
        except ExportError as error:
            raise Torn(str(error)) from error
        if np.array_equal(matte, new[name]):
            continue
        if not np.array_equal(matte, old[name]):
            raise Torn(f"{name} is neither the older nor the newer matte")
        if name in heard.done:
            raise Lost(f"{name} is the older matte")


def steps(project: Project, out: Path, mode: Mode) -> Iterator[Progress | Report]:
    """An export of all layers."""
    assert project.clip is not None
    ids = [layer.id for layer in project.layers]
    return export_mattes(project, ids, FRAMES, out, mode, MaskSource(project.clip, DiscModel()))


def places(project: Project, out: Path) -> list[Path]:
    """Where the mattes go, in the order they are written."""
    targets = export_targets(project, [layer.id for layer in project.layers], FRAMES, out)
    return [path for paths in zip(*targets.values(), strict=True) for path in paths]


@cache
def present() -> Project:
    """Discs that move."""
    return _discs(0)


@cache
def older() -> Project:
    """The same, elsewhere."""
    return _discs(40)


@cache
def _expected(shift: int) -> dict[str, Alpha]:
    project = _discs(shift)
    assert project.clip is not None
    source = MaskSource(project.clip, DiscModel())
    mattes = iter(places(project, Path("out")))
    made: dict[str, Alpha] = {}
    for frame in FRAMES:
        for layer in project.layers:
            alpha = matte_of(layer, frame, SIZE, source)
            assert alpha is not None
            made[next(mattes).name] = WRITER.rounded(alpha)
    return made


def expected(project: Project) -> dict[str, Alpha]:
    """What each matte must be, by file name."""
    return _expected(0 if project is present() else 40)


def _discs(shift: int) -> Project:
    clip = replace(plain_clip(), size=SIZE)
    made = []
    for number, name in enumerate(NAMES):
        x = 40.0 + 100 * number + shift
        masks = {frame: _mask(x + 5 * (frame - FRAMES[0])) for frame in FRAMES}
        prompts = {frame: mask.prompt for frame, mask in masks.items() if mask.prompt}
        made.append(
            Layer(
                f"{number:032x}",
                name,
                prompts=MappingProxyType(prompts),
                masks=MappingProxyType(masks),
            )
        )
    return Project(clip, tuple(made))


def _mask(x: float) -> Mask:
    nothing = Embedding((np.zeros((1, 4, 4, 4), np.float16),), SIZE)
    return answer(DiscModel(), nothing, Prompt(points=(Point(x, 90.0),)))
