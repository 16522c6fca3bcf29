"""The rows of a question: two or three are seen, the rest is scrolled to, none jumps."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QPushButton, QScrollArea, QVBoxLayout, QWidget

from app.ui import theme
from app.ui.offer import Offer
from app.ui.offer_row import ROW_HEIGHT, OfferRow

MOST_SEEN = 3
LOW = 800  # a window lower than this shows one row less: the canvas must stay of use
BAR = 12  # width of a scroll bar, kept free where there is none
RIGHT = BAR + theme.GAP  # of the buttons: the distance to the right edge of the list


class OfferList(QScrollArea):
    """Keeps one widget for each key, so that what stays keeps its place and the keyboard.

    `spare` takes the keyboard of a row that goes where no other can.
    """

    accepted = Signal(str)  # key
    refused = Signal(str)

    def __init__(self, parent: QWidget, spare: QWidget) -> None:
        super().__init__(parent)
        self._spare = spare
        self.rows: dict[str, OfferRow] = {}
        self._most = MOST_SEEN
        self._column = QWidget(self)
        self._layout = QVBoxLayout(self._column)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)
        self._column.setObjectName("offers")
        self._column.setStyleSheet(f"#offers {{ background: {theme.SUNKEN.name()}; }}")
        self.setStyleSheet(f"OfferList {{ background: {theme.SUNKEN.name()}; }}")
        self.setWidget(self._column)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # its buttons scroll into sight
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def show_rows(self, offers: Sequence[Offer]) -> None:
        """Show these; a row with the keyboard hands it to its neighbour if it goes."""
        before, held, top = list(self.rows), self._held(), self._topmost()
        rows = {offer.key: self.rows.get(offer.key) or self._row() for offer in offers}
        gone = [row for key, row in self.rows.items() if key not in rows]
        self.rows = rows
        for place, offer in enumerate(offers):
            row = rows[offer.key]
            row.show_offer(offer)
            if self._layout.indexOf(row) != place:
                self._layout.insertWidget(place, row)
            row.show()
        if held is not None and held[0] not in rows:
            self._focus_near(before.index(held[0]), held[1])
        for row in gone:
            self._drop(row)
        self._settle()
        if top in rows:
            moved = list(rows).index(top) - before.index(top)
            bar = self.verticalScrollBar()
            bar.setValue(bar.value() + moved * ROW_HEIGHT)

    def fit(self, window_height: int) -> None:
        """Take no more room than a window of this height can spare."""
        most = MOST_SEEN if window_height >= LOW else MOST_SEEN - 1
        if most != self._most:
            self._most = most
            self._settle()

    def controls(self) -> list[QPushButton]:
        """The buttons of all rows, in their order."""
        return [button for row in self.rows.values() for button in row.buttons()]

    def _row(self) -> OfferRow:
        row = OfferRow(self._column)
        row.accepted.connect(self.accepted)
        row.refused.connect(self.refused)
        return row

    def _drop(self, row: OfferRow) -> None:
        row.hide()
        self._layout.removeWidget(row)
        row.deleteLater()  # it may be its own button that is being clicked

    def _settle(self) -> None:
        """Take the heights and the columns that these rows need."""
        rows = self.rows.values()
        widths = [row.widths() for row in rows]
        for row in rows:
            row.set_widths(max(w for w, _ in widths), max(w for _, w in widths))
        self._column.setFixedHeight(len(rows) * ROW_HEIGHT)
        self.setFixedHeight(min(len(rows), self._most) * ROW_HEIGHT)
        self.setViewportMargins(0, 0, 0 if len(rows) > self._most else BAR, 0)
        self.setVisible(bool(rows))

    def _topmost(self) -> str | None:
        """The key of the first row that is seen whole."""
        top = self.verticalScrollBar().value()
        seen = (key for n, key in enumerate(self.rows) if n * ROW_HEIGHT >= top)
        return next(seen, None)

    def _held(self) -> tuple[str, bool] | None:
        """The row that has the keyboard, and whether its second button has it."""
        focused = self.window().focusWidget()
        found = ((k, focused is r.refuse) for k, r in self.rows.items() if focused in r.buttons())
        return next(found, None)

    def _focus_near(self, place: int, second: bool) -> None:
        rows = list(self.rows.values())
        buttons = rows[min(place, len(rows) - 1)].buttons() if rows else ()
        able = [b for b in buttons if not b.isHidden() and b.isEnabled()]
        heir = able[-1 if second else 0] if able else self._spare
        heir.setFocus(Qt.FocusReason.OtherFocusReason)
        if able:
            self.ensureWidgetVisible(heir)
