"""Reading a project file that anybody may have written, damaged or not."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
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
    frames_of,
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
HEADER = 100  # bytes before the first table of a SQLite file
MOST_LAYERS = 1000
LONGEST_NAME = 1000
LONGEST_ID = 64
MOST_BYTES = 16 << 30
FACTS = ("clip", "in_out", "view", "picture")
COLUMNS = {
    "fact": ["name", "value"],
    "layer": ["id", "place", "name", "colour", "shown", "solo", "locked"],
    "prompt": ["layer", "frame", "steps"],
    "mask": ["layer", "frame", "prompt", "model", "score", "x0", "y0", "x1", "y1", "data"],
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
        version = _checked_header(path)
        with reading(path) as db:
            return read_database(db, version, path.name)


def read_database(db: sqlite3.Connection, version: int, name: str) -> Stored:
    """The project in an open database of a `version`. Raises sqlite3.Error, ValueError.

    Rows of prompts and masks that make no sense are left out and counted in the warnings.
    """
    _check_schema(db)
    _check_whole(db)
    if version < VERSION:
        with closing(brought_forward(db, version)) as newer:
            return replace(read_database(newer, VERSION, name), version=version)
    for table, columns in COLUMNS.items():
        if not set(columns) <= set(_columns(db, table)):
            raise ValueError(f"no complete table {table}")
    facts = dict(db.execute("SELECT name, value FROM fact WHERE name IN (?, ?, ?, ?)", FACTS))
    clip, relative = parsed("the clip", lambda: _clip(facts.get("clip")))
    rows = _Rows(db, clip)
    layers = rows.layers()
    in_out = parsed(
        "the in/out range",
        lambda: frames_of(json.loads(facts["in_out"])) if "in_out" in facts else None,
    )
    if in_out is not None and clip is not None:
        in_out = in_out.intersect(clip.frames)
    project = Project(clip, layers, in_out)
    return Stored(project, relative, _view(facts), version, rows.warnings(name))


def _checked_header(path: Path) -> int:
    """The schema version in the first bytes, which SQLite itself has not seen yet."""
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
    version = int.from_bytes(head[60:64], "big")
    if version < 1:
        raise ProjectError(f"{path.name} has no version that any Rotocel wrote; use a backup.")
    return version


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


def _check_schema(db: sqlite3.Connection) -> None:
    """Only plain tables: nothing that computes when it is read."""
    for kind, name, sql in db.execute("SELECT type, name, sql FROM sqlite_schema"):
        if kind == "index" and sql is None:
            continue
        if kind != "table" or not isinstance(sql, str) or "VIRTUAL" in sql[:40].upper():
            raise ValueError(f"a {kind} {str(name)[:40]!r}, which no project has")
    for table in COLUMNS:
        if any(row[6] for row in db.execute(f"PRAGMA table_xinfo({table})")):
            raise ValueError(f"columns in table {table} that compute")


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
    """Makes layers of rows; rows of prompts and masks that make no sense are left out, counted."""

    def __init__(self, db: sqlite3.Connection, clip: Clip | None) -> None:
        self._db, self._clip = db, clip
        self._left_out: Counter[str] = Counter()
        self._windows: dict[tuple[object, ...], Window] = {}  # most masks share one

    def layers(self) -> tuple[Layer, ...]:
        """All layers, the top one first. Raises sqlite3.Error, ValueError."""
        order = "SELECT id, name, colour, shown, solo, locked FROM layer ORDER BY place LIMIT ?"
        rows = self._db.execute(order, (MOST_LAYERS + 1,)).fetchall()
        if len(rows) > MOST_LAYERS:
            raise ValueError(f"more than {MOST_LAYERS} layers")
        if rows and self._clip is None:
            raise ValueError("layers without a clip")
        return tuple(map(self._layer, rows))

    def warnings(self, name: str) -> tuple[str, ...]:
        """A sentence on what was left out."""
        counts = self._left_out.items()
        if not counts:
            return ()
        parts = [f"{count} {what}{'s' if count > 1 else ''}" for what, count in counts]
        what = " and ".join(parts)
        sentence = f"{name} is damaged: {what} could not be read; one of its backups may have more."
        return (sentence,)

    def _layer(self, row: tuple[object, ...]) -> Layer:
        layer_id, name, colour, *flags = row
        if not isinstance(layer_id, str) or not 0 < len(layer_id) <= LONGEST_ID:
            raise ValueError("a layer without an id")
        if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME:
            raise ValueError("a layer without a name")
        shown, solo, locked = (bool(whole(flag, 0, 1)) for flag in flags)
        prompts = "SELECT frame, steps FROM prompt WHERE layer = ?"
        masks = "SELECT frame, prompt, model, score, x0, y0, x1, y1, data FROM mask WHERE layer = ?"
        return Layer(
            layer_id,
            name,
            whole(colour, 0, 1000),
            shown,
            solo,
            locked,
            MappingProxyType(dict(self._sound(prompts, layer_id, _prompt, "prompt"))),
            MappingProxyType(dict(self._sound(masks, layer_id, self._mask, "mask"))),
        )

    def _sound(
        self, query: str, layer_id: str, read: Callable[[Row], T], what: str
    ) -> Iterator[tuple[int, T]]:
        for frame, *rest in self._db.execute(query, (layer_id,)):
            try:
                yield whole(frame, -FARTHEST_FRAME, FARTHEST_FRAME), read(rest)
            except (ValueError, TypeError, KeyError, OverflowError, MaskError):
                self._left_out[what] += 1

    def _mask(self, row: Row) -> Mask:
        prompt, model, score, *window, data = row
        if not isinstance(data, bytes) or not isinstance(model, str) or len(model) > LONGEST_NAME:
            raise ValueError("no mask")
        answered = None if prompt is None else prompt_of(prompt)
        shape = checked_shape(data)
        covered = self._window(tuple(window))
        return Mask(data, shape, covered, answered, model, min(max(real(score), 0.0), 1.0))

    def _window(self, edges: tuple[object, ...]) -> Window:
        known = self._windows.get(edges)
        if known is not None:
            return known
        x0, y0, x1, y1 = map(real, edges)
        window = checked_window((x0, y0, x1, y1), self._clip.size if self._clip else (0, 0))
        self._windows[edges] = window
        return window


def _prompt(row: Row) -> Prompt:
    return prompt_of(row[0])
