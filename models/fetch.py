"""One HTTPS request for the rest of a file: where it may go, and in a sentence, what came of it."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from string import punctuation
from urllib.error import URLError
from urllib.parse import quote, urljoin, urlsplit
from urllib.request import Request

from models.base import ModelError
from models.catalogue import is_allowed, is_local
from models.wire import Stop, Wire, awaited

__all__ = ["AGAIN", "Answer", "Stop", "Version", "ask"]

SILENCE = 20.0  # seconds without a byte, or for all headers, after which a server counts as gone
REDIRECTS = 5
CHUNK = 1 << 18  # bytes
LENGTH = re.compile(r"[0-9]{1,18}")
RANGE = re.compile(r"bytes ([0-9]{1,18})-[0-9]{1,18}/([0-9]{1,18}|\*)")
TUNNEL = re.compile(r"Tunnel connection failed: (403|407)\b")  # what http.client says of a proxy
PROXY_SAYS = {
    "403": "The proxy lets nobody through to {host} (403); ask whoever runs it.",
    "407": "The proxy wants a name and password; write them into HTTPS_PROXY.",
}
MOVED = {301, 302, 303, 307, 308}
NOTHING_LEFT = 416  # HTTP: the range asked for is not in the file

AGAIN = "do this again to go on where it broke off"


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
    response: HTTPResponse
    wire: Wire
    stop: Stop

    def chunks(self) -> Iterator[bytes]:
        """The bytes as they come. Raises Cancelled, ModelError."""
        with self.stop.watching(self.wire.hang_up):
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
    place = url
    for _ in range(1 + REDIRECTS):
        with Wire() as wire, _asked(place, start, wire, stop) as response:
            target = _target(place, response)
            if target is None:
                yield _answer(url, response, wire, stop)
                return
        place = target
    raise ModelError(_refusal(url, response.status))


def _asked(url: str, start: int, wire: Wire, stop: Stop) -> HTTPResponse:
    """The answer to one request, its headers read. Raises Cancelled, ModelError."""
    headers = {"User-Agent": "Rotocel", "Accept": "*/*", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    if not is_allowed(url, local=True):
        raise ModelError(f"{url} is not https://; correct the catalogue it stands in.")
    proxies: dict[str, str] | None = (
        {} if is_local(url) else None
    )  # such a server is asked directly
    try:
        request = Request(url, headers=headers)  # noqa: S310 - checked above
        return awaited(lambda: wire.open(request, proxies, SILENCE), stop, SILENCE)
    except (OSError, HTTPException, ValueError, OverflowError) as e:  # the last: a proxy's port
        stop.check()
        raise ModelError(_unreached(url, e)) from e


def _target(url: str, response: HTTPResponse) -> str | None:
    """Where `response` sends on to, never out of https. Raises ModelError."""
    location = response.headers.get("Location")
    if response.status not in MOVED or location is None:
        return None
    with suppress(ValueError):  # of no place of the web, which is refused below
        location = urljoin(url, quote(location, safe=punctuation, encoding="iso-8859-1"))
    if not is_allowed(location, local=is_local(url)):
        raise ModelError(
            f"{_host(url)} sends on to {location}, which is not https://; nothing was fetched "
            "from there."
        )
    return location


def _answer(url: str, response: HTTPResponse, wire: Wire, stop: Stop) -> Answer:
    headers = response.headers
    if response.status == NOTHING_LEFT:
        return Answer(url, -1, None, Version("", ""), response, wire, stop)
    if response.status >= 300:
        raise ModelError(_refusal(url, response.status))
    if headers.get("Content-Encoding", "identity") != "identity":
        raise ModelError(f"{_host(url)} sends another encoding than was asked for.")
    version = Version(headers.get("ETag", ""), headers.get("Last-Modified", ""))
    if response.status == 200:
        length = LENGTH.fullmatch(headers.get("Content-Length", ""))
        total = int(length[0]) if length else None
        return Answer(url, 0, total, version, response, wire, stop)
    found = RANGE.fullmatch(headers.get("Content-Range", ""))
    if response.status != 206 or found is None:
        raise ModelError(f"{_host(url)} answers what was not asked ({response.status}); {LATER}.")
    total = None if found[2] == "*" else int(found[2])
    return Answer(url, int(found[1]), total, version, response, wire, stop)


LATER = "try later, or get the model from somebody who has it and install it from there"


def _refusal(url: str, code: int) -> str:
    host = _host(url)
    if 300 <= code < 400:
        return f"{host} sends on too often, or to no place of the web ({code}); {LATER}."
    if code in {404, 410}:
        return f"{url} is not there any more ({code}); get a newer Rotocel, or another catalogue."
    if code in {401, 403}:
        return f"{host} does not give {url} to everybody ({code}); {LATER}."
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
    refused = TUNNEL.match(str(reason))
    if refused:
        return PROXY_SAYS[refused[1]].format(host=host)
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
