"""Writes a pack: a folder with the graphs, the licence texts and model.json."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import onnx

FORMAT = 1


def write_pack(
    folder: Path,
    graphs: Mapping[str, onnx.ModelProto],
    manifest: Mapping[str, object],
    legal: Path,
    others: Mapping[str, bytes] = MappingProxyType({}),
) -> None:
    """Write `graphs` and `others` by file name, every file of the folder `legal`, and model.json.

    model.json comes last and holds the hash of each, so that a pack is never taken for whole before
    it is.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, model in graphs.items():
        (folder / name).write_bytes(model.SerializeToString(deterministic=True))
    for name, data in others.items():
        (folder / name).write_bytes(data)
    for text in sorted(legal.iterdir()):
        shutil.copyfile(text, folder / text.name)
    files = {name: sha256(folder / name) for name in sorted([*graphs, *others, *_names(legal)])}
    whole = {"format": FORMAT, **manifest, "files": files}
    (folder / "model.json").write_text(json.dumps(whole, indent=2) + "\n", encoding="utf-8")


def sha256(path: Path) -> str:
    """The sha256 of the file's bytes, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]
