"""Writing a project into its database: only what differs from the value written before."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from app.domain.footage import relative_to
from app.domain.mask import Mask
from app.domain.project import Layer, Project, Prompt
from app.domain.project_values import clip_text, prompt_text, view_text

T = TypeVar("T")
NOTHING: Mapping[int, object] = MappingProxyType({})
KEYS = (("layer", "id"), ("prompt", "layer"), ("mask", "layer"), ("lock", "layer"))


@dataclass(frozen=True, slots=True)
class View:
    """Where the artist was: not part of the work, but kept with it."""

    playhead: int = 0
    selected: str | None = None  # id of a layer
    picture: bytes = field(default=b"", repr=False)  # a small JPEG of the frame


def write_changes(
    db: sqlite3.Connection, before: Project | None, after: Project, home: Path | None
) -> None:
    """Make `db`, which holds `before` (None: nothing), hold `after`.

    Unchanged parts are found by identity, as edits share them. Paths are noted relative to `home`,
    the file the project is saved to. Runs inside a transaction of the caller. Raises sqlite3.Error.
    """
    before = before or Project()
    if before.clip is not after.clip:
        write_clip(db, after, home)
    if before.in_out != after.in_out:
        in_out = after.in_out
        write_fact(db, "in_out", f"[{in_out.first},{in_out.last}]" if in_out else None)
    old = {layer.id: layer for layer in before.layers}
    for layer_id in old.keys() - {layer.id for layer in after.layers}:
        for table, key in KEYS:
            db.execute(f"DELETE FROM {table} WHERE {key} = ?", (layer_id,))  # noqa: S608 - our names
    places = {layer.id: place for place, layer in enumerate(before.layers)}
    for place, layer in enumerate(after.layers):
        if layer is not old.get(layer.id) or place != places[layer.id]:
            _write_layer(db, old.get(layer.id), layer, place)


def write_clip(db: sqlite3.Connection, project: Project, home: Path | None) -> None:
    """Note the clip, its place relative to `home`. Raises sqlite3.Error."""
    clip = project.clip
    relative = relative_to(clip.path, home.parent) if clip and home else None
    write_fact(db, "clip", clip_text(clip, relative) if clip else None)


def write_view(db: sqlite3.Connection, view: View) -> None:
    """Note where the artist is. Raises sqlite3.Error."""
    write_fact(db, "view", view_text(view.playhead, view.selected))
    if view.picture:
        write_fact(db, "picture", view.picture)


def write_fact(db: sqlite3.Connection, name: str, value: str | bytes | None) -> None:
    """Note one fact, or take it out. Raises sqlite3.Error."""
    if value is None:
        db.execute("DELETE FROM fact WHERE name = ?", (name,))
    else:
        db.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (name, value))


def _write_layer(db: sqlite3.Connection, old: Layer | None, layer: Layer, place: int) -> None:
    name = layer.name.encode(errors="replace").decode()  # half a surrogate pair is no text
    db.execute(
        "INSERT OR REPLACE INTO layer VALUES (?, ?, ?, ?, ?, ?, ?)",
        (layer.id, place, name, layer.colour, layer.shown, layer.solo, layer.locked),
    )
    prompts, masks = (old.prompts, old.masks) if old else (NOTHING, NOTHING)
    _delete(db, "prompt", layer.id, prompts, layer.prompts)
    db.executemany(
        "INSERT OR REPLACE INTO prompt VALUES (?, ?, ?)",
        (
            (layer.id, frame, prompt_text(prompt))
            for frame, prompt in _changed(prompts, layer.prompts)
        ),
    )
    _delete(db, "mask", layer.id, masks, layer.masks)
    db.executemany(
        "INSERT OR REPLACE INTO mask VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (
                layer.id,
                frame,
                _answered(mask.prompt),
                mask.model,
                mask.score,
                *mask.window,
                mask.data,
                mask.empty,
                mask.doubt,
                mask.reason,
            )
            for frame, mask in _changed(masks, layer.masks)
        ),
    )
    _write_locks(db, layer.id, old.locks if old else frozenset(), layer.locks)


def _write_locks(
    db: sqlite3.Connection, layer_id: str, before: frozenset[int], after: frozenset[int]
) -> None:
    for statement, frames in (
        ("DELETE FROM lock WHERE layer = ? AND frame = ?", before - after),
        ("INSERT OR REPLACE INTO lock VALUES (?, ?)", after - before),
    ):
        db.executemany(statement, ((layer_id, frame) for frame in frames))


def _answered(prompt: Prompt | None) -> str | None:
    return None if prompt is None else prompt_text(prompt)


def _changed(before: Mapping[int, object], after: Mapping[int, T]) -> Iterator[tuple[int, T]]:
    if before is not after:
        yield from (item for item in after.items() if before.get(item[0]) is not item[1])


def _delete(
    db: sqlite3.Connection,
    table: str,
    layer_id: str,
    before: Mapping[int, object],
    after: Mapping[int, Mask] | Mapping[int, Prompt],
) -> None:
    if before is not after:
        gone = ((layer_id, frame) for frame in before.keys() - after.keys())
        db.executemany(f"DELETE FROM {table} WHERE layer = ? AND frame = ?", gone)  # noqa: S608
