"""Reading a project file that anybody may have written, damaged or not."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias, TypeVar

from app.domain.clip_facts import Clip
from app.domain.mask import Mask, MaskError, checked_shape, checked_window
from app.domain.project import Layer, Project, Prompt
from app.domain.project_schema import (
    APPLICATION_ID,
    VERSION,
    ProjectError,
    brought_forward,
    reading,
)
from app.domain.project_values import (
    FARTHEST_FRAME,
    clip_of,
    in_out_of,
    parsed,
    prompt_of,
    real,
    view_of,
    whole,
)
from app.domain.project_write import View

T = TypeVar("T")
Row: TypeAlias = list[object]
Window: TypeAlias = tuple[float, float, float, float]

MAGIC = b"SQLite format 3\0"
NO_TEXT = "Could not decode to UTF-8"  # how Python's own words on it begin
HEADER = 100  # bytes before the first table of a SQLite file
MOST_LAYERS = 1000
# Whole tables in their own order: a made-up index could name one large row a million times.
FACT_ROWS = "SELECT name, value FROM fact NOT INDEXED WHERE name IN (?, ?, ?, ?)"
LAYERS = (
    "SELECT id, name, colour, shown, solo, locked FROM layer NOT INDEXED ORDER BY place LIMIT ?"
)
PROMPTS = "SELECT layer, frame, steps FROM prompt NOT INDEXED"
MASKS = (
    "SELECT layer, frame, prompt, model, score, empty, doubt, reason, x0, y0, x1, y1, data"
    " FROM mask NOT INDEXED"
)
LOCKS = "SELECT layer, frame FROM lock NOT INDEXED"
LONGEST_NAME = 1000
LONGEST_ID = 64
LONGEST_REASON = 40
MOST_BYTES = 16 << 30
FACTS = ("clip", "in_out", "view", "picture")
COLUMNS = {
    "fact": ["name", "value"],
    "layer": ["id", "place", "name", "colour", "shown", "solo", "locked"],
    "prompt": ["layer", "frame", "steps"],
    "mask": [
        *("layer", "frame", "prompt", "model", "score", "x0", "y0", "x1", "y1", "data"),
        *("empty", "doubt", "reason"),
    ],
    "lock": ["layer", "frame"],
}


@dataclass(frozen=True, slots=True)
class Stored:
    """What a project file holds. Its clip is offline until its footage is found."""

    project: Project
    relative: str | None  # the clip's path relative to the file's folder
    view: View
    version: int  # of the file; above VERSION there may be more in it than was understood
    warnings: tuple[str, ...]  # sentences on what was damaged and left out


def read_project(path: Path) -> Stored:
    """The project in the file at `path`. Raises ProjectError, which names the file."""
    with _plain(path):
        _check_header(path)
        with reading(path) as db:
            version = int(db.execute("PRAGMA user_version").fetchone()[0])
            if version < 1:
                raise ValueError("no version that any Rotocel wrote")
            return read_database(db, version, path.name)


def read_database(db: sqlite3.Connection, version: int, name: str) -> Stored:
    """The project in an open database of a `version`. Raises sqlite3.Error, ValueError.

    Rows of prompts, masks and locks that make no sense are left out and counted in the warnings.
    """
    try:
        return _read(db, version, name)
    except sqlite3.OperationalError as e:
        if not str(e).startswith(NO_TEXT):
            raise
        db.text_factory = _text_or_bytes  # a call for each text: only where it is needed
        return _read(db, version, name)


def _text_or_bytes(raw: bytes) -> str | bytes:
    """A text that is none stays bytes: it costs the row it stands in, and no others."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw


def _read(db: sqlite3.Connection, version: int, name: str) -> Stored:
    """As `read_database`; a text that is not UTF-8 is an OperationalError or comes as bytes."""
    _check_whole(db)
    if version < VERSION:
        with closing(brought_forward(db, version)) as newer:
            return replace(read_database(newer, VERSION, name), version=version)
    for table, columns in COLUMNS.items():
        if not set(columns) <= set(_columns(db, table)):
            raise ValueError(f"no complete table {table}")
    facts = dict(db.execute(FACT_ROWS, FACTS))
    clip, relative = parsed("the clip", lambda: _clip(facts.get("clip")))
    rows = _Rows(db, clip)
    layers = rows.layers()
    in_out = parsed(
        "the in/out range",
        lambda: in_out_of(facts["in_out"]) if "in_out" in facts else None,
    )
    if in_out is not None and clip is not None:
        in_out = in_out.intersect(clip.frames)
    project = Project(clip, layers, in_out)
    return Stored(project, relative, _view(facts), version, rows.warnings(name))


def _check_header(path: Path) -> None:
    """Raise ProjectError for what is no project by its first bytes, before SQLite sees any."""
    if not path.exists():
        raise ProjectError(f"{path} is not there; check the name, or choose another file.")
    if not path.is_file():  # opening a pipe would wait for ever
        raise ProjectError(f"{path.name} is not a file; choose a .roto file.")
    with path.open("rb") as file:
        head = file.read(HEADER)
    if len(head) < HEADER or not head.startswith(MAGIC):
        raise ProjectError(f"{path.name} is not a Rotocel project; choose a .roto file.")
    if int.from_bytes(head[68:72], "big") != APPLICATION_ID:
        raise ProjectError(f"{path.name} is a database of another program, no Rotocel project.")
    if path.stat().st_size > MOST_BYTES:
        raise ProjectError(f"{path.name} is larger than {MOST_BYTES >> 30} GiB and was not opened.")


@contextmanager
def _plain(path: Path) -> Iterator[None]:
    """Raises ProjectError, a sentence about `path`, for whatever goes wrong inside."""
    try:
        yield
    except PermissionError as e:
        raise ProjectError(f"{path.name} may not be read; ask for the right to read it.") from e
    except OSError as e:
        raise ProjectError(f"{path.name} cannot be read ({e.strerror}); check the disk.") from e
    except (sqlite3.Error, ValueError, KeyError, RecursionError, MemoryError) as e:
        what = " ".join(str(e).split())[:200] or type(e).__name__
        raise ProjectError(
            f"{path.name} is damaged ({what}); open one of its backups, or rescue what can be read "
            "with `rotocel dump`."
        ) from e


def _check_whole(db: sqlite3.Connection) -> None:
    found = db.execute("PRAGMA quick_check(1)").fetchone()
    if found is None or found[0] != "ok":
        raise ValueError(str(found[0]) if found else "no answer to quick_check")


def _columns(db: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in db.execute(f"PRAGMA table_info({table})")]


def _clip(text: object) -> tuple[Clip | None, str | None]:
    return (None, None) if text is None else clip_of(text)


def _view(facts: dict[str, object]) -> View:
    """Where the artist was; what makes no sense is forgotten, no work is lost with it."""
    picture = facts.get("picture")
    try:
        playhead, selected = view_of(facts.get("view"))
    except (ValueError, KeyError):
        playhead, selected = 0, None
    return View(playhead, selected, picture if isinstance(picture, bytes) else b"")


class _Rows:
    """Makes layers of rows; rows on a frame that make no sense are left out, counted."""

    def __init__(self, db: sqlite3.Connection, clip: Clip | None) -> None:
        self._db, self._clip = db, clip
        self._left_out: Counter[str] = Counter()
        self._windows: dict[tuple[object, ...], Window] = {}  # most masks share one

    def layers(self) -> tuple[Layer, ...]:
        """All layers, the top one first. Raises sqlite3.Error, ValueError."""
        rows = self._db.execute(LAYERS, (MOST_LAYERS + 1,)).fetchall()
        if len(rows) > MOST_LAYERS:
            raise ValueError(f"more than {MOST_LAYERS} layers")
        if rows and self._clip is None:
            raise ValueError("layers without a clip")
        layers = {layer.id: layer for layer in map(_layer, rows)}
        if len(layers) < len(rows):
            raise ValueError("two layers with one id")
        prompts = self._sound(PROMPTS, layers, _prompt, "prompt")
        masks = self._sound(MASKS, layers, self._mask, "mask")
        locks = self._sound(LOCKS, layers, lambda _row: None, "lock")
        return tuple(
            replace(
                layer,
                prompts=prompts[layer.id],
                masks=masks[layer.id],
                locks=frozenset(locks[layer.id].keys() & masks[layer.id].keys()),
            )
            for layer in layers.values()
        )

    def warnings(self, name: str) -> tuple[str, ...]:
        """A sentence on what was left out."""
        counts = self._left_out.items()
        if not counts:
            return ()
        parts = [f"{count} {what}{'s' if count > 1 else ''}" for what, count in counts]
        what = " and ".join(parts)
        sentence = f"{name} is damaged: {what} could not be read; one of its backups may have more."
        return (sentence,)

    def _sound(
        self, query: str, layers: Iterable[str], read: Callable[[Row], T], what: str
    ) -> Mapping[str, Mapping[int, T]]:
        """What the rows hold that make sense, by layer and frame."""
        found: dict[object, dict[int, T]] = {layer_id: {} for layer_id in layers}
        for layer_id, frame, *rest in self._db.execute(query):
            if layer_id not in found:
                continue
            try:
                found[layer_id][whole(frame, -FARTHEST_FRAME, FARTHEST_FRAME)] = read(rest)
            except (ValueError, TypeError, KeyError, OverflowError, MaskError):
                self._left_out[what] += 1
        return {str(layer_id): MappingProxyType(rows) for layer_id, rows in found.items()}

    def _mask(self, row: Row) -> Mask:
        prompt, model, score, empty, doubt, reason, *window, data = row
        if not isinstance(data, bytes) or not isinstance(model, str) or len(model) > LONGEST_NAME:
            raise ValueError("no mask")
        if not isinstance(reason, str) or len(reason) > LONGEST_REASON:
            raise ValueError("no reason")
        answered = None if prompt is None else prompt_of(prompt)
        shape = checked_shape(data)
        covered = self._window(window, shape)
        return Mask(
            data,
            shape,
            covered,
            answered,
            model,
            _part(score),
            bool(whole(empty, 0, 1)),
            _part(doubt),
            reason,
        )

    def _window(self, window: Row, shape: tuple[int, int]) -> Window:
        key = (*window, *shape)
        known = self._windows.get(key)
        if known is not None:
            return known
        x0, y0, x1, y1 = map(real, window)
        size = self._clip.size if self._clip else (0, 0)
        self._windows[key] = checked_window((x0, y0, x1, y1), size, shape)
        return self._windows[key]


def _part(value: object) -> float:
    """A number from 0 to 1; what lies beside is taken to the nearer end."""
    return min(max(real(value), 0.0), 1.0)


def _layer(row: tuple[object, ...]) -> Layer:
    """A layer without its prompts and masks."""
    layer_id, name, colour, *flags = row
    if not isinstance(layer_id, str) or not 0 < len(layer_id) <= LONGEST_ID:
        raise ValueError("a layer without an id")
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME:
        raise ValueError("a layer without a name")
    shown, solo, locked = (bool(whole(flag, 0, 1)) for flag in flags)
    return Layer(layer_id, name, whole(colour, 0, 1000), shown, solo, locked)


def _prompt(row: Row) -> Prompt:
    return prompt_of(row[0])
