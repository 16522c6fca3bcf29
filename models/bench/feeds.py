"""What a pack's graphs are asked while they are measured: made-up values of the real shapes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np

from models import sam1
from models.ort import Array
from models.pack import Pack

GRAPHS: Mapping[str, str] = {
    "encoder": "encoder.onnx",
    "decoder": "decoder.onnx",
    "memory encoder": "memenc.onnx",
    "memory attention": "memattn.onnx",
}
SHRINKING = ("encoder", "memory attention")  # give their working memory back, as in the program
CLIP = (1920, 1080)  # (width, height) of the frames in clips


def graphs_of(pack: Pack) -> list[str]:
    """The graphs that the pack has, by their names here."""
    return [name for name, file in GRAPHS.items() if file in pack.files]


def feeds(pack: Pack, names: Iterable[str], seed: int) -> dict[str, Array]:
    """Values for the inputs called `names`, other ones for each `seed`.

    Prompts have one to three points, every second one also logits of an answer before. Memories and
    pointers are as many as the model looks at on a frame late in a clip.
    """
    dice = np.random.default_rng(seed)
    points = 1 + seed % 3
    side = pack.size // 4
    rules = pack.tracking

    def floats(*shape: int) -> Array:
        return dice.standard_normal(shape, np.float32)

    makers: dict[str, Callable[[], Array]] = {
        "image": lambda: _picture(pack, dice),
        "point_coords": lambda: dice.uniform(0, pack.size, (1, points, 2)).astype(np.float32),
        "point_labels": lambda: np.array([[1, 0, 1][:points]], np.float32),
        "mask_input": lambda: floats(1, 1, side, side),
        "has_mask_input": lambda: np.array([seed % 2], np.float32),
        "mask_logits": lambda: floats(1, 1, side, side),
        "binarize": lambda: np.array([seed % 2], np.float32),
        "obj_score": lambda: np.ones((1, 1), np.float32),
    }
    for name, shape in zip(
        ("image_embed", "high_res_0", "high_res_1"), pack.info.embedding_shapes, strict=False
    ):
        makers[name] = lambda shape=shape: floats(1, *shape)  # type: ignore[misc]
    if rules:
        width = pack.info.embedding_shapes[0][0]
        times = np.arange(rules.memories, dtype=np.int64)[::-1]
        spans = np.linspace(0, 1, rules.pointers, dtype=np.float32)
        makers["mem_tokens"] = lambda: floats(1, rules.memories, rules.tokens, rules.channels)
        makers["mem_tpos"] = times.copy
        makers["obj_ptrs"] = lambda: floats(1, rules.pointers, width)
        makers["obj_ptr_dt"] = spans.copy
    return {name: makers[name]() for name in names}


def _picture(pack: Pack, dice: np.random.Generator) -> Array:
    """A frame of CLIP as the encoder of the family takes it."""
    width, height = pack.size, pack.size
    if pack.family == "sam1":
        width, height = sam1.resized_size(CLIP, pack.size)
    return dice.integers(0, 256, (1, height, width, 3), np.uint8)
