"""A real HTTP server on this machine that serves one file, as badly as a test wants."""

from __future__ import annotations

import hashlib
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from models.catalogue import RemoteFile

DATA = bytes(range(256)) * 4096  # 1 MiB


@dataclass
class Behaviour:
    """What the server does; a test changes it between two requests."""

    data: bytes = DATA
    etag: str = '"one"'
    changed: str = ""
    ranges: bool = True  # whether it knows Range
    length: bool = True  # whether it says how long the answer is
    says: str = ""  # a length it says in place of the true one
    breaks_after: int | None = None  # bytes of the answer after which it hangs up
    waits_after: int | None = None  # bytes of the answer after which it waits for `go_on`
    status: int = 200
    location: str = ""  # where it sends on to, with `status`
    connect: int = 502  # what it answers as a proxy
    thinks: bool = False  # whether it waits for `go_on` before any header
    drips: bool = False  # whether its headers come a byte at a time, without end
    rambles: bool = False  # whether a redirect has a body without end
    go_on: threading.Event = field(default_factory=threading.Event)
    waiting: threading.Event = field(default_factory=threading.Event)
    asked: list[tuple[str, str]] = field(default_factory=list)  # (path, Range)
    sent: int = 0  # bytes of all answers


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def do_CONNECT(self) -> None:
        self.behaviour.asked.append((f"CONNECT {self.path}", ""))
        self.send_error(self.behaviour.connect)

    def do_GET(self) -> None:
        act = self.behaviour
        act.asked.append((self.path, self.headers.get("Range", "")))
        self.close_connection = True
        if act.thinks:
            act.waiting.set()
            act.go_on.wait(20)
        if act.drips:
            self._drip(act)
            return
        if act.status != 200 and not self.path.endswith("/there"):
            self.send_response(act.status)
            if act.location:
                self.send_header("Location", act.location)
            if not act.rambles:
                self.send_header("Content-Length", "0")
            self.end_headers()
            while act.rambles and self._write(act, bytes(1 << 16)):
                pass
            return
        start = int(self.headers.get("Range", "bytes=0-")[6:-1]) if act.ranges else 0
        if start >= len(act.data):
            self.send_error(416)
            return
        self._send(act, start)

    @property
    def behaviour(self) -> Behaviour:
        found = self.server.behaviour  # type: ignore[attr-defined]
        assert isinstance(found, Behaviour)
        return found

    def _send(self, act: Behaviour, start: int) -> None:
        rest = act.data[start:]
        self.send_response(206 if start else 200)
        if start:
            self.send_header(
                "Content-Range", f"bytes {start}-{len(act.data) - 1}/{act.says or len(act.data)}"
            )
        if act.etag:
            self.send_header("ETag", act.etag)
        if act.changed:
            self.send_header("Last-Modified", act.changed)
        if act.length:
            self.send_header("Content-Length", act.says or str(len(rest)))
        self.end_headers()
        if act.waits_after is not None:
            self._write(act, rest[: act.waits_after])
            act.waiting.set()
            act.go_on.wait(20)
            rest = rest[act.waits_after :]
        self._write(act, rest[: act.breaks_after])

    def _drip(self, act: Behaviour) -> None:
        self._write(act, b"HTTP/1.1 200 OK\r\nX: ")
        act.waiting.set()
        while not act.go_on.wait(0.02) and self._write(act, b"x"):
            pass

    def _write(self, act: Behaviour, data: bytes) -> bool:
        try:
            self.wfile.write(data)
        except OSError:
            return False  # whoever asked has gone
        act.sent += len(data)
        return True


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:
        """Whoever asks may go away, or not like the certificate."""


@contextmanager
def serving(
    data: bytes = DATA, tls: ssl.SSLContext | None = None
) -> Iterator[tuple[Behaviour, str]]:
    """A server and the url of its file; https where there is a context for it."""
    server = _Server(("127.0.0.1", 0), _Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    server.daemon_threads = False
    server.behaviour = behaviour = Behaviour(data)  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        kind, host = ("https", "localhost") if tls else ("http", "127.0.0.1")
        yield behaviour, f"{kind}://{host}:{server.server_port}/file"
    finally:
        behaviour.go_on.set()
        server.shutdown()
        thread.join()
        server.server_close()


def item(url: str, data: bytes = DATA, name: str = "model.bin") -> RemoteFile:
    """The entry of a catalogue for `data`."""
    return RemoteFile(name, url, len(data), hashlib.sha256(data).hexdigest())
