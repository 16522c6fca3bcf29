"""The actions of the program: QActions made from the table, their keys, and when they are enabled.

Use `actions["playback.play"]` for a QAction and `actions.button("playback.play", parent)` for a
flat button of it. Texts and tool tips follow the keys when these are rebound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any, Protocol

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QToolButton, QWidget

from app.ui import theme
from app.ui.action_table import MENUS, Row, action_table
from app.ui.lock_commands import absent_obstacle, lock_obstacle, unlock_obstacle

if TYPE_CHECKING:
    from app.session import Session

__all__ = ["MENUS", "Actions", "KeyClashError", "Row"]


class KeyClashError(ValueError):
    """The key already runs another action; the text says which."""


class Picked(Protocol):
    """What the rules ask of the canvas."""

    @property
    def picked(self) -> object | None:
        """The picked point or box."""


RULES: Mapping[str, Callable[[Session, Picked], bool]] = {
    "always": lambda _session, _viewer: True,
    "clip": lambda session, _viewer: session.clip is not None,
    "saved": lambda session, _viewer: session.files.home is not None,
    "layers": lambda session, _viewer: bool(session.project.layers),
    "layer": lambda session, _viewer: session.selected is not None,
    "layer_above": lambda session, _viewer: _layer_is_not(session, 0),
    "layer_below": lambda session, _viewer: _layer_is_not(session, -1),
    "undo": lambda session, _viewer: session.history.can_undo,
    "redo": lambda session, _viewer: session.history.can_redo,
    "prompt": lambda session, _viewer: bool(
        session.selected_layer and session.selected_layer.prompts.get(session.playhead)
    ),
    "picked": lambda _session, viewer: viewer.picked is not None,
    "propagate": lambda session, _viewer: not session.propagation_obstacle(),
    "propagate_all": lambda session, _viewer: not session.propagation_obstacle(every_layer=True),
    "propagate_fix": lambda session, _viewer: not session.propagation_obstacle(extent="fix"),
    "propagating": lambda session, _viewer: session.propagating,
    "lock": lambda session, _viewer: not lock_obstacle(session),
    "lock_range": lambda session, _viewer: not lock_obstacle(session, in_range=True),
    "unlock_range": lambda session, _viewer: not unlock_obstacle(session),
    "absent": lambda session, _viewer: not absent_obstacle(session),
    "absent_range": lambda session, _viewer: not absent_obstacle(session, in_range=True),
    "import": lambda session, _viewer: not session.import_obstacle(),
    "importing": lambda session, _viewer: session.importing,
    "suspects": lambda session, _viewer: not session.review_obstacle(),
    "suspect": lambda session, _viewer: not session.approval_obstacle(),
}
REASONS: Mapping[str, Callable[[Session], str]] = {
    "lock": lock_obstacle,
    "lock_range": lambda session: lock_obstacle(session, in_range=True),
    "unlock_range": unlock_obstacle,
    "absent": absent_obstacle,
    "absent_range": lambda session: absent_obstacle(session, in_range=True),
    "import": lambda session: session.import_obstacle(),
    "propagate": lambda session: session.propagation_obstacle(),
    "propagate_all": lambda session: session.propagation_obstacle(every_layer=True),
    "propagate_fix": lambda session: session.propagation_obstacle(extent="fix"),
    "suspects": lambda session: session.review_obstacle(),
    "suspect": lambda session: session.approval_obstacle(),
}  # why not, for rules whose answer is not plain to see


def _layer_is_not(session: Session, place: int) -> bool:
    """Whether a layer is selected, and another one is at that place."""
    layer = session.selected_layer
    return layer is not None and layer is not session.project.layers[place]


class Actions(QObject):
    """All actions by id. `overrides` are the artist's own keys by action id; "" is no key."""

    keys_changed = Signal()

    def __init__(self, parent: QWidget, overrides: Mapping[str, str] | None = None) -> None:
        super().__init__(parent)
        self.rows = action_table(self.tr)
        self._rows = {row.id: row for row in self.rows}
        self._overrides: dict[str, str] = {}
        self._reasons: dict[str, str] = {}
        self._on: set[str] = set()  # of those with words for off
        self._groups: dict[str, QActionGroup] = {}
        self._actions = {row.id: self._make(row, parent) for row in self.rows}
        self.override(overrides or {})

    def __getitem__(self, action_id: str) -> QAction:
        return self._actions[action_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._actions)

    def row(self, action_id: str) -> Row:
        """The row of the table with this id."""
        return self._rows[action_id]

    def keys(self, action_id: str) -> list[QKeySequence]:
        """The keys of an action, the first is the one shown in menus."""
        text = self._overrides.get(action_id, self._rows[action_id].keys)
        return [key for key in QKeySequence.listFromString(text) if not key.isEmpty()]

    def key_text(self, action_id: str) -> str:
        """The keys of an action as people of this platform read them; "" without keys."""
        native = QKeySequence.SequenceFormat.NativeText
        return "  ".join(key.toString(native) for key in self.keys(action_id))

    def bound_to(self, key: QKeySequence | str) -> str | None:
        """The id of the action this key runs."""
        wanted = QKeySequence(key)
        for action_id in self._actions:
            if wanted in self.keys(action_id):
                return action_id
        return None

    def overrides(self) -> dict[str, str]:
        """The keys that differ from the table, fit for Settings.shortcuts."""
        return dict(self._overrides)

    def override(self, overrides: Mapping[str, str]) -> None:
        """Take these keys in place of the table's; unknown ids and keys of others are left out."""
        self._overrides = {}
        for action_id, keys in overrides.items():
            if action_id in self._rows and not self._clash(action_id, keys):
                self._set_override(action_id, keys)
        self._update_keys()

    def rebind(self, action_id: str, keys: str) -> None:
        """Give an action these keys ("" for none). Raises KeyClashError, and changes nothing."""
        other = self._clash(action_id, keys)
        if other is not None:
            text = self.plain_text(other)
            raise KeyClashError(self.tr("%s already runs “%s”") % (keys, text))
        self._set_override(action_id, keys)
        self._update_keys()

    def reset(self, action_id: str | None = None) -> None:
        """Give an action, or all, the keys of the table. Raises KeyClashError for one."""
        if action_id is None:
            self.override({})
        else:
            self.rebind(action_id, self._rows[action_id].keys)

    def plain_text(self, action_id: str) -> str:
        """The text of an action without mnemonic and dots."""
        return _plain(self._rows[action_id].text)

    def button(self, action_id: str, parent: QWidget) -> QToolButton:
        """A flat icon button that runs the action; only Tab, never a click, gives it the focus."""
        button = QToolButton(parent)
        button.setDefaultAction(self[action_id])
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        button.setIconSize(QSize(theme.ICON, theme.ICON))
        button.setFixedSize(theme.ROW, theme.ROW)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setAccessibleName(self.plain_text(action_id))
        return button

    def connect_targets(self, targets: Mapping[str, Any]) -> None:
        """Let every action run the method its row names on one of these objects."""
        for row in self.rows:
            target, method = row.call.split(".")
            call = getattr(targets[target], method)
            self[row.id].triggered.connect(self._runner(call, row))

    def update_enabled(self, session: Session, viewer: Picked, *, recent: bool) -> None:
        """Enable what can be done now; `recent` tells whether there are recent clips."""
        for row in self.rows:
            on = recent if row.when == "recent" else RULES[row.when](session, viewer)
            self[row.id].setEnabled(on)
            reason = REASONS[row.when](session) if row.when in REASONS and not on else ""
            if reason != self.reason(row.id):
                self._reasons[row.id] = reason
                self._update_tip(row)

    def reason(self, action_id: str) -> str:
        """Why an action is disabled, in a sentence; empty where it is not, or where it is plain."""
        return self._reasons.get(action_id, "")

    def check(self, action_id: str, on: bool) -> None:
        """Show a checkable action as on or off without running it."""
        row, action = self._rows[action_id], self[action_id]
        if row.off is None:
            action.setChecked(on)
        elif on != (action_id in self._on):
            self._on ^= {action_id}
            text, icon, _ = self._words(row)
            action.setText(text)
            action.setIcon(theme.icon(icon))
            self._update_tip(row)

    def _make(self, row: Row, parent: QWidget) -> QAction:
        action = QAction(row.text, parent)
        action.setObjectName(row.id)
        if row.icon:
            action.setIcon(theme.icon(row.icon))
        lasting = row.checkable or bool(row.choice)
        action.setCheckable(lasting and row.off is None)
        action.setAutoRepeat(not lasting)  # a key that is held would flicker
        if row.choice:
            self._group(row.choice).addAction(action)
        role = {"file.quit": QAction.MenuRole.QuitRole, "help.about": QAction.MenuRole.AboutRole}
        action.setMenuRole(role.get(row.id, QAction.MenuRole.NoRole))
        parent.addAction(action)
        return action

    def _group(self, name: str) -> QActionGroup:
        if name not in self._groups:
            self._groups[name] = QActionGroup(self)
        return self._groups[name]

    def _clash(self, action_id: str, keys: str) -> str | None:
        for key in QKeySequence.listFromString(keys):
            other = None if key.isEmpty() else self.bound_to(key)
            if other not in {None, action_id}:
                return other
        return None

    def _set_override(self, action_id: str, keys: str) -> None:
        if QKeySequence.listFromString(keys) == QKeySequence.listFromString(
            self._rows[action_id].keys
        ):
            self._overrides.pop(action_id, None)
        else:
            self._overrides[action_id] = keys

    def _update_keys(self) -> None:
        for row in self.rows:
            action = self[row.id]
            action.setShortcuts(self.keys(row.id))
            self._update_tip(row)
            action.setStatusTip("")
        self.keys_changed.emit()

    def _update_tip(self, row: Row) -> None:
        key = self.key_text(row.id).replace("  ", ", ")
        text, _, tip = self._words(row)
        self[row.id].setToolTip(_tip(_plain(text), (tip, self.reason(row.id)), key))

    def _words(self, row: Row) -> tuple[str, str, str]:
        """Text, icon and tip of an action as it is now."""
        return row.off if row.off and row.id in self._on else (row.text, row.icon, row.tip)

    def _runner(self, call: Callable[..., object], row: Row) -> Callable[[bool], None]:
        """A slot of one argument: of a partial, PySide does not know how many it takes."""

        def run(checked: bool) -> None:
            on = checked if row.off is None else row.id not in self._on
            call(*([on] if row.checkable else row.args))

        return run


def _tip(text: str, sentences: Sequence[str], key: str) -> str:
    """The tool tip: name and key on the first line, below it the sentences that say more."""
    head = f"<b>{text}</b>" + (f"&nbsp;&nbsp;{key}" if key else "")
    more = "".join(f"<p>{escape(x)}</p>" for x in sentences if x not in {"", text})
    return f"<p style='white-space:pre'>{head}</p>{more}"


def _plain(text: str) -> str:
    return text.replace("&", "").removesuffix("…")
