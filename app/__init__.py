"""Rotocel: an offline desktop rotoscoping editor."""

import sys
from contextlib import suppress

import models  # noqa: F401 - silences ONNX Runtime before it is loaded

# On Windows, ONNX Runtime before any Qt module: Qt's older C++ runtime makes its DLLs fail
# otherwise. Where a runtime pack is installed, only the C++ runtime, as there can be but one ONNX
# Runtime in a process, and the pack's is loaded with the first model. Where no flavour is
# installed, `models.ort` says so when a model is wanted.
if sys.platform == "win32":
    import ctypes

    from app import paths

    with suppress(ImportError, OSError):
        if any(paths.user_runtimes().glob("*/runtime.json")):
            for name in ("vcruntime140", "vcruntime140_1", "msvcp140", "msvcp140_1"):
                ctypes.CDLL(f"{name}.dll")
        else:
            import onnxruntime  # noqa: F401
