"""Pictures and mattes drawn where the viewport puts them, never more pixels than the screen needs.

Everything is painted in device pixels, all of it through `place`, so a matte lies on its picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QImage, QPainter, QPixmap

from app.domain.outline import HALO, LINE, outline
from app.ui.viewport import Viewport

Pixels = NDArray[np.uint8]

MODES = ("picture", "overlay", "outline", "matte", "cutout", "difference")
TINT = 0.5  # how much of the layer's colour covers the picture, unless told
EDGE = 0.75  # and of the line round the overlay
NEAREST_FROM = 2.0  # zoom from which clip pixels are shown as they are
RIM = 4  # pixels kept round a matte: room for its outline
TILE = 8  # logical pixels, of the board behind a cut-out
BOARD = (QColor("#565656"), QColor("#6a6a6a"))


class Sheet(NamedTuple):
    """The matte of one layer, (height, width), and its colour."""

    matte: Pixels
    colour: QColor


class Placed(NamedTuple):
    """Pixels and the rectangle they fill, in device pixels."""

    pixels: Pixels
    target: QRectF


def draw(
    painter: QPainter,
    view: Viewport,
    picture: Pixels,
    sheets: Sequence[Sheet],
    mode: str,
    tint: float = TINT,
) -> None:
    """Paint a picture (height, width, 3) with mattes, the first on top, as `mode` shows them.

    `tint` is how much of a layer's colour covers the picture in the overlay, 0..1.
    """
    if mode == "matte":
        _draw_grey(painter, place(union(sheets, picture), view), view)
        return
    if mode == "cutout":
        _draw_cut_out(painter, view, picture, union(sheets, picture))
        return
    placed = place(picture, view)
    _draw_image(painter, _image(placed.pixels, QImage.Format.Format_RGB888), placed.target, view)
    for sheet in reversed(sheets):
        if mode == "overlay":
            _draw_tint(painter, sheet, view, tint)
        elif mode == "outline":
            _draw_outline(painter, sheet, view)


def union(sheets: Sequence[Sheet], picture: Pixels) -> Pixels:
    """The most any matte covers, (height, width); nothing of the picture without mattes."""
    if not sheets:
        return np.zeros(picture.shape[:2], np.uint8)
    result = sheets[0].matte
    for sheet in sheets[1:]:
        result = np.maximum(result, sheet.matte)
    return result


def place(pixels: Pixels, view: Viewport) -> Placed:
    """What the screen needs of a whole frame: shrunk below 100 %, cut to the visible part above.

    `pixels` may be of another size than the clip; they fill the same rectangle.
    """
    target = _device(view.target, view.ratio)
    if view.zoom < 1:
        size = max(1, round(target.width())), max(1, round(target.height()))
        return Placed(shrunk(pixels, size), QRectF(target.x(), target.y(), *size))
    part = visible(view)
    if pixels.shape[1::-1] != view.clip or part.isEmpty():
        return Placed(np.ascontiguousarray(pixels), target)
    cut = pixels[part.top() : part.top() + part.height(), part.left() : part.left() + part.width()]
    across, down = view.across * view.ratio, view.down * view.ratio
    return Placed(
        np.ascontiguousarray(cut),
        QRectF(
            target.x() + part.left() * across,
            target.y() + part.top() * down,
            part.width() * across,
            part.height() * down,
        ),
    )


def shrunk(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """The pixels at `size` = (width, height), none of them left out.

    Halved while that helps, then bilinear: a tenth of the time of averaging any other area.
    """
    height, width = pixels.shape[:2]
    while width >= 2 * size[0] and height >= 2 * size[1]:
        width, height = width // 2, height // 2
        pixels = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    if (width, height) == size:
        return pixels
    result: Pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR)
    return result


def visible(view: Viewport) -> QRect:
    """The clip pixels of which anything is on the widget, and one more on each side."""
    on_widget = view.target.intersected(QRectF(0, 0, *view.widget))
    x0, y0 = view.to_clip(on_widget.topLeft())
    x1, y1 = view.to_clip(on_widget.bottomRight())
    wanted = QRect(int(x0) - 1, int(y0) - 1, int(x1 - x0) + 4, int(y1 - y0) + 4)
    return wanted.intersected(QRect(0, 0, *view.clip))


def tint_table(colour: QColor, strength: float) -> NDArray[np.uint32]:
    """Premultiplied 0xAARRGGBB for every value of a matte."""
    alpha = np.arange(256) / 255 * strength
    table = np.zeros(256, np.uint32)
    for shift, value in ((24, 255), (16, colour.red()), (8, colour.green()), (0, colour.blue())):
        table |= np.rint(value * alpha).astype(np.uint32) << np.uint32(shift)
    return table


def _draw_tint(painter: QPainter, sheet: Sheet, view: Viewport, tint: float) -> None:
    """The matte in its colour, and round it a line, so that a faint tint still has a border."""
    placed = trimmed(place(sheet.matte, view))
    image = argb(_looked_up(tint_table(sheet.colour, tint), placed.pixels))
    _draw_image(painter, image, placed.target, view)
    placed = on_screen(placed, view, nearest=view.zoom >= NEAREST_FROM)
    edge = outline(placed.pixels, max(1, round(view.ratio)))
    edge[placed.pixels >= 128] = 0  # the tint itself stays as it is, to the last pixel
    _draw_edge(painter, placed, edge, halo=0, line=tint_table(sheet.colour, EDGE)[255])


def _draw_outline(painter: QPainter, sheet: Sheet, view: Viewport) -> None:
    placed = on_screen(trimmed(place(sheet.matte, view)), view)
    edge = outline(placed.pixels, max(1, round(view.ratio)))
    _draw_edge(painter, placed, edge, halo=0x70000000, line=sheet.colour.rgba())


def _draw_edge(
    painter: QPainter, placed: Placed, edge: Pixels, *, halo: int, line: int | np.uint32
) -> None:
    """An outline over the pixels it was made of; colours are premultiplied 0xAARRGGBB."""
    table = np.zeros(LINE + 1, np.uint32)
    table[HALO], table[LINE] = halo, line
    painter.drawImage(placed.target.topLeft(), argb(_looked_up(table, edge)))


def trimmed(placed: Placed) -> Placed:
    """The part with anything in it and a rim of nothing, where there is one."""
    pixels, target = placed
    x, y, width, height = cv2.boundingRect(pixels)
    x0, y0 = max(x - RIM, 0), max(y - RIM, 0)
    part = np.ascontiguousarray(pixels[y0 : y + height + RIM, x0 : x + width + RIM])
    across, down = target.width() / pixels.shape[1], target.height() / pixels.shape[0]
    left, top = target.x() + x0 * across, target.y() + y0 * down
    return Placed(part, QRectF(left, top, part.shape[1] * across, part.shape[0] * down))


def _looked_up(table: NDArray[np.uint32], pixels: Pixels) -> NDArray[np.uint32]:
    return np.take(table, pixels, mode="clip")  # no check of bounds: nearly twice as fast


def on_screen(placed: Placed, view: Viewport, *, nearest: bool = False) -> Placed:
    """The same on whole device pixels, one value each: what lines are as wide on at any zoom."""
    if view.zoom < 1:
        return placed
    target = placed.target
    size = max(1, round(target.width())), max(1, round(target.height()))
    how = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR
    pixels = cv2.resize(placed.pixels, size, interpolation=how)
    return Placed(pixels, QRectF(round(target.x()), round(target.y()), *size))


def _draw_grey(painter: QPainter, placed: Placed, view: Viewport) -> None:
    image = _image(placed.pixels, QImage.Format.Format_Grayscale8)
    _draw_image(painter, image, placed.target, view)


def _draw_cut_out(painter: QPainter, view: Viewport, picture: Pixels, matte: Pixels) -> None:
    colour, alpha = place(picture, view), place(matte, view)
    if alpha.pixels.shape != colour.pixels.shape[:2]:
        size = colour.pixels.shape[1::-1]
        alpha = Placed(cv2.resize(alpha.pixels, size, interpolation=cv2.INTER_LINEAR), alpha.target)
    painter.fillRect(colour.target, board(view.ratio))
    image = _image(
        cv2.merge((*cv2.split(colour.pixels), alpha.pixels)), QImage.Format.Format_RGBA8888
    )
    _draw_image(painter, image, colour.target, view)


def board(ratio: float) -> QBrush:
    """The checks behind a cut-out, in device pixels."""
    side = round(TILE * ratio)
    tile = QPixmap(2 * side, 2 * side)
    tile.fill(BOARD[0])
    with QPainter(tile) as painter:
        painter.fillRect(0, 0, side, side, BOARD[1])
        painter.fillRect(side, side, side, side, BOARD[1])
    return QBrush(tile)


def _draw_image(painter: QPainter, image: QImage, target: QRectF, view: Viewport) -> None:
    hint = QPainter.RenderHint.SmoothPixmapTransform
    smooth = view.zoom < NEAREST_FROM and target.size() != image.size().toSizeF()
    painter.setRenderHint(hint, smooth)
    painter.drawImage(target, image, QRectF(image.rect()), Qt.ImageConversionFlag.AutoColor)


def _image(pixels: Pixels, format_: QImage.Format) -> QImage:
    """An image over `pixels`, which must outlive it."""
    height, width = pixels.shape[:2]
    return QImage(pixels.data, width, height, pixels.strides[0], format_)


def argb(pixels: NDArray[np.uint32]) -> QImage:
    """A premultiplied image of its own."""
    height, width = pixels.shape
    stride, premultiplied = pixels.strides[0], QImage.Format.Format_ARGB32_Premultiplied
    return QImage(pixels.data, width, height, stride, premultiplied).copy()


def _device(rect: QRectF, ratio: float) -> QRectF:
    return QRectF(rect.x() * ratio, rect.y() * ratio, rect.width() * ratio, rect.height() * ratio)
