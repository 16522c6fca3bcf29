"""consts.npz of a video model, read as a stranger's."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, TypeAlias

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from models.base import ModelError

F32: TypeAlias = NDArray[np.float32]

MOST_CONSTANTS = 1 << 20  # bytes


@dataclass(frozen=True, eq=False, slots=True)
class Constants:
    """consts.npz."""

    no_memory: F32  # (1, width, 1, 1) is added to an embedding that no memory is looked at with
    no_pointer: F32  # (width,) stands for an object that is not there
    shrink_weights: F32  # (4, 4) of the mask that stands for a key mask in the decoder
    shrink_bias: float


def read_constants(data: bytes, name: str, width: int) -> Constants:
    """The constants in the bytes of consts.npz. Raises ModelError naming the file `name`."""
    shapes: Mapping[str, tuple[int, ...]] = {
        "no_mem_embed": (1, width, 1, 1),
        "no_obj_ptr": (1, width),
        "mask_downsample_w": (1, 1, 4, 4),
        "mask_downsample_b": (1,),
    }
    wrong = ModelError(
        f"{name} does not hold the constants of a video model; get the model anew from its maker."
    )
    arrays: dict[str, F32] = {}
    if len(data) > MOST_CONSTANTS:  # so is what its directory lists
        raise wrong
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as members:
            for key, shape in shapes.items():
                with members.open(f"{key}.npy") as member:
                    arrays[key] = _array(member, shape)
    except Exception as e:  # zipfile and numpy say of such bytes what they like
        raise wrong from e
    return Constants(
        arrays["no_mem_embed"],
        arrays["no_obj_ptr"][0],
        arrays["mask_downsample_w"][0, 0],
        float(arrays["mask_downsample_b"][0]),
    )


def _array(file: IO[bytes], shape: tuple[int, ...]) -> F32:
    """The floats of a npy file, finite and of `shape`; no more of it is ever read.

    Raises ValueError where they are not, and what numpy raises.
    """
    version = npy.read_magic(file)  # of later ones a header may be of any length
    found, columns_first, dtype = npy.read_array_header_1_0(file)
    if version != (1, 0) or found != shape or dtype.kind != "f":
        raise ValueError(f"{found} of {dtype} in place of {shape}")
    values = np.frombuffer(file.read(math.prod(shape) * dtype.itemsize), dtype)
    array = values.reshape(shape, order="F" if columns_first else "C").astype(np.float32)
    if file.read(1) or not np.isfinite(array).all():
        raise ValueError("more follows, or a number is not finite")
    return array
