"""Turns published models into packs; the only room where torch and onnx may enter."""
