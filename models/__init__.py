"""Segmentation models on ONNX Runtime: numpy in, numpy out; no Qt, no torch."""

import os

# ONNX Runtime reports its use to its maker unless told not to before it is loaded. Nothing leaves
# this machine (its Privacy.md; the other half, for Windows, is in `models.ort.runtime_module`).
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
