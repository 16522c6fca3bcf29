"""The style sheet: what Fusion with a palette leaves undone: flat buttons and focus rings."""

from __future__ import annotations

from collections.abc import Mapping
from string import Template

_SHEET = Template("""
QToolTip { color: $text; background: #101010; border: 1px solid $edge; padding: 3px 6px; }
QMainWindow::separator { background: $line; width: 1px; height: 1px; }
QMenuBar { background: $panel; border-bottom: 1px solid $line; padding: 2px 4px; }
QMenuBar::item { padding: 4px 8px; border-radius: 3px; background: transparent; }
QMenuBar::item:selected, QMenuBar::item:pressed { background: $hover; }
QMenu { background: $panel; border: 1px solid $edge; padding: 4px 0; }
QMenu::item { padding: 4px 24px 4px 8px; }
QMenu::item:selected { background: $chosen; color: #ffffff; }
QMenu::item:disabled { color: $disabled; background: transparent; }
QMenu::icon { padding-left: 8px; }
QMenu::icon:checked { background: $chosen; border-radius: 3px; }
QMenu::separator { height: 1px; background: $edge; margin: 4px 8px; }
QToolButton { background: transparent; border: 1px solid transparent; border-radius: 4px;
  padding: 4px; }
QToolButton:hover { background: $hover; }
QToolButton:pressed { background: $sunken; }
QToolButton:checked { background: $chosen; color: #ffffff; }
QToolButton:disabled { color: $disabled; }
QToolButton:focus { border-color: $focus; }
QToolButton::menu-indicator { image: none; }
QPushButton { background: $raised; border: 1px solid $edge; border-radius: 4px;
  padding: 5px 12px; }
QDialogButtonBox { dialogbuttonbox-buttons-have-icons: 0; }
QPushButton:flat { background: transparent; border-color: transparent; }
QPushButton:hover { background: $hover; }
QPushButton:pressed { background: $sunken; }
QPushButton:disabled { color: $disabled; background: $panel; }
QPushButton:default { background: $chosen; }
QPushButton:focus { border-color: $focus; }
QLineEdit, QAbstractSpinBox, QPlainTextEdit { background: $sunken; border: 1px solid $edge;
  border-radius: 4px; padding: 3px 6px; selection-background-color: $chosen; }
QLineEdit:focus, QAbstractSpinBox:focus, QPlainTextEdit:focus { border-color: $focus; }
QLineEdit:disabled, QAbstractSpinBox:disabled { color: $disabled; }
QAbstractItemView { background: $sunken; border: 1px solid transparent; outline: 0; }
QAbstractItemView:focus { border-color: $edge; }
QAbstractItemView::item { padding: 2px 4px; }
QAbstractItemView::item:selected { background: $chosen; color: #ffffff; }
QTabWidget::pane { border: 0; border-top: 1px solid $line; }
QTabBar { qproperty-drawBase: 0; }
QTabBar::tab { background: transparent; color: $dim; padding: 6px 12px;
  border: 1px solid transparent;
  border-radius: 4px; margin: 3px 1px; }
QTabBar::tab:selected { color: $text; background: $raised; }
QTabBar::tab:hover { color: $text; }
QTabBar::tab:focus { border-color: $focus; }
QScrollBar { background: $sunken; border: 0; }
QScrollBar:vertical { width: 12px; }
QScrollBar:horizontal { height: 12px; }
QScrollBar::handle { background: $chosen; border-radius: 3px; margin: 3px; min-height: 24px;
  min-width: 24px; }
QScrollBar::handle:hover { background: $disabled; }
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {
  background: none; border: 0; width: 0; height: 0; }
QSlider { border: 1px solid transparent; border-radius: 4px; min-height: 20px; }
QSlider:focus { border-color: $focus; }
QSlider::groove:horizontal { height: 4px; background: $canvas; border-radius: 2px; }
QSlider::sub-page:horizontal { background: $disabled; border-radius: 2px; }
QSlider::sub-page:horizontal:disabled { background: $chosen; }
QSlider::handle:horizontal { width: 12px; margin: -4px 0; border-radius: 6px;
  background: $text; }
QSlider::handle:horizontal:disabled { background: $chosen; }
QProgressBar { background: $sunken; border: 1px solid $edge; border-radius: 4px;
  text-align: center; }
QProgressBar::chunk { background: $chosen; border-radius: 3px; }
""")


def style_sheet(colours: Mapping[str, str]) -> str:
    """The style sheet of the program; `colours` are #rrggbb by the names used in it."""
    return _SHEET.substitute(colours)
