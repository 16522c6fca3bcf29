"""What is told of the ONNX Runtime in use."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from app import runtimes


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
