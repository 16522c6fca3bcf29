"""The small picture of an offer: decoded with care, for it comes from a stranger's file."""

from __future__ import annotations

from PySide6.QtCore import QBuffer, QByteArray, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QImage, QImageReader, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from app.domain.image_header import PNG, HeaderError, image_size
from app.ui import theme

WIDTH, HEIGHT = 96, 56  # of the tile, in logical pixels
SHARPEST = QSize(2 * WIDTH, 2 * HEIGHT)  # what is kept: enough for a display of twice the density
MOST_BYTES = 1 << 20
LONGEST_SIDE = 512
MOST_SCANS = 64  # of a JPEG; a file made of thousands would keep the window busy for minutes
SCAN = b"\xff\xda"


def decode(data: bytes) -> QImage:
    """The picture in `data`, no larger than `SHARPEST`; a null image where there is none.

    Only PNG and JPEG are read, only of at most `LONGEST_SIDE` and `MOST_BYTES`; nothing is decoded
    before the header said so. Never raises.
    """
    if not _harmless(data):
        return QImage()
    content = QByteArray(data)
    buffer = QBuffer(content)
    buffer.open(QBuffer.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer, QByteArray(b"png" if data.startswith(PNG) else b"jpeg"))
    reader.setAutoDetectImageFormat(False)
    if not _small(reader.size().width(), reader.size().height()):
        return QImage()
    image = reader.read()
    if image.isNull():
        return image
    size = image.size().scaled(SHARPEST, Qt.AspectRatioMode.KeepAspectRatio)
    return image.scaled(
        size.expandedTo(QSize(1, 1)),
        Qt.AspectRatioMode.IgnoreAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    )


def _harmless(data: bytes) -> bool:
    if not data or len(data) > MOST_BYTES or data.count(SCAN) > MOST_SCANS:
        return False
    if not data.startswith((PNG, b"\xff\xd8")):
        return False
    try:
        return _small(*image_size(data))
    except HeaderError:
        return False


def _small(width: int, height: int) -> bool:
    return 0 < width <= LONGEST_SIDE and 0 < height <= LONGEST_SIDE


class OfferPicture(QWidget):
    """A dark tile of fixed size with a picture in it; a quiet icon where there is none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._data = b""
        self._image = QImage()
        self.setFixedSize(WIDTH, HEIGHT)

    @property
    def empty(self) -> bool:
        """Whether the icon stands in for a picture."""
        return self._image.isNull()

    def show_picture(self, data: bytes) -> None:
        """Show the encoded picture `data`; decodes only what was not shown before."""
        if data != self._data:
            self._data = data
            self._image = decode(data)
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), theme.CANVAS)
            if self.empty:
                self._paint_icon(painter)
            else:
                painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
                painter.drawImage(self._centred(QSizeF(self._image.size())), self._image)

    def _centred(self, size: QSizeF) -> QRectF:
        """The largest place in the tile for something of this aspect."""
        fitted = size.scaled(QSizeF(self.size()), Qt.AspectRatioMode.KeepAspectRatio)
        place = QRectF(0, 0, fitted.width(), fitted.height())
        place.moveCenter(QRectF(self.rect()).center())
        return place

    def _paint_icon(self, painter: QPainter) -> None:
        colour = theme.TEXT_DISABLED.name()
        icon = theme.pixmap("picture", colour, theme.ICON, self.devicePixelRatioF())
        left, top = (self.width() - theme.ICON) // 2, (self.height() - theme.ICON) // 2
        painter.drawPixmap(left, top, icon)
