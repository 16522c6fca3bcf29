"""What is told of the ONNX Runtime in use."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from app import runtimes
from models import runtime_load
from models.runtime_pack import RuntimePack
from tests.models.wheels import pack_of, write_wheels


def test_one_that_another_thread_is_still_loading_is_not_told_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    half = ModuleType("onnxruntime")
    monkeypatch.setitem(sys.modules, "onnxruntime", half)
    assert runtimes.loaded() == ""
    half.__dict__["__version__"] = "9.9"
    assert runtimes.loaded() == "ONNX Runtime 9.9, built in"
    monkeypatch.delitem(sys.modules, "onnxruntime")
    assert runtimes.loaded() == ""


def test_while_one_of_a_pack_is_loaded_nothing_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its module may look finished before it is known whether it will be used."""
    monkeypatch.setattr(runtime_load, "_state", runtime_load._State())
    whole = ModuleType("onnxruntime")
    whole.__dict__["__version__"] = "9.9"
    monkeypatch.setitem(sys.modules, "onnxruntime", whole)
    pack = pack_of(tmp_path / "home", write_wheels(tmp_path / "wheels"))
    runtime_load.offer(pack)
    told: list[str] = []

    def load(_pack: RuntimePack) -> str:
        told.append(runtimes.loaded())
        return ""

    monkeypatch.setattr(runtime_load, "_load", load)
    runtime_load.settle()
    assert told == [""]
    assert runtimes.loaded() == "ONNX Runtime 9.9, the installed runtime cuda"
