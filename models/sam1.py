"""Models of the Segment Anything 1 family (MobileSAM and kin): one encoder, one prompt decoder."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from models.amend import amended
from models.answer import Answer, Answers, Decode, Decoded, Question, Vote
from models.arrays import prompt
from models.base import (
    CancelToken,
    Click,
    Embedding,
    Logits,
    MaskStep,
    ModelError,
    ModelInfo,
    Prediction,
    Rgb8,
    Step,
)
from models.contract import BYTE, Contract, Side, checked
from models.flow_tracker import FlowTracker
from models.ort import Cancel, Lazy
from models.redraw import FlowRules
from models.regrid import regridded
from models.sheet import Sheet
from models.tracking import Tracker, TrackOptions

DEFAULT: Answers = Vote()
PREPROCESS = ("longest-side", 1)
MOST_PROPOSALS = 3
MASKS = 4
PATCH = 16  # model pixels to a cell of the embedding
LARGEST_SCORE = 100.0  # an estimated IoU is about 0..1; the vote raises it to a power


class Sam1:
    """A model of one encoder and one decoder graph. `encode` and `decode` may run at once."""

    def __init__(
        self,
        info: ModelInfo,
        size: int,
        encoder: Lazy,
        decoder: Lazy,
        answers: Answers = DEFAULT,
    ) -> None:
        self._info = info
        self._size = size
        self._encoder = encoder
        self._decoder = decoder
        self._answers = answers

    def answering_by(self, answers: Answers) -> Sam1:
        """This model, with its graphs, under another answer policy."""
        return Sam1(self._info, self._size, self._encoder, self._decoder, answers)

    @property
    def info(self) -> ModelInfo:
        """What this model is; `device` and `notes` are as checked once a graph has been opened."""
        graphs = [lazy.graph for lazy in (self._encoder, self._decoder)]
        opened = [graph for graph in graphs if graph is not None]
        if not opened:
            return self._info
        notes = tuple(dict.fromkeys(graph.note for graph in opened if graph.note))
        return dataclasses.replace(self._info, device=opened[0].device, notes=notes)

    def encode(self, rgb: Rgb8, cancel: CancelToken | None = None) -> Embedding:
        """The embedding of one frame. Raises Cancelled or ModelError.

        The longest side becomes the model's size; the rest of the square is padded in the graph.
        """
        graph = self._encoder.get()
        image = resized(rgb, self._size)[None]
        (embed,) = graph.run({"image": image}, ["image_embed"], cast("Cancel", cancel), shrink=True)
        checked(graph.name, embed, (1, *self._info.embedding_shapes[0]))
        height, width = rgb.shape[:2]
        return Embedding((embed[0].astype(np.float16),), (width, height))

    def decode(
        self,
        embedding: Embedding,
        steps: Sequence[Step],
        prior: Logits | None = None,
        cancel: CancelToken | None = None,
    ) -> Prediction:
        """The answer to `steps` by the policy of `models.answer`. Raises Cancelled or ModelError.

        `prior` = the logits answered to `steps[:-1]`; without it the steps are played from the
        first. Both ways end in the same logits.
        """
        if not steps:
            raise ModelError("A mask needs a point or a box to start from.")
        if isinstance(steps[0], MaskStep):
            return self._amended(embedding, steps[0], steps[1:], prior, cancel)
        decode = self._decoder_on(embedding, cast("Cancel | None", cancel))
        first = len(steps) if prior is not None and len(steps) > 1 else 1
        answer = Answer(prior, 0.0) if prior is not None and first > 1 else None
        for k in range(first, len(steps) + 1):
            before = answer.logits if answer else None
            answer = self._answers(decode, self._question(embedding, steps[:k], before))
        assert answer is not None
        window = window_of(embedding.frame_size, self._size)
        return Prediction(answer.logits, window, answer.score)

    def _amended(
        self,
        embedding: Embedding,
        start: MaskStep,
        steps: Sequence[Step],
        prior: Logits | None,
        cancel: CancelToken | None,
    ) -> Prediction:
        sheet = self.sheet(embedding, cancel)
        clicks = [step for step in steps if isinstance(step, Click)]
        square = regridded(start.logits, start.window, sheet.side, sheet.window)
        return amended(sheet, square, clicks, prior if len(clicks) > 1 else None)

    def sheet(self, embedding: Embedding, cancel: CancelToken | None = None) -> Sheet:
        """What the model knows of a frame, for a tracker. Raises ModelError."""
        across, down = resized_size(embedding.frame_size, self._size)
        rows, columns = math.ceil(down / PATCH), math.ceil(across / PATCH)
        cells = embedding.arrays[0][:, :rows, :columns].transpose(1, 2, 0).astype(np.float32)
        cells /= np.maximum(np.linalg.norm(cells, axis=2, keepdims=True), 1e-6)
        window = window_of(embedding.frame_size, self._size)
        decode = self._decoder_on(embedding, cast("Cancel | None", cancel))
        return Sheet(cells, decode, self._size // 4, window)

    def tracker(self, options: TrackOptions) -> Tracker:
        """A tracker that takes each frame for an image of its own."""
        return FlowTracker(self, self, options, FlowRules())

    def _question(
        self, embedding: Embedding, steps: Sequence[Step], prior: Logits | None
    ) -> Question:
        points, labels = prompt(steps, scale_of(embedding.frame_size, self._size))
        across, down = resized_size(embedding.frame_size, self._size)
        used = (math.ceil(across / 4), math.ceil(down / 4))
        return Question(points, labels, prior, steps[-1].proposal, used)

    def _decoder_on(self, embedding: Embedding, cancel: Cancel | None) -> Decode:
        graph = self._decoder.get()
        embed = embedding.arrays[0].astype(np.float32)[None]
        side = self._size // 4
        nothing = np.zeros((1, 1, side, side), np.float32)

        def decode(
            points: NDArray[np.float32], labels: NDArray[np.float32], prior: Logits | None
        ) -> Decoded:
            feeds = {
                "image_embed": embed,
                "point_coords": points[None],
                "point_labels": labels[None],
                "mask_input": nothing if prior is None else prior.astype(np.float32)[None, None],
                "has_mask_input": np.array([prior is not None], np.float32),
            }
            masks, scores = graph.run(feeds, ["low_res_masks", "iou"], cancel)
            checked(graph.name, masks, (1, MASKS, side, side))
            checked(graph.name, scores, (1, MASKS), LARGEST_SCORE)
            return Decoded(masks[0], scores[0])

        return decode


def encoder_contract(info: ModelInfo) -> Contract:
    """What the encoder of a pack of this family takes and gives."""
    return Contract(
        {"image": Side((1, None, None, 3), BYTE)},
        {"image_embed": Side((1, *info.embedding_shapes[0]))},
    )


def decoder_contract(info: ModelInfo, size: int) -> Contract:
    """What the decoder of a pack of this family takes and gives."""
    side = size // 4
    return Contract(
        {
            "image_embed": Side((None, *info.embedding_shapes[0])),
            "point_coords": Side((None, None, 2)),
            "point_labels": Side((None, None)),
            "mask_input": Side((None, 1, side, side)),
            "has_mask_input": Side((None,)),
        },
        {"low_res_masks": Side((None, MASKS, side, side)), "iou": Side((None, MASKS))},
    )


def scale_of(frame_size: tuple[int, int], size: int) -> tuple[float, float]:
    """Model pixels per clip pixel, across and down, for a frame of (width, height).

    Rounding the resized size makes the two differ a little.
    """
    across, down = resized_size(frame_size, size)
    return across / frame_size[0], down / frame_size[1]


def resized_size(frame_size: tuple[int, int], size: int) -> tuple[int, int]:
    """(width, height) in model pixels: the longest side is `size`, the other rounded half up."""
    scale = size / max(frame_size)
    width, height = (max(1, int(side * scale + 0.5)) for side in frame_size)
    return width, height


def resized(rgb: Rgb8, size: int) -> Rgb8:
    """The frame with its longest side at `size`.

    Bilinear when it grows; averaged over areas when it shrinks, which is near to the antialiased
    bilinear filter of the original and keeps fine texture from turning into noise.
    """
    height, width = rgb.shape[:2]
    target = resized_size((width, height), size)
    shrinks = max(width, height) > size
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return cast("Rgb8", cv2.resize(rgb, target, interpolation=how))


def window_of(frame_size: tuple[int, int], size: int) -> tuple[float, float, float, float]:
    """The padded square in clip pixels: where the logits lie."""
    across, down = scale_of(frame_size, size)
    return (0.0, 0.0, size / across, size / down)
