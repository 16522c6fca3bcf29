"""What the session tells the widgets: frozen values."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from app.domain.sequence_names import frame_list

Level: TypeAlias = Literal["info", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Message:
    """One sentence for the bar over the canvas."""

    level: Level
    text: str
    stays: bool = False  # until it is dismissed, whatever clip is opened


@dataclass(frozen=True, slots=True)
class Status:
    """What the status bar shows."""

    device: str
    model: str
    activity: str  # e.g. "encoding 1043-1080 (37 left, 0:21)"; empty at rest
    cache: str  # memory in use, e.g. "312 MB"
    score: float | None  # the model's estimate of the clicked mask of the selected layer here
    runtime: str = ""  # what runs the model, e.g. "ONNX Runtime 1.32.0, built in", once it runs


@dataclass(frozen=True, slots=True)
class ExportSummary:
    """How an export ended. `existing` mattes were in the way where it refused to start."""

    sentences: tuple[str, ...]
    out_dir: Path
    complete: bool = False
    cancelled: bool = False
    existing: int = 0


def layer_locked(name: str) -> str:
    """Why a layer is not changed."""
    return f"{name} is locked; unlock it to change it."


def left_alone(frames: Collection[int]) -> str:
    """That these frames are locked, and so an edit went round them."""
    if len(frames) == 1:
        return f"Frame {frame_list(frames)} is locked and was left alone."
    return f"Frames {frame_list(frames)} are locked and were left alone."


def sentence_of(error: BaseException) -> str:
    """What the artist reads of an error that nobody expected; never empty."""
    if isinstance(error, MemoryError):
        return "Memory ran out; close other programs and try again. Your work is kept."
    return str(error) or type(error).__name__
