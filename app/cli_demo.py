"""`rotocel demo`: the bundled clip, matted from clicks through the way every export takes."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import TypeAlias

from app import paths
from app.cli_matte import save_sheet, tell, written
from app.cli_words import Parser
from app.domain import edits
from app.domain.clip import Clip, open_clip
from app.domain.mask import Mask
from app.domain.project import Point, Project, Prompt
from app.export_mattes import MaskSource
from app.headless import has_display, load_model
from app.settings import Settings

OpenWindow: TypeAlias = Callable[[Path | None, Project | None], int]

NAME = "Rabbit"
OUT = Path("demo-out")


def _clicks(*places: tuple[float, float], but: tuple[float, float] | None = None) -> Prompt:
    points = [Point(x, y) for x, y in places]
    return Prompt(points=(*points, Point(*but, include=False)) if but else tuple(points))


PROMPTS: Mapping[int, Prompt] = {  # belly and ears, but not the root behind the shoulder
    1045: _clicks((430, 400), (430, 60), (508, 73)),
    1056: _clicks((470, 370), (356, 98), but=(618, 226)),
    1067: _clicks((470, 380), (361, 103), but=(605, 220)),
    1078: _clicks((480, 380), (338, 113), but=(600, 225)),
    1089: _clicks((480, 380), (342, 112), but=(600, 225)),
    1100: _clicks((470, 400), (357, 115), but=(605, 230)),
    1111: _clicks((430, 420), (352, 98), (422, 70)),
    1122: _clicks((450, 380), (305, 155), (380, 84)),
}


class Remembering:
    """An answer source that keeps its answers, so that the window need not ask again."""

    def __init__(self, source: MaskSource) -> None:
        self._source = source
        self.masks: dict[int, Mask] = {}

    def check(self, frame: int) -> None:
        """As the source does."""
        self._source.check(frame)

    def answer(self, frame: int, prompt: Prompt) -> Mask:
        """The source's answer."""
        self.masks[frame] = self._source.answer(frame, prompt)
        return self.masks[frame]


def demo_clip() -> Clip:
    """The clip that ships with the program. Raises ClipError."""
    return open_clip(paths.demo_clip())


def with_prompts(clip: Clip) -> Project:
    """A project on `clip` with the demo's layer and prompts."""
    project = edits.add_layer(Project(clip=clip), NAME)
    for frame, prompt in PROMPTS.items():
        project = edits.set_prompt(project, project.layers[0].id, frame, prompt)
    return project


def add_arguments(parser: Parser) -> None:
    """Describe the command."""
    parser.add_argument(
        "--out", type=Path, default=OUT, metavar="DIR", help=f"where mattes go; default: {OUT}"
    )
    parser.add_argument("--no-window", action="store_true", help="do not open the editor")


def run(chosen: Namespace, settings: Settings, open_window: OpenWindow) -> int:
    """Write the demo's mattes and contact sheet, then open the editor where it can be seen."""
    clip = demo_clip()
    project = with_prompts(clip)
    layer = project.layers[0]
    sheet = chosen.out / "contact-sheet.png"
    with closing(MaskSource(clip, load_model(settings))) as source:
        answers = Remembering(source)
        print(f"Matting {len(PROMPTS)} frames of {clip.name} from clicks.", flush=True)
        report = written(project, [layer.id], list(PROMPTS), chosen.out, "overwrite", answers)
        save_sheet(sheet, project, [layer.id], chosen.out, source)
    tell(report, sheet, as_json=False)
    if not report.complete:
        return 1
    if chosen.no_window:
        return 0
    if not has_display():
        print("There is no display here, so the editor was not opened.")
        return 0
    for frame, mask in answers.masks.items():
        project = edits.set_mask(project, layer.id, frame, mask)
    print("Opening the editor.", flush=True)
    return open_window(clip.path, project)
