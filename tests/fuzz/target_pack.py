"""Model packs: any model.json, and any graph whose hash is right, opened and run."""

from __future__ import annotations

import hashlib
import json
import tempfile
import threading
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from models.base import Click, Embedding, ModelError
from models.library import load
from models.ort import Cancel, Runtime
from models.pack import read_pack
from models.quarantine import load_tried
from tests.fuzz.target import refusal
from tests.models.graphs import decoder, encoder, model_of, value, weight, write_tiny_pack

CPU = Runtime("cpu", threads=1)
PATIENCE = 2.0  # seconds for an encode, which an artist may cancel
FRAME = np.zeros((12, 20, 3), np.uint8)
EMBEDDING = Embedding((np.zeros((1, 1, 1), np.float16),), (20, 12))

# Kept for the life of the process: a folder for every input would be most of the work.
_room = tempfile.TemporaryDirectory(prefix="rotocel-fuzz-", ignore_cleanup_errors=True)
PACK = write_tiny_pack(Path(_room.name) / "tiny")
MANIFEST = (PACK / "model.json").read_bytes()
GRAPHS = {"encoder.onnx": encoder(), "decoder.onnx": decoder()}
NAMES = [str(PACK), *(str(PACK / name) for name in ("model.json", *GRAPHS))]


def fuzz(data: bytes) -> str | None:
    """Read as model.json what begins with a brace, all else as a graph."""
    _lay(data)
    return refusal(_use, ModelError, NAMES)


def contained(data: bytes) -> str | None:
    """What the program makes of a pack that ends the process which runs it."""
    _lay(data)
    return refusal(lambda: load_tried(read_pack(PACK), CPU, patience=15), ModelError, NAMES)


def _lay(data: bytes) -> None:
    if data.startswith(b"{"):
        _write("model.json", data)
        for name, graph in GRAPHS.items():
            _write(name, graph)
    else:
        _write_graph("decoder.onnx" if b"point_coords" in data else "encoder.onnx", data)


def _write(name: str, data: bytes) -> None:
    (PACK / name).write_bytes(data)


def _write_graph(name: str, data: bytes) -> None:
    manifest = json.loads(MANIFEST)
    for each, graph in (GRAPHS | {name: data}).items():
        _write(each, graph)
        manifest["files"][each] = hashlib.sha256(graph).hexdigest()
    _write("model.json", json.dumps(manifest).encode())


def _use() -> None:
    model = load(read_pack(PACK), CPU)
    token = Cancel()
    watchdog = threading.Timer(PATIENCE, token.cancel)
    watchdog.start()
    try:
        model.encode(FRAME, token)
    finally:
        watchdog.cancel()
    model.decode(EMBEDDING, [Click(10, 6), Click(3, 3, include=False)])


def _greedy() -> bytes:
    """An encoder that asks for 4 TiB."""
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, [1, "h", "w", 3])
    nodes = [
        helper.make_node("ConstantOfShape", ["shape"], ["much"]),
        helper.make_node("Cast", ["image"], ["f"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["f"], ["mean"], keepdims=1),
        helper.make_node("Add", ["much", "mean"], ["image_embed"]),
    ]
    shape = weight("shape", [1 << 14, 1 << 13, 1 << 13], np.int64)
    return model_of(nodes, [image], [value("image_embed", [None, None, None, None])], [shape])


def _foreign() -> bytes:
    """A decoder with a node of another domain, and a weight said to lie in another file."""
    model = onnx.load_from_string(decoder())
    model.graph.node[0].domain = "somebody.else"
    model.graph.initializer[1].data_location = TensorProto.EXTERNAL
    model.graph.initializer[1].external_data.add(key="location", value="elsewhere.bin")
    return bytes(model.SerializeToString())


SEEDS = (MANIFEST, *GRAPHS.values(), _greedy(), _foreign())
