"""One thing the artist may choose: a picture, what it is, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.ui import theme
from app.ui.cut_label import CutLabel
from app.ui.offer import Offer
from app.ui.offer_picture import HEIGHT, OfferPicture
from app.ui.sure_button import SteadyButton, SureButton

ROW_HEIGHT = HEIGHT + 2 * theme.GRID


class OfferRow(QFrame):
    """Shows an offer; says what was chosen by signals that carry the offer's key."""

    accepted = Signal(str)
    refused = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._key = ""
        self.picture = OfferPicture(self)
        self.title = CutLabel(self, Qt.TextElideMode.ElideMiddle)
        self.detail = CutLabel(self, Qt.TextElideMode.ElideMiddle)
        self.accept = SteadyButton(self)
        self.refuse = SureButton(self)
        self.accept.clicked.connect(lambda: self.accepted.emit(self._key))
        self.refuse.sure.connect(lambda: self.refused.emit(self._key))
        self._set_up()

    def show_offer(self, offer: Offer) -> None:
        """Show this offer; a row keeps what it can of the one before."""
        self._key = offer.key
        self.picture.show_picture(offer.picture)
        self.title.show_text(offer.title)
        self.detail.show_text(offer.detail)
        self.detail.setVisible(bool(offer.detail))
        self.accept.setText(offer.accept)
        self.accept.setAccessibleName(f"{offer.accept} {offer.title}")
        self.accept.setAccessibleDescription(offer.detail)
        self.accept.setEnabled(offer.usable)
        self.refuse.show_words(offer.refuse, offer.title)
        self.refuse.setVisible(bool(offer.refuse))

    def buttons(self) -> tuple[QPushButton, QPushButton]:
        """The button that accepts and the one that refuses."""
        return self.accept, self.refuse

    def widths(self) -> tuple[int, int]:
        """How wide the two buttons want to be; 0 for one that is not there."""
        refuse = 0 if self.refuse.isHidden() else self.refuse.sizeHint().width()
        return self.accept.sizeHint().width(), refuse

    def set_widths(self, accept: int, refuse: int) -> None:
        """Give the buttons the widths of their columns; none of the second where it is 0."""
        self.accept.setFixedWidth(accept)
        self.refuse.setFixedWidth(refuse)
        policy = self.refuse.sizePolicy()
        policy.setRetainSizeWhenHidden(refuse > 0)
        self.refuse.setSizePolicy(policy)

    def _set_up(self) -> None:
        self.setFixedHeight(ROW_HEIGHT)
        self.detail.setStyleSheet(f"color: {theme.TEXT_DIM.name()}")
        self.refuse.setFlat(True)
        words = QVBoxLayout()
        words.setSpacing(theme.GRID)
        words.addStretch(1)
        words.addWidget(self.title)
        words.addWidget(self.detail)
        words.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.GRID, 0, theme.GAP, 0)
        row.setSpacing(theme.GAP)
        row.addWidget(self.picture)
        row.addLayout(words, 1)
        row.addWidget(self.accept)
        row.addWidget(self.refuse)
