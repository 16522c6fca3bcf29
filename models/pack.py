"""Installed model packs: finds them, checks them, opens their graphs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from shutil import rmtree

from models.base import ModelError, ModelInfo
from models.contract import Contract, kept
from models.description import Description, DescriptionError, parse
from models.files import read_file
from models.kept_graphs import KeptGraphs
from models.ort import (
    Graph,
    Lazy,
    Runtime,
    checked_bytes,
    open_graph,
    reopen_graph,
    runs_on_cpu,
    runtime_module,
)
from models.tracking_rules import TrackingRules

MANIFEST = "model.json"
CODE = (".onnx", ".npz")  # what an answer depends on
MOST_MANIFEST = 1 << 20
MOST_GRAPH = 2 << 30  # protobuf, and so ONNX, ends there


@dataclass(frozen=True, slots=True)
class Pack:
    """A folder with a valid model.json; its graphs are checked when they are loaded."""

    folder: Path
    family: str
    size: int  # side of the square the graphs work on, in model pixels
    preprocess: tuple[str, int]  # mode and version
    info: ModelInfo
    files: Mapping[str, str]  # sha256 by file name
    tracking: TrackingRules | None = None

    def bytes_of(self, name: str) -> bytes:
        """The bytes of a file once its hash fits model.json. Raises ModelError."""
        path = self.folder / name
        if name not in self.files:
            raise ModelError(f"{self.folder / MANIFEST} does not name {name}.")
        return checked_bytes(read_file(path, MOST_GRAPH), self.files[name], str(path))


def find_packs(folders: Sequence[Path]) -> tuple[list[Pack], list[ModelError]]:
    """The valid packs in `folders`, by folder and name, and what is wrong with the others.

    The first pack with an id wins, so that a folder named earlier overrides a later one. Two
    packs of one id side by side are a fault of the second.
    """
    packs: dict[str, Pack] = {}
    faults: list[ModelError] = []
    for folder in folders:
        try:
            manifests = sorted(folder.glob(f"*/{MANIFEST}"))
        except OSError as e:
            faults.append(
                ModelError(f"The models in {folder} cannot be looked for ({e.strerror}).")
            )
            continue
        for manifest in manifests:
            try:
                pack = read_pack(manifest.parent)
            except ModelError as e:
                faults.append(e)
                continue
            first = packs.setdefault(pack.info.id, pack)
            if first is not pack and first.folder.parent == folder:
                faults.append(
                    ModelError(
                        f"{manifest} has the id {pack.info.id}, which {first.folder} has too; "
                        "remove one of them."
                    )
                )
    return list(packs.values()), faults


def read_pack(folder: Path) -> Pack:
    """The pack in `folder`. Raises ModelError naming model.json and what is wrong with it."""
    path = folder / MANIFEST
    try:
        description = parse(read_file(path, MOST_MANIFEST))
    except DescriptionError as e:
        raise ModelError(
            f"{path} is not a valid model description: {e}; get the model anew from its maker."
        ) from e
    return Pack(
        folder,
        description.family,
        description.size,
        description.preprocess,
        _info(description),
        description.files,
        description.tracking,
    )


def _info(description: Description) -> ModelInfo:
    return ModelInfo(
        id=description.id,
        label=description.label,
        digest=_digest(description),
        licence=description.licence,
        supports=description.supports,
        proposals=description.proposals,
        embedding_shapes=description.embedding_shapes,
    )


def _digest(description: Description) -> str:
    mode, version = description.preprocess
    parts = sorted(item for item in description.files.items() if item[0].endswith(CODE))
    rules = [asdict(description.tracking)] if description.tracking else []
    key = json.dumps([{"mode": mode, "version": version}, parts, *rules])
    return hashlib.sha256(key.encode()).hexdigest()


def lazy(pack: Pack, runtime: Runtime, name: str, contract: Contract) -> Lazy:
    """A graph of `pack`, its bytes read and checked now."""
    opened = prepared(pack, runtime, name)
    return Lazy(lambda: kept(opened(), contract))


def prepared(pack: Pack, runtime: Runtime, name: str) -> Callable[[], Graph]:
    """What opens the graph in the file called `name`, which is read and checked now.

    Where forms of it are kept, it is read only if none of them will do: they were made of the file
    that model.json describes. Raises ModelError, as does what is returned.
    """
    title = str(pack.folder / name)
    if runtime.kept is None:
        data = pack.bytes_of(name)
        return lambda: open_graph(title, data, runtime)
    graphs = KeptGraphs(runtime.kept, pack.files.get(name, ""))
    fresh = None if graphs.any else pack.bytes_of(name)

    def opened() -> Graph:
        if not runs_on_cpu(runtime):
            return open_graph(title, fresh or pack.bytes_of(name), runtime)
        version = runtime_module().__version__
        found = graphs.find(version)
        if found is not None:
            with suppress(ModelError):  # torn: it is made anew
                return reopen_graph(title, found, runtime)
        return _opened_and_kept(title, fresh or pack.bytes_of(name), runtime, graphs, version)

    return opened


def _opened_and_kept(
    title: str, data: bytes, runtime: Runtime, graphs: KeptGraphs, version: str
) -> Graph:
    draft = graphs.draft()
    if draft is None:
        return open_graph(title, data, runtime)
    try:
        graph = open_graph(title, data, runtime, draft)
    except ModelError:  # of the graph, or of writing it: a full disk keeps nobody from working
        rmtree(draft, ignore_errors=True)
        return open_graph(title, data, runtime)
    graphs.take(draft, version)
    return graph


def check_preprocess(pack: Pack, known: tuple[str, int]) -> None:
    """Raise ModelError where `pack` wants pictures made otherwise than by `known`."""
    if pack.preprocess != known:
        mode, version = pack.preprocess
        raise ModelError(
            f"{pack.folder / MANIFEST} wants preprocess {mode}, version {version}, which is "
            "unknown here; get a newer version of Rotocel."
        )
