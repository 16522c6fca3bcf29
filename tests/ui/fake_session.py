"""A session without lanes, models or files: the real signals and calls, answers made on the spot.

Every call is written down in `calls` as (name, arguments), so a test can ask what a widget did.
Edits really change `project` and `history`, and emit what the real session emits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from app.domain import edits
from app.domain.clip_facts import Clip, Interpretation
from app.domain.contour import Contour
from app.domain.earlier import Earlier
from app.domain.fingerprint import Fingerprint
from app.domain.frames import FrameRange
from app.domain.history import History
from app.domain.mask import Mask
from app.domain.project import Box, Layer, LayerId, Point, Project, Prompt
from app.domain.review import Review, Suspect
from app.painter import Painter
from app.sights import Skin

if TYPE_CHECKING:
    from app.session import Session

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class FakeStatus:
    """What the status bar shows."""

    device: str = "CPU"
    model: str = "MobileSAM"
    activity: str = ""
    cache: str = "0 MB"
    score: float | None = None
    runtime: str = ""


@dataclass(frozen=True)
class FakeProgress:
    """How far an export is."""

    done: int
    total: int
    path: Path
    rate: float
    eta: float | None


@dataclass(frozen=True)
class FakeSummary:
    """How an export ended."""

    sentences: tuple[str, ...]
    out_dir: Path
    complete: bool
    cancelled: bool
    existing: int = 0


def make_clip(
    first: int = 1001,
    count: int = 132,
    *,
    size: tuple[int, int] = (640, 360),
    missing: frozenset[int] = frozenset(),
    fps: Fraction = Fraction(24),
) -> Clip:
    """A movie clip of `count` frames that no file stands behind."""
    return Clip(
        path=Path("rabbit.mp4"),
        kind="movie",
        name="rabbit.mp4",
        size=size,
        frames=FrameRange(first, first + count - 1),
        missing=missing,
        fps=fps,
        pixel_aspect=Fraction(1),
        bit_depth=8,
        colour="BT.709 limited",
        fingerprint=Fingerprint(0, "", count, ""),
        warnings=(),
        interpretation=Interpretation(first_frame=first),
    )


def make_mask(prompt: Prompt | None = None) -> Mask:
    """A small mask that answers `prompt`."""
    logits = np.full((4, 4), 8.0, np.float16)
    return Mask.pack(logits, window=(0, 0, 640, 360), prompt=prompt, model="fake", score=0.87)


def make_layer(
    name: str,
    *,
    colour: int = 0,
    keyframes: tuple[int, ...] = (),
    masks: tuple[int, ...] = (),
    stale: tuple[int, ...] = (),
) -> Layer:
    """A layer with answered prompts on `keyframes`, masks of no prompt on `masks`, unanswered
    prompts on `stale`."""
    prompt = Prompt(points=(Point(320.0, 180.0),))
    prompts = dict.fromkeys((*keyframes, *stale), prompt)
    made = {frame: make_mask() for frame in masks} | {
        frame: make_mask(prompt) for frame in keyframes
    }
    return Layer(
        id=name.lower(),
        name=name,
        colour=colour,
        prompts=MappingProxyType(prompts),
        masks=MappingProxyType(made),
    )


@dataclass
class Answers:
    """What the fake session answers where the real one would ask a lane; tests set these."""

    cached: frozenset[int] = frozenset()
    embedded: frozenset[int] = frozenset()
    gaps: dict[int, str] = field(default_factory=dict)
    pending: set[tuple[LayerId, int]] = field(default_factory=set)
    pictures: dict[int, Pixels] = field(default_factory=dict)
    mattes: dict[tuple[LayerId, int], Pixels] = field(default_factory=dict)
    thumbnails: dict[int, Pixels] = field(default_factory=dict)
    status: FakeStatus = field(default_factory=FakeStatus)


class FakeFiles(QObject):
    """The session's files, of which widgets only ask."""

    changed = Signal()
    footage_changed = Signal()
    save_ended = Signal(bool)
    home: Path | None = None
    name = ""
    is_modified = False
    keeps = True
    read_only = ""
    saving: object = None


class FakeSights(QObject):
    """The session's sights: tests say what is at hand."""

    changed = Signal()
    matte_made = Signal()
    replaced = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.onion_count = 0
        self.comparing = self.showing_replaced = False
        self.hovered: list[Point | None] = []
        self.previewed: Contour | None = None
        self.before: Earlier | None = None
        self.mattes: dict[Mask, Pixels] = {}
        self.skins: list[Skin] = []
        self.contours: dict[Mask, Contour] = {}

    def show_onion(self, count: int) -> None:
        self.onion_count = count

    def onion(self, _frame: int) -> list[Skin]:
        return self.skins

    def show_replaced(self, *, on: bool) -> None:
        self.showing_replaced = on

    def hover(self, point: Point | None) -> None:
        if self.hovered[-1:] != [point]:
            self.hovered.append(point)

    def preview(self) -> Contour | None:
        return self.previewed

    def compare(self, *, on: bool) -> None:
        self.comparing = on

    def earlier(self, _frame: int) -> Earlier | None:
        return self.before

    def matte(self, mask: Mask) -> Pixels | None:
        return self.mattes.get(mask)

    def contour(self, mask: Mask) -> Contour | None:
        return self.contours.get(mask)


class FakeSession(QObject):
    """The session's signals, properties and calls over plain values."""

    began = Signal()
    clip_changed = Signal()
    project_changed = Signal()
    history_changed = Signal()
    playhead_changed = Signal(int)
    selection_changed = Signal()
    frame_ready = Signal(int)
    mask_changed = Signal(str, int)
    caches_changed = Signal()
    thumbnail_ready = Signal(int)
    playing_changed = Signal()
    status_changed = Signal()
    message_sent = Signal(object)
    propagation_changed = Signal()
    import_changed = Signal()
    model_changed = Signal()
    export_progressed = Signal(object)
    export_finished = Signal(object)

    def __init__(self, project: Project | None = None) -> None:
        super().__init__()
        self.calls: list[tuple[str, tuple[object, ...]]] = []
        self.answers = Answers()
        self.files = FakeFiles(self)
        self.sights = FakeSights(self)
        self.painter = Painter(self, self)
        self.history = History(project or Project())
        self.playhead = self.clip.frames.first if self.clip else 0
        self.selected: LayerId | None = None
        self.rate = 0.0
        self.looping = True
        self.exporting = False
        self.propagating = False
        self.propagator = SimpleNamespace(paused=False)
        self.importing = False
        self.obstacle = ""
        self.review = Review()

    # --- what a test asks

    def called(self, name: str) -> list[tuple[object, ...]]:
        """The arguments of every call of `name`, oldest first."""
        return [arguments for called, arguments in self.calls if called == name]

    def _note(self, name: str, *arguments: object) -> None:
        self.calls.append((name, arguments))

    # --- state

    @property
    def project(self) -> Project:
        return self.history.present

    @property
    def clip(self) -> Clip | None:
        return self.project.clip

    @property
    def selected_layer(self) -> Layer | None:
        return next((layer for layer in self.project.layers if layer.id == self.selected), None)

    @property
    def read_only(self) -> str:
        return self.files.read_only

    def picture(self, frame: int) -> Pixels | None:
        return self.answers.pictures.get(frame)

    def frame_error(self, frame: int) -> str | None:
        return self.answers.gaps.get(frame)

    def matte(self, layer_id: LayerId, frame: int) -> Pixels | None:
        return self.answers.mattes.get((layer_id, frame))

    def is_pending(self, layer_id: LayerId, frame: int) -> bool:
        return (layer_id, frame) in self.answers.pending

    def thumbnail(self, frame: int) -> Pixels | None:
        self._note("thumbnail", frame)
        return self.answers.thumbnails.get(frame)

    def suspects(self) -> list[Suspect]:
        return self.review.ranked(self.project.layers)

    def cached_frames(self) -> frozenset[int]:
        return self.answers.cached

    def embedded_frames(self) -> frozenset[int]:
        return self.answers.embedded

    def status(self) -> FakeStatus:
        return self.answers.status

    # --- clip and playhead

    def open(self, path: Path) -> None:
        self._note("open", path)

    def open_demo(self) -> None:
        self._note("open_demo")

    def close_project(self) -> None:
        self._note("close_project")
        self.set_project(Project())

    def set_project(self, project: Project) -> None:
        """Puts another project on, as opening a clip does."""
        self.history = History(project)
        self.playhead = project.clip.frames.first if project.clip else 0
        self.selected = project.layers[0].id if project.layers else None
        self.clip_changed.emit()
        self._announce()
        self.selection_changed.emit()
        self.playhead_changed.emit(self.playhead)

    def seek(self, frame: int) -> None:
        self._note("seek", frame)
        if self.clip is None:
            return
        frame = self.clip.frames.clamp(frame)
        if frame != self.playhead:
            self.playhead = frame
            self.playhead_changed.emit(frame)

    def step(self, count: int) -> None:
        self._note("step", count)
        self.seek(self.playhead + count)

    def go_to_start(self) -> None:
        self._note("go_to_start")
        if self.project.work_range:
            self.seek(self.project.work_range.first)

    def go_to_end(self) -> None:
        self._note("go_to_end")
        if self.project.work_range:
            self.seek(self.project.work_range.last)

    def step_keyframe(self, direction: int) -> None:
        self._note("step_keyframe", direction)

    def toggle_play(self) -> None:
        self._note("toggle_play")
        self.rate = 0.0 if self.rate else 1.0
        self.playing_changed.emit()

    def shuttle(self, direction: int) -> None:
        self._note("shuttle", direction)
        self.rate = float(direction)
        self.playing_changed.emit()

    def set_looping(self, looping: bool) -> None:
        self._note("set_looping", looping)
        self.looping = looping
        self.playing_changed.emit()

    # --- edits

    def edit(
        self, label: str, change: Callable[[Project], Project], merge: str | None = None
    ) -> None:
        self._note("edit", label, merge)
        project = change(self.project)
        if project is self.project:
            return
        self.history.commit(label, project, merge)
        self._announce()

    def _announce(self) -> None:
        self.project_changed.emit()
        self.history_changed.emit()

    def _change_prompt(
        self, label: str, change: Callable[[Prompt], Prompt], merge: str | None = None
    ) -> None:
        layer_id, frame = self.selected or self.add_layer(), self.playhead

        def with_prompt(project: Project) -> Project:
            prompt = change(project.layer(layer_id).prompts.get(frame, Prompt()))
            return edits.set_prompt(project, layer_id, frame, prompt)

        self.edit(label, with_prompt, merge)
        self.mask_changed.emit(layer_id, frame)

    def select_layer(self, layer_id: LayerId | None) -> None:
        self._note("select_layer", layer_id)
        if layer_id != self.selected:
            self.selected = layer_id
            self.selection_changed.emit()

    def select_layer_number(self, number: int) -> None:
        self._note("select_layer_number", number)
        if number <= len(self.project.layers):
            self.select_layer(self.project.layers[-number].id)

    def add_layer(self) -> LayerId:
        self._note("add_layer")
        self.edit("Add layer", edits.add_layer)
        self.select_layer(self.project.layers[0].id)
        return self.project.layers[0].id

    def delete_layer(self, layer_id: LayerId) -> None:
        self._note("delete_layer", layer_id)
        self.edit("Delete layer", lambda p: edits.delete_layer(p, layer_id))
        if self.selected == layer_id:
            self.select_layer(self.project.layers[0].id if self.project.layers else None)

    def set_in(self) -> None:
        self._note("set_in")
        last = max(self.project.work_range.last if self.project.work_range else 0, self.playhead)
        self.edit("Set in", lambda p: edits.set_in_out(p, FrameRange(self.playhead, last)))

    def set_out(self) -> None:
        self._note("set_out")
        first = min(self.project.work_range.first if self.project.work_range else 0, self.playhead)
        self.edit("Set out", lambda p: edits.set_in_out(p, FrameRange(first, self.playhead)))

    def clear_in_out(self) -> None:
        self._note("clear_in_out")
        self.edit("Clear in/out", lambda p: edits.set_in_out(p, None))

    def add_point(self, x: float, y: float, include: bool) -> None:
        self._note("add_point", x, y, include)
        self._change_prompt(
            "Add point", lambda p: replace(p, points=(*p.points, Point(x, y, include)))
        )

    def set_box(self, x0: float, y0: float, x1: float, y1: float) -> None:
        self._note("set_box", x0, y0, x1, y1)
        self._change_prompt("Set box", lambda p: replace(p, box=Box(x0, y0, x1, y1)))

    def move_point(self, index: int, x: float, y: float) -> None:
        self._note("move_point", index, x, y)

        def move(prompt: Prompt) -> Prompt:
            points = list(prompt.points)
            points[index] = replace(points[index], x=x, y=y)
            return replace(prompt, points=tuple(points))

        self._change_prompt("Move point", move, merge=f"move {self.playhead} {index}")

    def finish_drag(self) -> None:
        self._note("finish_drag")
        self.history.end_merge()

    def delete_point(self, index: int) -> None:
        self._note("delete_point", index)
        self._change_prompt(
            "Delete point",
            lambda p: replace(p, points=p.points[:index] + p.points[index + 1 :]),
        )

    def delete_box(self) -> None:
        self._note("delete_box")
        self._change_prompt("Delete box", lambda p: replace(p, box=None))

    def clear_prompt(self) -> None:
        self._note("clear_prompt")
        self._change_prompt("Clear prompt", lambda _: Prompt())

    def cycle_proposal(self) -> None:
        self._note("cycle_proposal")

    def approve(self) -> None:
        self._note("approve")

    def step_suspect(self, direction: int) -> None:
        self._note("step_suspect", direction)

    def review_obstacle(self) -> str:
        return "" if self.suspects() else "No frame of this layer is suspect."

    def approval_obstacle(self) -> str:
        return self.review_obstacle()

    def undo(self) -> None:
        self._note("undo")
        if self.history.can_undo:
            self.history.go_to(self.history.index - 1)
            self._announce()

    def redo(self) -> None:
        self._note("redo")
        if self.history.can_redo:
            self.history.go_to(self.history.index + 1)
            self._announce()

    def go_to_history(self, index: int) -> None:
        self._note("go_to_history", index)
        self.history.go_to(index)
        self._announce()

    # --- propagation

    def propagation_obstacle(self, *, every_layer: bool = False, extent: str = "end") -> str:
        return self.obstacle

    def propagate(self, direction: str, extent: str = "end") -> None:
        self._note("propagate", direction, extent)

    def propagate_one(self, step: int) -> None:
        self._note("propagate_one", step)

    def propagate_fix(self) -> None:
        self._note("propagate_fix")

    def pause_propagation(self) -> None:
        self._note("pause_propagation")

    def propagate_all(self, direction: str = "both", extent: str = "end") -> None:
        self._note("propagate_all", direction, extent)

    def cancel_propagation(self) -> None:
        self._note("cancel_propagation")

    def say(self, level: str, text: str) -> None:
        self._note("say", level, text)

    # --- import

    def import_obstacle(self) -> str:
        return self.obstacle

    def import_masks(self, paths: list[Path]) -> None:
        self._note("import_masks", paths)

    def cancel_import(self) -> None:
        self._note("cancel_import")

    # --- export

    def export(
        self, out_dir: Path, layer_ids: list[LayerId], frames: FrameRange, mode: str
    ) -> None:
        self._note("export", out_dir, layer_ids, frames, mode)
        self.exporting = True

    def first_export_path(
        self, out_dir: Path, layer_ids: list[LayerId], frames: FrameRange
    ) -> Path:
        name = self.project.layer(layer_ids[0]).name
        return out_dir / name / f"{name}.{frames.first:04d}.png"

    def report_export(self, progress: FakeProgress) -> None:
        """Plays one step of a running export."""
        self.export_progressed.emit(progress)

    def end_export(self, summary: FakeSummary) -> None:
        """Plays the end of an export."""
        self.exporting = False
        self.export_finished.emit(summary)

    def cancel_export(self) -> None:
        self._note("cancel_export")

    def shutdown(self) -> None:
        self._note("shutdown")


def as_session(fake: FakeSession) -> Session:
    """The fake where a widget asks for a session."""
    return cast("Session", fake)
