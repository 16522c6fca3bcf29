"""Downloads of known files: size and sha256 stand before the first byte is asked for.

The bytes go to a part beside the file and are hashed as they come. What breaks off is gone on with
the next time, if the server still has the same file; what is wrong is deleted. Only a whole, right
file gets its name.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from models.base import ModelError
from models.catalogue import RemoteFile
from models.disk import alone, amount, check_room, plain_errors, put_on_disk, sync_folder
from models.fetch import AGAIN, Answer, Stop, Version, ask

if TYPE_CHECKING:
    from hashlib import _Hash

Progress = Callable[[int, int], None]  # bytes that are here, bytes of the whole file


class WrongFileError(ModelError):
    """What a server sends is not the file of the catalogue; nothing of it is kept."""


def is_here(item: RemoteFile, path: Path) -> bool:
    """Whether the file at `path` is `item`, byte for byte."""
    try:
        return path.stat().st_size == item.size and _hash_of(path).hexdigest() == item.sha256
    except OSError:
        return False


def download(
    item: RemoteFile,
    folder: Path,
    progress: Progress = lambda _done, _total: None,
    stop: Stop | None = None,
) -> Path:
    """The path of `item` in `folder`, fetched unless it is there already.

    Raises Cancelled when `stop` fired, and ModelError for whatever the network, the server, the
    disk or the file itself have against it. What came before it broke off stays, to be gone on
    with.
    """
    path = folder / item.name
    with plain_errors(path, "What is here already of a download is gone on with."):
        folder.mkdir(parents=True, exist_ok=True)
        with _alone_with(path):
            if not is_here(item, path):
                _Part(item, path).fetch(progress, stop or Stop())
    progress(item.size, item.size)
    return path


def forget(item: RemoteFile, folder: Path) -> None:
    """Delete what is in `folder` of `item`, whole or not.

    Raises ModelError, also while it is being fetched.
    """
    path = folder / item.name
    if folder.is_dir():
        with plain_errors(path), _alone_with(path):
            _Part(item, path).drop()
            path.unlink(missing_ok=True)


def _alone_with(path: Path) -> AbstractContextManager[None]:
    busy = f"{path} is being fetched by another Rotocel; wait for it."
    return alone(path.with_name(f".{path.name}.lock"), busy)


class _Part:
    """The file `.name.part` that a download grows in, and beside it which version it is of."""

    def __init__(self, item: RemoteFile, path: Path) -> None:
        self._item, self._path = item, path
        self._part = path.with_name(f".{path.name}.part")
        self._note = path.with_name(f".{path.name}.part.json")

    def fetch(self, progress: Progress, stop: Stop) -> None:
        """Make the part whole, check it, give it its name. Raises as `download`, and OSError."""
        done, digest = self._before()
        check_room(self._path.parent, self._item.size - done, self._path.name)
        try:
            if done < self._item.size:
                digest = self._receive(done, digest, progress, stop)
            self._finish(digest)
        except WrongFileError:
            self.drop()
            raise

    def drop(self) -> None:
        """Delete the part. Raises OSError."""
        self._part.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)

    def _before(self) -> tuple[int, _Hash]:
        """How much there is to go on with, and its hash so far."""
        with suppress(OSError):
            if self._version() and 0 < self._part.stat().st_size <= self._item.size:
                return self._part.stat().st_size, _hash_of(self._part)
        self.drop()
        return 0, hashlib.sha256()

    def _receive(self, done: int, digest: _Hash, progress: Progress, stop: Stop) -> _Hash:
        """The hash of all of it, once it is there."""
        if done:
            with ask(self._item.url, done, stop) as answer:
                if self._continues(answer, done):
                    return self._take(answer, done, digest, progress)
            self.drop()  # it is another file by now, or the server sends whole files only
        with ask(self._item.url, 0, stop) as answer:
            if answer.start:
                raise ModelError(f"{self._item.url} does not begin at its beginning; try later.")
            return self._take(answer, 0, hashlib.sha256(), progress)

    def _continues(self, answer: Answer, done: int) -> bool:
        """Whether `answer` is the rest of what is here."""
        before = self._version()
        return (
            answer.start == done
            and answer.total == self._item.size
            and before is not None
            and before.is_of(answer.version)
        )

    def _take(self, answer: Answer, done: int, digest: _Hash, progress: Progress) -> _Hash:
        """Write the answer to the part, never more of it than the catalogue says."""
        size, name = self._item.size, self._path.name
        if answer.total not in {None, size}:
            raise WrongFileError(
                f"{name} has {answer.total} bytes on the server, not {size} as in the catalogue; "
                "it was not fetched. Get a newer catalogue."
            )
        self._remember(answer.version)
        progress(done, size)
        with self._part.open("ab") as file:
            for chunk in answer.chunks():
                done += len(chunk)
                if done > size:
                    raise WrongFileError(
                        f"The server sends more than the {size} bytes of {name}; what came was "
                        "deleted. Get a newer catalogue."
                    )
                file.write(chunk)
                digest.update(chunk)
                progress(done, size)
        if done < size:
            raise ModelError(f"{name} broke off after {amount(done)} of {amount(size)}; {AGAIN}.")
        return digest

    def _finish(self, digest: _Hash) -> None:
        if digest.hexdigest() != self._item.sha256:
            raise WrongFileError(
                f"{self._path.name} is not the file of the catalogue (its sha256 is another); it "
                "was deleted. Do this again, and if it comes out the same, do not trust the server."
            )
        put_on_disk(self._part)
        self._part.replace(self._path)
        self._note.unlink(missing_ok=True)
        sync_folder(self._path.parent)

    def _remember(self, version: Version) -> None:
        note = {"sha256": self._item.sha256, "etag": version.etag, "changed": version.changed}
        self._note.write_text(json.dumps(note), "utf-8")

    def _version(self) -> Version | None:
        """Which version the part is of; None where nobody knows, or it is of another file."""
        try:
            note = json.loads(self._note.read_text("utf-8"))
            if note["sha256"] != self._item.sha256:
                return None
            return Version(str(note["etag"]), str(note["changed"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None


def _hash_of(path: Path) -> _Hash:
    with path.open("rb") as file:
        return hashlib.file_digest(file, hashlib.sha256)
