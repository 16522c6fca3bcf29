"""What an export did, as values and in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

Frames: TypeAlias = Mapping[str, Sequence[int]]  # layer folder -> frames, ascending


@dataclass(frozen=True, slots=True)
class Progress:
    """Where an export stands after one more matte."""

    done: int  # mattes written, left alone or given up
    total: int
    path: Path  # the matte just dealt with
    rate: float  # mattes a second, those left alone not counted
    eta: float  # seconds until the end at this rate


@dataclass(frozen=True, slots=True)
class Report:
    """What an export did. Layers are named by their folders."""

    out_dir: Path
    written: int
    kept: int  # already complete, left alone (resume)
    black: Frames  # no mask there: written black
    missing: Frames  # asked for, not written or gone since
    errors: tuple[str, ...]  # one sentence for every matte that could not be computed
    seconds: float
    files: str = "mattes"  # what the artist calls what was written
    replaced: int = 0  # of those written: held something else before (resume)

    @property
    def complete(self) -> bool:
        """Whether every matte asked for is there."""
        return not self.missing

    @property
    def sentences(self) -> tuple[str, ...]:
        """The report as the artist reads it, the most important first."""
        return tuple(self._sentences())

    def _sentences(self) -> Iterator[str]:
        yield f"Wrote {self._count(self.written)} to {self.out_dir} in {self.seconds:.1f} s."
        if self.replaced:
            yield f"Replaced {self._count(self.replaced)} of another making."
        if self.kept:
            yield f"Left {self._count(self.kept)} alone that {_was(self.kept)} complete."
        for layer, frames in self.missing.items():
            yield f"{layer}: {self._count(len(frames))} missing: {spans(frames)}."
        yield from self.errors
        for layer, frames in self.black.items():
            yield f"{layer}: no mask on {spans(frames)}, written black."

    def _count(self, number: int) -> str:
        return f"{number} {self.files.removesuffix('s') if number == 1 else self.files}"


def spans(frames: Sequence[int]) -> str:
    """Frames as one reads them: [1, 2, 3, 7] is "1 to 3, 7". `frames` ascend."""
    runs: list[tuple[int, int]] = []
    for frame in frames:
        if runs and frame == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], frame)
        else:
            runs.append((frame, frame))
    return ", ".join(f"{a}" if a == b else f"{a} to {b}" for a, b in runs)


def _was(count: int) -> str:
    return "was" if count == 1 else "were"
