"""A product of matrices through ONNX Runtime: what no graph can exceed."""

from __future__ import annotations

import numpy as np

from models.gemm import product_graph
from models.ort import Array, Graph, Runtime, open_graph

SIDE = 2048
OPERATIONS = 2 * SIDE**3


def matmul(runtime: Runtime) -> Graph:
    """The product `c` of `a` and `b`, SIDE x SIDE, as a graph. Raises ModelError."""
    return open_graph("the product", product_graph(SIDE, 1), runtime)


def factors(seed: int) -> dict[str, Array]:
    """Two matrices of SIDE x SIDE."""
    dice = np.random.default_rng(seed)
    return {name: dice.standard_normal((SIDE, SIDE), np.float32) for name in ("a", "b")}
