"""The look: neutral greys, the colours of layers, one grid, one type size, tinted icons.

No saturated colour stands beside the footage but those of the layers and their points.
"""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QGuiApplication, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication, QStyleFactory

from app.paths import resource
from app.ui.style import style_sheet

GRID = 4  # every distance is a multiple of it
GAP = 8  # between neighbours, and between a panel's edge and its content
ROW = 28  # height of a row and of a button
ICON = 18  # side of an icon
TYPE_SIZE = 9.5  # points; emphasis is weight, never size

CANVAS = QColor("#1f1f1f")  # round the picture
SUNKEN = QColor("#262626")  # fields, lists, the timeline
PANEL = QColor("#2e2e2e")  # 18 % of white: panels, bars, menus
RAISED = QColor("#3a3a3a")  # buttons
HOVER = QColor("#474747")
CHOSEN = QColor("#5a5a5a")  # selected rows, checked buttons
LINE = QColor("#161616")  # between areas
EDGE = QColor("#4c4c4c")  # round fields and buttons
TEXT = QColor("#dcdcdc")
TEXT_DIM = QColor("#a8a8a8")  # labels, units, what is secondary
TEXT_DISABLED = QColor("#858585")
FOCUS = QColor("#e8e8e8")  # the ring round what has the keyboard
WARNING = QColor("#c9a86a")  # amber, muted
ERROR = QColor("#cf8f80")  # red, muted

# Okabe and Ito's set without black: told apart by most eyes; the layer's number tells the rest.
LAYER_COLOURS = tuple(
    QColor(name)
    for name in ("#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#f0e442", "#d55e00", "#0072b2")
)
INCLUDE = QColor("#00b886")  # a point that adds; drawn as a disc with a plus
EXCLUDE = QColor("#e8641b")  # a point that takes away; drawn as a square with a minus


def layer_colour(index: int) -> QColor:
    """The colour of a layer whose `colour` is `index`; the set repeats."""
    return LAYER_COLOURS[index % len(LAYER_COLOURS)]


def pale(colour: QColor) -> QColor:
    """The colour half way to white."""
    return QColor(*((getattr(colour, part)() + 255) // 2 for part in ("red", "green", "blue")))


def apply(app: QApplication) -> None:
    """Give the whole program its style, palette, type and window icon."""
    app.setStyle(QStyleFactory.create("Fusion"))
    app.setPalette(palette())
    font = app.font()
    font.setPointSizeF(TYPE_SIZE)
    app.setFont(font)
    app.setStyleSheet(style_sheet(_names()))
    app.setWindowIcon(QIcon(str(resource("icons", "rotocel.svg"))))


def palette() -> QPalette:
    """The dark neutral palette, every role set, disabled text still legible."""
    role = QPalette.ColorRole
    colours = {
        role.Window: PANEL,
        role.WindowText: TEXT,
        role.Base: SUNKEN,
        role.AlternateBase: QColor("#2a2a2a"),
        role.ToolTipBase: QColor("#101010"),
        role.ToolTipText: TEXT,
        role.PlaceholderText: TEXT_DISABLED,
        role.Text: TEXT,
        role.Button: RAISED,
        role.ButtonText: TEXT,
        role.BrightText: QColor("#ffffff"),
        role.Light: EDGE,
        role.Midlight: HOVER,
        role.Mid: QColor("#242424"),
        role.Dark: QColor("#1a1a1a"),
        role.Shadow: LINE,
        role.Highlight: CHOSEN,
        role.HighlightedText: QColor("#ffffff"),
        role.Accent: QColor("#9a9a9a"),
        role.Link: QColor("#f0f0f0"),
        role.LinkVisited: QColor("#d0d0d0"),
    }
    result = QPalette()
    for name, colour in colours.items():
        result.setColor(name, colour)
    disabled = QPalette.ColorGroup.Disabled
    for name in (role.WindowText, role.Text, role.ButtonText, role.HighlightedText, role.Link):
        result.setColor(disabled, name, TEXT_DISABLED)
    result.setColor(disabled, role.Highlight, RAISED)
    return result


def emphasis(font: QFont) -> QFont:
    """`font` with the one emphasis this window knows."""
    result = QFont(font)
    result.setWeight(QFont.Weight.DemiBold)
    return result


def numerals(font: QFont) -> QFont:
    """`font` with digits of one width, so that running numbers do not jump."""
    result = QFont(font)
    result.setFeature(QFont.Tag("tnum"), 1)
    return result


@cache
def icon(name: str) -> QIcon:
    """The icon `resources/icons/<name>.svg`, tinted for every state, sharp on these screens."""
    result = QIcon()
    modes = {
        QIcon.Mode.Normal: TEXT,
        QIcon.Mode.Active: QColor("#ffffff"),
        QIcon.Mode.Selected: QColor("#ffffff"),
        QIcon.Mode.Disabled: QColor("#6e6e6e"),
    }
    for mode, colour in modes.items():
        for ratio in _ratios():
            result.addPixmap(pixmap(name, colour.name(), ICON, ratio), mode)
    return result


@cache
def _ratios() -> frozenset[float]:
    """The device pixel ratios to draw icons for: each costs a start some 30 ms.

    Those of the screens there are, and one that still looks well where a screen comes later.
    """
    return frozenset({2.0, *(screen.devicePixelRatio() for screen in QGuiApplication.screens())})


@cache
def _drawing(name: str) -> str:
    return resource("icons", f"{name}.svg").read_text("utf-8")


@cache
def pixmap(name: str, colour: str, side: int, ratio: float = 1.0) -> QPixmap:
    """The icon `name` in `colour`, `side` logical pixels square at a device pixel `ratio`."""
    source = _drawing(name).replace("currentColor", colour)
    renderer = QSvgRenderer(QByteArray(source.encode()))
    pixels = round(side * ratio)
    result = QPixmap(pixels, pixels)
    result.fill(Qt.GlobalColor.transparent)
    with QPainter(result) as painter:
        renderer.render(painter, QRectF(0, 0, pixels, pixels))
    result.setDevicePixelRatio(ratio)
    return result


def _names() -> dict[str, str]:
    """The colours and distances by the names the style sheet uses."""
    colours = {
        "canvas": CANVAS,
        "sunken": SUNKEN,
        "panel": PANEL,
        "raised": RAISED,
        "hover": HOVER,
        "chosen": CHOSEN,
        "line": LINE,
        "edge": EDGE,
        "text": TEXT,
        "dim": TEXT_DIM,
        "disabled": TEXT_DISABLED,
        "focus": FOCUS,
    }
    return {name: colour.name() for name, colour in colours.items()}
