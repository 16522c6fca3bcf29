"""One model in the window of models: what it is, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.model_desk import Available, Installed
from app.ui import theme
from app.ui.cut_label import CutLabel
from app.ui.sure_button import SteadyButton, SureButton


class ModelRow(QFrame):
    """A title, one or two quiet lines below it, and buttons; `asked` names the button pressed."""

    asked = Signal(str)  # "use", "verify", "remove", "download"

    def __init__(self, title: str, lines: tuple[str, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = CutLabel(self)
        self.title.setFont(theme.emphasis(self.font()))
        self.title.show_text(title)
        self.lines = [self._line(text) for text in lines]
        self.buttons: dict[str, QPushButton] = {}
        self._row = QHBoxLayout(self)
        self._lay_out()

    def add_button(self, name: str, text: str, *, on: bool = True) -> None:
        """A button that asks for `name`; removing is asked for twice."""
        if name == "remove":
            sure = SureButton(self)
            sure.show_words(text, self.title.whole)
            sure.sure.connect(lambda: self.asked.emit(name))
            button: SteadyButton = sure
        else:
            button = SteadyButton(self)
            button.setText(text)
            button.clicked.connect(lambda: self.asked.emit(name))
            button.setAccessibleName(f"{text.removesuffix('…')} {self.title.whole}")
        button.setEnabled(on)
        self.buttons[name] = button
        self._row.addWidget(button)

    def set_busy(self, *, busy: bool) -> None:
        """Nothing can be asked for while something is being done."""
        self.setEnabled(not busy)

    def _line(self, text: str) -> CutLabel:
        label = CutLabel(self)
        label.setStyleSheet(f"color: {theme.TEXT_DIM.name()}")
        label.show_text(text)
        return label

    def _lay_out(self) -> None:
        self.setObjectName("model")
        self.setStyleSheet(f"#model {{ border-bottom: 1px solid {theme.LINE.name()}; }}")
        words = QVBoxLayout()
        words.setSpacing(theme.GRID)
        for label in (self.title, *self.lines):
            words.addWidget(label)
        self._row.setContentsMargins(theme.GAP, theme.GAP, theme.GAP, theme.GAP)
        self._row.setSpacing(theme.GAP)
        self._row.addLayout(words, 1)
        self._row.setAlignment(words, Qt.AlignmentFlag.AlignVCenter)


def installed_row(item: Installed, in_use: tuple[str, str], parent: QWidget) -> ModelRow:
    """The row of an installed pack; `in_use` is the id that answers and its device."""
    tr = parent.tr
    names = {"point": tr("points"), "box": tr("boxes"), "track": tr("tracking")}
    used = item.id == in_use[0]
    facts = [tr("in use on {}").format(in_use[1])] if used else []
    facts += [item.licence, item.amount, ", ".join(names[task] for task in item.supports)]
    facts += [tr("comes with Rotocel")] if item.bundled else []
    row = ModelRow(item.label, ("  ·  ".join(fact for fact in facts if fact),), parent)
    row.add_button("use", tr("Use"), on=not used)
    row.add_button("verify", tr("Verify"))
    row.add_button("remove", tr("Remove"), on=not used and not item.bundled)
    return row


def available_row(item: Available, parent: QWidget) -> ModelRow:
    """The row of a model that can be had."""
    tr = parent.tr
    kinds = {
        "pack": tr("ready to use"),
        "checkpoint": tr("checkpoint, to be converted"),
        "onnx": tr("only to compare with"),
    }
    facts = [item.licence, item.amount, kinds[item.kind], item.source]
    lines = ("  ·  ".join(facts), item.next_step if item.here else item.brings)
    row = ModelRow(item.label, lines, parent)
    if item.here:
        row.add_button("remove", tr("Delete"), on=item.kind != "pack")
    else:
        row.add_button("download", tr("Download…"))
    return row
