"""How long a very large project takes to open, keep and save: `python -m tests.bench_projects`.

10 layers of 5,000 frames, a mask on each, a prompt on every fiftieth. The masks are the bundled
model's answers to the clicks of the demo. What is measured runs on lanes: the window does not wait.
"""

from __future__ import annotations

import gc
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType

import numpy as np

from app.cli_demo import PROMPTS, demo_clip
from app.domain import edits
from app.domain.clip import ClipReader
from app.domain.live_copy import LiveCopy
from app.domain.mask import Mask
from app.domain.project import Layer, Point, Project, Prompt
from app.domain.project_read import read_project
from app.domain.project_write import View
from app.domain.recovery import recoverable
from app.headless import load_model
from app.jobs import answer
from app.settings import Settings
from tests.project.values import plain_clip

LAYERS, FRAMES, EDITS, ROUNDS = 10, 5000, 300, 5
CLICK = Prompt(points=(Point(100.0, 100.0),))


def real_masks() -> list[Mask]:
    """What the bundled model answers to the clicks of the demo."""
    model, clip = load_model(Settings()), demo_clip()
    with ClipReader(clip) as reader:
        return [
            answer(model, model.encode(reader.read(frame).rgb8()), prompt)
            for frame, prompt in PROMPTS.items()
        ]


def large_project(masks: Sequence[Mask]) -> Project:
    """The project; every mask has bytes of its own, as in a real one."""

    def mask(number: int, prompt: Prompt | None) -> Mask:
        like = masks[number % len(masks)]
        data = bytes(bytearray(like.data))
        return Mask(data, like.shape, like.window, prompt, like.model, like.score)

    clip = plain_clip(Path("/footage/long.mov"), FRAMES)
    layers = []
    for number in range(LAYERS):
        prompts = {frame: CLICK for frame in clip.frames if frame % 50 == 1}
        made = {frame: mask(frame + number, prompts.get(frame)) for frame in clip.frames}
        layers.append(
            Layer(
                f"{number:032x}",
                f"Layer {number + 1}",
                number % 7,
                prompts=MappingProxyType(prompts),
                masks=MappingProxyType(made),
            )
        )
    return Project(clip, tuple(layers))


def seconds(work: Callable[[], object]) -> float:
    """How long `work` takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def edit_times(live: LiveCopy, project: Project, masks: Sequence[Mask]) -> list[float]:
    """Seconds until a click and its mask are on the disk, for many clicks."""
    times = []
    for number in range(EDITS):
        layer_id = project.layers[number % LAYERS].id
        frame = 1001 + (number * 37) % FRAMES
        project = edits.add_point(project, layer_id, frame, Point(float(number), 5.0))
        prompt = project.layer(layer_id).prompts[frame]
        like = masks[number % len(masks)]
        made = Mask(like.data, like.shape, like.window, prompt, like.model, like.score)
        project = edits.set_mask(project, layer_id, frame, made)
        times.append(seconds(partial(live.keep, project, View(frame))))
    return times


def open_time(home: Path) -> float:
    """Seconds that a new process takes to read the project, its start left out."""
    command = [sys.executable, "-m", "tests.bench_projects", str(home)]
    return float(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


def row(name: str, values: Sequence[float]) -> None:
    """One line of the table, in milliseconds."""
    high = np.percentile(values, 95)
    numbers = (np.median(values), high, max(values))
    print(f"{name:44}{''.join(f'{1000 * n:10.1f}' for n in numbers)}{len(values):8}")


def main() -> int:
    """Measure and print; with the path of a project, only how long that one takes to open."""
    gc.disable()  # as it is in the lanes of the program
    if sys.argv[1:]:
        print(seconds(lambda: read_project(Path(sys.argv[1]))))
        return 0
    masks = real_masks()
    project = large_project(masks)
    sizes = [len(mask.data) for mask in masks]
    print(f"{LAYERS} layers x {FRAMES} frames, a mask {np.mean(sizes) / 1024:.1f} KiB on average")
    with tempfile.TemporaryDirectory() as folder:
        live, home = LiveCopy(Path(folder) / "recovery"), Path(folder) / "large.roto"
        print(f"{'milliseconds':44}{'median':>10}{'p95':>10}{'max':>10}{'count':>8}")
        row("all of it into a new live copy", [seconds(lambda: live.keep(project, View()))])
        row("save", [seconds(lambda: live.save(project, View(), home)) for _ in range(ROUNDS)])
        row("open, in a program just started", [open_time(home) for _ in range(ROUNDS)])
        row("one edit on the disk", edit_times(live, project, masks))
        row("delete a layer of 5,000 masks", [seconds(lambda: _without_layer(live, project))])
        row("undo that", [seconds(lambda: live.keep(project, View()))])
        live.close()
        row("look for work to recover", [seconds(lambda: recoverable(live.path.parent))])
        print(f"file size {home.stat().st_size / 1e6:.1f} MB")
    return 0


def _without_layer(live: LiveCopy, project: Project) -> None:
    live.keep(edits.delete_layer(project, project.layers[3].id), View())


if __name__ == "__main__":
    sys.exit(main())
