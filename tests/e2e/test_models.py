"""The window of models with real packs, a real server and a real session."""

from __future__ import annotations

import json
import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from app import headless, model_desk, model_shelf, paths, window
from app.model_shelf import Shelf
from app.settings import Settings, load, save
from app.ui.main_window import MainWindow
from app.ui.models_dialog import ModelsDialog
from app.ui.sure_button import SureButton
from models import gemm
from models.base import ModelError
from models.pack import Pack
from tests.cli.test_models import Shop
from tests.fakes import DiscModel
from tests.models.graphs import write_tiny_pack
from tests.models.server import DATA, serving
from tests.models.test_install import zipped
from tests.session.conftest import FIRST, LAST

LONG = 30000

Open = Callable[[], tuple[MainWindow, ModelsDialog]]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with serving() as (act, url):
        shop = Shop(act, url, tmp_path / "catalogue.json")
        shop.offer("checkpoint", DATA)
        yield shop


@pytest.fixture
def opened(
    shop: Shop,  # first: where open_window is, a thread cannot be started before a window is open
    open_window: Callable[[Path | None], MainWindow],
    plate: Path,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Open:
    """Opens a window on the plate, and in it the window of models."""
    monkeypatch.setattr(paths, "user_downloads", lambda: tmp_path / "downloads")

    def make() -> tuple[MainWindow, ModelsDialog]:
        settings = Settings(catalogue=str(shop.catalogue))
        save(settings, headless.settings_path())
        main = open_window(plate)
        qtbot.waitUntil(lambda: main.session.picture(FIRST) is not None, timeout=LONG)
        main.actions_table["file.models"].trigger()
        dialog = main._models_dialog
        assert dialog is not None
        qtbot.waitUntil(lambda: bool(dialog.installed), timeout=LONG)
        idle(qtbot, main)
        return main, dialog

    return make


def idle(qtbot: QtBot, main: MainWindow) -> None:
    """Wait until nothing is being done."""
    desk = main._desk
    assert desk is not None
    qtbot.waitUntil(lambda: desk.task is None, timeout=LONG)


def press(dialog: ModelsDialog, name: str, what: str) -> None:
    row = dialog.installed.get(name) or dialog.available[name]
    QTest.mouseClick(row.buttons[what], Qt.MouseButton.LeftButton)


def said(dialog: ModelsDialog) -> str:
    return dialog.activity.sentence.text()


def test_it_shows_what_is_installed_and_what_can_be_had(opened: Open) -> None:
    write_tiny_pack(paths.user_models() / "tiny")
    _, dialog = opened()
    assert not dialog.isModal()
    assert list(dialog.installed) == ["tiny", "mobilesam"]
    assert dialog.installed["mobilesam"].lines[0].whole == (
        "Apache-2.0  ·  22 MiB  ·  points, boxes  ·  comes with Rotocel"
    )
    assert dialog.installed["tiny"].buttons["use"].isEnabled()
    assert not dialog.installed["mobilesam"].buttons["remove"].isEnabled()
    wanted = dialog.available["wanted"]
    assert wanted.lines[0].whole == (
        "Apache-2.0  ·  1.0 MiB  ·  checkpoint, to be converted  ·  a friend"
    )
    assert wanted.lines[1].whole == "All that one wants."


def test_another_model_answers_and_is_kept_and_masks_stay(opened: Open, qtbot: QtBot) -> None:
    write_tiny_pack(paths.user_models() / "tiny")
    main, dialog = opened()
    main.session.add_point(80, 45, include=True)
    (layer,) = main.session.project.layers
    qtbot.waitUntil(lambda: not main.session.is_pending(layer.id, FIRST), timeout=LONG)
    before = main.session.project
    press(dialog, "tiny", "use")
    idle(qtbot, main)
    assert said(dialog) == ("From now on Tiny answers. Masks that are finished stay as they are.")
    assert main.session.project is before
    assert main.session.model.id == "tiny"
    assert main.status.model.text() == "Tiny"
    assert load(headless.settings_path()).model == "tiny"
    assert "in use on CPU" in dialog.installed["tiny"].lines[0].whole
    assert not dialog.installed["tiny"].buttons["use"].isEnabled()
    assert not dialog.installed["tiny"].buttons["remove"].isEnabled()
    main.session.add_point(60, 45, include=True)
    qtbot.waitUntil(lambda: not main.session.is_pending(layer.id, FIRST), timeout=LONG)
    assert main.session.project.layer(layer.id).masks[FIRST].model == "tiny"
    press(dialog, "mobilesam", "use")
    idle(qtbot, main)
    assert load(headless.settings_path()).model == ""


def test_a_pack_is_installed_replaced_when_asked_checked_and_removed(
    opened: Open, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    main, dialog = opened()
    pack = write_tiny_pack(tmp_path / "from" / "tiny")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(pack))
    dialog.folder.click()
    idle(qtbot, main)
    assert said(dialog) == "Tiny is installed."
    newer = write_tiny_pack(tmp_path / "newer", label="Newer")
    path = zipped(newer, tmp_path / "newer.zip")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    dialog.zip.click()
    idle(qtbot, main)
    assert "tiny is installed already" in said(dialog)
    assert said(dialog).endswith("Replace it?")
    assert dialog.activity.no.hasFocus()
    dialog.activity.no.click()
    assert dialog.installed["tiny"].title.whole == "Tiny"
    dialog.zip.click()
    idle(qtbot, main)
    dialog.activity.yes.click()
    idle(qtbot, main)
    assert dialog.installed["tiny"].title.whole == "Newer"
    press(dialog, "tiny", "verify")
    idle(qtbot, main)
    assert "Newer is whole" in said(dialog)
    remove = dialog.installed["tiny"].buttons["remove"]
    assert isinstance(remove, SureButton)
    remove.click()
    assert "tiny" in dialog.installed  # it asks whether it was meant
    remove.click()
    idle(qtbot, main)
    assert "tiny is removed" in said(dialog)
    assert list(dialog.installed) == ["mobilesam"]


def test_a_pack_that_is_refused_is_a_sentence(
    opened: Open, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    main, dialog = opened()
    path = tmp_path / "holiday.zip"
    path.write_bytes(b"no zip")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    dialog.zip.click()
    idle(qtbot, main)
    assert "holiday.zip is not a whole zip" in said(dialog)
    assert dialog.zip.isEnabled()


def test_the_licence_is_shown_before_anything_is_fetched(
    opened: Open, qtbot: QtBot, shop: Shop
) -> None:
    main, dialog = opened()
    press(dialog, "wanted", "download")
    assert said(dialog).startswith(
        "Wanted, 1.0 MiB from 127.0.0.1, by a friend. Its licence is Apache-2.0. Do you accept it?"
    )
    assert "needs Python and PyTorch on this machine" in said(dialog)
    assert not shop.act.asked
    dialog.activity.no.click()
    assert main._desk is not None
    assert main._desk.task is None
    assert not shop.act.asked
    press(dialog, "wanted", "download")
    dialog.activity.yes.click()
    idle(qtbot, main)
    assert "rotocel models convert --checkpoint" in said(dialog)
    assert (paths.user_downloads() / "wanted" / "wanted.pt").read_bytes() == DATA
    assert list(dialog.available["wanted"].buttons) == ["remove"]


def test_a_download_shows_its_progress_is_cancelled_and_gone_on_with(
    opened: Open, qtbot: QtBot, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_desk, "EVERY", 0.0)
    main, dialog = opened()
    shop.act.waits_after = len(DATA) // 2
    press(dialog, "wanted", "download")
    dialog.activity.yes.click()
    qtbot.waitUntil(lambda: 0 < dialog.activity.bar.value() < 1000, timeout=LONG)
    assert "Fetching Wanted    0." in dialog.activity.line.text()
    assert not dialog.measure.isEnabled()
    assert not dialog.available["wanted"].isEnabled()
    main.session.seek(LAST)  # the editor goes on meanwhile
    qtbot.waitUntil(lambda: main.session.picture(LAST) is not None, timeout=LONG)
    dialog.activity.cancel.click()
    idle(qtbot, main)
    assert said(dialog) == "Stopped. What was fetched is kept for the next time."
    shop.act.waits_after = None
    press(dialog, "wanted", "download")
    dialog.activity.yes.click()
    idle(qtbot, main)
    assert shop.act.asked[-1][1].startswith("bytes=")
    assert (paths.user_downloads() / "wanted" / "wanted.pt").exists()


def test_a_pack_is_fetched_and_can_be_used_at_once(
    opened: Open, qtbot: QtBot, shop: Shop, tmp_path: Path
) -> None:
    pack = write_tiny_pack(tmp_path / "from" / "tiny")
    shop.offer("pack", zipped(pack, tmp_path / "tiny.zip").read_bytes(), id="tiny")
    main, dialog = opened()
    press(dialog, "tiny", "download")
    dialog.activity.yes.click()
    idle(qtbot, main)
    assert said(dialog) == "Tiny is installed."
    press(dialog, "tiny", "use")
    idle(qtbot, main)
    assert main.session.model.id == "tiny"


def test_a_measurement_is_shown(
    opened: Open, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gemm, "SIDE", 256)
    main, dialog = opened()
    dialog.measure.click()
    idle(qtbot, main)
    assert said(dialog).startswith("Measured: ")
    assert "\nClick with " in said(dialog)


def test_a_model_that_does_not_load_leaves_the_one_that_answers(opened: Open, qtbot: QtBot) -> None:
    pack = write_tiny_pack(paths.user_models() / "tiny")
    main, dialog = opened()
    (pack / "encoder.onnx").write_bytes(b"damaged meanwhile")
    press(dialog, "tiny", "use")
    idle(qtbot, main)
    assert "encoder.onnx is not the file its model.json describes" in said(dialog)
    assert main.session.model.id == "disc"
    assert load(headless.settings_path()).model == ""


def test_damaged_packs_are_told_of(opened: Open) -> None:
    write_tiny_pack(paths.user_models() / "broken", format=7)
    main, _ = opened()
    assert main._desk is not None
    assert "broken" in main._desk.contents.faults[0]


def test_the_keyboard_stays_where_it_was(opened: Open, qtbot: QtBot) -> None:
    write_tiny_pack(paths.user_models() / "tiny")
    main, dialog = opened()
    button = dialog.installed["tiny"].buttons["verify"]
    button.setFocus()
    write_tiny_pack(paths.user_models() / "more", id="more")
    assert main._desk is not None
    main._desk.refresh()
    qtbot.waitUntil(lambda: "more" in dialog.installed, timeout=LONG)
    assert dialog.installed["tiny"].buttons["verify"].hasFocus()


def test_quitting_ends_a_download_that_waits(opened: Open, qtbot: QtBot, shop: Shop) -> None:
    main, dialog = opened()
    shop.act.waits_after = 1000
    press(dialog, "wanted", "download")
    dialog.activity.yes.click()
    qtbot.waitUntil(shop.act.waiting.is_set, timeout=LONG)
    done = threading.Event()
    timer = threading.Timer(8, shop.act.go_on.set)  # or the test would hang where it fails
    timer.start()
    assert main._desk is not None
    main._desk.shutdown()
    done.set()
    assert not shop.act.go_on.is_set()
    timer.cancel()
    timer.join()


@pytest.fixture
def slow_trial(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """A trial that never ends, and begins a moment after it was asked for."""
    about = threading.Event()

    def try_it(pack: Pack, _runtime: object) -> None:
        about.set()
        time.sleep(0.5)
        child = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(20,))
        child.start()
        child.join(20)
        raise ModelError(f"{pack.info.label} ends the program that runs it.")

    monkeypatch.setattr(model_shelf, "try_pack", try_it)
    return about


def test_quitting_ends_a_trial_that_begins_only_then(
    opened: Open, qtbot: QtBot, slow_trial: threading.Event
) -> None:
    main, dialog = opened()
    press(dialog, "mobilesam", "verify")
    qtbot.waitUntil(slow_trial.is_set, timeout=LONG)
    assert main._desk is not None
    begun = time.monotonic()
    main._desk.shutdown()
    assert time.monotonic() - begun < 10


def test_a_trial_is_cancelled(opened: Open, qtbot: QtBot, slow_trial: threading.Event) -> None:
    main, dialog = opened()
    press(dialog, "mobilesam", "verify")
    qtbot.waitUntil(slow_trial.is_set, timeout=LONG)
    begun = time.monotonic()
    dialog.activity.cancel.click()
    assert not dialog.activity.cancel.isEnabled()
    idle(qtbot, main)
    assert time.monotonic() - begun < 10
    assert said(dialog) == "Stopped."


def test_what_cannot_be_stopped_has_no_cancel(
    opened: Open, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    monkeypatch.setattr(Shelf, "remove", lambda *_: go_on.wait(10))
    main, dialog = opened()
    assert main._desk is not None
    main._desk.remove(main._desk.contents.available[0])
    assert not dialog.activity.cancel.isEnabled()
    go_on.set()
    idle(qtbot, main)
    press(dialog, "mobilesam", "verify")
    assert dialog.activity.cancel.isEnabled()
    idle(qtbot, main)


@pytest.mark.parametrize("where", ["contents", "__init__"])
def test_a_shelf_that_fails_is_told_and_the_buttons_come_back(
    opened: Open, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    main, dialog = opened()
    desk, work = main._desk, getattr(Shelf, where)
    assert desk is not None
    before = desk.contents

    def fail_in_the_lane(*args: object) -> object:
        if threading.current_thread() is not threading.main_thread():
            raise MemoryError
        return work(*args)

    monkeypatch.setattr(Shelf, where, fail_in_the_lane)
    desk.refresh()
    idle(qtbot, main)
    assert "Memory ran out" in said(dialog)
    assert dialog.folder.isEnabled()
    assert desk.contents == before


def test_a_chosen_model_that_is_gone_gives_way_to_the_one_that_ships(
    open_window: Callable[[Path | None], MainWindow],
    model: DiscModel,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def load_model(settings: Settings) -> DiscModel:
        if settings.model:
            raise ModelError(f"There is no model called {settings.model}.")
        return model

    monkeypatch.setattr(window, "load_model", load_model)
    headless.settings_path().parent.mkdir(parents=True, exist_ok=True)
    headless.settings_path().write_text(json.dumps({"model": "gone"}))
    main = open_window(None)
    assert main.session.model.id == "disc"
    assert main.messages.text.text() == (
        "There is no model called gone. Disc answers until you choose another under Models."
    )
    assert load(headless.settings_path()).model == "gone"  # it may come back
