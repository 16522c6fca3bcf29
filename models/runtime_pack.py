"""A runtime pack on this machine: whether it is there and fits, installing it, removing it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from filelock import FileLock

from models.base import ModelError
from models.disk import check_room, plain_errors, take_lock
from models.runtime_list import RuntimeList
from models.runtime_record import UNREADABLE, Part, Record, read_record
from models.runtime_wheels import Wheels, unpack, wheels_in
from models.stage import Stage, Stages, is_there

PATIENCE = 60.0  # seconds to wait, at the end of an installation, for one that is just starting

Tell: TypeAlias = Callable[[int, int], None]  # bytes written, bytes in all


@dataclass(frozen=True, slots=True)
class RuntimePack:
    """The pack that `wanted` lists, in `home`, the folder of all runtimes."""

    home: Path
    wanted: RuntimeList

    @property
    def folder(self) -> Path:
        """Where it is, or would be: laid out like the packages of a Python."""
        return self.home / self.wanted.name

    @property
    def mark(self) -> Path:
        """A file that is there while code of the pack runs that may end the program."""
        return self.home / f"{self.wanted.name}.starting"

    @property
    def lock(self) -> Path:
        """A file that is locked meanwhile: a mark without the lock was left by a crash."""
        return self.mark.with_suffix(".lock")

    def take_lock(self, patience: float = 0.0) -> FileLock | None:
        """The lock, taken; None while another program has it. Raises OSError."""
        return take_lock(self.lock, patience)

    @property
    def ended_a_program(self) -> bool:
        """Whether the mark was left by a crash, and is not that of one that is just starting."""
        if not self.mark.exists():
            return False
        try:
            lock = self.take_lock()
        except OSError:
            return True
        if lock is None:
            return False
        try:
            return self.mark.exists()
        finally:
            lock.release()

    @property
    def is_installed(self) -> bool:
        """Whether a pack of its name is there, be it another one or a damaged one."""
        return is_there(self.folder)

    @property
    def fault(self) -> str:
        """Why the installed pack cannot be used, a sentence; empty where it can."""
        if misfit := self.wanted.misfit:
            return misfit
        with suppress(*UNREADABLE):
            if read_record(self.folder).made_by == self.wanted.digest:
                return ""
        return (
            f"The runtime in {self.folder} is damaged, or of another version of Rotocel; install "
            "it again, `rotocel runtime wanted` says of what."
        )

    @property
    def damage(self) -> str:
        """What of it is not as it was installed, a sentence; empty where names and sizes are."""
        try:
            found = read_record(self.folder).difference(self.folder)
        except UNREADABLE as e:
            found = f"it cannot be read: {e}"
        return self._damaged(found) if found else ""

    def verify(self, tell: Tell = lambda _done, _total: None) -> Mapping[str, Part]:
        """Read and hash all of it; returns its files. Raises ModelError."""
        if not self.is_installed:
            raise ModelError(f"There is no runtime in {self.folder}.")
        if fault := self.fault or self.damage:
            raise ModelError(fault)
        try:
            record = read_record(self.folder)
            meter = _Meter(sum(part.size for part in record.files.values()), tell)
            changed = record.changed(self.folder, meter)
        except UNREADABLE as e:
            raise ModelError(self._damaged(f"it cannot be read: {e}")) from e
        if changed:
            raise ModelError(self._damaged(f"{changed} has another sha256"))
        return record.files

    def install(self, origin: Path, tell: Tell = lambda _done, _total: None) -> None:
        """Install the wheels in the folder or zip `origin`; one that is there is replaced.

        Raises ModelError; what was there stays then, and nothing else is left.
        """
        if misfit := self.wanted.misfit:
            raise ModelError(misfit)
        with wheels_in(origin) as wheels, plain_errors(self.folder):
            for wheel in self.wanted.wheels:
                wheels.check(wheel)
            with self._held():
                pass  # it is said before minutes have gone
            with Stages(self.home, "the runtimes").open() as stage:
                staged = self._staged(wheels, stage, tell)
                with self._held(PATIENCE):
                    stage.put_in_place(staged, self.folder)
                    self._forget()

    def _staged(self, wheels: Wheels, stage: Stage, tell: Tell) -> Path:
        """All of it in a folder of `stage`. Raises ModelError, OSError."""
        largest = max(wheel.size for wheel in self.wanted.wheels)
        room = self.wanted.unpacked + largest
        check_room(self.home, room, f"The runtime {self.wanted.name}")
        meter = _Meter(self.wanted.size + self.wanted.unpacked, tell)
        staged = stage.folder / "pack"
        staged.mkdir()
        files: dict[str, Part] = {}
        for wheel in self.wanted.wheels:
            copy = stage.folder / wheel.file
            wheels.copy(wheel, copy, meter)
            files |= unpack(copy, staged, meter)
            copy.unlink()
        Record(self.wanted.digest, files).write(staged)
        return staged

    def remove(self) -> None:
        """Delete the installed pack. Raises ModelError."""
        if not self.is_installed:
            raise ModelError(f"There is no runtime in {self.folder}.")
        stages = Stages(self.home, "the runtimes")
        with plain_errors(self.folder), self._held(), stages.open() as stage:
            stage.take_away(self.folder)
            self._forget()

    def retry(self) -> None:
        """Forget that it ended the program once. Raises ModelError."""
        with plain_errors(self.mark), self._held():
            self._forget()

    def _forget(self) -> None:
        self.mark.unlink(missing_ok=True)

    @contextmanager
    def _held(self, patience: float = 0.0) -> Iterator[None]:
        """Keep others from starting it meanwhile. Raises ModelError while one does, OSError."""
        lock = self.take_lock(patience)
        if lock is None:
            raise ModelError(
                f"Another Rotocel is just starting the runtime {self.wanted.name}; wait a moment "
                "and do this again."
            )
        try:
            yield
        finally:
            lock.release()

    def _damaged(self, what: str) -> str:
        return (
            f"The runtime in {self.folder} is not as it was installed ({what}); install it again."
        )


class _Meter:
    """Tells how much of `total` there is, as parts of it come."""

    def __init__(self, total: int, tell: Tell) -> None:
        self._done, self._total, self._tell = 0, total, tell

    def __call__(self, count: int) -> None:
        self._done += count
        self._tell(min(self._done, self._total), self._total)
