"""Models of the SAM 2 family from their packs."""

from __future__ import annotations

from models.base import Model, ModelError
from models.ort import Lazy, Runtime
from models.pack import MANIFEST, Pack, check_preprocess, lazy
from models.sam2 import PREPROCESS, Sam2
from models.tracking_rules import TrackingRules
from models.video_constants import read_constants
from models.video_graphs import MASKS, VideoGraphs, contracts

MOST_PROPOSALS = MASKS - 1  # the first mask is the one for sure prompts


def load(pack: Pack, runtime: Runtime) -> Model:
    """The model of `pack`. Raises ModelError where it is beyond what this version does."""
    rules = _checked_rules(pack)
    wanted = contracts(pack.info, pack.size, rules)

    def graph(name: str) -> Lazy:
        return lazy(pack, runtime, name, wanted[name])

    width, path = pack.info.embedding_shapes[0][0], pack.folder / "consts.npz"
    constants = read_constants(pack.bytes_of(path.name), str(path), width)
    return Sam2(
        VideoGraphs(
            pack.info,
            pack.size,
            rules,
            constants,
            encoder=graph("encoder.onnx"),
            decoder=graph("decoder.onnx"),
            memory_encoder=graph("memenc.onnx"),
            memory_attention=graph("memattn.onnx"),
        )
    )


def _checked_rules(pack: Pack) -> TrackingRules:
    """The rules of a pack of the family sam2. Raises ModelError where it is beyond this version."""
    path = pack.folder / MANIFEST
    check_preprocess(pack, PREPROCESS)
    if pack.tracking is None:
        raise ModelError(f"{path} is of a family that tracks, but has no tracking.")
    shapes = pack.info.embedding_shapes
    if [len(shape) for shape in shapes] not in ([3], [3, 3, 3]):
        raise ModelError(f"{path} is of a family whose embedding has 1 or 3 shapes of three sides.")
    if pack.info.proposals > MOST_PROPOSALS:
        raise ModelError(f"{path} offers more than the {MOST_PROPOSALS} proposals of its family.")
    return pack.tracking
