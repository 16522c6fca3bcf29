"""One layer in the panel: number, colour, name, eye, solo, lock."""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QCoreApplication, QEvent, QSize, Qt, Signal, SignalInstance
from PySide6.QtGui import QColor, QFontMetrics, QIcon, QKeyEvent, QPainter, QPixmap, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QMenu, QToolButton, QWidget

from app.domain.project import Layer
from app.ui import theme
from app.ui.claim import claim

SWATCH = 14
BUTTON = 24
KEYS = (Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Up, Qt.Key.Key_Down)


def colour_names() -> tuple[str, ...]:
    """The names of the theme's layer colours, in their order."""
    tr = QCoreApplication.translate
    return (
        tr("LayerRow", "Sky blue"),
        tr("LayerRow", "Orange"),
        tr("LayerRow", "Green"),
        tr("LayerRow", "Pink"),
        tr("LayerRow", "Yellow"),
        tr("LayerRow", "Vermilion"),
        tr("LayerRow", "Blue"),
    )


def swatch(colour: QColor) -> QIcon:
    """A square of a layer's colour."""
    icon = QIcon()
    for ratio in (1.0, 2.0, 3.0):
        pixmap = QPixmap(QSize(SWATCH, SWATCH) * ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        pixmap.setDevicePixelRatio(ratio)
        with QPainter(pixmap) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour)
            painter.drawRoundedRect(0, 0, SWATCH, SWATCH, 3, 3)
        icon.addPixmap(pixmap)
    return icon


@cache
def dim_icon(name: str) -> QIcon:
    """An icon that steps back: what it stands for is off."""
    icon = QIcon()
    for ratio in (1.0, 1.5, 2.0, 3.0):
        icon.addPixmap(theme.pixmap(name, theme.TEXT_DISABLED.name(), theme.ICON, ratio))
    return icon


class NameField(QLineEdit):
    """A name that reads as a label until it is edited; Enter keeps, Esc brings the old one back."""

    renamed = Signal(str)
    done = Signal()  # a key ended the typing

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._name = ""
        self.editingFinished.connect(self._finish)
        self._stop()

    def show_name(self, name: str) -> None:
        """Show a name, unless one is being typed."""
        self._name = name
        if self.isReadOnly():
            self._show_cut()

    def _show_cut(self) -> None:
        room = self.width() - 18  # within border and padding
        cut = self.fontMetrics().elidedText(self._name, Qt.TextElideMode.ElideRight, room)
        self.setText(cut)
        self.setCursorPosition(0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.show_name(self._name)

    def edit(self) -> None:
        """Let the name be typed over."""
        self.setText(self._name)
        self.setReadOnly(False)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents, on=False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setStyleSheet("")
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        self.selectAll()

    def event(self, event: QEvent) -> bool:
        return (not self.isReadOnly() and claim(event, KEYS)) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.setText(self._name)
            self._finish()
            self.done.emit()
        else:
            super().keyPressEvent(event)
            if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
                event.accept()  # the list must not take it as well
                self.done.emit()

    def _finish(self) -> None:
        if self.isReadOnly():
            return
        name = self.text().strip()
        self._stop()
        if name and name != self._name:
            self.renamed.emit(name)
        else:
            self.show_name(self._name)

    def _stop(self) -> None:
        self.setReadOnly(True)
        self.deselect()
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setStyleSheet("background: transparent; border-color: transparent")
        self.clearFocus()


class LayerRow(QWidget):
    """What the panel shows of a layer; asks by signals, changes nothing itself."""

    renamed = Signal(str)
    coloured = Signal(int)
    shown_asked = Signal(bool)
    solo_asked = Signal(bool)
    locked_asked = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.number = QLabel(self)
        self.colour = QToolButton(self)
        self.name = NameField(self)
        self.eye = self._toggle(self.shown_asked)
        self.solo = self._toggle(self.solo_asked)
        self.lock = self._toggle(self.locked_asked)
        self.name.renamed.connect(self.renamed)
        self._set_up()

    def show_layer(self, layer: Layer, number: int) -> None:
        """Show this layer's state."""
        self.number.setText(str(number))
        self.colour.setIcon(swatch(theme.layer_colour(layer.colour)))
        self.name.show_name(layer.name)
        self.name.setToolTip(layer.name)
        self.colour.setAccessibleName(self.tr("Colour of {0}").format(layer.name))
        self._show_toggle(self.eye, layer.shown, ("eye", "eye_off"), self.tr("Show"), layer)
        self._show_toggle(self.solo, layer.solo, ("solo", "solo_off"), self.tr("Solo"), layer)
        self._show_toggle(self.lock, layer.locked, ("lock", "unlock"), self.tr("Lock"), layer)

    def _set_up(self) -> None:
        self.number.setFont(theme.numerals(self.font()))
        self.number.setFixedWidth(QFontMetrics(self.font()).horizontalAdvance("00") + 2)
        self.number.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.number.setStyleSheet(f"color: {theme.TEXT_DIM.name()}")
        self.number.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.name.setAccessibleName(self.tr("Name"))
        self.colour.setFixedSize(BUTTON, BUTTON)
        self.colour.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.colour.setToolTip(self.tr("Colour"))
        self.colour.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.colour.setMenu(self._colour_menu())
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.GRID, 0, theme.GRID, 0)
        row.setSpacing(2)
        for widget in (self.number, self.colour):
            row.addWidget(widget)
        row.addWidget(self.name, 1)
        for widget in (self.eye, self.solo, self.lock):
            row.addWidget(widget)

    def _colour_menu(self) -> QMenu:
        menu = QMenu(self)
        for index, name in enumerate(colour_names()):
            action = menu.addAction(swatch(theme.layer_colour(index)), name)
            action.triggered.connect(lambda _=False, index=index: self.coloured.emit(index))
        return menu

    def _toggle(self, asked: SignalInstance) -> QToolButton:
        button = QToolButton(self)
        button.setCheckable(True)
        button.setStyleSheet("QToolButton:checked:!hover { background: transparent }")
        button.setFixedSize(BUTTON, BUTTON)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.clicked.connect(asked)
        return button

    def _show_toggle(
        self, button: QToolButton, on: bool, icons: tuple[str, str], what: str, layer: Layer
    ) -> None:
        button.setChecked(on)
        button.setIcon(theme.icon(icons[0]) if on else dim_icon(icons[1]))
        button.setToolTip(what)
        button.setAccessibleName(f"{what} {layer.name}")
