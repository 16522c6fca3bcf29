"""The window of models: what is installed, what can be had; the editor stays usable meanwhile."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.model_desk import Available, Installed, ModelDesk, Outcome
from app.ui import theme
from app.ui.model_activity import ModelActivity
from app.ui.model_row import ModelRow, available_row, installed_row

SIZE = (840, 680)


class ModelsDialog(QDialog):
    """Shows the desk's contents and asks it to do things."""

    def __init__(self, desk: ModelDesk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self.installed: dict[str, ModelRow] = {}
        self.available: dict[str, ModelRow] = {}
        self._shown: object = None  # the contents and the model in use that the rows show
        self.list = QScrollArea(self)
        self.activity = ModelActivity(self)
        self.folder = self._button(self.tr("Install from &folder…"), self._choose_folder)
        self.zip = self._button(self.tr("Install from &zip…"), self._choose_zip)
        self.measure = self._button(self.tr("&Measure this machine"), desk.measure)
        self.close_button = self._button(self.tr("Close"), self.close)
        self._set_up()
        self._lay_out()
        desk.changed.connect(self._sync)
        desk.progressed.connect(self._show_progress)
        desk.finished.connect(self._show_outcome)

    def showEvent(self, event: QShowEvent) -> None:
        self._sync()
        self._desk.refresh()
        self.close_button.setFocus(Qt.FocusReason.OtherFocusReason)
        super().showEvent(event)

    # --- making

    def _button(self, text: str, call: object) -> QPushButton:
        button = QPushButton(text, self)
        button.setAutoDefault(False)
        button.clicked.connect(call)
        return button

    def _set_up(self) -> None:
        self.setWindowTitle(self.tr("Models"))
        self.setModal(False)
        self.resize(*SIZE)
        self.list.setWidgetResizable(True)
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # its buttons scroll into sight
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.measure.setToolTip(self.tr("Find out in three seconds which model suits this machine"))
        self.activity.cancel_asked.connect(self._desk.cancel)

    def _lay_out(self) -> None:
        footer = QHBoxLayout()
        footer.setSpacing(theme.GAP)
        for button in (self.folder, self.zip, self.measure):
            footer.addWidget(button)
        footer.addStretch(1)
        footer.addWidget(self.close_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(*[2 * theme.GAP] * 4)
        column.setSpacing(theme.GAP)
        column.addWidget(self.list, 1)
        column.addWidget(self.activity)
        column.addLayout(footer)

    # --- showing

    def _sync(self) -> None:
        task = self._desk.task
        busy = task is not None and not task.quiet
        shown = (self._desk.contents, self._desk.in_use)
        if shown != self._shown:
            self._shown = shown
            self._show_contents()
        for row in (*self.installed.values(), *self.available.values()):
            row.set_busy(busy=busy)
        for button in (self.folder, self.zip, self.measure):
            button.setEnabled(not busy)
        if task is not None and busy:
            can_stop = task.can_stop and not task.stop.fired
            self.activity.show_task(task.title, can_stop=can_stop)

    def _show_contents(self) -> None:
        contents, held = self._desk.contents, self._held()
        column = QWidget(self.list)
        column.setObjectName("models")
        column.setStyleSheet(f"#models {{ background: {theme.SUNKEN.name()}; }}")
        layout = QVBoxLayout(column)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.installed, self.available = {}, {}
        layout.addWidget(self._heading(self.tr("Installed"), column))
        for item in contents.installed:
            row = installed_row(item, self._desk.in_use, column)
            row.asked.connect(partial(self._do, item))
            self.installed[item.id] = row
            layout.addWidget(row)
        layout.addWidget(self._heading(self.tr("To be had"), column))
        for offer in contents.available:
            row = available_row(offer, column)
            row.asked.connect(partial(self._do_with, offer))
            self.available[offer.id] = row
            layout.addWidget(row)
        for fault in contents.faults:
            layout.addWidget(self._fault(fault, column))
        layout.addStretch(1)
        self._put(column, held)

    def _put(self, column: QWidget, held: tuple[str, str] | None) -> None:
        """Show other rows in the same place, the keyboard on the button it was on."""
        bar = self.list.verticalScrollBar()
        place, before = bar.value(), self.list.takeWidget()
        self.list.setWidget(column)
        bar.setValue(place)
        if before is not None:
            before.deleteLater()  # a button in it may be the one that was pressed
        if held is not None:
            row = self.installed.get(held[0]) or self.available.get(held[0])
            button = row.buttons.get(held[1]) if row else None
            usable = button is not None and button.isEnabled()
            heir = button if button is not None and usable else self.close_button
            heir.setFocus(Qt.FocusReason.OtherFocusReason)

    def _held(self) -> tuple[str, str] | None:
        """The model and the button that have the keyboard."""
        focused = self.focusWidget()
        for name, row in (*self.installed.items(), *self.available.items()):
            for what, button in row.buttons.items():
                if button is focused:
                    return name, what
        return None

    def _heading(self, text: str, parent: QWidget) -> QLabel:
        label = QLabel(text, parent)
        label.setContentsMargins(theme.GAP, theme.GAP, theme.GAP, theme.GRID)
        label.setStyleSheet(f"color: {theme.TEXT_DIM.name()}")
        return label

    def _fault(self, text: str, parent: QWidget) -> QLabel:
        label = QLabel(text, parent)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        label.setContentsMargins(theme.GAP, theme.GAP, theme.GAP, theme.GAP)
        label.setStyleSheet(f"color: {theme.WARNING.name()}")
        return label

    def _show_progress(self, done: int, total: int) -> None:
        task = self._desk.task
        if task is not None:
            self.activity.show_progress(task.title, done, total)

    def _show_outcome(self, outcome: Outcome) -> None:
        if outcome.replace is not None:
            text = self.tr("{} Replace it?").format(outcome.sentence)
            self.activity.ask(text, self.tr("Replace"), outcome.replace)
        else:
            self.activity.say(outcome.sentence, failed=outcome.failed)

    # --- doing

    def _do(self, item: Installed, what: str) -> None:
        {"use": self._desk.use, "verify": self._desk.verify, "remove": self._desk.remove}[what](
            item
        )

    def _do_with(self, item: Available, what: str) -> None:
        if what == "remove":
            self._desk.remove(item)
            return
        text = self.tr(
            "{label}, {amount} from {host}, by {source}. "
            "Its licence is {licence}. Do you accept it?"
        ).format(
            label=item.label,
            amount=item.amount,
            host=item.host,
            source=item.source,
            licence=item.licence,
        )
        if item.caveat:
            text += "\n" + item.caveat
        self.activity.ask(text, self.tr("Accept and download"), partial(self._desk.download, item))

    def _choose_folder(self) -> None:
        title = self.tr("Folder of the model")
        folder = QFileDialog.getExistingDirectory(self, title, str(Path.home()))
        if folder:
            self._desk.install(Path(folder))

    def _choose_zip(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self, self.tr("Model"), str(Path.home()), self.tr("ZIP files (*.zip)")
        )
        if path:
            self._desk.install(Path(path))
