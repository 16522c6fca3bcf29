"""The four graphs of a video model, with arrays in and out and every answer checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from models.base import Embedding, ModelInfo, Rgb8
from models.contract import BYTE, LONG, Contract, Side, checked
from models.memory_bank import Bf16, Gathered, as_bf16
from models.ort import Array, Cancel, Graph, Lazy
from models.tracking_rules import TrackingRules
from models.video_answer import Drawn
from models.video_constants import Constants

F32: TypeAlias = NDArray[np.float32]

MASKS = 4
LARGEST_SCORE = 100.0
HIGH_RES = ("high_res_0", "high_res_1")


class Features(NamedTuple):
    """An embedding as the graphs take it: float32, with a batch of one."""

    embed: F32  # (1, width, f, f)
    high_res: tuple[F32, ...]  # none, or (1, width / 8, 4f, 4f) and (1, width / 4, 2f, 2f)


@dataclass(frozen=True, eq=False, slots=True)
class VideoGraphs:
    """The graphs of one pack. Every method raises Cancelled or ModelError."""

    info: ModelInfo
    size: int
    rules: TrackingRules
    constants: Constants
    encoder: Lazy
    decoder: Lazy
    memory_encoder: Lazy
    memory_attention: Lazy

    @property
    def opened(self) -> list[Graph]:
        """The graphs that have been used."""
        lazies = (self.encoder, self.decoder, self.memory_encoder, self.memory_attention)
        return [lazy.graph for lazy in lazies if lazy.graph is not None]

    @property
    def side(self) -> int:
        """Rows, and columns, of a mask."""
        return self.size // 4

    def encode(self, square: Rgb8, cancel: Cancel | None = None) -> Features:
        """The features of a frame of size x size."""
        graph, shapes = self.encoder.get(), self.info.embedding_shapes
        names = ["image_embed", *HIGH_RES][: len(shapes)]
        arrays = graph.run({"image": square[None]}, names, cancel, shrink=True)
        for array, shape in zip(arrays, shapes, strict=True):
            checked(graph.name, array, (1, *shape))
        return Features(arrays[0], tuple(arrays[1:]))

    def draw(
        self,
        features: Features,
        points: F32,
        labels: F32,
        prior: F32 | None = None,
        cancel: Cancel | None = None,
    ) -> Drawn:
        """The four masks for points (n, 2) in model pixels, labels (n,) and logits fed back.

        Labels: 0 exclude, 1 include, 2 and 3 the corners of a box, -1 no point at all.
        """
        graph, side = self.decoder.get(), self.side
        mask = np.zeros((1, 1, side, side), np.float32) if prior is None else prior[None, None]
        feeds = {
            "image_embed": features.embed,
            "point_coords": points[None].astype(np.float32),
            "point_labels": labels[None].astype(np.float32),
            "mask_input": mask,
            "has_mask_input": np.array([prior is not None], np.float32),
            **dict(zip(HIGH_RES, features.high_res, strict=False)),
        }
        wanted = ["low_res_masks", "iou", "obj_ptr", "obj_score"]
        masks, scores, pointers, presence = graph.run(feeds, wanted, cancel)
        checked(graph.name, masks, (1, MASKS, side, side))
        checked(graph.name, scores, (1, MASKS), LARGEST_SCORE)
        checked(graph.name, pointers, (1, MASKS, self.width))
        checked(graph.name, presence, (1, 1))
        return Drawn(masks[0], scores[0], pointers[0], float(presence[0, 0]))

    def remember(
        self,
        features: Features,
        logits: F32,
        presence: float,
        *,
        hard: bool,
        cancel: Cancel | None = None,
    ) -> Bf16:
        """The tokens that stand for a frame and its mask; `hard` cuts the mask to in and out."""
        graph, rules = self.memory_encoder.get(), self.rules
        feeds = {
            "image_embed": features.embed,
            "mask_logits": logits[None, None],
            "binarize": np.array([hard], np.float32),
            "obj_score": np.array([[presence]], np.float32),
        }
        (tokens,) = graph.run(feeds, ["mem_tokens"], cancel)
        checked(graph.name, tokens, (1, rules.tokens, rules.channels))
        return as_bf16(tokens[0])

    def look_back(
        self, features: Features, gathered: Gathered, cancel: Cancel | None = None
    ) -> Features:
        """The features in the light of what is remembered."""
        graph = self.memory_attention.get()
        feeds: dict[str, Array] = {
            "image_embed": features.embed,
            "mem_tokens": gathered.tokens,
            "mem_tpos": gathered.times,
            "obj_ptrs": gathered.pointers,
            "obj_ptr_dt": gathered.pointer_times,
        }
        known = {name: value for name, value in feeds.items() if name in graph.inputs}
        (fused,) = graph.run(known, ["fused_embed"], cancel, shrink=True)
        checked(graph.name, fused, features.embed.shape)
        return features._replace(embed=fused)

    def without_memory(self, features: Features) -> Features:
        """The features of a frame on which nothing is looked back at."""
        return features._replace(embed=features.embed + self.constants.no_memory)

    @property
    def width(self) -> int:
        """Channels of an embedding, and of a pointer."""
        return self.info.embedding_shapes[0][0]


def features_of(embedding: Embedding) -> Features:
    """An embedding as the graphs take it."""
    first, *rest = (array.astype(np.float32)[None] for array in embedding.arrays)
    return Features(first, tuple(rest))


def contracts(info: ModelInfo, size: int, rules: TrackingRules) -> Mapping[str, Contract]:
    """What the graphs of a video pack take and give, by file name."""
    embed, *high_res = info.embedding_shapes
    side, width = size // 4, embed[0]
    fine = {name: (None, *shape) for name, shape in zip(HIGH_RES, high_res, strict=False)}
    return {
        "encoder.onnx": Contract(
            {"image": Side((1, size, size, 3), BYTE)},
            {
                "image_embed": Side((1, *embed)),
                **{name: Side((1, *shape[1:])) for name, shape in fine.items()},
            },
        ),
        "decoder.onnx": Contract(
            {
                "image_embed": Side((None, *embed)),
                **{name: Side(shape) for name, shape in fine.items()},
                "point_coords": Side((None, None, 2)),
                "point_labels": Side((None, None)),
                "mask_input": Side((None, 1, side, side)),
                "has_mask_input": Side((None,)),
            },
            {
                "low_res_masks": Side((None, MASKS, side, side)),
                "iou": Side((None, MASKS)),
                "obj_ptr": Side((None, MASKS, width)),
                "obj_score": Side((None, 1)),
            },
        ),
        "memenc.onnx": Contract(
            {
                "image_embed": Side((None, *embed)),
                "mask_logits": Side((None, 1, None, None)),
                "binarize": Side((None,)),
                "obj_score": Side((None, 1)),
            },
            {"mem_tokens": Side((None, rules.tokens, rules.channels))},
        ),
        "memattn.onnx": Contract(
            {
                "image_embed": Side((1, *embed)),
                "mem_tokens": Side((1, None, rules.tokens, rules.channels)),
                "mem_tpos": Side((None,), LONG),
                "obj_ptrs": Side((1, None, width)),
            },
            {"fused_embed": Side((1, *embed))},
            optional={"obj_ptr_dt": Side((None,))},
        ),
    }
