from __future__ import annotations

import re

import pytest
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import (
    QDialogButtonBox,
    QFileDialog,
    QMenu,
    QMessageBox,
    QProxyStyle,
    QPushButton,
    QStyle,
    QStyleHintReturn,
    QStyleOption,
    QWidget,
)
from pytestqt.qtbot import QtBot

from app.paths import resource
from app.ui import theme
from app.ui.action_table import action_table
from app.ui.style import style_sheet


def contrast(a: QColor, b: QColor) -> float:
    """The contrast ratio of WCAG 2."""

    def luminance(colour: QColor) -> float:
        parts = (colour.redF(), colour.greenF(), colour.blueF())
        linear = [x / 12.92 if x <= 0.03928 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, light = sorted((luminance(a), luminance(b)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("ground", [theme.PANEL, theme.SUNKEN, theme.CANVAS])
def test_text_can_be_read_on_every_ground(ground: QColor) -> None:
    assert contrast(theme.TEXT, ground) >= 7
    assert contrast(theme.TEXT_DIM, ground) >= 4.5
    assert contrast(theme.TEXT_DISABLED, ground) >= 3
    assert contrast(theme.FOCUS, ground) >= 7


def test_the_palette_is_neutral_grey() -> None:
    palette = theme.palette()
    for role in QPalette.ColorRole:
        if role not in {QPalette.ColorRole.NoRole, QPalette.ColorRole.NColorRoles}:
            assert palette.color(role).saturation() == 0, role


def test_the_menu_shows_what_is_on(qtbot: QtBot) -> None:
    window = QWidget()
    window.setStyleSheet(style_sheet(theme._names()))
    qtbot.addWidget(window)
    menu = QMenu(window)
    action = menu.addAction(theme.icon("loop"), "Loop")
    action.setCheckable(True)
    off = menu.grab().toImage()
    action.setChecked(True)
    assert menu.grab().toImage() != off


class Desktop(QProxyStyle):
    """Fusion on a desktop whose dialogs have icons, as GTK's and KDE's."""

    def styleHint(
        self,
        hint: QStyle.StyleHint,
        option: QStyleOption | None = None,
        widget: QWidget | None = None,
        returned: QStyleHintReturn | None = None,
    ) -> int:
        if hint == QStyle.StyleHint.SH_DialogButtonBox_ButtonsHaveIcons:
            return 1
        return super().styleHint(hint, option, widget, returned)


@pytest.mark.parametrize("box", [QDialogButtonBox, QMessageBox, QFileDialog])
def test_buttons_of_dialogs_have_no_icons(qtbot: QtBot, box: type[QWidget]) -> None:
    window = QWidget()
    style = Desktop("Fusion")
    window.setStyle(style)
    window.setStyleSheet(style_sheet(theme._names()))
    qtbot.addWidget(window)
    dialog = box(window)
    if isinstance(dialog, QDialogButtonBox):
        dialog.setStandardButtons(QDialogButtonBox.StandardButton.Close)
    elif isinstance(dialog, QMessageBox):
        dialog.setStandardButtons(QMessageBox.StandardButton.Ok)
    elif isinstance(dialog, QFileDialog):
        dialog.setOption(QFileDialog.Option.DontUseNativeDialog)
    buttons = dialog.findChildren(QPushButton)
    assert buttons
    assert all(button.icon().isNull() for button in buttons)


def test_layer_colours_differ_and_repeat() -> None:
    names = {colour.name() for colour in theme.LAYER_COLOURS}
    assert len(names) == len(theme.LAYER_COLOURS)
    assert theme.layer_colour(len(names)) == theme.layer_colour(0)


def test_every_icon_of_an_action_is_a_file_tinted_by_the_theme(qtbot: QtBot) -> None:
    names = {row.icon for row in action_table(str) if row.icon}
    for name in names:
        text = resource("icons", f"{name}.svg").read_text("utf-8")
        assert "currentColor" in text, name
        assert not re.findall(r"#[0-9a-fA-F]{6}", text), name
        image = theme.icon(name).pixmap(theme.ICON).toImage()
        inked = {
            image.pixelColor(x, y).name()
            for x in range(image.width())
            for y in range(image.height())
            if image.pixelColor(x, y).alpha() > 200
        }
        assert inked, f"{name} is empty"
        assert all(QColor(colour).saturation() <= 8 for colour in inked), name
