"""How fast this machine multiplies matrices through ONNX Runtime: what no graph can exceed."""

from __future__ import annotations

import base64

import numpy as np

from models.ort import Array, Graph, Runtime, open_graph

SIDE = 2048
OPERATIONS = 2 * SIDE**3
MATMUL = base64.b64decode(
    "CAg6XgoRCgFhCgFiEgFjIgZNYXRNdWwSBHRpbnlaFQoBYRIQCg4IARIKCgMSAW4KAxIBa1oVCgFiEhAKDggBEgoK"
    "AxIBawoDEgFtYhUKAWMSEAoOCAESCgoDEgFuCgMSAW1CBAoAEBE="
)  # one MatMul of a [n,k] and b [k,m] -> c; a test makes it anew


def matmul(runtime: Runtime) -> Graph:
    """The product `c` of `a` and `b` as a graph. Raises ModelError."""
    return open_graph("MatMul", MATMUL, runtime)


def factors(seed: int) -> dict[str, Array]:
    """Two matrices of SIDE x SIDE."""
    dice = np.random.default_rng(seed)
    return {name: dice.standard_normal((SIDE, SIDE), np.float32) for name in ("a", "b")}
