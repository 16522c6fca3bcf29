"""The process in which one thing of ours is measured: `python -m app.bench_worker WHAT PACK ...`.

WHAT is a graph (`encoder`), or `click`, `gemm`, `start` for all graphs opened, or `count` for the
arithmetic of the graph that `--graph` names. The first line says that it is ready; then every line
with a seed is a run, and is answered with its seconds and the memory held.

Imports stand where they are needed, so that a start imports no more than the program does.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from models.bench.serve import Ready, Taken, serving, timed
from models.lines import answer_lines


def main(arguments: Sequence[str] | None = None) -> None:
    """Answer until stdin ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what")
    parser.add_argument("pack", type=Path)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--graph", default="encoder")
    parser.add_argument("--kept", type=Path)
    chosen = parser.parse_args(arguments)
    makers: Mapping[str, Callable[[argparse.Namespace], Ready]] = {
        "click": _click,
        "count": _count,
        "gemm": _gemm,
        "start": _start,
    }
    if chosen.device != "cpu":
        from app import runtimes  # noqa: PLC0415

        runtimes.offer(chosen.device)
    make = makers.get(chosen.what, _graph)
    answer_lines(lambda: serving(*make(chosen)))


def _graph(chosen: argparse.Namespace) -> Ready:
    from models.bench.feeds import GRAPHS, SHRINKING, feeds  # noqa: PLC0415
    from models.ort import Runtime, open_graph  # noqa: PLC0415
    from models.pack import read_pack  # noqa: PLC0415

    pack = read_pack(chosen.pack)
    file = GRAPHS[chosen.what]
    graph = open_graph(str(pack.folder / file), pack.bytes_of(file), Runtime(chosen.device))
    shrink = chosen.what in SHRINKING

    def run(seed: int) -> Taken:
        values = feeds(pack, graph.inputs, seed)
        return timed(lambda: graph.run(values, list(graph.outputs), shrink=shrink))

    return {"device": graph.device}, run


def _click(chosen: argparse.Namespace) -> Ready:
    """From a click on an embedded frame to the mask at clip resolution, as the editor does it.

    Every second click corrects the one before it.
    """
    import numpy as np  # noqa: PLC0415

    from app.domain.mask import Mask, upsample  # noqa: PLC0415
    from models.base import Click, Logits, Prediction  # noqa: PLC0415
    from models.bench.feeds import CLIP  # noqa: PLC0415
    from models.library import load  # noqa: PLC0415
    from models.ort import Runtime  # noqa: PLC0415
    from models.pack import read_pack  # noqa: PLC0415

    model = load(read_pack(chosen.pack), Runtime(chosen.device))
    frame = np.random.default_rng(0).integers(0, 256, (CLIP[1], CLIP[0], 3), np.uint8)
    embedding = model.encode(frame)
    steps: list[Click] = []
    prior: Logits | None = None

    def click() -> None:
        nonlocal prior
        answer: Prediction = model.decode(embedding, steps, prior)
        prior = answer.logits
        mask = Mask.cropped(
            answer.logits, CLIP, window=answer.window, prompt=None, model="", score=answer.score
        )
        _ = upsample(mask, CLIP) > 0

    def run(seed: int) -> Taken:
        nonlocal prior
        dice = np.random.default_rng(seed)
        if len(steps) == 2 or not steps:
            steps.clear()
            prior = None
        steps.append(Click(dice.uniform(0, CLIP[0]), dice.uniform(0, CLIP[1])))
        return timed(click)

    return {"device": model.info.device}, run


def _gemm(chosen: argparse.Namespace) -> Ready:
    from models.bench.gemm import factors, matmul  # noqa: PLC0415
    from models.ort import Runtime  # noqa: PLC0415

    graph = matmul(Runtime(chosen.device))

    def run(seed: int) -> Taken:
        values = factors(seed)
        return timed(lambda: graph.run(values, ["c"]))

    return {"device": graph.device}, run


def _start(chosen: argparse.Namespace) -> Ready:
    from models.library import load  # noqa: PLC0415
    from models.ort import Runtime  # noqa: PLC0415
    from models.pack import prepared, read_pack  # noqa: PLC0415

    pack, runtime = read_pack(chosen.pack), Runtime(chosen.device, kept=chosen.kept)
    load(pack, runtime)  # imports what the family needs, and checks it
    opening = [prepared(pack, runtime, name) for name in pack.files if name.endswith(".onnx")]
    with ThreadPoolExecutor() as lanes:  # as the lanes of the program open them
        kept: list[Any] = list(lanes.map(lambda opened: opened(), opening))
    devices = {graph.device for graph in kept}
    return {"device": " and ".join(sorted(devices))}, lambda _: timed(kept.clear)


def _count(chosen: argparse.Namespace) -> Ready:
    from models.bench.feeds import GRAPHS, feeds  # noqa: PLC0415
    from models.bench.flops import count  # noqa: PLC0415
    from models.ort import Runtime, open_graph  # noqa: PLC0415
    from models.pack import read_pack  # noqa: PLC0415

    pack = read_pack(chosen.pack)
    data = pack.bytes_of(GRAPHS[chosen.graph])
    inputs = open_graph(chosen.graph, data, Runtime("cpu")).inputs
    return {"operations": count(data, feeds(pack, inputs, 0))}, _nothing


def _nothing(_: int) -> Taken:
    return Taken(0.0, 0.0)


if __name__ == "__main__":
    main()
