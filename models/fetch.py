"""One HTTPS request for the rest of a file: where it may go, and in a sentence, what came of it."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage, HTTPResponse
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, ProxyHandler, Request, build_opener

from models.base import Cancelled, ModelError
from models.catalogue import is_allowed, is_local

SILENCE = 20.0  # seconds without a byte after which a server counts as gone
REDIRECTS = 5
CHUNK = 1 << 18  # bytes
RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
NOTHING_LEFT = 416  # HTTP: the range asked for is not in the file

AGAIN = "do this again to go on where it broke off"


class Stop:
    """Ends a download from another thread, also while it waits for a silent server."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._response: HTTPResponse | None = None
        self._fired = False

    def cancel(self) -> None:
        """Ask the download to stop; it raises Cancelled."""
        with self._lock:
            self._fired = True
            if self._response is not None:
                _hang_up(self._response)

    @property
    def fired(self) -> bool:
        """Whether `cancel` was called."""
        return self._fired

    def check(self) -> None:
        """Nothing, or Cancelled."""
        if self._fired:
            raise Cancelled

    @contextmanager
    def watching(self, response: HTTPResponse) -> Iterator[None]:
        """Let `cancel` reach a wait for `response`. Raises Cancelled where it fired before."""
        with self._lock:
            if self._fired:
                raise Cancelled
            self._response = response
        try:
            yield
        finally:
            with self._lock:
                self._response = None


@dataclass(frozen=True, slots=True)
class Version:
    """What tells one version of a file on a server from another; empty where it does not say."""

    etag: str
    changed: str

    def is_of(self, other: Version) -> bool:
        """Whether both are of one version, as far as the server says."""
        if self.etag or other.etag:
            return self.etag == other.etag
        return self.changed == other.changed


@dataclass(frozen=True, eq=False, slots=True)
class Answer:
    """The bytes of a file from `start` on; -1 where the server has none there."""

    url: str
    start: int
    total: int | None  # bytes of the whole file, where the server says
    version: Version
    response: HTTPResponse | None
    stop: Stop

    def chunks(self) -> Iterator[bytes]:
        """The bytes as they come. Raises Cancelled, ModelError."""
        if self.response is None:
            return
        with self.stop.watching(self.response):
            while True:
                self.stop.check()
                try:
                    chunk = self.response.read1(CHUNK)
                except (OSError, HTTPException, ValueError) as e:  # ValueError: hung up meanwhile
                    self.stop.check()
                    raise ModelError(f"{_host(self.url)} broke off ({_why(e)}); {AGAIN}.") from e
                if not chunk:
                    self.stop.check()  # a hung up connection ends like a whole one
                    return
                yield chunk


@contextmanager
def ask(url: str, start: int, stop: Stop) -> Iterator[Answer]:
    """The server's answer to a wish for the bytes of `url` from `start` on.

    Proxies are those of the environment (HTTPS_PROXY, NO_PROXY). Raises Cancelled, ModelError.
    """
    stop.check()
    try:
        response = _open(url, start)
    except HTTPError as e:
        with e:
            if e.code != NOTHING_LEFT:
                raise ModelError(_refusal(url, e.code)) from e
        yield Answer(url, -1, None, Version("", ""), None, stop)
        return
    except (OSError, HTTPException, ValueError) as e:
        stop.check()
        raise ModelError(_unreached(url, e)) from e
    with response:
        yield _answer(url, response, stop)


def _open(url: str, start: int) -> HTTPResponse:
    headers = {"User-Agent": "Rotocel", "Accept": "*/*", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    if not is_allowed(url, local=True):
        raise ModelError(f"{url} is not https://; correct the catalogue it stands in.")
    request = Request(url, headers=headers)  # noqa: S310 - checked above
    response: HTTPResponse = _opener(url).open(request, timeout=SILENCE)
    return response


def _opener(url: str) -> OpenerDirector:
    local = is_local(url)  # such a server is asked directly
    return build_opener(ProxyHandler({} if local else None), _Redirects(local=local))


class _Redirects(HTTPRedirectHandler):
    """Follows a few redirects, never out of https."""

    max_redirections = REDIRECTS

    def __init__(self, *, local: bool) -> None:
        self._local = local

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage,
        newurl: str,
    ) -> Request | None:  # fmt: skip
        """The next request. Raises ModelError where it would leave https."""
        if not is_allowed(newurl, local=self._local):
            raise ModelError(
                f"{_host(req.full_url)} sends on to {newurl}, which is not https://; nothing was "
                "fetched from there."
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _answer(url: str, response: HTTPResponse, stop: Stop) -> Answer:
    headers = response.headers
    if headers.get("Content-Encoding", "identity") != "identity":
        raise ModelError(f"{_host(url)} sends another encoding than was asked for.")
    version = Version(headers.get("ETag", ""), headers.get("Last-Modified", ""))
    if response.status == 200:
        length = headers.get("Content-Length", "")
        total = int(length) if length.isdecimal() else None
        return Answer(url, 0, total, version, response, stop)
    found = RANGE.fullmatch(headers.get("Content-Range", ""))
    if response.status != 206 or found is None:
        raise ModelError(f"{_host(url)} answers what was not asked ({response.status}); {LATER}.")
    total = None if found[2] == "*" else int(found[2])
    return Answer(url, int(found[1]), total, version, response, stop)


LATER = "try later, or get the model from somebody who has it and install it from there"


def _refusal(url: str, code: int) -> str:
    host = _host(url)
    if 300 <= code < 400:
        return f"{host} sends on too often, or to no place of the web ({code}); {LATER}."
    if code in {404, 410}:
        return f"{url} is not there any more ({code}); get a newer Rotocel, or another catalogue."
    if code in {401, 403}:
        return f"{host} does not give {url} to everybody ({code}); {LATER}."
    if code == 407:
        return "The proxy wants a name and password; write them into HTTPS_PROXY."
    return f"{host} cannot give the file now ({code}); {LATER}."


def _unreached(url: str, error: Exception) -> str:
    host = _host(url)
    reason = error.reason if isinstance(error, URLError) else error
    if isinstance(reason, ssl.SSLError):
        return (
            f"The certificate of {host} cannot be trusted ({_why(reason)}); check the clock of "
            "this machine, and whether somebody stands between."
        )
    if isinstance(reason, socket.gaierror):
        return f"{host} is not found; check the network, and HTTPS_PROXY if you need a proxy."
    return (
        f"{host} cannot be reached ({_why(reason)}); check the network, and HTTPS_PROXY if you "
        "need a proxy."
    )


def _why(reason: object) -> str:
    if isinstance(reason, TimeoutError):
        return f"no answer within {SILENCE:.0f} s"
    if isinstance(reason, ssl.SSLCertVerificationError):
        return reason.verify_message
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror
    return str(reason) or type(reason).__name__


def _host(url: str) -> str:
    return urlsplit(url).hostname or url


def _hang_up(response: Any) -> None:  # noqa: ANN401 - whatever has a file number
    """Wake whoever waits for bytes: closing alone would not."""
    with suppress(OSError, ValueError, AttributeError):
        connection = socket.socket(fileno=response.fileno())
        try:
            connection.shutdown(socket.SHUT_RDWR)
        finally:
            connection.detach()  # it is the response that closes it
