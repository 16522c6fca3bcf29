"""A mask: the model's low-resolution answer, kept soft, and its way to clip pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from app.domain.image_header import PNG, HeaderError, image_size
from app.domain.limits import MOST_PIXELS

if TYPE_CHECKING:
    from app.domain.project import Prompt


NOTHING = -1024.0  # the logit of a pixel that surely is not the object, as in SAM 2
LEVELS = 511  # steps from the border (0) to surely inside; as many to surely outside
SHIFT = 6  # bits by which a level is moved, so that PNG viewers show the whole range of grey
LONGEST_SIDE = 2048  # of a mask; the largest model known answers with 256
MOST_BYTES = LONGEST_SIDE * (2 * LONGEST_SIDE + 1) * 9 // 8  # of the PNG, should noise be in it
MOST_GROWN = 3 * MOST_PIXELS  # of a mask at clip resolution, with what is padding


class MaskError(Exception):
    """A mask cannot be read; the text is fit to show the artist."""


@dataclass(frozen=True, slots=True)
class Mask:
    """Logits over a window of the frame, compressed; above 0 is inside the object.

    What is kept is the soft coverage sigmoid(logit), in 1023 even steps: near the border a step is
    1/256 of a logit, beyond +-7 logits all is alike. It is a 16-bit grey PNG (inside above half),
    so that anything can read it should the project be damaged.
    The window's left and top are whole clip pixels; its right and bottom may be fractions and may
    lie outside the frame (a model that pads to a square covers more than the frame).
    `prompt` is the question this mask answers; None for a mask that no prompt made.
    An `empty` mask has nothing inside; it is noted, so that nobody has to look for thousands.
    """

    data: bytes  # the PNG
    shape: tuple[int, int]  # (rows, columns) of the logits
    window: tuple[float, float, float, float]  # (x0, y0, x1, y1) in clip pixels
    prompt: Prompt | None
    model: str  # id of the model that answered
    score: float  # the model's own estimate of the mask's IoU, 0..1
    empty: bool = False
    doubt: float = 0.0  # how doubtful the mask is, 0..1
    reason: str = ""  # why it is doubtful, a short code

    @classmethod
    def pack(
        cls,
        logits: NDArray[np.float16],
        *,
        window: tuple[float, float, float, float],
        prompt: Prompt | None,
        model: str,
        score: float,
    ) -> Mask:
        """A mask holding `logits` (rows, columns), which must not be NaN.

        Raises ValueError for more than can be read back.
        """
        if max(logits.shape) > LONGEST_SIDE:
            raise ValueError(f"a mask of {logits.shape[1]} x {logits.shape[0]}")
        grey = _levels(logits) << SHIFT
        data = cv2.imencode(".png", grey)[1].tobytes()
        rows, columns = logits.shape
        return cls(data, (rows, columns), window, prompt, model, score, not (logits > 0).any())

    @classmethod
    def absent(cls, size: tuple[int, int]) -> Mask:
        """The mask of an object that is not on a frame of `size` = (width, height)."""
        window = (0.0, 0.0, float(size[0]), float(size[1]))
        nothing = np.full((1, 1), NOTHING, np.float16)
        return cls.pack(nothing, window=window, prompt=None, model="", score=1.0)

    @classmethod
    def cropped(
        cls,
        logits: NDArray[np.float16],
        size: tuple[int, int],
        *,
        window: tuple[float, float, float, float],
        prompt: Prompt | None,
        model: str,
        score: float,
    ) -> Mask:
        """As `pack`, without the rows below a clip of `size` = (width, height).

        A model that pads to a square answers for the padding too.
        """
        x0, y0, x1, y1 = window
        step = (y1 - y0) / len(logits)
        used = _used(size[1] - y0, step, len(logits))
        window = (x0, y0, x1, y0 + step * used)
        return cls.pack(logits[:used], window=window, prompt=prompt, model=model, score=score)

    def logits(self) -> NDArray[np.float16]:
        """The logits, (rows, columns) float16. Raises MaskError where the data is damaged."""
        grey = _decoded(self.data, self.shape) >> SHIFT
        # 16 - SHIFT bits are as many levels as there are: no check of bounds, twice as fast
        return np.take(LOGITS, grey, mode="clip")


def rounded(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """The logits that a mask of these gives back."""
    return np.take(LOGITS, _levels(logits), mode="clip").astype(np.float32)


def _levels(logits: NDArray[np.float16] | NDArray[np.float32]) -> NDArray[np.uint16]:
    soft = logits.astype(np.float32)
    levels = np.rint(np.tanh(soft / 2) * LEVELS)
    levels = np.where(soft > 0, np.maximum(levels, 1), levels)  # the border stays in its place
    steps: NDArray[np.uint16] = (levels + (LEVELS + 1)).astype(np.uint16)
    return steps


def checked_shape(data: bytes) -> tuple[int, int]:
    """The (rows, columns) that the PNG of a mask says it has. Raises MaskError."""
    if not data.startswith(PNG):
        raise MaskError("A mask is damaged: it is no PNG.")
    try:
        columns, rows = image_size(data)
    except HeaderError as e:
        raise MaskError(f"A mask is damaged: {e}.") from e
    if not (0 < rows <= LONGEST_SIDE and 0 < columns <= LONGEST_SIDE):
        raise MaskError(f"A mask of {columns} x {rows} is larger than any model makes.")
    return rows, columns


def checked_window(
    edges: tuple[float, float, float, float], size: tuple[int, int], shape: tuple[int, int]
) -> tuple[float, float, float, float]:
    """`edges` as the window of a mask of `shape` on a clip of `size`, however they came about.

    It begins on a pixel of the clip, and the picture it is grown to is bounded. Raises MaskError.
    """
    (x0, y0, x1, y1), (width, height), most = edges, size, 2 * max(size)
    begins = x0.is_integer() and y0.is_integer() and 0 <= x0 < width and 0 <= y0 < height
    if not begins or not (1 <= x1 - x0 <= most and 1 <= y1 - y0 <= most):
        raise MaskError("A mask lies outside its clip.")
    step = (y1 - y0) / shape[0]
    if (x1 - x0) * step * _used(height - y0, step, shape[0]) > MOST_GROWN:
        raise MaskError("A mask is much coarser than its clip.")
    return edges


def finest(size: tuple[int, int]) -> tuple[int, int]:
    """The most (rows, columns) that a mask of a clip of `size` = (width, height) may have."""
    width, height = size
    scale = min(1.0, LONGEST_SIDE / max(width, height))
    return max(1, int(height * scale)), max(1, int(width * scale))


def _used(length: float, step: float, most: int) -> int:
    """How many logits, `step` clip pixels each, take part in `length` clip pixels."""
    return max(1, min(most, int(length / step) + 2))


def _decoded(data: bytes, shape: tuple[int, int]) -> NDArray[np.uint16]:
    if checked_shape(data) != shape:
        raise MaskError("A mask is damaged: its size is not the one noted.")
    try:
        grey = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as e:
        raise MaskError("A mask is damaged: its pixels cannot be read.") from e
    if grey is None or grey.dtype != np.uint16 or grey.shape != shape:
        raise MaskError("A mask is damaged: its pixels cannot be read.")
    return np.asarray(grey, np.uint16)


def _logits_of_levels() -> NDArray[np.float16]:
    levels = (np.arange(1 << (16 - SHIFT)) - (LEVELS + 1)) / LEVELS
    inner = 1 - 0.25 / LEVELS  # the outermost levels stand for all that is surer still
    return (2 * np.arctanh(np.clip(levels, -inner, inner))).astype(np.float16)


LOGITS = _logits_of_levels()  # by level, counted from the lowest


def upsample(mask: Mask, size: tuple[int, int]) -> NDArray[np.float32]:
    """Logits at clip resolution: (height, width) float32 for `size` = (width, height)."""
    return at_clip_size(mask.logits(), mask.window, size)


def at_clip_size(
    logits: NDArray[np.float16],
    window: tuple[float, float, float, float],
    size: tuple[int, int],
) -> NDArray[np.float32]:
    """`logits` (rows, columns) over `window`, at clip resolution: (height, width) float32.

    Bilinear with aligned pixel centres: clip pixel x is read at logit column
    (x + 0.5 - x0) * columns / (x1 - x0) - 0.5. Outside the window the value is NOTHING.
    """
    width, height = size
    x0, y0, x1, y1 = window
    left, top = int(x0), int(y0)
    rows, columns = logits.shape
    fx, fy = (x1 - x0) / columns, (y1 - y0) / rows
    needed = _used(height - top, fy, rows)  # a padded square wastes its lower part
    low = logits[:needed].astype(np.float32)
    part: NDArray[np.float32] = cv2.resize(low, None, fx=fx, fy=fy, interpolation=cv2.INTER_LINEAR)
    part = part[: height - top, : width - left]
    down = height - top - part.shape[0]
    right = width - left - part.shape[1]
    if not (left or top or down or right):
        return part
    border = cv2.BORDER_CONSTANT
    whole: NDArray[np.float32] = cv2.copyMakeBorder(
        part, top, down, left, right, border, value=NOTHING
    )
    return whole
