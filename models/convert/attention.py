"""Attention that ends as one `com.microsoft.MultiHeadAttention` node in an exported graph.

One fused node instead of MatMul, Softmax, MatMul: ONNX Runtime never holds the whole matrix of
weights, which for the memory attention at 1024 pixels is the difference of 2.2 and 0.4 GB.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional


class _Fused(torch.autograd.Function):
    @staticmethod
    def forward(_: Any, q: Tensor, k: Tensor, v: Tensor, heads: int, __: int) -> Tensor:  # noqa: ANN401
        def split(x: Tensor) -> Tensor:
            return x.unflatten(-1, (heads, -1)).transpose(1, 2)

        out = functional.scaled_dot_product_attention(split(q), split(k), split(v))
        return out.transpose(1, 2).flatten(2)

    @staticmethod
    def symbolic(graph: Any, q: Any, k: Any, v: Any, heads: int, width: int) -> Any:  # noqa: ANN401
        out = graph.op("com.microsoft::MultiHeadAttention", q, k, v, num_heads_i=heads)
        sizes = q.type().sizes()  # None where they are not known
        out.setType(q.type().with_sizes([*sizes[:-1], width]) if sizes else q.type())
        return out


def attend(q: Tensor, k: Tensor, v: Tensor, heads: int) -> Tensor:
    """Softmax attention of q [B,S,heads*d] over k [B,L,heads*d] and v [B,L,heads*e].

    Gives [B,S,heads*e].
    """
    out: Tensor = _Fused.apply(q, k, v, heads, int(v.shape[-1]))
    return out
