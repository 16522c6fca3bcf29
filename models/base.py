"""What every model offers: encode a frame once, then answer prompts on it quickly."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Rgb8: TypeAlias = NDArray[np.uint8]  # (height, width, 3), display-referred RGB 0..255
Logits: TypeAlias = NDArray[np.float16]  # (rows, columns); above 0 is inside the object


UNSHOWABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class ModelError(Exception):
    """A model could not be loaded or run; the text is one line, fit to show the artist.

    What no line can show (a line break in the name of a file) stands as `?` in it.
    """

    def __init__(self, text: str) -> None:
        super().__init__(UNSHOWABLE.sub("?", text))


class Cancelled(Exception):  # noqa: N818 - it reports a wish, not an error
    """The work was given up because its cancel token fired."""


@dataclass(frozen=True, slots=True)
class Click:
    """One step of a prompt, in clip pixels: the centre of the top left pixel is (0.5, 0.5).

    `proposal` 0 lets the model choose its answer, 1..3 asks for that one of its proposals.
    """

    x: float
    y: float
    include: bool = True
    proposal: int = 0


@dataclass(frozen=True, slots=True)
class BoxClick:
    """A box round the object in clip pixels, x0 < x1 and y0 < y1; it always leads the steps."""

    x0: float
    y0: float
    x1: float
    y1: float
    proposal: int = 0


@dataclass(frozen=True, eq=False, slots=True)
class MaskStep:
    """A mask that the clicks after it amend; it leads the steps, and no box is among them."""

    logits: Logits  # (rows, columns)
    window: tuple[float, float, float, float]  # (x0, y0, x1, y1) in clip pixels
    proposal: int = 0  # it has no others


Step: TypeAlias = Click | BoxClick | MaskStep


@dataclass(frozen=True, eq=False, slots=True)
class Embedding:
    """What the encoder made of one frame; opaque outside its model, cheap to store.

    `arrays` are float16 with the shapes of `ModelInfo.embedding_shapes`, in that order.
    """

    arrays: tuple[NDArray[np.float16], ...]
    frame_size: tuple[int, int]  # (width, height) of the frame in clip pixels


@dataclass(frozen=True, eq=False, slots=True)
class Prediction:
    """A model's answer to a prompt.

    `logits` cover `window` = (x0, y0, x1, y1) in clip pixels: x0 and y0 are whole, x1 and y1 may be
    fractions and lie outside the frame. `score` is the model's own estimate of its IoU, 0..1.
    """

    logits: Logits
    window: tuple[float, float, float, float]
    score: float


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """Facts about an installed model pack."""

    id: str  # unique and stable, e.g. "mobilesam"
    label: str  # as the artist reads it, e.g. "MobileSAM"
    digest: str  # sha256 over the graphs and the preprocessing version: the key of every cache
    licence: str
    supports: frozenset[str]  # of "point", "box", "track"
    proposals: int  # how many alternatives can be asked for with `proposal`
    embedding_shapes: tuple[tuple[int, ...], ...]
    device: str = "CPU"  # where the graphs really run, as checked after loading
    notes: tuple[str, ...] = field(default=())  # what the artist should know, e.g. a fallback

    @property
    def embedding_bytes(self) -> int:
        """Bytes of one embedding in float16."""
        return sum(2 * int(np.prod(shape)) for shape in self.embedding_shapes)


class CancelToken(Protocol):
    """Ends work from another thread; `models.ort.Cancel` is the one there is."""

    def cancel(self) -> None:
        """Ask the work to stop; it raises `Cancelled` within milliseconds."""


class Model(Protocol):
    """A loaded model. `encode` and `decode` may run at the same time in two threads."""

    @property
    def info(self) -> ModelInfo:
        """What this model is and where it runs."""

    def encode(self, rgb: Rgb8, cancel: CancelToken | None = None) -> Embedding:
        """The embedding of one frame. Raises `Cancelled` or `ModelError`."""

    def decode(
        self,
        embedding: Embedding,
        steps: Sequence[Step],
        prior: Logits | None = None,
        cancel: CancelToken | None = None,
    ) -> Prediction:
        """The answer to `steps`, played in order as an artist would click them.

        Raises `Cancelled` or `ModelError`.

        The answer depends on `embedding` and `steps` alone: `prior`, the logits of the answer to
        `steps[:-1]`, only saves playing those steps again.
        """
