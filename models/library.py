"""Installed model packs: finds them, checks them, makes models of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.base import Model, ModelError, ModelInfo
from models.ort import Lazy, Runtime, checked_bytes, open_graph
from models.sam1 import Sam1

FORMAT = 1
MANIFEST = "model.json"


@dataclass(frozen=True, slots=True)
class Pack:
    """A folder with a valid model.json; its graphs are checked when they are loaded."""

    folder: Path
    family: str
    size: int  # side of the square the graphs work on, in model pixels
    info: ModelInfo
    files: Mapping[str, str]  # sha256 by file name

    def bytes_of(self, name: str) -> bytes:
        """The bytes of a file once its hash fits model.json. Raises ModelError."""
        path = self.folder / name
        if name not in self.files:
            raise ModelError(f"{self.folder / MANIFEST} does not name {name}.")
        try:
            data = path.read_bytes()
        except OSError as e:
            raise ModelError(f"{path} cannot be read; install the model again.") from e
        return checked_bytes(data, self.files[name], str(path))


def find_packs(folders: Sequence[Path]) -> tuple[list[Pack], list[ModelError]]:
    """The valid packs in `folders`, by folder and name, and what is wrong with the others.

    The first pack with an id wins, so that a folder named earlier overrides a later one.
    """
    packs: dict[str, Pack] = {}
    faults: list[ModelError] = []
    for folder in folders:
        for manifest in sorted(folder.glob(f"*/{MANIFEST}")):
            try:
                pack = read_pack(manifest.parent)
            except ModelError as e:
                faults.append(e)
                continue
            packs.setdefault(pack.info.id, pack)
    return list(packs.values()), faults


def read_pack(folder: Path) -> Pack:
    """The pack in `folder`. Raises ModelError naming model.json and what is wrong with it."""
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as e:
        raise ModelError(f"{path} cannot be read as a model description.") from e
    try:
        return _pack(folder, manifest)
    except (KeyError, TypeError, ValueError, AttributeError) as e:
        raise ModelError(f"{path} is not a valid model description ({e}).") from e


def load(pack: Pack, runtime: Runtime | None = None) -> Model:
    """The model of `pack`: graphs are read and checked now, opened at first use.

    Raises ModelError naming the file that is missing, changed or of an unknown family.
    """
    if pack.family not in FAMILIES:
        raise ModelError(f"{pack.folder / MANIFEST} wants {pack.family}, which is unknown here.")
    return FAMILIES[pack.family](pack, runtime or Runtime())


def _pack(folder: Path, manifest: Mapping[str, Any]) -> Pack:
    if manifest["format"] != FORMAT:
        raise ValueError(f"format {manifest['format']}, this version reads {FORMAT}")
    files = {str(name): str(value) for name, value in manifest["files"].items()}
    for name in files:
        if Path(name).name != name:
            raise ValueError(f"{name} lies outside the pack")
    size = int(manifest["size"])
    if not 64 <= size <= 4096 or size % 64:
        raise ValueError(f"size {size}")
    return Pack(folder, str(manifest["family"]), size, _info(manifest, files), files)


def _info(manifest: Mapping[str, Any], files: Mapping[str, str]) -> ModelInfo:
    shapes = tuple(tuple(int(n) for n in shape) for shape in manifest["embedding_shapes"])
    return ModelInfo(
        id=str(manifest["id"]),
        label=str(manifest["label"]),
        digest=_digest(manifest["preprocess"], files),
        licence=str(manifest["licence"]),
        supports=frozenset(str(name) for name in manifest["supports"]),
        proposals=int(manifest["proposals"]),
        embedding_shapes=shapes,
    )


def _digest(preprocess: Mapping[str, Any], files: Mapping[str, str]) -> str:
    graphs = sorted(item for item in files.items() if item[0].endswith(".onnx"))
    return hashlib.sha256(json.dumps([preprocess, graphs], sort_keys=True).encode()).hexdigest()


def _sam1(pack: Pack, runtime: Runtime) -> Model:
    def lazy(name: str) -> Lazy:
        data = pack.bytes_of(name)
        return Lazy(lambda: open_graph(str(pack.folder / name), data, runtime))

    return Sam1(pack.info, pack.size, lazy("encoder.onnx"), lazy("decoder.onnx"))


FAMILIES: Mapping[str, Callable[[Pack, Runtime], Model]] = {"sam1": _sam1}
