"""Segmentation models on ONNX Runtime: numpy in, numpy out; no Qt, no torch."""
