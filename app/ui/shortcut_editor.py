"""The table in which the keys of actions are changed."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.ui import theme
from app.ui.actions import MENUS, Actions, KeyClashError
from app.ui.settings_store import SettingsStore
from app.ui.shortcut_sheet import group_titles

ID = Qt.ItemDataRole.UserRole


class ShortcutEditor(QDialog):
    """Choose an action, press its new key. A key in use is refused, saying by what."""

    def __init__(
        self, actions: Actions, settings_store: SettingsStore, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._actions = actions
        self._store = settings_store
        self.items: dict[str, QTreeWidgetItem] = {}  # by action
        self._groups: dict[str, QTreeWidgetItem] = {}  # by menu
        self.setWindowTitle(self.tr("Change keyboard shortcuts"))
        self.search = QLineEdit(self)
        self.table = QTreeWidget(self)
        self.key = QKeySequenceEdit(self)
        self.sentence = QLabel(self)
        self.set = QPushButton(self.tr("Set"), self)
        self.add = QPushButton(self.tr("Add"), self)
        self.remove = QPushButton(self.tr("No key"), self)
        self.reset = QPushButton(self.tr("Reset"), self)
        self.reset_all = QPushButton(self.tr("Reset all"), self)
        self._set_up()
        self._lay_out()
        self._connect()
        self._fill()
        self.resize(560, 560)

    def choose(self, action_id: str) -> None:
        """Choose the row of an action."""
        self.table.setCurrentItem(self.items[action_id])

    def _set_up(self) -> None:
        self.search.setPlaceholderText(self.tr("Search"))
        self.search.setAccessibleName(self.tr("Search actions"))
        self.search.setClearButtonEnabled(True)
        self.table.setAccessibleName(self.tr("Actions and their keys"))
        self.table.setHeaderLabels([self.tr("Action"), self.tr("Keys"), ""])
        self.table.setRootIsDecorated(False)
        self.table.setItemsExpandable(False)
        self.table.setIndentation(theme.GAP)
        header = self.table.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.ResizeToContents)
        self.key.setMaximumSequenceLength(1)
        self.key.setAccessibleName(self.tr("New key"))
        self.key.setToolTip(self.tr("Click here and press the key"))
        self.sentence.setWordWrap(True)
        self.sentence.setMinimumHeight(2 * self.fontMetrics().lineSpacing())
        self.sentence.setAccessibleName(self.tr("Message"))
        self.set.setToolTip(self.tr("Make this the only key of the action"))
        self.add.setToolTip(self.tr("Make this one more key of the action"))
        self.remove.setToolTip(self.tr("Take every key from the action"))
        for button in (self.set, self.add, self.remove, self.reset, self.reset_all):
            button.setAutoDefault(False)

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(theme.GAP)
        row.addWidget(self.key, 1)
        for button in (self.set, self.add, self.remove, self.reset):
            row.addWidget(button)
        last = QHBoxLayout()
        last.addWidget(self.sentence, 1)
        last.addWidget(self.reset_all)
        column = QVBoxLayout(self)
        column.setContentsMargins(*[2 * theme.GAP] * 4)
        column.setSpacing(theme.GAP)
        column.addWidget(self.search)
        column.addWidget(self.table, 1)
        column.addLayout(row)
        column.addLayout(last)

    def _connect(self) -> None:
        self.search.textChanged.connect(self._filter)
        self.table.currentItemChanged.connect(self._on_chosen)
        self.key.keySequenceChanged.connect(self._on_key_pressed)
        self.set.clicked.connect(lambda: self._rebind(self._new_key()))
        self.add.clicked.connect(self._add)
        self.remove.clicked.connect(lambda: self._rebind(""))
        self.reset.clicked.connect(self._reset)
        self.reset_all.clicked.connect(self._reset_all)
        self._actions.keys_changed.connect(self._show_keys)

    # --- showing

    def _fill(self) -> None:
        titles = group_titles()
        for menu in MENUS:
            group = QTreeWidgetItem(self.table, [titles[menu]])
            group.setFlags(Qt.ItemFlag.ItemIsEnabled)
            group.setFont(0, theme.emphasis(self.font()))
            group.setFirstColumnSpanned(True)
            self._groups[menu] = group
            for row in self._actions.rows:
                if row.menu == menu:
                    item = QTreeWidgetItem(group, [self._actions.plain_text(row.id)])
                    item.setData(0, ID, row.id)
                    item.setToolTip(0, row.tip)
                    self.items[row.id] = item
        self.table.expandAll()
        self._show_keys()
        self._on_chosen()

    def _show_keys(self) -> None:
        changed = self._actions.overrides()
        for action_id, item in self.items.items():
            item.setText(1, self._actions.key_text(action_id).replace("  ", "   "))
            item.setText(2, self.tr("changed") if action_id in changed else "")
            item.setForeground(2, theme.TEXT_DIM)
        self._update_buttons()

    def _filter(self, text: str) -> None:
        words = text.lower().split()
        shown = set()
        for action_id, item in self.items.items():
            line = f"{item.text(0)} {item.text(1)}".lower()
            matches = all(word in line for word in words)
            item.setHidden(not matches)
            if matches:
                shown.add(self._actions.row(action_id).menu)
        for menu, group in self._groups.items():
            group.setHidden(menu not in shown)

    def _chosen(self) -> str | None:
        item = self.table.currentItem()
        return item.data(0, ID) if item is not None else None

    def _on_chosen(self) -> None:
        with QSignalBlocker(self.key):
            self.key.clear()
        self.sentence.clear()
        self._update_buttons()

    def _update_buttons(self) -> None:
        chosen = self._chosen()
        free = bool(self._new_key()) and self._bound_to_new_key() is None
        self.key.setEnabled(chosen is not None)
        for button in (self.set, self.add):
            button.setEnabled(chosen is not None and free)
        self.remove.setEnabled(chosen is not None and bool(self._actions.keys(chosen)))
        self.reset.setEnabled(chosen in self._actions.overrides())
        self.reset_all.setEnabled(bool(self._actions.overrides()))

    def _new_key(self) -> str:
        return self.key.keySequence().toString(QKeySequence.SequenceFormat.PortableText)

    def _bound_to_new_key(self) -> str | None:
        return self._actions.bound_to(self.key.keySequence()) if self._new_key() else None

    def _on_key_pressed(self) -> None:
        """Say at once whether the key is free."""
        self._update_buttons()
        other, text = self._bound_to_new_key(), ""
        if other is not None and other == self._chosen():
            text = self.tr("This action has that key already.")
        elif other is not None:
            text = self.tr("{0} already runs “{1}”.").format(
                self.key.keySequence().toString(QKeySequence.SequenceFormat.NativeText),
                self._actions.plain_text(other),
            )
        self.sentence.setText(text)

    # --- changing

    def _rebind(self, keys: str) -> None:
        chosen = self._chosen()
        if chosen is None:
            return
        try:
            self._actions.rebind(chosen, keys)
        except KeyClashError as error:
            self.sentence.setText(f"{error}.")
            return
        self._keep()

    def _add(self) -> None:
        chosen = self._chosen()
        if chosen is not None:
            portable = QKeySequence.SequenceFormat.PortableText
            present = [key.toString(portable) for key in self._actions.keys(chosen)]
            self._rebind("; ".join([*present, self._new_key()]))

    def _reset(self) -> None:
        chosen = self._chosen()
        if chosen is not None:
            self._rebind(self._actions.row(chosen).keys)

    def _reset_all(self) -> None:
        self._actions.reset()
        self._keep()

    def _keep(self) -> None:
        """Remember the keys for the next start."""
        self._on_chosen()
        changed = replace(self._store.settings, shortcuts=self._actions.overrides())
        self._store.change(changed)
