from __future__ import annotations

import struct
import zlib
from dataclasses import replace

import cv2
import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QColor, QKeyEvent, QKeySequence, QShortcut
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QBoxLayout, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from app.domain.project import Project
from app.settings import Settings
from app.ui import theme
from app.ui.main_window import MainWindow
from app.ui.offer_picture import OfferPicture, decode
from app.ui.offer_row import ROW_HEIGHT, OfferRow
from app.ui.offers import Offer, OfferPanel, Offers
from app.ui.style import style_sheet
from app.ui.sure_button import SureButton, lowered
from tests.ui.fake_session import FakeSession, as_session, make_clip

LEFT = Qt.MouseButton.LeftButton
KEYS = Qt.Key
HOSTILE = "<img src='file:///etc/passwd'><b>shot</b>"


class Store:
    """Settings that live as long as the test."""

    def __init__(self) -> None:
        self.settings = Settings()

    def change(self, settings: Settings) -> None:
        self.settings = settings


class Session(FakeSession):
    """One that the window may close without a question."""

    keyframes_at_risk = 0


class Heard:
    """What the panel said, oldest first."""

    def __init__(self, panel: OfferPanel) -> None:
        self.words: list[tuple[str, ...]] = []
        for name in ("accepted", "refused", "more_asked", "put_away"):
            signal = getattr(panel, name)
            signal.connect(lambda *said, name=name: self.words.append((name, *said)))


def picture(width: int, height: int, kind: str = ".jpg") -> bytes:
    ok, data = cv2.imencode(kind, np.full((height, width, 3), 200, np.uint8))
    assert ok
    return data.tobytes()


def png_header(width: int, height: int) -> bytes:
    """A PNG whose header is whole and claims a size; almost no pixels follow."""
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"\0" * 64)),
        (b"IEND", b""),
    )
    packed = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def offer(key: str, title: str = "", **more: object) -> Offer:
    words: dict[str, object] = {"detail": "3 layers", "accept": "Recover", "refuse": "Discard"}
    return Offer(key, title or f"shot_{key}", **(words | more))  # type: ignore[arg-type]


def recover(*keys: str) -> Offers:
    rows = tuple(offer(key) for key in keys)
    return Offers("recover", "These projects can be recovered", rows, later="Not now")


def footage(*rows: Offer) -> Offers:
    sentence = "plate.mov is not where it was"
    return Offers("footage", sentence, rows, more="Choose footage…", later="Not now")


@pytest.fixture
def window(qtbot: QtBot) -> MainWindow:
    """The window at its narrowest usual width, with the panel where it will stand."""
    session = Session(Project(make_clip()))
    window = MainWindow(as_session(session), Store())
    qtbot.addWidget(window)
    window.setStyleSheet(style_sheet(theme._names()))
    window.resize(1024, 800)
    with qtbot.waitExposed(window):
        window.show()
    window.activateWindow()
    return window


@pytest.fixture
def panel(window: MainWindow) -> OfferPanel:
    panel = OfferPanel(window, window.viewer)
    middle = window.centralWidget()
    assert middle is not None
    layout = middle.layout()
    assert isinstance(layout, QBoxLayout)
    layout.insertWidget(1, panel)
    return panel


def test_in_a_wide_window_the_offers_stand_in_the_middle(
    panel: OfferPanel, window: MainWindow, qtbot: QtBot
) -> None:
    window.resize(1590, 800)
    panel.show_offers(footage(offer("a")))
    qtbot.waitUntil(lambda: panel.width() > 1500)
    left = panel.list.mapTo(panel, QPoint(0, 0)).x()
    right = panel.width() - left - panel.list.width()
    assert left == pytest.approx(right, abs=2)
    assert left > 200


@pytest.fixture
def heard(panel: OfferPanel) -> Heard:
    return Heard(panel)


def row(panel: OfferPanel, key: str) -> OfferRow:
    return panel.list.rows[key]


def click(button: QPushButton) -> None:
    assert button.isVisible()
    QTest.mouseClick(button, LEFT)


def double_click(button: QPushButton) -> None:
    """As the window system sends it: whatever is under the mouse gets the second half."""
    window = button.window()
    at = button.mapTo(window, button.rect().center())
    QTest.mouseDClick(window.windowHandle(), LEFT, Qt.KeyboardModifier.NoModifier, at)


def bind(window: QWidget, key: Qt.Key) -> list[str]:
    """What happens where an artist gave this key to an action of the window."""
    ran: list[str] = []
    QShortcut(QKeySequence(key), window, lambda: ran.append("the action"))
    return ran


def place(widget: QWidget) -> tuple[int, int, int, int]:
    return widget.mapTo(widget.window(), QPoint()).toTuple() + widget.size().toTuple()


# What is said


def test_buttons_say_which_offer_of_which_question(panel: OfferPanel, heard: Heard) -> None:
    panel.show_offers(footage(offer("a", refuse=""), offer("b", refuse="")))
    click(row(panel, "b").accept)
    click(panel.more)
    click(panel.later)
    assert heard.words == [
        ("accepted", "footage", "b"),
        ("more_asked", "footage"),
        ("put_away", "footage"),
    ]
    assert panel.shown is None
    assert not panel.isVisible()


def test_buttons_that_are_not_offered_are_not_there(panel: OfferPanel) -> None:
    panel.show_offers(recover("a"))
    assert not panel.more.isVisible()
    panel.show_offers(replace(recover(), rows=(offer("a", refuse=""),)))
    assert not row(panel, "a").refuse.isVisible()


def test_an_offer_that_cannot_be_used_says_why_and_takes_no_click(
    panel: OfferPanel, heard: Heard
) -> None:
    panel.show_offers(footage(offer("a", detail="The file is cut off", usable=False)))
    QTest.mouseClick(row(panel, "a").accept, LEFT)
    assert not heard.words
    assert row(panel, "a").detail.text() == "The file is cut off"
    assert row(panel, "a").accept.accessibleDescription() == "The file is cut off"


def test_a_double_click_chooses_once(panel: OfferPanel, heard: Heard) -> None:
    panel.show_offers(recover("a"))
    double_click(row(panel, "a").accept)
    assert heard.words == [("accepted", "recover", "a")]


def test_the_second_half_of_a_double_click_answers_no_other_question(
    panel: OfferPanel, heard: Heard
) -> None:
    panel.accepted.connect(lambda name, _: panel.clear(name))
    panel.show_offers(recover("a"))
    panel.show_offers(replace(recover("x"), name="other"))
    double_click(row(panel, "a").accept)
    assert panel.shown == "other"
    assert heard.words == [("accepted", "recover", "a")]


# Questions that wait


def test_the_next_question_comes_when_one_is_cleared_or_put_away(
    panel: OfferPanel, heard: Heard
) -> None:
    panel.show_offers(recover("a"))
    panel.show_offers(footage(offer("f")))
    panel.show_offers(replace(recover("k"), name="backups"))
    assert panel.shown == "recover"
    assert list(panel.list.rows) == ["a"]
    panel.clear("recover")
    assert panel.shown == "footage"
    assert panel.sentence.text() == "plate.mov is not where it was"
    click(panel.later)
    assert heard.words == [("put_away", "footage")]
    assert panel.shown == "backups"
    assert list(panel.list.rows) == ["k"]
    panel.clear("backups")
    assert not panel.isVisible()


def test_a_question_that_waits_can_change_and_go(panel: OfferPanel) -> None:
    panel.show_offers(recover("a"))
    panel.show_offers(footage(offer("f")))
    panel.show_offers(footage(offer("g")))
    assert list(panel.list.rows) == ["a"]
    panel.clear("recover")
    assert list(panel.list.rows) == ["g"]
    panel.show_offers(recover("a"))
    panel.clear("recover")
    panel.clear("never asked")
    assert panel.shown == "footage"


def test_a_question_put_away_can_come_again(panel: OfferPanel) -> None:
    panel.show_offers(recover("a"))
    click(panel.later)
    panel.show_offers(recover("a"))
    assert panel.shown == "recover"
    assert row(panel, "a").isVisible()


# Rows that stay


def test_rows_that_stay_keep_the_keyboard_and_what_they_ask(
    window: MainWindow, panel: OfferPanel
) -> None:
    panel.show_offers(recover("a", "b", "c"))
    kept = row(panel, "b")
    click(kept.refuse)
    kept.refuse.setFocus()
    panel.show_offers(recover("b", "d"))
    assert row(panel, "b") is kept
    assert window.focusWidget() is kept.refuse
    assert kept.refuse.asking
    assert list(panel.list.rows) == ["b", "d"]


def test_a_row_that_goes_hands_the_keyboard_to_its_neighbour(
    window: MainWindow, panel: OfferPanel
) -> None:
    panel.show_offers(recover("a", "b", "c"))
    row(panel, "b").refuse.setFocus()
    panel.show_offers(recover("a", "c"))
    assert window.focusWidget() is row(panel, "c").refuse
    panel.show_offers(recover("a"))
    assert window.focusWidget() is row(panel, "a").refuse
    panel.show_offers(recover())
    assert window.focusWidget() is panel.sentence


def test_rows_that_stay_do_not_jump(qtbot: QtBot, panel: OfferPanel) -> None:
    panel.show_offers(recover(*"abcdefgh"))
    qtbot.wait(10)
    bar = panel.list.verticalScrollBar()
    bar.setValue(2 * ROW_HEIGHT)
    before = place(row(panel, "c"))
    panel.show_offers(recover(*"xyabcdefgh"))
    qtbot.wait(10)
    assert place(row(panel, "c")) == before
    panel.show_offers(recover(*"cdefgh"))
    qtbot.wait(10)
    assert place(row(panel, "c")) == before


def test_no_more_than_three_rows_are_high_and_nothing_moves_sideways(
    qtbot: QtBot, panel: OfferPanel
) -> None:
    panel.show_offers(recover(*"abc"))
    qtbot.wait(10)
    height, accept = panel.height(), place(row(panel, "a").accept)
    panel.show_offers(recover(*"abcdefgh"))
    qtbot.wait(10)
    assert panel.height() == height
    assert place(row(panel, "a").accept) == accept
    assert panel.list.verticalScrollBar().isVisible()


def test_without_rows_there_is_a_sentence_and_a_footer(panel: OfferPanel, heard: Heard) -> None:
    panel.show_offers(footage())
    assert not panel.list.isVisible()
    assert panel.height() < 2 * ROW_HEIGHT
    click(panel.more)
    assert heard.words == [("more_asked", "footage")]


def test_buttons_stand_in_columns(panel: OfferPanel) -> None:
    panel.show_offers(footage(offer("a", accept="Use"), offer("b", accept="Use anyway", refuse="")))
    first, second = row(panel, "a").accept, row(panel, "b").accept
    assert (first.x(), first.width()) == (second.x(), second.width())


# Throwing away


def test_discard_asks_first(panel: OfferPanel, heard: Heard) -> None:
    panel.show_offers(recover("a", "b"))
    button = row(panel, "a").refuse
    before = place(button)
    click(button)
    assert button.text() == "Really discard?"
    assert button.accessibleName() == "Really discard shot_a?"
    assert place(button) == before
    assert not heard.words
    assert row(panel, "b").refuse.text() == "Discard"
    click(button)
    assert heard.words == [("refused", "recover", "a")]
    assert button.text() == "Discard"


def test_discard_forgets_that_it_asked(qtbot: QtBot, panel: OfferPanel, heard: Heard) -> None:
    panel.show_offers(recover("a"))
    button = row(panel, "a").refuse
    assert button.patience == 4000
    button.patience = 30
    click(button)
    qtbot.waitUntil(lambda: button.text() == "Discard")
    assert button.accessibleName() == "Discard shot_a"
    click(button)
    assert not heard.words


def test_neither_a_double_click_nor_a_held_key_discards(panel: OfferPanel, heard: Heard) -> None:
    panel.show_offers(recover("a"))
    button = row(panel, "a").refuse
    double_click(button)
    assert button.asking
    button.setFocus()
    for key in (KEYS.Key_Return, KEYS.Key_Space):
        for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            held = QKeyEvent(kind, key, Qt.KeyboardModifier.NoModifier, "", autorep=True)
            QApplication.sendEvent(button, held)
    assert button.asking
    assert not heard.words


def test_both_texts_fit_the_button(panel: OfferPanel) -> None:
    panel.show_offers(recover("a"))
    button = row(panel, "a").refuse
    assert button.width() >= button.fontMetrics().horizontalAdvance("Really discard?") + 20


@pytest.mark.parametrize(
    ("text", "within"), [("Discard", "discard"), ("RAW away", "RAW away"), ("X", "x"), ("", "")]
)
def test_a_verb_within_a_sentence(text: str, within: str) -> None:
    assert lowered(text) == within


# The keyboard


def test_it_never_takes_the_keyboard(window: MainWindow, panel: OfferPanel) -> None:
    window.viewer.setFocus()
    panel.show_offers(recover("a"))
    panel.show_offers(footage(offer("f")))
    panel.clear("recover")
    assert window.focusWidget() is window.viewer
    panel.clear("footage")
    assert window.focusWidget() is window.viewer


def test_tab_goes_from_the_sentence_over_the_rows_to_the_footer(
    window: MainWindow, panel: OfferPanel
) -> None:
    panel.show_offers(footage(offer("b"), offer("c", refuse="")))
    panel.show_offers(footage(offer("a"), offer("b"), offer("c", refuse="")))
    panel.first.setFocus()
    order: list[QWidget] = [*panel.list.controls()[:-1], panel.more, panel.later]
    for widget in order:
        QTest.keyClick(window.focusWidget(), KEYS.Key_Tab)
        assert window.focusWidget() is widget
    for widget in reversed([panel.sentence, *order[:-1]]):
        QTest.keyClick(window.focusWidget(), KEYS.Key_Backtab)
        assert window.focusWidget() is widget


def test_a_row_out_of_sight_scrolls_into_it(window: MainWindow, panel: OfferPanel) -> None:
    panel.show_offers(replace(recover(), rows=tuple(offer(k, refuse="") for k in "abcdef")))
    row(panel, "a").accept.setFocus()
    for _ in range(5):
        QTest.keyClick(window.focusWidget(), KEYS.Key_Tab)
    assert window.focusWidget() is row(panel, "f").accept
    assert not row(panel, "f").accept.visibleRegion().isEmpty()


@pytest.mark.parametrize("key", [KEYS.Key_Return, KEYS.Key_Enter, KEYS.Key_Space])
def test_keys_press_the_button_and_nothing_else(
    window: MainWindow, panel: OfferPanel, heard: Heard, key: Qt.Key
) -> None:
    ran = bind(window, key)
    panel.show_offers(recover("a"))
    row(panel, "a").accept.setFocus()
    QTest.keyClick(row(panel, "a").accept, key)
    assert not ran
    assert heard.words == [("accepted", "recover", "a")]
    assert window.session.rate == 0  # Space would play


def test_escape_puts_away_and_stays_in_the_next_question(
    window: MainWindow, panel: OfferPanel, heard: Heard
) -> None:
    ran = bind(window, KEYS.Key_Escape)
    panel.show_offers(recover("a"))
    panel.show_offers(footage(offer("f")))
    row(panel, "a").refuse.setFocus()
    QTest.keyClick(window.focusWidget(), KEYS.Key_Escape)
    assert heard.words == [("put_away", "recover")]
    assert window.focusWidget() is panel.sentence
    QTest.keyClick(window.focusWidget(), KEYS.Key_Escape)
    assert heard.words[1:] == [("put_away", "footage")]
    assert not ran
    assert window.focusWidget() is window.viewer


def test_every_control_says_what_it_does_to_what(panel: OfferPanel) -> None:
    panel.show_offers(footage(offer("a", "shot_010")))
    names = [b.accessibleName() or b.text() for b in panel.findChildren(QPushButton)]
    assert sorted(names) == ["Choose footage…", "Discard shot_010", "Not now", "Recover shot_010"]
    assert panel.sentence.accessibleName() == "plate.mov is not where it was"


# Texts of strangers


def test_texts_are_shown_as_they_are(panel: OfferPanel) -> None:
    panel.show_offers(replace(footage(offer("a", HOSTILE, detail=HOSTILE)), sentence=HOSTILE))
    labels = panel.findChildren(QLabel)
    assert len(labels) == 3
    for label in labels:
        assert label.text() == HOSTILE
        assert label.textFormat() == Qt.TextFormat.PlainText


def test_long_texts_are_cut_in_the_middle_and_told_whole(qtbot: QtBot, panel: OfferPanel) -> None:
    path = "/mnt/" + "very_long_folder/" * 40 + "plate.mov"
    panel.show_offers(replace(footage(offer("a", path, detail=path)), sentence=f"{path} is away"))
    qtbot.wait(10)
    assert panel.window().width() == 1024
    for label in panel.findChildren(QLabel):
        assert label.text().startswith("/mnt/")
        assert "…" in label.text()
        assert label.toolTip().startswith(path)
        room = label.contentsRect().width()
        assert label.fontMetrics().horizontalAdvance(label.text()) <= room
    for button in panel.findChildren(QPushButton):
        assert button.width() >= button.sizeHint().width()
        assert panel.rect().contains(button.mapTo(panel, button.rect().bottomRight()))


def test_the_tool_tip_of_a_cut_text_is_no_markup_either(qtbot: QtBot, panel: OfferPanel) -> None:
    panel.show_offers(footage(offer("a", HOSTILE * 20)))
    qtbot.wait(10)
    tip = row(panel, "a").title.toolTip()
    assert "<img" not in tip
    assert "&lt;img" in tip


def test_a_name_of_two_lines_takes_one(panel: OfferPanel) -> None:
    panel.show_offers(footage(offer("a", "one\ntwo\u2028three")))
    assert row(panel, "a").title.text() == "one two three"
    assert row(panel, "a").title.whole == "one\ntwo\u2028three"


# Pictures of strangers


@pytest.mark.parametrize("kind", [".jpg", ".png"])
@pytest.mark.parametrize(
    ("size", "kept"),
    [((192, 108), (192, 108)), ((108, 192), (63, 112)), ((512, 1), (192, 1)), ((1, 512), (1, 112))],
)
def test_pictures_keep_their_aspect(
    kind: str, size: tuple[int, int], kept: tuple[int, int]
) -> None:
    assert decode(picture(*size, kind)).size().toTuple() == kept


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a picture",
        png_header(60000, 60000),
        png_header(513, 8),
        png_header(0, 8),
        picture(640, 8),
        picture(8, 640, ".png"),
        picture(64, 64, ".bmp"),
        picture(64, 64, ".tiff"),
        b"\xff\xd8" + b"\xff" * 100,
        picture(64, 64)[:20],
        picture(64, 64) + b"\0" * (1 << 20),
        picture(64, 64) + b"\xff\xda" * 1000,
        b"<svg xmlns='http://www.w3.org/2000/svg' width='64' height='64'/>",
    ],
)
def test_what_is_no_small_picture_is_not_decoded(data: bytes) -> None:
    assert decode(data).isNull()


@pytest.mark.qt_log_ignore("libpng|jpeg|JPEG", extend=True)
@pytest.mark.parametrize(
    "data",
    [png_header(64, 64), picture(64, 64)[:-200], picture(64, 64, ".png")[:60]],
)
def test_a_damaged_picture_harms_nothing(qtbot: QtBot, data: bytes) -> None:
    tile = OfferPicture()
    qtbot.addWidget(tile)
    tile.show_picture(data)
    assert tile.grab().size().toTuple() == (96, 56)


def test_the_tile_is_dark_round_the_picture_and_quiet_without(qtbot: QtBot) -> None:
    tile = OfferPicture()
    qtbot.addWidget(tile)
    tile.show_picture(picture(56, 56, ".png"))
    image = tile.grab().toImage()
    assert image.pixelColor(48, 28) == QColor(200, 200, 200)
    assert image.pixelColor(4, 28) == theme.CANVAS
    tile.show_picture(b"garbage")
    assert tile.empty
    image = tile.grab().toImage()
    assert image.pixelColor(4, 28) == theme.CANVAS
    inked = {image.pixelColor(x, 28).name() for x in range(96)}
    assert len(inked) > 1


def test_a_button_alone_keeps_its_width(qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    button = SureButton(parent)
    button.show_words("Discard", "shot_010")
    before = button.sizeHint()
    button.click()
    assert button.sizeHint() == before
