"""A contact sheet: frames with their mattes laid over and beside them, in one picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from export.base import Alpha
from export.whole_file import whole

Rgb8: TypeAlias = NDArray[np.uint8]  # (height, width, 3), display-referred RGB 0..255
Colour: TypeAlias = tuple[int, int, int]  # RGB 0..255

GROUND: Colour = (46, 46, 46)
TEXT: Colour = (222, 222, 222)
FAINT: Colour = (150, 150, 150)
ORANGE: Colour = (230, 159, 0)  # of the colour-blind safe set by Okabe and Ito

MARGIN, GAP, SEAM = 32, 24, 2  # pixels: round the sheet, between cells, inside a cell
TITLE, LABEL = 30, 17  # letter heights in pixels
TITLE_ROOM, LABEL_ROOM = 60, 34
PICTURE = 400  # width of a picture in pixels
SHEET_SHAPE = 16 / 9  # width by height that the grid comes near to
MOST_COLUMNS = 3
TINT = 0.4  # of the colour over the object
SHIFT = 4  # binary places of the outline's coordinates


class Cell(NamedTuple):
    """One frame of the sheet. `image` and `alpha` have the same height and width."""

    label: str
    image: Rgb8
    alpha: Alpha


def contact_sheet(
    cells: Sequence[Cell], title: str, note: str = "", colour: Colour = ORANGE
) -> Rgb8:
    """The sheet: `title` and `note` above a grid of cells. Raises ValueError without cells."""
    if not cells:
        raise ValueError("a contact sheet needs at least one frame")
    drawn = [_cell(cell, colour) for cell in cells]
    height, width = np.max([picture.shape[:2] for picture in drawn], axis=0)
    columns = _columns(len(cells), width / height)
    rows = math.ceil(len(cells) / columns)
    sheet = _ground(
        2 * MARGIN + TITLE_ROOM + rows * (height + GAP) - GAP,
        2 * MARGIN + columns * (width + GAP) - GAP,
    )
    _head(sheet, title, note)
    for index, picture in enumerate(drawn):
        row, column = divmod(index, columns)
        top = MARGIN + TITLE_ROOM + row * (height + GAP)
        left = MARGIN + column * (width + GAP)
        sheet[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return sheet


def save(path: Path, sheet: Rgb8) -> None:
    """Write `sheet` to `path` as a PNG, whole or not at all. Raises ExportError."""
    with whole(path) as part:
        part.write_bytes(cv2.imencode(".png", sheet[..., ::-1])[1].tobytes())


def spread(frames: Sequence[int], count: int) -> list[int]:
    """At most `count` of `frames`, evenly apart, the first and the last among them."""
    if len(frames) <= count:
        return list(frames)
    return [frames[round(at)] for at in np.linspace(0, len(frames) - 1, count)]


def _columns(count: int, cell_shape: float) -> int:
    return max(1, min(count, MOST_COLUMNS, round(math.sqrt(count * SHEET_SHAPE / cell_shape))))


def _cell(cell: Cell, colour: Colour) -> Rgb8:
    """The frame with its object tinted and outlined, the matte beside it, the label below."""
    height, width = cell.alpha.shape
    size = PICTURE, max(1, round(PICTURE * height / width))
    way = cv2.INTER_AREA if width > PICTURE else cv2.INTER_LINEAR
    image, alpha = (cv2.resize(picture, size, interpolation=way) for picture in cell[1:])
    over = _outlined(_tinted(image, alpha, colour), cell.alpha, colour)
    matte = np.repeat(np.rint(alpha * 255).astype(np.uint8)[..., None], 3, axis=2)
    picture = _ground(size[1] + LABEL_ROOM, 2 * PICTURE + SEAM)
    picture[: size[1], :PICTURE] = over
    picture[: size[1], PICTURE + SEAM :] = matte
    _write(picture, cell.label, (0, size[1] + LABEL + 8), LABEL, TEXT)
    return picture


def _tinted(image: Rgb8, alpha: Alpha, colour: Colour) -> Rgb8:
    weight = TINT * alpha[..., None]
    mixed: Rgb8 = np.rint(image + weight * (np.array(colour) - image)).astype(np.uint8)
    return mixed


def _outlined(picture: Rgb8, alpha: Alpha, colour: Colour) -> Rgb8:
    """`picture` with the outline of the whole-size `alpha`, dark beneath to stand out anywhere."""
    inside = (alpha >= 0.5).astype(np.uint8)
    found, _ = cv2.findContours(inside, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    scale = picture.shape[1] / alpha.shape[1] * 2**SHIFT
    half = 2 ** (SHIFT - 1)  # OpenCV draws pixel centres at whole numbers
    lines = [np.rint((line + 0.5) * scale - half).astype(np.int32) for line in found]
    for thickness, shade, weight in ((3, (0, 0, 0), 0.35), (1, colour, 1.0)):
        layer = picture.copy()
        cv2.polylines(layer, lines, True, shade, thickness, cv2.LINE_AA, SHIFT)  # noqa: FBT003
        picture = cv2.addWeighted(layer, weight, picture, 1 - weight, 0)
    return picture


def _head(sheet: Rgb8, title: str, note: str) -> None:
    end = _write(sheet, title, (MARGIN, MARGIN + TITLE), TITLE, TEXT, weight=600)
    _write(sheet, note, (end + GAP, MARGIN + TITLE), LABEL, FAINT)


def _write(
    picture: Rgb8, text: str, at: tuple[int, int], size: int, colour: Colour, weight: int = 400
) -> int:
    """Letters whose line stands at `at`; returns the x where they end."""
    end, _ = cv2.putText(picture, text, at, colour, cv2.FontFace("sans"), size, weight)
    return int(end[0])


def _ground(height: int, width: int) -> Rgb8:
    return np.full((height, width, 3), GROUND, np.uint8)
