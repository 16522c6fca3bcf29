"""Rotocel: an offline desktop rotoscoping editor."""

from contextlib import suppress

import models  # noqa: F401 - silences ONNX Runtime before it is loaded

# ONNX Runtime before any Qt module: on Windows, Qt's older C++ runtime makes its DLLs fail
# otherwise. Where no flavour is installed, `models.ort` says so when a model is wanted.
with suppress(ImportError):
    import onnxruntime  # noqa: F401
