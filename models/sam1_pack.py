"""Models of the Segment Anything 1 family from their packs."""

from __future__ import annotations

from models.base import Model, ModelError
from models.ort import Runtime
from models.pack import MANIFEST, Pack, check_preprocess, lazy
from models.sam1 import MOST_PROPOSALS, PREPROCESS, Sam1, decoder_contract, encoder_contract


def load(pack: Pack, runtime: Runtime) -> Model:
    """The model of `pack`. Raises ModelError where it is beyond what this version does."""
    _check_sam1(pack)

    encoder = lazy(pack, runtime, "encoder.onnx", encoder_contract(pack.info))
    decoder = lazy(pack, runtime, "decoder.onnx", decoder_contract(pack.info, pack.size))
    return Sam1(pack.info, pack.size, encoder, decoder)


def _check_sam1(pack: Pack) -> None:
    """Raise ModelError where `pack` is beyond what this version does for its family."""
    path = pack.folder / MANIFEST
    check_preprocess(pack, PREPROCESS)
    if "track" in pack.info.supports:
        raise ModelError(
            f"{path} says that it tracks, which its family does not; get the model anew from its "
            "maker."
        )
    if [len(shape) for shape in pack.info.embedding_shapes] != [3]:
        raise ModelError(f"{path} is of a family whose embedding has one shape of three sides.")
    if pack.info.proposals > MOST_PROPOSALS:
        raise ModelError(f"{path} offers more than the {MOST_PROPOSALS} proposals of its family.")
