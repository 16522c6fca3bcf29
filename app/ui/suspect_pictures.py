"""Small pictures of suspect frames, with the edge of the mask that is doubtful."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPixmap, QPolygonF

from app.domain.contour import Contour
from app.domain.mask import Mask
from app.domain.review import Suspect
from app.ui import theme
from app.ui.lines import DARK
from app.ui.thumbnails import LIMIT, Thumbnails

if TYPE_CHECKING:
    from app.session import Session

TINT = 0.35  # opacity of the layer's colour within the edge
Key = tuple[Mask, int, float, float, float]  # mask, colour of the layer, size, ratio


class SuspectPictures:
    """The session's thumbnails with contours painted on them, kept until the clip changes."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._thumbnails = Thumbnails(session)
        self._pixmaps: dict[Key, QPixmap] = {}

    def clear(self) -> None:
        """Forget all of them: another clip is open."""
        self._thumbnails.clear()
        self._pixmaps.clear()

    def pixmap(self, suspect: Suspect, size: tuple[float, float], ratio: float) -> QPixmap | None:
        """The picture of a suspect, `size` = (width, height) in pixels of the screen's scale.

        Without the edge, or None, while that is still being made; the session says when it is.
        """
        layer = self._session.project.layer(suspect.layer)
        mask = layer.masks[suspect.frame]
        key = (mask, layer.colour, *size, ratio)
        if key not in self._pixmaps:
            plain = self._thumbnails.pixmap(suspect.frame, size, ratio)
            contour = self._session.sights.contour(mask)
            if plain is None or contour is None:
                return plain
            self._keep(key, self._painted(plain, contour, theme.layer_colour(layer.colour)))
        return self._pixmaps[key]

    def _painted(self, plain: QPixmap, contour: Contour, colour: QColor) -> QPixmap:
        clip = self._session.clip
        assert clip is not None
        pixmap = QPixmap(plain)
        size = pixmap.deviceIndependentSize()
        across, down = size.width() / clip.size[0], size.height() / clip.size[1]
        path = QPainterPath()  # a hole in it stays one
        for line in contour:
            places = [QPointF(x * across, y * down) for x, y in line.tolist()]
            path.addPolygon(QPolygonF(places))
            path.closeSubpath()
        with QPainter(pixmap) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(DARK, 2.5))
            painter.drawPath(path)
            painter.setPen(QPen(colour, 1.2))
            tint = QColor(colour)
            tint.setAlphaF(TINT)
            painter.setBrush(tint)
            painter.drawPath(path)
        return pixmap

    def _keep(self, key: Key, pixmap: QPixmap) -> None:
        while len(self._pixmaps) >= LIMIT:
            del self._pixmaps[next(iter(self._pixmaps))]
        self._pixmaps[key] = pixmap
