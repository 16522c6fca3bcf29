"""The panel above the canvas that offers a few things to choose from, never in the way."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from app.ui import theme
from app.ui.claim import claim
from app.ui.cut_label import CutLabel
from app.ui.keys import is_escape
from app.ui.offer import Offer, Offers
from app.ui.offer_list import RIGHT, OfferList
from app.ui.sure_button import SteadyButton

__all__ = ["Offer", "OfferPanel", "Offers"]

WIDEST = 1008  # in a wide window a row's buttons would stand far from its title


class OfferPanel(QFrame):
    """Shows one question at a time; others wait behind it in the order they came.

    It never takes the keyboard by itself. `home` gets it back when a panel that holds it goes.
    The owner answers `accepted` and `refused` by `clear` or by showing what is left.
    """

    accepted = Signal(str, str)  # name of the question, key of the offer
    refused = Signal(str, str)
    more_asked = Signal(str)
    put_away = Signal(str)  # the question is gone already; the next one is shown

    def __init__(self, parent: QWidget | None = None, home: QWidget | None = None) -> None:
        super().__init__(parent)
        self._home = home
        self._waiting: dict[str, Offers] = {}
        self._seen: str | None = None  # the question the widgets show
        self.sentence = CutLabel(self, Qt.TextElideMode.ElideMiddle)
        self.list = OfferList(self, self.sentence)
        self.more = SteadyButton(self)
        self.later = SteadyButton(self)
        self._set_up()
        self._connect()
        self.hide()

    @property
    def shown(self) -> str | None:
        """The name of the question that is shown."""
        return next(iter(self._waiting), None)

    @property
    def first(self) -> QWidget:
        """The widget that takes the keyboard first."""
        return self.sentence

    def show_offers(self, offers: Offers, *, at_once: bool = False) -> None:
        """Show this question, or let it wait; it takes the place of one with its name.

        `at_once`: the artist asked for it, so the others wait behind it. Rows that stay, by their
        keys, keep the keyboard, their place and what they ask.
        """
        if at_once:
            self._waiting = {offers.name: offers, **self._waiting}
        self._waiting[offers.name] = offers
        self._show()

    def clear(self, name: str) -> None:
        """Forget the question `name`, if there is one; the next one is shown."""
        self._waiting.pop(name, None)
        self._show()

    # Qt

    def event(self, event: QEvent) -> bool:
        return claim(event, (Qt.Key.Key_Escape,)) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if is_escape(event):
            event.accept()  # the window would give the keyboard away from the next question
            self._put_away()
        else:
            super().keyPressEvent(event)

    # Inside

    def _show(self) -> None:
        name, held = self.shown, self._holds_keyboard()
        another, self._seen = name != self._seen, name
        if name is None:
            if held and self._home is not None:
                self._home.setFocus(Qt.FocusReason.OtherFocusReason)
            self.hide()
            self.list.show_rows(())
            return
        if another:
            if held:  # a key meant for the last question must not answer this one
                self.sentence.setFocus(Qt.FocusReason.OtherFocusReason)
            self.list.show_rows(())
        self._fill(self._waiting[name])
        self.show()

    def _fill(self, offers: Offers) -> None:
        self.sentence.show_text(offers.sentence)
        self.sentence.setAccessibleName(offers.sentence)
        self.setAccessibleName(offers.sentence)
        for button, text in ((self.more, offers.more), (self.later, offers.later)):
            button.setText(text)
            button.setAccessibleDescription(offers.sentence)
        self.list.show_rows(offers.rows)
        self.more.setVisible(bool(offers.more))
        previous: QWidget = self.sentence
        for widget in (*self.list.controls(), self.more, self.later):
            QWidget.setTabOrder(previous, widget)
            previous = widget

    def _put_away(self) -> None:
        name = self.shown
        if name is not None:
            self.clear(name)
            self.put_away.emit(name)

    def _holds_keyboard(self) -> bool:
        focused = self.window().focusWidget()
        return focused is not None and self.isAncestorOf(focused)

    def _set_up(self) -> None:
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setStyleSheet(
            f"OfferPanel {{ border-bottom: 1px solid {theme.LINE.name()}; }}"
            "#sentence { border: 1px solid transparent; border-radius: 4px; padding: 4px 3px; }"
            f"#sentence:focus {{ border-color: {theme.FOCUS.name()}; }}"
        )
        self.sentence.setObjectName("sentence")
        self.sentence.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # so that it is read aloud
        footer = QHBoxLayout()
        footer.setContentsMargins(0, 0, RIGHT, 0)  # below the buttons of the rows
        footer.setSpacing(theme.GAP)
        footer.addStretch(1)
        footer.addWidget(self.more)
        footer.addWidget(self.later)
        column = QVBoxLayout()
        column.setSpacing(theme.GAP)
        column.addWidget(self.sentence)
        column.addWidget(self.list)
        column.addLayout(footer)
        content = QWidget(self)
        content.setMaximumWidth(WIDEST)
        content.setLayout(column)
        column.setContentsMargins(0, 0, 0, 0)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(theme.GAP, theme.GRID, theme.GAP, theme.GAP)
        whole.addStretch()
        whole.addWidget(content, WIDEST)  # as wide as it may be before the sides get anything
        whole.addStretch()

    def _connect(self) -> None:
        self.list.accepted.connect(lambda key: self.accepted.emit(self.shown, key))
        self.list.refused.connect(lambda key: self.refused.emit(self.shown, key))
        self.more.clicked.connect(lambda: self.more_asked.emit(self.shown))
        self.later.clicked.connect(self._put_away)
