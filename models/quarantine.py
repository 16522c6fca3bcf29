"""Packs nobody knows are tried in a process of their own before this one runs them.

ONNX Runtime checks much, but a graph made for it can still end its process: a crash, which no
program can catch, or a run without end. A pack that ships with the program is known; any other is
encoded and decoded with once, and remembered by everything that would change what was tried.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import sys
import time
from collections import deque
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from models import runtime_load
from models.base import BoxClick, Click, Embedding, Model, ModelError, Step
from models.library import load
from models.ort import Runtime, runtime_version
from models.pack import Pack, read_pack
from models.runtime_pack import RuntimePack
from models.tracking import Tracking, tracker_of

BUNDLED = frozenset({"f9942b7317f7d7e6c71b7d24d0db0cb02932ea3bca06afba5cb0583e3691b527"})
TRIAL = 2  # the version of what is tried; what passed an earlier one is tried again
TRACKED = 4  # frames
PATIENCE = 180.0  # seconds; a large model on a slow machine takes a tenth of it


def load_tried(
    pack: Pack,
    runtime: Runtime | None = None,
    memory: Path | None = None,
    patience: float = PATIENCE,
) -> Model:
    """The model of `pack`, once it is known not to end the process that runs it.

    `memory` is a folder in which packs that passed are remembered. Raises ModelError, as `load`
    does, and where the trial failed.
    """
    runtime = runtime or Runtime()
    model = load(pack, runtime)
    if pack.info.digest in BUNDLED:
        return model
    passed = memory / _key(pack, runtime) if memory else None
    if passed and passed.exists():
        return model
    _try(pack, runtime, patience)
    if passed:
        with suppress(OSError):  # then it is tried again the next time
            passed.parent.mkdir(parents=True, exist_ok=True)
            passed.touch()
    return model


def try_pack(pack: Pack, runtime: Runtime, patience: float = PATIENCE) -> None:
    """Run `pack` once in a process of its own, whatever is remembered. Raises ModelError."""
    load(pack, runtime)
    _try(pack, runtime, patience)


def _key(pack: Pack, runtime: Runtime) -> str:
    """A name for this pack on this device and this version of ONNX Runtime."""
    info = pack.info
    facts = (TRIAL, info.digest, pack.family, pack.size, info.embedding_shapes, runtime.device)
    text = repr((*facts, runtime_version()))
    return hashlib.sha256(text.encode()).hexdigest()


def _try(pack: Pack, runtime: Runtime, patience: float) -> None:
    """Raises ModelError where the trial fails, and again where only a runtime pack failed it.

    Such a pack is marked then, and left alone: the second trial is of the model.
    """
    mark = getattr(runtime_load.offered(), "mark", None)
    was_marked = mark is not None and mark.exists()
    try:
        _try_once(pack, runtime, patience)
    except ModelError:
        if mark is None or was_marked or not mark.exists():
            raise
        _try_once(pack, runtime, patience)


def _try_once(pack: Pack, runtime: Runtime, patience: float) -> None:
    runtime = replace(runtime, kept=None)  # what is tried is the pack itself
    context = multiprocessing.get_context("spawn")
    ear, mouth = context.Pipe(duplex=False)
    process = context.Process(
        target=_trial, args=(pack, runtime, runtime_load.offered(), mouth), daemon=True
    )
    process.start()
    process.join(patience)
    if process.is_alive():
        process.kill()
        process.join()
        raise ModelError(f"{pack.folder} gave no answer within {patience:.0f} s; {REMEDY}")
    if ear.poll():
        raise ModelError(ear.recv())
    if process.exitcode:
        raise ModelError(f"{pack.folder} ends the program that runs it; {REMEDY}")


REMEDY = "remove it, or get the model anew from its maker."


def _trial(
    pack: Pack, runtime: Runtime, runtime_pack: RuntimePack | None, mouth: Connection
) -> None:
    """One frame, the prompts of every kind, and some tracking; says what was refused."""
    runtime_load.offer(runtime_pack)
    frame = np.random.default_rng(1).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    box: list[Step] = [BoxClick(8, 8, 40, 30), Click(20, 20)]
    points: list[Step] = [Click(20, 20), Click(50, 40, include=False)]
    try:
        model = load(pack, runtime)
        embedding = model.encode(frame)
        for steps in (points, box, [Click(20, 20, proposal=min(1, pack.info.proposals))]):
            model.decode(embedding, steps)
        _track(model, embedding)
    except ModelError as e:
        mouth.send(str(e))


def _track(model: Model, embedding: Embedding) -> None:
    """A few frames, where the model tracks: each looks back at one more than the one before."""
    tracker = tracker_of(model)
    if tracker is not None:
        keys = {"layer": {0: (Click(20, 20),)}}
        tracking = Tracking(lambda _frame: embedding, keys, range(TRACKED), range(TRACKED))
        deque(tracker.track(tracking), maxlen=0)


def _main(folder: str) -> None:
    started = time.perf_counter()
    try:
        _try(read_pack(Path(folder)), Runtime(), PATIENCE)
    except ModelError as e:
        sys.exit(str(e))
    print(f"passed in {time.perf_counter() - started:.1f} s")  # noqa: T201


if __name__ == "__main__":
    _main(sys.argv[1])
