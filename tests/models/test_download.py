"""Downloads from a real server that interrupts, lies, moves and changes."""

from __future__ import annotations

import re
import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from models.base import Cancelled, ModelError
from models.catalogue import RemoteFile
from models.disk import alone
from models.download import download, forget
from models.fetch import Stop
from tests.drill.full_disk import small_disk
from tests.models.server import DATA, Behaviour, item, serving

HALF = len(DATA) // 2


class Given(NamedTuple):
    """A server, its file as the catalogue has it, and a folder to put it in."""

    act: Behaviour
    item: RemoteFile
    folder: Path

    @property
    def path(self) -> Path:
        return self.folder / self.item.name

    @property
    def part(self) -> Path:
        return self.folder / f".{self.item.name}.part"

    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())

    def fetch(self, **more: Any) -> Path:
        return download(self.item, self.folder, **more)

    def broken_off(self) -> None:
        """Half of the file is here already."""
        self.act.breaks_after = HALF
        with pytest.raises(ModelError, match=r"broke off after 512 KiB of 1\.0 MiB; do this again"):
            self.fetch()
        assert self.part.stat().st_size == HALF
        self.act.breaks_after = None
        self.act.asked.clear()
        self.act.sent = 0


@pytest.fixture
def given(tmp_path: Path) -> Iterator[Given]:
    with serving() as (act, url):
        yield Given(act, item(url), tmp_path / "models")


def test_a_file_comes_whole_with_its_progress_and_is_not_fetched_twice(given: Given) -> None:
    seen: list[tuple[int, int]] = []
    assert given.fetch(progress=lambda *step: seen.append(step)) == given.path
    assert given.path.read_bytes() == DATA
    assert given.names() == ["model.bin"]
    assert seen[0] == (0, len(DATA))
    assert seen[-1] == (len(DATA), len(DATA))
    assert seen == sorted(seen)
    given.fetch()
    assert len(given.act.asked) == 1


def test_a_file_of_that_name_that_is_another_is_replaced(given: Given) -> None:
    given.folder.mkdir()
    given.path.write_bytes(b"x" * len(DATA))
    given.fetch()
    assert given.path.read_bytes() == DATA


def test_what_broke_off_is_gone_on_with(given: Given) -> None:
    given.broken_off()
    seen: list[int] = []
    given.fetch(progress=lambda done, _: seen.append(done))
    assert given.act.asked == [("/file", f"bytes={HALF}-")]
    assert given.act.sent == HALF
    assert seen[0] == HALF
    assert given.path.read_bytes() == DATA
    assert given.names() == ["model.bin"]


def test_without_etags_the_time_of_the_last_change_counts(given: Given) -> None:
    given.act.etag, given.act.changed = "", "Sat, 28 Sep 2024 00:00:00 GMT"
    given.broken_off()
    given.fetch()
    assert given.act.sent == HALF
    given.path.unlink()
    given.broken_off()
    given.act.changed = "Sun, 29 Sep 2024 00:00:00 GMT"
    given.fetch()
    assert [wish for _, wish in given.act.asked] == [f"bytes={HALF}-", ""]
    assert given.path.read_bytes() == DATA


def test_a_file_that_changed_meanwhile_is_fetched_anew(given: Given) -> None:
    given.broken_off()
    given.act.etag = '"two"'
    given.fetch()
    assert [wish for _, wish in given.act.asked] == [f"bytes={HALF}-", ""]
    assert given.path.read_bytes() == DATA


def test_a_part_of_unknown_origin_is_not_gone_on_with(given: Given) -> None:
    given.folder.mkdir()
    given.part.write_bytes(DATA[:100])
    given.fetch()
    assert given.act.asked == [("/file", "")]


def test_a_server_that_knows_no_ranges_sends_all_of_it(given: Given) -> None:
    given.broken_off()
    given.act.ranges = False
    given.fetch()
    assert given.path.read_bytes() == DATA


def test_a_part_that_only_lacks_its_name_gets_it(given: Given) -> None:
    given.broken_off()
    given.part.write_bytes(DATA)
    given.fetch()
    assert not given.act.asked
    assert given.names() == ["model.bin"]


def test_a_part_longer_than_the_file_on_the_server_is_fetched_anew(given: Given) -> None:
    given.broken_off()
    given.act.data = DATA[: HALF - 10]
    with pytest.raises(ModelError, match="has 524278 bytes on the server, not 1048576"):
        given.fetch()
    assert given.names() == []


def test_a_wrong_hash_leaves_nothing(given: Given) -> None:
    given.act.data = DATA[:-1] + b"?"
    with pytest.raises(ModelError, match=r"model\.bin is not the file of the catalogue"):
        given.fetch()
    assert given.names() == []


def test_a_part_that_somebody_changed_is_found_out(given: Given) -> None:
    given.broken_off()
    given.part.write_bytes(b"?" * HALF)
    with pytest.raises(ModelError, match="sha256"):
        given.fetch()
    assert given.names() == []


@pytest.mark.parametrize("size", [len(DATA) - 1, len(DATA) + 1])
def test_another_length_is_refused_before_a_byte_is_taken(given: Given, size: int) -> None:
    given.act.data = DATA[:size] + b"?" * (size - len(DATA))
    with pytest.raises(ModelError, match=f"has {size} bytes on the server"):
        given.fetch()
    assert given.names() == []


def test_never_more_is_written_than_the_catalogue_says(given: Given) -> None:
    given.act.data, given.act.length = DATA * 8, False
    most: list[int] = []

    def watch(_done: int, _total: int) -> None:
        most.append(given.part.stat().st_size if given.part.exists() else 0)

    with pytest.raises(ModelError, match="sends more than the 1048576 bytes"):
        given.fetch(progress=watch)
    assert max(most) <= len(DATA)
    assert given.names() == []


def test_a_truncated_answer_without_a_length_is_no_whole_file(given: Given) -> None:
    given.act.length, given.act.breaks_after = False, HALF
    with pytest.raises(ModelError, match="broke off after 512 KiB"):
        given.fetch()
    assert not given.path.exists()


def test_a_redirect_is_followed(given: Given) -> None:
    given.act.status, given.act.location = 302, "/there"
    given.fetch()
    assert [path for path, _ in given.act.asked] == ["/file", "/there"]
    assert given.path.read_bytes() == DATA


@pytest.mark.parametrize(
    "target",
    ["http://models.example/x", "file:///etc/passwd", "ftp://models.example/x", "//["],
)
def test_a_redirect_out_of_https_is_refused(given: Given, target: str) -> None:
    given.act.status, given.act.location = 302, target
    sentence = (
        f"127.0.0.1 sends on to {target}, which is not https://; nothing was fetched from there."
    )
    with pytest.raises(ModelError, match=f"^{re.escape(sentence)}$"):
        given.fetch()
    assert len(given.act.asked) == 1
    assert given.names() == []


def test_a_redirect_without_end_ends(given: Given) -> None:
    given.act.status, given.act.location = 302, "/file"
    with pytest.raises(ModelError, match="sends on too often"):
        given.fetch()
    assert len(given.act.asked) == 6


def test_the_body_of_a_redirect_is_not_read(given: Given) -> None:
    given.act.status, given.act.location, given.act.rambles = 302, "/there", True
    given.fetch()
    assert given.path.read_bytes() == DATA
    assert given.act.sent < 64 << 20  # what the system buffers


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (404, "is not there any more"),
        (403, "does not give"),
        (500, "cannot give the file now"),
        (204, "answers what was not asked"),
    ],
)
def test_a_refusal_is_a_sentence(given: Given, status: int, words: str) -> None:
    given.act.status = status
    with pytest.raises(ModelError, match=words):
        given.fetch()
    assert given.names() == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost that nobody vouches for, and its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl command to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    words = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    ]
    names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(cert)]
    subprocess.run([openssl, *words, *names], check=True, capture_output=True)
    return cert, key


@pytest.fixture
def secure(tmp_path: Path, certificate: tuple[Path, Path]) -> Iterator[Given]:
    """A server that speaks https."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with serving(tls=context) as (act, url):
        yield Given(act, item(url), tmp_path / "models")


def test_a_certificate_that_nobody_vouches_for_is_refused(secure: Given) -> None:
    with pytest.raises(ModelError, match=r"certificate of localhost cannot be trusted \(self"):
        secure.fetch()
    assert not secure.act.asked
    assert secure.names() == []


def test_https_works_and_does_not_send_on_to_plain_http(
    secure: Given, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    monkeypatch.setenv("no_proxy", "localhost")
    secure.act.waits_after = 1000
    stop = Stop()

    def cancel() -> None:
        assert secure.act.waiting.wait(10)
        stop.cancel()

    helper = threading.Thread(target=cancel)
    helper.start()
    with pytest.raises(Cancelled):
        secure.fetch(stop=stop)
    helper.join()
    secure.act.waits_after = None
    secure.fetch()
    assert secure.path.read_bytes() == DATA
    secure.path.unlink()
    secure.act.status, secure.act.location = 302, "http://127.0.0.1:1/there"
    with pytest.raises(
        ModelError, match=r"sends on to http://127\.0\.0\.1:1/there, which is not https"
    ):
        secure.fetch()


def test_no_server_is_a_sentence(tmp_path: Path) -> None:
    with serving() as (_, url):
        pass
    with pytest.raises(ModelError, match=r"127\.0\.0\.1 cannot be reached \(Connection refused\)"):
        download(item(url), tmp_path)


def test_plain_http_to_elsewhere_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is not https"):
        download(item("http://models.example/file"), tmp_path)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (502, r"models\.example cannot be reached"),
        (403, r"The proxy lets nobody through to models\.example"),
        (407, "The proxy wants a name and password"),
    ],
)
def test_a_proxy_of_the_environment_is_asked(
    given: Given, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, words: str
) -> None:
    given.act.connect = code
    monkeypatch.setenv("https_proxy", given.item.url.removesuffix("/file"))
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with pytest.raises(ModelError, match=words):
        download(item("https://models.example/file"), tmp_path)
    assert given.act.asked == [("CONNECT models.example:443", "")]


def test_a_cancel_between_bytes_keeps_what_came(given: Given) -> None:
    stop = Stop()

    def cancel_soon(done: int, _: int) -> None:
        if done > HALF:
            stop.cancel()

    with pytest.raises(Cancelled):
        given.fetch(progress=cancel_soon, stop=stop)
    assert HALF < given.part.stat().st_size < len(DATA)
    given.fetch()
    assert given.act.asked[1][1].startswith("bytes=")
    assert given.path.read_bytes() == DATA


@pytest.mark.parametrize(
    "silence", [{"waits_after": 1000}, {"thinks": True}, {"drips": True}], ids=str
)
def test_a_cancel_wakes_a_download_whose_server_says_nothing(
    given: Given, silence: dict[str, Any]
) -> None:
    vars(given.act).update(silence)
    stop, started = Stop(), time.monotonic()

    def cancel() -> None:
        assert given.act.waiting.wait(10)
        time.sleep(0.1)
        stop.cancel()

    helper = threading.Thread(target=cancel)
    helper.start()
    with pytest.raises(Cancelled):
        given.fetch(stop=stop)
    helper.join()
    assert time.monotonic() - started < 5
    assert not given.part.exists() or given.part.stat().st_size == 1000


def test_a_cancel_reaches_the_look_up_of_a_name(
    given: Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, started = Stop(), time.monotonic()
    asked, answered = threading.Event(), threading.Event()

    def look_up(*_: Any, **__: Any) -> list[Any]:
        asked.set()
        answered.wait(20)
        return []

    monkeypatch.setattr("socket.getaddrinfo", look_up)

    def cancel() -> None:
        assert asked.wait(10)
        stop.cancel()

    helper = threading.Thread(target=cancel)
    helper.start()
    with pytest.raises(Cancelled):
        given.fetch(stop=stop)
    helper.join()
    assert time.monotonic() - started < 5
    answered.set()


def test_headers_without_end_are_given_up(given: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.fetch.SILENCE", 0.3)
    given.act.drips, started = True, time.monotonic()
    with pytest.raises(ModelError, match=r"cannot be reached \(no answer within"):
        given.fetch()
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("digits", [19, 5000])
def test_a_length_of_more_digits_than_any_file_has_is_none(given: Given, digits: int) -> None:
    given.broken_off()
    given.act.says = "9" * digits
    with pytest.raises(ModelError, match="answers what was not asked"):
        given.fetch()
    given.part.unlink()
    given.act.data = DATA + b"?"
    with pytest.raises(ModelError, match="sends more than the 1048576 bytes"):
        given.fetch()


def test_a_cancel_before_asks_nobody(given: Given) -> None:
    stop = Stop()
    stop.cancel()
    with pytest.raises(Cancelled):
        given.fetch(stop=stop)
    assert not given.act.asked


def test_a_silent_server_is_given_up(given: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.fetch.SILENCE", 0.2)
    given.act.waits_after = 1000
    with pytest.raises(ModelError, match=r"broke off \(.*\); do this again"):
        given.fetch()
    assert given.part.stat().st_size == 1000


def test_two_at_once_do_not_mix(given: Given) -> None:
    given.folder.mkdir()
    given.part.write_bytes(DATA)
    for work in (given.fetch, lambda: forget(given.item, given.folder)):
        with (
            alone(given.folder / ".model.bin.lock", ""),
            pytest.raises(ModelError, match="is being fetched by another Rotocel"),
        ):
            work()
    assert given.part.exists()


def test_too_little_room_is_said_before_anything_is_asked(
    given: Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(given.folder.parent)._replace(free=1000)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    with pytest.raises(ModelError, match=r"needs 1\.0 MiB of space, but .* has 1000 bytes free"):
        given.fetch()
    assert not given.act.asked


def test_a_disk_that_fills_up_keeps_the_part_and_says_so(
    given: Given, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _disk(tmp_path / "disk") as small:
        small.fill(left=HALF)
        here = given._replace(folder=small.folder / "models")
        monkeypatch.setattr("models.download.check_room", lambda *_: None)  # filled up meanwhile
        with pytest.raises(ModelError, match=r"is full; free some space .* of a download is gone"):
            here.fetch()
        assert not here.path.exists()
        small.free()
        here.fetch()
        assert here.path.read_bytes() == DATA
        assert here.act.asked[1][1].startswith("bytes=")


def _disk(folder: Path) -> Any:
    try:
        with small_disk(folder):
            pass
    except PermissionError as error:
        pytest.skip(str(error))
    return small_disk(folder)


def test_a_folder_that_may_not_be_written_is_a_sentence(
    given: Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(ModelError, match="may not be written"):
        given.fetch()


def test_forgetting_leaves_nothing(given: Given) -> None:
    given.broken_off()
    forget(given.item, given.folder)
    assert given.names() == []
    given.fetch()
    forget(given.item, given.folder)
    assert given.names() == []
    forget(given.item, given.folder / "nowhere")
    assert given.names() == []
