"""`rotocel models`, with a real server and packs of tiny graphs."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from app import paths
from app.headless import settings_path
from app.settings import load
from models import gemm
from tests.cli.conftest import Rotocel
from tests.models.graphs import write_tiny_pack
from tests.models.server import DATA, Behaviour, serving
from tests.models.test_install import zipped

ACCEPT = "--accept-licence"


class Shop(NamedTuple):
    """A server, and a catalogue of what is on it."""

    act: Behaviour
    url: str
    catalogue: Path

    def offer(self, kind: str, data: bytes, **changes: Any) -> None:
        """Have the server serve `data`, and the catalogue offer it as "wanted"."""
        self.act.data = data
        file = {
            "name": "wanted.zip" if kind == "pack" else "wanted.pt",
            "url": self.url,
            "size": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
        }
        model = {
            "id": "wanted",
            "label": "Wanted",
            "kind": kind,
            "licence": "Apache-2.0",
            "source": "a friend",
            "brings": "All that one wants.",
            "family": "sam2.1",
            "variant": "tiny",
            "files": [file],
        }
        self.catalogue.write_text(json.dumps({"format": 1, "models": [model | changes]}))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with serving() as (act, url):
        shop = Shop(act, url, tmp_path / "catalogue.json")
        shop.offer("checkpoint", DATA)
        yield shop


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return write_tiny_pack(tmp_path / "from" / "tiny")


def chosen() -> str:
    return load(settings_path()).model


def test_list_shows_what_is_installed_and_what_can_be_had(rotocel: Rotocel, pack: Path) -> None:
    rotocel("models", "install", pack)
    ran = rotocel("models", "list")
    assert ran.code == 0
    assert "mobilesam" in ran.out
    assert "ships with Rotocel; in use" in ran.out
    assert "SAM 2.1 tiny, Apache-2.0, 149 MiB, checkpoint" in ran.out
    values = rotocel("models", "list", "--json").json
    assert [item["id"] for item in values["installed"]] == ["tiny", "mobilesam"]
    assert values["installed"][0]["folder"] == str(paths.user_models() / "tiny")
    assert values["available"][0]["size"] == 156008466
    assert not values["faults"]


def test_list_tells_of_damaged_packs_and_catalogues(rotocel: Rotocel, tmp_path: Path) -> None:
    write_tiny_pack(paths.user_models() / "broken", format=7)
    ran = rotocel("models", "list")
    assert ran.code == 1
    assert "broken" in ran.out
    ran = rotocel("models", "list", "--catalogue", tmp_path / "none.json", "--json")
    assert ran.code == 1
    assert "none.json cannot be read" in ran.json["faults"][1]


def test_a_download_shows_licence_and_source_and_wants_a_yes(
    rotocel: Rotocel, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = rotocel("models", "download", "wanted", "--catalogue", shop.catalogue)
    assert ran.code == 1
    assert "Wanted: 1.0 MiB, licence Apache-2.0, by a friend." in ran.out
    assert shop.url in ran.out
    assert "add --accept-licence" in ran.err
    terminal = io.StringIO("n\ny\n")
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", terminal)
    ran = rotocel("models", "download", "wanted", "--catalogue", shop.catalogue)
    assert (ran.code, shop.act.asked) == (1, [])
    assert "Do you accept Apache-2.0, and fetch 1.0 MiB? [y/N]" in ran.out
    assert "Nothing was fetched." in ran.err
    assert rotocel("models", "download", "wanted", "--catalogue", shop.catalogue).code == 0
    assert len(shop.act.asked) == 1
    ran = rotocel("models", "download", "wanted", "--catalogue", shop.catalogue)
    assert (ran.code, ran.err) == (1, "rotocel: Nothing was fetched.\n")  # Ctrl-D


def test_a_checkpoint_is_kept_and_its_next_step_said(rotocel: Rotocel, shop: Shop) -> None:
    ran = rotocel("models", "download", "wanted", "--catalogue", shop.catalogue, ACCEPT)
    path = paths.user_downloads() / "wanted" / "wanted.pt"
    assert path.read_bytes() == DATA
    assert f'rotocel models convert --checkpoint "{path}" --family sam2.1 --variant tiny' in ran.out
    values = rotocel("models", "list", "--json", "--catalogue", shop.catalogue).json
    assert values["available"][0]["here"] is True
    ran = rotocel("models", "remove", "wanted", "--catalogue", shop.catalogue)
    assert "is deleted" in ran.out
    assert not path.parent.exists()


def test_a_pack_is_fetched_and_installed_in_one_go(
    rotocel: Rotocel, shop: Shop, pack: Path, tmp_path: Path
) -> None:
    shop.offer("pack", zipped(pack, tmp_path / "tiny.zip").read_bytes())
    ran = rotocel("models", "download", "wanted", "--catalogue", shop.catalogue, ACCEPT)
    assert ran.code == 0
    assert "Tiny is installed." in ran.out
    assert (paths.user_models() / "tiny" / "model.json").exists()
    assert not (paths.user_downloads() / "wanted").exists()
    ran = rotocel("models", "download", "wanted", "--catalogue", shop.catalogue, ACCEPT)
    assert ran.code == 1
    assert "add --replace" in ran.err
    ran = rotocel(
        "models", "download", "wanted", "--catalogue", shop.catalogue, ACCEPT, "--replace"
    )
    assert ran.code == 0


def test_a_download_that_broke_off_is_gone_on_with(rotocel: Rotocel, shop: Shop) -> None:
    shop.act.breaks_after = 5000
    ran = rotocel("models", "download", "wanted", "--catalogue", shop.catalogue, ACCEPT)
    assert ran.code == 1
    assert "do this again to go on" in ran.err
    shop.act.breaks_after = None
    assert rotocel("models", "download", "wanted", "--catalogue", shop.catalogue, ACCEPT).code == 0
    assert shop.act.asked[-1][1] == "bytes=5000-"


def test_a_catalogue_can_stand_in_the_settings(rotocel: Rotocel, shop: Shop) -> None:
    settings_path().parent.mkdir(parents=True)
    settings_path().write_text(json.dumps({"catalogue": str(shop.catalogue)}))
    assert "Wanted" in rotocel("models", "list").out
    ran = rotocel("models", "download", "other", ACCEPT)
    assert "has no model called other; it has wanted." in ran.err


def test_install_use_and_remove(rotocel: Rotocel, pack: Path, tmp_path: Path) -> None:
    path = zipped(pack, tmp_path / "tiny.zip")
    ran = rotocel("models", "install", path, "--use")
    assert "Tiny is installed as tiny" in ran.out
    assert chosen() == "tiny"
    ran = rotocel("models", "install", path)
    assert (ran.code, "add --replace to replace it" in ran.err) == (1, True)
    assert rotocel("models", "install", path, "--replace").code == 0
    assert rotocel("models", "use", "mobilesam").code == 0
    assert chosen() == "mobilesam"
    assert "Masks that are finished stay" in rotocel("models", "use", "tiny").out
    ran = rotocel("models", "remove", "tiny")
    assert "tiny is removed" in ran.out
    assert "the one that ships with Rotocel answers" in ran.out
    assert chosen() == ""
    assert not list(paths.user_models().iterdir())
    assert rotocel("models", "remove", "mobilesam").code == 1
    assert rotocel("models", "use", "tiny").code == 1


def test_verify_checks_every_file_and_tries_the_pack(rotocel: Rotocel, pack: Path) -> None:
    assert "trial in a process of its own passed" in rotocel("models", "verify", pack).out
    rotocel("models", "install", pack)
    assert rotocel("models", "verify", "tiny").code == 0
    with (paths.user_models() / "tiny" / "decoder.onnx").open("ab") as file:
        file.write(b"?")
    ran = rotocel("models", "verify", "tiny")
    assert ran.code == 1
    assert "decoder.onnx is not the file its model.json describes" in ran.err
    assert "There is no model called x" in rotocel("models", "verify", "x").err


def test_recommend_prints_what_was_measured(
    rotocel: Rotocel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gemm, "SIDE", 256)
    ran = rotocel("models", "recommend")
    assert ran.out.startswith("Measured: ")
    assert "Click with " in ran.out
    assert "MobileSAM at 1024" in ran.out
    values = rotocel("models", "recommend", "--json").json
    assert values["machine"]["speed"]["gflops"] > 0
    assert len(values["sentences"]) == 3


def test_matte_uses_the_chosen_model_or_the_one_named(
    rotocel: Rotocel, pack: Path, clip: Path, tmp_path: Path
) -> None:
    rotocel("models", "install", pack)
    point = ("--point", "110,120", "--frames", "1001")
    ran = rotocel("matte", clip, *point, "--pack", "tiny", "--out", tmp_path / "a", "--json")
    assert ran.json["written"] == 1
    rotocel("models", "use", "tiny")
    rotocel("matte", clip, *point, "--out", tmp_path / "b")
    rotocel("matte", clip, *point, "--pack", "mobilesam", "--out", tmp_path / "c")
    a, b, c = (next((tmp_path / name).rglob("*.png")).read_bytes() for name in "abc")
    assert a == b != c
    ran = rotocel("matte", clip, *point, "--pack", "gone", "--out", tmp_path / "d")
    assert "There is no model called gone; installed: tiny, mobilesam" in ran.err


def test_a_chosen_model_that_is_gone_is_a_sentence(
    rotocel: Rotocel, pack: Path, clip: Path, tmp_path: Path
) -> None:
    rotocel("models", "install", pack, "--use")
    shutil.rmtree(paths.user_models() / "tiny")
    ran = rotocel("matte", clip, "--point", "5,5", "--out", tmp_path / "out")
    assert ran.code == 1
    assert "There is no model called tiny" in ran.err


@pytest.mark.parametrize("words", [(), ("bogus",), ("download",), ("install", "a", "b")])
def test_what_has_no_meaning_is_a_usage_error(rotocel: Rotocel, words: tuple[str, ...]) -> None:
    ran = rotocel("models", *words)
    assert ran.code == 2
    assert "--help" in ran.err
