"""A pack that crashes ONNX Runtime, or never ends, costs a sentence and not the program."""

from __future__ import annotations

import multiprocessing
import pickle
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from models import quarantine
from models.base import CancelToken, Click, ModelError, Prediction
from models.ort import Runtime
from models.pack import read_pack
from models.quarantine import BUNDLED, load_tried
from models.tracking import Tracked, Tracking, TrackOptions
from tests.fakes import DiscModel
from tests.models.graphs import SIDE, decoder, model_of, value, weight, write_tiny_pack
from tests.models.test_hostile_packs import FRAME, changed_pack
from tests.models.test_mobilesam import PACK

CPU = Runtime("cpu", threads=1)
LOGITS = np.zeros((4, 4), np.float16)


def crashing() -> bytes:
    """A decoder in which a sum lacks one of its terms: ONNX Runtime 1.32 reads where nothing is."""
    model = onnx.load_from_string(decoder())
    (total,) = (node for node in model.graph.node if node.op_type == "Sum")
    total.input[3] = ""
    return bytes(model.SerializeToString())


def endless() -> bytes:
    """An encoder that counts to 2^60 first."""
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Add", ["a", "a"], ["b"])],
        "body",
        [
            helper.make_tensor_value_info("k", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            value("a", [1, 1, 1, 1]),
        ],
        [helper.make_tensor_value_info("on", TensorProto.BOOL, []), value("b", [1, 1, 1, 1])],
    )
    nodes = [
        helper.make_node("Cast", ["image"], ["f"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["f"], ["mean"], keepdims=1),
        helper.make_node("Loop", ["times", "yes", "mean"], ["image_embed"], body=body),
    ]
    weights = [weight("times", 2**60, np.int64), weight("yes", 1, np.bool_)]
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, [1, "h", "w", 3])
    return model_of(nodes, [image], [value("image_embed", [1, 1, 1, 1])], weights)


def test_the_bundled_pack_is_known_and_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine, "_try", lambda *_: pytest.fail("tried"))
    pack = read_pack(PACK)
    assert pack.info.digest in BUNDLED
    load_tried(pack, CPU)


def test_an_unknown_pack_is_tried_once_and_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack, memory = read_pack(write_tiny_pack(tmp_path / "tiny")), tmp_path / "memory" / "tried"
    model = load_tried(pack, CPU, memory)
    assert model.decode(model.encode(FRAME), [Click(15, 9)]).logits.shape == (SIDE, SIDE)
    tried: list[object] = []
    monkeypatch.setattr(quarantine, "_try", lambda *args: tried.append(args))
    load_tried(pack, CPU, memory)
    assert not tried
    load_tried(read_pack(write_tiny_pack(tmp_path / "other", size=512)), CPU, memory)
    load_tried(pack, Runtime("auto"), memory)
    load_tried(pack, CPU)
    assert len(tried) == 3


CHOSEN = """
import pickle, sys
from models.quarantine import load_tried
load_tried(*pickle.load(sys.stdin.buffer))
print("onnxruntime" in sys.modules)
"""


def test_one_that_passed_is_there_without_onnx_runtime(tmp_path: Path) -> None:
    """A window's start with it: loading that takes longer than all the rest."""
    arguments = (read_pack(write_tiny_pack(tmp_path / "tiny")), CPU, tmp_path / "tried")
    load_tried(*arguments)
    code, data = [sys.executable, "-c", CHOSEN], pickle.dumps(arguments)
    done = subprocess.run(code, input=data, capture_output=True, check=True, timeout=60)
    assert done.stdout.strip() == b"False"


def test_a_memory_that_cannot_be_written_costs_another_trial_only(tmp_path: Path) -> None:
    (tmp_path / "memory").touch()
    pack = read_pack(write_tiny_pack(tmp_path / "tiny"))
    load_tried(pack, CPU, tmp_path / "memory")


def test_a_crash_is_a_sentence(tmp_path: Path) -> None:
    pack = read_pack(changed_pack(tmp_path / "bad", decoder=crashing()))
    for _ in range(2):  # a pack that failed is not remembered
        with pytest.raises(ModelError, match=r"bad ends the program that runs it; remove it"):
            load_tried(pack, CPU, tmp_path / "memory")


def test_a_run_without_end_is_a_sentence(tmp_path: Path) -> None:
    pack = read_pack(changed_pack(tmp_path / "bad", encoder=endless()))
    with pytest.raises(ModelError, match="bad gave no answer within 5 s; remove it"):
        load_tried(pack, CPU, patience=5)


def test_what_a_trial_refuses_is_said(tmp_path: Path) -> None:
    pack = read_pack(write_tiny_pack(tmp_path / "bad", embedding_shapes=[[2, 1, 1]]))
    with pytest.raises(ModelError, match=r"encoder\.onnx has image_embed as"):
        load_tried(pack, CPU)


class Following(DiscModel):
    """A model that tracks, and fails on the third frame."""

    def __init__(self) -> None:
        super().__init__()
        self.info = replace(self.info, supports=frozenset({"point", "box", "track"}))
        self.seen: list[int] = []

    def tracker(self, options: TrackOptions) -> Following:
        return self

    def track(self, tracking: Tracking, cancel: CancelToken | None = None) -> Iterator[Tracked]:
        for frame in tracking.order:
            self.seen.append(frame)
            tracking.embeddings(frame)
            if frame == 2:
                raise ModelError("The third frame is too much.")
            yield Tracked("layer", frame, Prediction(LOGITS, (0, 0, 64, 48), 0.9), 1.0, frame == 0)


def test_what_tracks_is_tried_in_tracking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = Following()
    monkeypatch.setattr(quarantine, "load", lambda *_: model)
    pack = read_pack(write_tiny_pack(tmp_path / "tiny"))
    ear, mouth = multiprocessing.Pipe(duplex=False)
    quarantine._trial(pack, CPU, None, mouth)
    assert ear.recv() == ("The third frame is too much.", "")
    assert model.seen == [0, 1, 2]
