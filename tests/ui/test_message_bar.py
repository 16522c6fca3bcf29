"""The bar over the canvas."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from app.reports import Message
from app.ui import message_bar
from app.ui.message_bar import MessageBar


def test_what_only_informs_goes_by_itself_and_all_else_stays(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_bar, "BRIEFLY", 50)
    bar = MessageBar()
    qtbot.addWidget(bar)
    bar.show_message(Message("warning", "A frame is missing."))
    bar.show_message(Message("info", "To be read.", stays=True))
    bar.show_message(Message("info", "A propagation is under way."))
    assert bar.text.text() == "A propagation is under way."
    qtbot.waitUntil(lambda: bar.text.text() == "To be read.")
    bar.dismiss()
    assert bar.text.text() == "A frame is missing."
    assert not bar.isHidden()


def test_the_last_information_is_shown_its_whole_time(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_bar, "BRIEFLY", 60_000)
    bar = MessageBar()
    qtbot.addWidget(bar)
    bar.show_message(Message("info", "First."))
    bar._fading.start(1)  # nearly over
    bar.show_message(Message("info", "Second."))
    qtbot.wait(50)
    assert bar.text.text() == "Second."
