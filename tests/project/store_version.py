"""Writes the stored file of the present schema version: `python -m tests.project.store_version`.

Run it once when a version is new, and never again: later programs must read what this one wrote.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from app.domain.frames import FrameRange
from app.domain.live_copy import LiveCopy
from app.domain.mask import Mask
from app.domain.project import Box, Layer, Point, Project, Prompt
from app.domain.project_schema import VERSION
from app.domain.project_write import View
from tests.project.values import SIZE, plain_clip, plain_mask

DATA = Path(__file__).parents[1] / "data" / "projects"


def project() -> Project:
    """Something of everything a project can hold."""
    points = (Point(100.5, 50.25), Point(20.0, 30.0, include=False), Point(60.0, 40.0, proposal=2))
    click, box = Prompt(points=points), Prompt(box=Box(10.0, 20.0, 300.0, 200.0))
    doubtful = replace(plain_mask(None, 2), doubt=0.75, reason="jump")
    absent = Mask.absent(SIZE)
    rabbit = Layer(
        "0" * 31 + "1",
        "Rabbit",
        prompts=MappingProxyType({1001: click, 1005: box}),
        masks=MappingProxyType({1001: plain_mask(click, 1), 1003: doubtful, 1004: absent}),
        locks=frozenset({1001, 1004}),
    )
    grass = Layer("0" * 31 + "2", "Grass", 3, shown=False, solo=True, locked=True)
    clip = replace(plain_clip(), missing=frozenset({1007, 1008, 1050}))
    return Project(clip, (rabbit, grass), FrameRange(1001, 1040))


def main() -> None:
    """Write it, unless it is there."""
    path = DATA / f"version_{VERSION}.roto"
    if path.exists():
        raise SystemExit(f"{path} is there already, and has to stay as it is.")
    DATA.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        live, home = LiveCopy(Path(folder)), Path(folder) / path.name
        live.save(project(), View(1005, "0" * 31 + "1"), home)
        live.delete()
        shutil.copyfile(home, path)


if __name__ == "__main__":
    main()
