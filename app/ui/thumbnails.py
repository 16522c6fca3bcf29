"""Small pictures of frames, ready to be painted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPixmap

if TYPE_CHECKING:
    from app.session import Session

LIMIT = 600  # pixmaps kept; about 20 MB at double resolution


class Thumbnails:
    """The session's thumbnails as pixmaps of one height, kept until the clip changes."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._pixmaps: dict[int, QPixmap] = {}
        self._size = (0.0, 0.0, 1.0)

    def clear(self) -> None:
        """Forget all pixmaps: another clip is open."""
        self._pixmaps.clear()

    def pixmap(self, frame: int, size: tuple[float, float], ratio: float) -> QPixmap | None:
        """The thumbnail of `frame`, `size` = (width, height) in pixels of the screen's scale.

        None while it is still being made; the session says when it is there.
        """
        if self._size != (*size, ratio):
            self._size = (*size, ratio)
            self._pixmaps.clear()
        if frame not in self._pixmaps:
            pixels = self._session.thumbnail(frame)
            if pixels is None:
                return None
            height, width, _ = pixels.shape
            layout = QImage.Format.Format_RGB888
            image = QImage(pixels.data, width, height, pixels.strides[0], layout)
            self._keep(frame, image, size, ratio)
        return self._pixmaps[frame]

    def _keep(self, frame: int, image: QImage, size: tuple[float, float], ratio: float) -> None:
        width, height = (max(1, round(side * ratio)) for side in size)
        scaled = image.scaled(
            width,
            height,
            Qt.AspectRatioMode.IgnoreAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )
        pixmap = QPixmap.fromImage(scaled)  # a copy: the session's array may go
        pixmap.setDevicePixelRatio(ratio)
        while len(self._pixmaps) >= LIMIT:
            del self._pixmaps[next(iter(self._pixmaps))]
        self._pixmaps[frame] = pixmap
