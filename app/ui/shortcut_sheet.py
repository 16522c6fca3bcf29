"""The sheet on `?`: every key and what the mouse does, in columns, with a search."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QSize, Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.ui import theme
from app.ui.actions import Actions

COLUMNS = (("file", "playback"), ("edit", "layer"), ("view",), ("track", "mouse", "help"))


def group_titles() -> dict[str, str]:
    """The titles of the groups, by menu."""
    tr = QCoreApplication.translate
    return {
        "file": tr("ShortcutSheet", "File"),
        "edit": tr("ShortcutSheet", "Edit"),
        "view": tr("ShortcutSheet", "View"),
        "playback": tr("ShortcutSheet", "Playback"),
        "layer": tr("ShortcutSheet", "Layer"),
        "track": tr("ShortcutSheet", "Track"),
        "help": tr("ShortcutSheet", "Help"),
        "mouse": tr("ShortcutSheet", "Mouse"),
    }


def mouse_lines() -> tuple[tuple[str, str], ...]:
    """What the mouse does, as (what, how)."""
    tr = QCoreApplication.translate
    return (
        (tr("ShortcutSheet", "Include"), tr("ShortcutSheet", "click")),
        (tr("ShortcutSheet", "Exclude"), tr("ShortcutSheet", "right click, Alt+click")),
        (tr("ShortcutSheet", "See what a click gives"), tr("ShortcutSheet", "rest with Shift")),
        (
            tr("ShortcutSheet", "See what excluding gives"),
            tr("ShortcutSheet", "rest with Shift+Alt"),
        ),
        (tr("ShortcutSheet", "Paint"), tr("ShortcutSheet", "drag with the brush")),
        (tr("ShortcutSheet", "Erase"), tr("ShortcutSheet", "right drag, Alt+drag")),
        (tr("ShortcutSheet", "Zoom canvas or timeline"), tr("ShortcutSheet", "wheel")),
        (tr("ShortcutSheet", "Pan"), tr("ShortcutSheet", "middle drag")),
        (tr("ShortcutSheet", "Pan timeline"), tr("ShortcutSheet", "Shift+wheel")),
    )


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the sheet, and all its words in lower case."""

    what: QLabel
    keys: QLabel
    words: str


class ShortcutSheet(QDialog):
    """All keys at a glance; what does not match the search steps aside."""

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._actions = actions
        self._lines: dict[str, list[Line]] = {}
        self._titles: dict[str, QLabel] = {}
        self.setWindowTitle(self.tr("Keyboard shortcuts"))
        self.search = QLineEdit(self)
        self.search.setPlaceholderText(self.tr("Search"))
        self.search.setAccessibleName(self.tr("Search shortcuts"))
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._filter)
        self.nothing = QLabel(self.tr("Nothing matches"), self)
        self.nothing.setStyleSheet(f"color: {theme.TEXT_DIM.name()}")
        self._sheet = QWidget()
        self._area = QScrollArea(self)
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QScrollArea.Shape.NoFrame)
        column = QVBoxLayout(self)
        column.setContentsMargins(*[2 * theme.GAP] * 4)
        column.setSpacing(2 * theme.GAP)
        column.addWidget(self.search)
        column.addWidget(self.nothing)
        column.addWidget(self._area, 1)
        actions.keys_changed.connect(self._fill)
        self._fill()
        self.resize(self._fitting())

    def shown(self) -> list[str]:
        """What the lines say that match the search."""
        lines = (line for group in self._lines.values() for line in group)
        return [line.what.text() for line in lines if not line.what.isHidden()]

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.search.selectAll()
        self.search.setFocus()

    def _fitting(self) -> QSize:
        """The size in which all is seen, or as much of it as the screen has room for."""
        sheet, margins = self._sheet.sizeHint(), 4 * theme.GAP
        bar = self._area.verticalScrollBar().sizeHint().width()
        above = self.search.sizeHint().height() + 2 * theme.GAP
        whole = QSize(sheet.width() + margins + bar, sheet.height() + margins + above)
        window = self.parentWidget() or self
        return whole.boundedTo(self.screen().availableSize().expandedTo(window.size()))

    def _fill(self) -> None:
        self._lines.clear()
        self._sheet = sheet = QWidget()
        row = QHBoxLayout(sheet)
        row.setContentsMargins(0, 0, theme.GAP, 0)
        row.setSpacing(4 * theme.GAP)
        for groups in COLUMNS:
            column = QGridLayout()
            column.setHorizontalSpacing(2 * theme.GAP)
            column.setVerticalSpacing(theme.GRID)
            for group in groups:
                self._add_group(column, group, sheet)
            column.setRowStretch(column.rowCount(), 1)
            row.addLayout(column, 1)
        self._area.setWidget(sheet)
        self._filter(self.search.text())

    def _add_group(self, grid: QGridLayout, group: str, sheet: QWidget) -> None:
        title = QLabel(group_titles()[group], sheet)
        title.setFont(theme.emphasis(title.font()))
        title.setContentsMargins(0, theme.GAP if grid.count() else 0, 0, 0)
        grid.addWidget(title, grid.rowCount(), 0, 1, 2)
        self._titles[group] = title
        self._lines[group] = []
        for what, keys in self._texts(group):
            line = Line(QLabel(what, sheet), QLabel(keys, sheet), f"{what} {keys}".lower())
            line.keys.setStyleSheet(f"color: {theme.TEXT_DIM.name()}")
            line.keys.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            at = grid.rowCount()
            grid.addWidget(line.what, at, 0)
            grid.addWidget(line.keys, at, 1)
            self._lines[group].append(line)

    def _texts(self, group: str) -> Iterator[tuple[str, str]]:
        if group == "mouse":
            yield from mouse_lines()
            return
        for row in self._actions.rows:
            keys = self._actions.key_text(row.id).replace("  ", "   ")
            if row.menu == group and keys:
                yield self._actions.plain_text(row.id), keys

    def _filter(self, text: str) -> None:
        words = text.lower().split()
        for group, lines in self._lines.items():
            found = False
            for line in lines:
                matches = all(word in line.words for word in words)
                line.what.setVisible(matches)
                line.keys.setVisible(matches)
                found = found or matches
            self._titles[group].setVisible(found)
        self.nothing.setVisible(not self.shown())
