"""Frame numbers as they stand on the timeline."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FrameRange:
    """Frames first..last, both included, as numbered on the timeline."""

    first: int
    last: int

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError(
                f"a frame range cannot end ({self.last}) before it starts ({self.first})"
            )

    def __contains__(self, frame: object) -> bool:
        return isinstance(frame, int) and self.first <= frame <= self.last

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.first, self.last + 1))

    def __len__(self) -> int:
        return self.last - self.first + 1

    def clamp(self, frame: int) -> int:
        """The frame of this range nearest to `frame`."""
        return min(max(frame, self.first), self.last)

    def intersect(self, other: FrameRange) -> FrameRange | None:
        """The frames both ranges have, None where they have none in common."""
        first, last = max(self.first, other.first), min(self.last, other.last)
        return FrameRange(first, last) if first <= last else None
