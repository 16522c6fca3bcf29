"""Waiting for a server, which another thread may end at any time."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future, InvalidStateError
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from typing import Any, Self
from urllib.request import AbstractHTTPHandler, OpenerDirector, ProxyHandler, Request

from models.base import Cancelled


class Stop:
    """Ends a download from another thread, also while it waits for a silent server."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wake: Callable[[], object] | None = None
        self._fired = False

    def cancel(self) -> None:
        """Ask the download to stop; it raises Cancelled."""
        with self._lock:
            self._fired = True
            if self._wake is not None:
                self._wake()

    @property
    def fired(self) -> bool:
        """Whether `cancel` was called."""
        return self._fired

    def check(self) -> None:
        """Nothing, or Cancelled."""
        if self._fired:
            raise Cancelled

    @contextmanager
    def watching(self, wake: Callable[[], object]) -> Iterator[None]:
        """Let `cancel` end a wait by calling `wake`. Raises Cancelled where it fired before."""
        with self._lock:
            if self._fired:
                raise Cancelled
            self._wake = wake
        try:
            yield
        finally:
            with self._lock:
                self._wake = None


class Wire:
    """The connection of one request, which any thread may hang up as long as it is held.

    It keeps a handle of its own: the number of a socket that its thread has closed meanwhile may
    be that of another file by now.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._handle: socket.socket | None = None
        self._over = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.hang_up()

    def connect(self, *where: Any) -> socket.socket:  # noqa: ANN401 - as create_connection takes it
        """A connection that `hang_up` ends. Raises OSError."""
        sock = socket.create_connection(*where)
        with self._lock:
            if self._over:
                sock.close()
                raise OSError("hung up")
            self._handle = sock.dup()
        return sock

    def hang_up(self) -> None:
        """End the connection, or see to it that it never stands; whoever waits for it wakes."""
        with self._lock:
            self._over = True
            if self._handle is not None:
                with suppress(OSError), self._handle:
                    self._handle.shutdown(socket.SHUT_RDWR)  # closing alone wakes nobody
                self._handle = None

    def open(
        self, request: Request, proxies: dict[str, str] | None, seconds: float
    ) -> HTTPResponse:
        """The answer to `request`, whatever its status, unread; redirects are not followed.

        `seconds` is the longest silence. Raises OSError, HTTPException, ValueError.
        """
        opener = OpenerDirector()
        opener.add_handler(ProxyHandler(proxies))
        opener.add_handler(_Handler(self))
        response: HTTPResponse = opener.open(request, timeout=seconds)
        return response


class _Handler(AbstractHTTPHandler):
    """Makes the connections of urllib those of a wire."""

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self._wire = wire

    http_request = https_request = AbstractHTTPHandler.do_request_

    def http_open(self, request: Request) -> HTTPResponse:
        return self.do_open(self._kind(HTTPConnection), request)

    def https_open(self, request: Request) -> HTTPResponse:
        return self.do_open(self._kind(HTTPSConnection), request)

    def _kind(self, kind: type[HTTPConnection]) -> Any:  # noqa: ANN401 - as do_open takes it
        def make(host: str, timeout: float) -> HTTPConnection:
            connection = kind(host, timeout=timeout)
            connection._create_connection = self._wire.connect  # type: ignore[attr-defined] # noqa: SLF001
            return connection

        return make


def awaited(work: Callable[[], HTTPResponse], stop: Stop, seconds: float) -> HTTPResponse:
    """What `work` gives within `seconds`; what it gives later is closed.

    It runs in a thread of its own: nothing ends the look-up of a name, and a server that sends a
    byte of its headers now and then is never silent. Raises Cancelled, TimeoutError, and what
    `work` raises.
    """
    future: Future[HTTPResponse] = Future()
    try:
        with stop.watching(future.cancel):
            threading.Thread(target=_fulfil, args=(future, work), daemon=True).start()
            return future.result(seconds)
    except CancelledError as e:
        raise Cancelled from e
    except BaseException:
        future.add_done_callback(_close)
        future.cancel()
        raise


def _fulfil(future: Future[HTTPResponse], work: Callable[[], HTTPResponse]) -> None:
    try:
        response = work()
    except Exception as e:  # noqa: BLE001 - raised again where it is waited for
        with suppress(InvalidStateError):
            future.set_exception(e)
        return
    try:
        future.set_result(response)
    except InvalidStateError:  # nobody waits any more
        response.close()


def _close(future: Future[HTTPResponse]) -> None:
    if not future.cancelled() and future.exception() is None:
        future.result().close()
