"""Which image files make a sequence, and which frame each of them is, by their names.

The frame is the last number before the extension. A minus before it counts only after a dot or an
underscore, or where the name begins with it: `plate-0001.png` is frame 1, `plate.-0001.png` -1.
fileseq reads names otherwise (to it any minus is a sign, and a `#` is never part of the name), so
here it only writes lists of frames.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import fileseq

IMAGES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".exr")
DIGITS = "0123456789"
PADDING = re.compile(
    r"(?P<base>.*?)(?P<marks>#+|@+|%0?(?P<printf>[0-9]{0,3})d|\$F(?P<houdini>[0-9]{0,3}))",
    re.DOTALL,
)
LONGEST = 9  # more digits than this are an id or a time, not a frame; it fits in 32 bits
LONGEST_NAME = 255  # of a file, on every system there is
GENERIC = re.compile(  # names that say nothing of what is seen
    "frames?|images?|imgs?|plates|renders?|seq|sequence|exr|jpe?g|png|tiff?", re.IGNORECASE
)
MOST_HOLES = 100_000  # numbers with more between them are dates or ids, not frames


@dataclass(frozen=True, slots=True)
class Sequence:
    """The files of a folder that share a name but for their number, ascending by frame."""

    base: str
    suffix: str
    files: tuple[tuple[int | None, Path], ...]  # None: a single image without a number

    @property
    def own_name(self) -> str:
        """What the files have in common; the folder's name where that is nothing."""
        return self.base.rstrip("._- ") or self._folders[0]

    @property
    def name(self) -> str:
        """The own name, for people; where that says nothing, behind a folder that does."""
        own = self.own_name
        names = (own, *self._folders)
        first = next((name for name in names if name and not GENERIC.fullmatch(name)), own)
        return own if first == own else f"{first}_{own}"

    @property
    def _folders(self) -> tuple[str, ...]:
        """The names of the folders around, the nearest first."""
        return tuple(folder.name for folder in self.files[0][1].absolute().parents)

    @property
    def pattern(self) -> str:
        """The name with `#` for each digit, as other tools write it; a single image's own name."""
        if self.files[0][0] is None:
            return self.files[0][1].name
        digits = min(len(path.stem[len(self.base) :].lstrip("-")) for _, path in self.files)
        return f"{self.base}{'#' * digits}{self.suffix}"


def is_image(path: Path) -> bool:
    """Whether the name is that of a still image (or a pattern of them) in a format that is read."""
    return path.suffix.lower() in IMAGES


def split_name(name: str) -> tuple[str, int | None, str]:
    """The base, the frame (None without a number) and the suffix of a file name."""
    path = Path(name)
    base = path.stem.rstrip(DIGITS)
    number = path.stem[len(base) :]
    if not 1 <= len(number) <= LONGEST:
        return path.stem, None, path.suffix
    if base == "-" or base.endswith((".-", "_-")):
        base, number = base[:-1], f"-{number}"
    return base, int(number), path.suffix


def sequences_of(paths: Iterable[Path]) -> list[Sequence]:
    """The sequences these files make, those with most frames first, then by name."""
    groups: dict[tuple[str, str], list[tuple[int | None, Path]]] = defaultdict(list)
    for path in sorted(paths):
        base, frame, suffix = split_name(path.name)
        groups[base, suffix].append((frame, path))
    found = [
        Sequence(base, suffix, tuple(files))
        for (base, suffix), group in groups.items()
        for files in _apart(base, group)
    ]
    return sorted(found, key=lambda sequence: (-len(sequence.files), sequence.pattern))


def _apart(base: str, group: list[tuple[int | None, Path]]) -> list[list[tuple[int | None, Path]]]:
    """The files of one name, apart where they have no number or cannot be one sequence."""
    loose = [[file] for file in group if file[0] is None]
    numbered = sorted((frame, path) for frame, path in group if frame is not None)
    if not numbered:
        return loose
    frames = [frame for frame, _ in numbered]
    if frames[-1] - frames[0] - len(frames) > MOST_HOLES:
        return loose + [[(None, path)] for _, path in numbered]
    by_width: dict[int, list[tuple[int | None, Path]]] = defaultdict(list)
    clash = len(set(frames)) < len(frames)  # 1.png beside 0001.png
    for frame, path in numbered:
        by_width[len(path.stem) - len(base) if clash else 0].append((frame, path))
    return loose + list(by_width.values())


def matching(sequences: Collection[Sequence], pattern: str) -> Sequence | None:
    """The sequence a pattern such as plate.####.png, plate.%04d.exr or plate.$F4.tif means.

    The number of digits only decides between sequences that differ in nothing else.
    """
    path = Path(pattern)
    for sequence in sequences:  # whose name may hold marks of its own: p.##0001.png
        if sequence.files[0][0] is not None and sequence.pattern == path.name:
            return sequence
    padding = PADDING.fullmatch(path.stem) if len(path.name) <= LONGEST_NAME else None
    if not padding:
        return None
    asked = (padding["base"], path.suffix)
    fits = [sequence for sequence in sequences if (sequence.base, sequence.suffix) == asked]
    count = padding["printf"] if padding["printf"] is not None else padding["houdini"]
    digits = len(padding["marks"]) if count is None else int(count or 1)
    exact = [s for s in fits if s.pattern == f"{s.base}{'#' * digits}{s.suffix}"]
    return next(iter(exact + fits), None)


def frame_list(frames: Iterable[int]) -> str:
    """Frame numbers for people: 1005-1008,1012."""
    return str(fileseq.framesToFrameRange(sorted(frames), sort=True))
