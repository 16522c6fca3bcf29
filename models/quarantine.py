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
from multiprocessing.process import BaseProcess
from pathlib import Path
from weakref import WeakSet

import numpy as np

from models import runtime_load
from models.base import BoxClick, Click, Embedding, Model, ModelError, Step
from models.library import load
from models.ort import Runtime, runtime_identity
from models.pack import Pack, read_pack
from models.runtime_pack import RuntimePack
from models.tracking import Tracking, tracker_of

BUNDLED = frozenset({"f9942b7317f7d7e6c71b7d24d0db0cb02932ea3bca06afba5cb0583e3691b527"})
TRIAL = 2  # the version of what is tried; what passed an earlier one is tried again
TRACKED = 4  # frames
PATIENCE = 180.0  # seconds; a large model on a slow machine takes a tenth of it

_killed: WeakSet[BaseProcess] = WeakSet()  # trials that were ended on purpose


class _DiedError(ModelError):
    """A trial ended by itself, and said nothing."""


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
    if memory and (memory / _key(pack, runtime, runtime_identity())).exists():
        return model
    ran_on = _try(pack, runtime, patience)
    if memory:
        with suppress(OSError):  # then it is tried again the next time
            memory.mkdir(parents=True, exist_ok=True)
            (memory / _key(pack, runtime, ran_on)).touch()
    return model


def try_pack(pack: Pack, runtime: Runtime, patience: float = PATIENCE) -> None:
    """Run `pack` once in a process of its own, whatever is remembered. Raises ModelError."""
    load(pack, runtime)
    _try(pack, runtime, patience)


def end_trials() -> None:
    """End the trials that are under way, in whichever thread: the program has no other children."""
    for trial in multiprocessing.active_children():
        _killed.add(trial)
        trial.kill()


def _key(pack: Pack, runtime: Runtime, ran_on: str) -> str:
    """A name for this pack on this device and the ONNX Runtime that `runtime_identity` tells."""
    info = pack.info
    facts = (TRIAL, info.digest, pack.family, pack.size, info.embedding_shapes, runtime.device)
    return hashlib.sha256(repr((*facts, ran_on)).encode()).hexdigest()


def _try(pack: Pack, runtime: Runtime, patience: float) -> str:
    """Which ONNX Runtime `pack` ran on. Raises ModelError where the trial fails.

    One that dies with a runtime pack is made again, and as that is marked then, without it. The
    mark stays only where this shows that the model is not at fault. A pack that runs here already
    is not: it cannot be left alone any more.
    """
    offered = runtime_load.offered()
    was_marked = offered is None or offered.ended_a_program
    try:
        try:
            return _try_once(pack, runtime, patience)
        except _DiedError:
            marks = offered is not None and not was_marked and offered.mark.exists()
            if not marks or runtime_load.used() is not None:
                raise
            return _try_once(pack, runtime, patience)
    except BaseException:
        if offered is not None and not was_marked:
            with suppress(ModelError):  # another Rotocel is just starting it: the mark is its own
                offered.retry()
        raise


def _try_once(pack: Pack, runtime: Runtime, patience: float) -> str:
    runtime = replace(runtime, kept=None)  # what is tried is the pack itself
    context = multiprocessing.get_context("spawn")
    ear, mouth = context.Pipe(duplex=False)
    process = context.Process(
        target=_trial, args=(pack, runtime, runtime_load.offered(), mouth), daemon=True
    )
    process.start()
    try:
        process.join(patience)
        late = process.is_alive()
    finally:  # also where Ctrl-C ends the wait
        process.kill()
        process.join()
    if late:
        raise ModelError(f"{pack.folder} gave no answer within {patience:.0f} s; {REMEDY}")
    if ear.poll():
        fault, ran_on = ear.recv()
        if fault:
            raise ModelError(fault)
        return str(ran_on)
    error = ModelError if process in _killed else _DiedError
    raise error(f"{pack.folder} ends the program that runs it; {REMEDY}")


REMEDY = "remove it, or get the model anew from its maker."


def _trial(
    pack: Pack, runtime: Runtime, runtime_pack: RuntimePack | None, mouth: Connection
) -> None:
    """One frame, the prompts of every kind, and some tracking.

    Says what was refused, else nothing, and which ONNX Runtime it was.
    """
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
        mouth.send((str(e), ""))
    else:
        mouth.send(("", runtime_identity()))


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
