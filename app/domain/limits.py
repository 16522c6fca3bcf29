"""How large a picture may be: checked against headers, before anything is allocated."""

from __future__ import annotations

from app.domain.clip_facts import ClipError

MOST_PIXELS = 134_000_000
LONGEST_SIDE = 16_384


def check_size(name: str, width: int, height: int) -> None:
    """Raise ClipError, naming the file `name`, where a picture of this size cannot be taken."""
    if width < 1 or height < 1:
        raise ClipError(f"{name} has no picture ({width} x {height}); choose another file.")
    if max(width, height) > LONGEST_SIDE or width * height > MOST_PIXELS:
        raise ClipError(
            f"{name} is too large ({width} x {height}); scale it to at most {LONGEST_SIDE} pixels "
            f"a side and {MOST_PIXELS // 1_000_000} megapixels."
        )
