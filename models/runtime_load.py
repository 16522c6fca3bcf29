"""Loads the ONNX Runtime of an installed pack in place of the one that ships, and survives it.

A pack is foreign native code: it may fail to load, or end the process. What fails gives way to the
runtime that ships, with a sentence (`note`); and while code of a pack runs for the first time, a
file marks that. Where a start finds the mark, the program ended there, and the pack is left alone.
"""

from __future__ import annotations

import importlib
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

from filelock import FileLock

from models.base import Cancelled, ModelError
from models.disk import plain_errors
from models.runtime_pack import RuntimePack

NAME = "onnxruntime"
PATIENCE = 60.0  # seconds to wait for another Rotocel that is just starting the pack
SLICE = 0.25  # of them, between two looks at whether the wait was given up


class _State:
    """What this process knows of the pack it was offered."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.offered: RuntimePack | None = None
        self.settled = False  # whether it was tried, or never will be
        self.used: RuntimePack | None = None
        self.proven = False  # whether a graph ran on it, on the card
        self.note = ""


_state = _State()


class _OnlyFrom(MetaPathFinder):
    """Finds ONNX Runtime and all below it in the pack, ahead of every other finder.

    Those of a frozen program find the modules that ship by their names alone, wherever the package
    they are looked for in lies; so a place in `sys.path` would not do.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module called `fullname`, where it is of ONNX Runtime."""
        if fullname.partition(".")[0] != NAME:
            return None
        spec = PathFinder.find_spec(fullname, path or [self._folder], target)
        if spec is None:  # or the next finder would mix one of those that ship into the pack
            raise ModuleNotFoundError(f"{fullname} is not in {self._folder}", name=fullname)
        return spec


def offer(pack: RuntimePack | None, fault: str = "") -> None:
    """Have ONNX Runtime come from `pack` when it is first wanted; nothing is loaded yet.

    `fault` says why there is none to offer, where one was to be expected.
    """
    with _state.lock:
        if _state.used is None:
            _state.offered, _state.settled, _state.note = pack, False, fault


def offered() -> RuntimePack | None:
    """The pack that was offered, for a process that is to use the same."""
    return _state.offered


def settle() -> None:
    """Load the offered pack, once, if there is one; where that fails `note` says why."""
    with _state.lock:
        if _state.settled or _state.offered is None:
            return
        _state.note = _load(_state.offered)
        _state.used = None if _state.note else _state.offered
        _state.settled = True  # last: who asks without the lock then sees all of it


def is_settled() -> bool:
    """Whether it is known which runtime is used; not while one is being loaded."""
    return _state.settled or _state.offered is None


def note() -> str:
    """Why the pack is not used, a sentence; empty where it is, or where none was offered."""
    return _state.note


def used() -> RuntimePack | None:
    """The pack that ONNX Runtime was loaded from; None: the one that ships."""
    return _state.used


def expected() -> RuntimePack | None:
    """The pack that is used, or will be as far as can be told without loading it."""
    pack = _state.offered
    if _state.settled or pack is None or pack.fault or pack.ended_a_program:
        return _state.used
    return pack


@contextmanager
def guard(fired: Callable[[], bool] = lambda: False) -> Iterator[str]:
    """Marks that code of the pack runs inside, until some has been `proven`.

    Gives a sentence where the pack must be left alone: it ended another process meanwhile, or that
    cannot be marked. Raises Cancelled where it has to wait and `fired` says so.
    """
    if _state.used is None or _state.proven:
        yield ""
        return
    with _marked(_state.used, fired) as fault:
        yield fault


def proven() -> None:
    """A graph has run on the card: what the pack does is not marked any more."""
    _state.proven = True


def _load(pack: RuntimePack) -> str:
    """Import ONNX Runtime from `pack`; returns why that was not done."""
    if fault := pack.fault or pack.damage:
        return fault
    finder = _OnlyFrom(str(pack.folder))
    try:
        with _marked(pack) as fault:
            if fault:
                return fault
            if NAME in sys.modules:  # there can be but one in a process
                return "Another ONNX Runtime was loaded before the installed one, which is idle."
            sys.meta_path.insert(0, finder)
            importlib.import_module(NAME)
    except Exception as e:  # noqa: BLE001 - whatever the pack's own code brings up
        with suppress(ValueError):
            sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if name.partition(".")[0] == NAME]:
            del sys.modules[name]
        return f"The runtime in {pack.folder} cannot be loaded ({_line(e)}); install it again."
    return ""


@contextmanager
def _marked(pack: RuntimePack, fired: Callable[[], bool] = lambda: False) -> Iterator[str]:
    """Marks what runs inside; gives a sentence where that cannot be, or was so before.

    The lock tells a mark that was left from one of a Rotocel that is starting just now.
    """
    with ExitStack() as stack:
        fault = _begun(pack, fired, stack)
        if fault:
            stack.close()  # nobody has to wait for what is not started
        yield fault


def _begun(pack: RuntimePack, fired: Callable[[], bool], stack: ExitStack) -> str:
    """Lock and mark until `stack` ends; returns why that was not done. Raises Cancelled."""
    name = pack.wanted.name
    try:
        with plain_errors(pack.mark):
            lock = _waited_for(pack, fired)
            if lock is None:
                return (
                    f"Another Rotocel is just starting the runtime {name}, so this one does "
                    "without; start this one again to use it."
                )
            stack.callback(lock.release)
            if pack.mark.exists():
                return (
                    f"The runtime {name} ended the program when it was last started, so it is left "
                    "alone: `rotocel runtime retry` tries it again, `rotocel runtime remove` "
                    "removes it."
                )
            pack.mark.touch()
            stack.callback(_unmark, pack)
    except ModelError as e:
        return f"The runtime {name} is left alone, as no mark can be made. {e}"
    return ""


def _waited_for(pack: RuntimePack, fired: Callable[[], bool]) -> FileLock | None:
    """The lock of `pack`; None where it takes too long. Raises Cancelled, OSError."""
    end = time.monotonic() + PATIENCE
    while (lock := pack.take_lock(SLICE)) is None and time.monotonic() < end:
        if fired():
            raise Cancelled
    return lock


def _unmark(pack: RuntimePack) -> None:
    with suppress(OSError):
        pack.mark.unlink()


def _line(e: Exception) -> str:
    return (str(e).strip() or type(e).__name__).splitlines()[0][:300]
