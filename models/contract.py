"""What a graph must take and give, checked when it is opened and again on what it gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from models.base import ModelError
from models.ort import Array, Graph, Port

Shape: TypeAlias = tuple[int | None, ...]  # None: any length

FLOAT, BYTE, LONG = "tensor(float)", "tensor(uint8)", "tensor(int64)"
LARGEST_HALF = float(np.finfo(np.float16).max)  # answers are stored as float16


@dataclass(frozen=True, slots=True)
class Side:
    """One input or output as the contract wants it."""

    shape: Shape
    dtype: str = FLOAT


@dataclass(frozen=True, slots=True)
class Contract:
    """The inputs a graph has, no more but for `optional` ones, and the outputs it has at least."""

    inputs: Mapping[str, Side]
    outputs: Mapping[str, Side]
    optional: Mapping[str, Side] = field(default_factory=lambda: MappingProxyType({}))


def kept(graph: Graph, contract: Contract) -> Graph:
    """`graph` itself where it keeps to `contract`. Raises ModelError naming what differs."""
    lacking = contract.inputs.keys() - graph.inputs.keys()
    unknown = graph.inputs.keys() - contract.inputs.keys() - contract.optional.keys()
    for names, fault in (
        (lacking, "lacks the input"),
        (unknown, "wants an input its family has not:"),
        (contract.outputs.keys() - graph.outputs.keys(), "lacks the output"),
    ):
        if names:
            raise ModelError(f"{graph.name} {fault} {', '.join(sorted(names))[:100]}{REMEDY}")
    taken = {**contract.inputs, **contract.optional}
    for sides, ports in ((taken, graph.inputs), (contract.outputs, graph.outputs)):
        for name, side in sides.items():
            if name in ports and not _fits(ports[name], side):
                raise ModelError(
                    f"{graph.name} has {name} as {_shown(ports[name])} where its family has "
                    f"{side.dtype} {_sides(side.shape)}{REMEDY}"
                )
    return graph


def checked(name: str, answer: Array, shape: Shape, largest: float = LARGEST_HALF) -> Array:
    """`answer`, an output of the graph called `name`, once it can be used.

    It has the `shape`, and no value is NaN or beyond `largest`. Raises ModelError otherwise.
    """
    fits = len(answer.shape) == len(shape) and all(
        side in (None, length) for side, length in zip(shape, answer.shape, strict=True)
    )
    if not fits:
        raise ModelError(
            f"{name} gave an answer of the shape {_sides(answer.shape)} where its family has "
            f"{_sides(shape)}{REMEDY}"
        )
    # A NaN makes either comparison false.
    if answer.size and not (answer.max() <= largest and answer.min() >= -largest):
        raise ModelError(
            f"{name} gave no usable answer here (not a number, or too large a one); "
            "try another prompt or another model."
        )
    return answer


REMEDY = "; get the model anew from its maker."


def _fits(port: Port, side: Side) -> bool:
    """Whether `port` is as wanted; a length, or a whole shape, that a graph leaves open fits."""
    if port.dtype != side.dtype:
        return False
    if not port.shape:  # not told: what a run gives is checked
        return True
    return len(port.shape) == len(side.shape) and all(
        wanted is None or not isinstance(length, int) or length == wanted
        for length, wanted in zip(port.shape, side.shape, strict=True)
    )


def _shown(port: Port) -> str:
    return f"{port.dtype} {_sides(tuple(n if isinstance(n, int) else None for n in port.shape))}"


def _sides(shape: Shape) -> str:
    return f"[{', '.join('any' if side is None else str(side) for side in shape)}]"[:100]
