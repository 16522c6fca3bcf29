"""The keyframes of one layer of a flow tracking: what they say, and what is remembered of them."""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Collection, Mapping
from functools import partial
from typing import NamedTuple

import numpy as np

from models.arrays import half
from models.base import MaskStep, Model
from models.flow_course import Stand, place_of
from models.flow_frames import Few, Frames, covered, shrunk
from models.read_out import Memory, remembered
from models.redraw import logits_of
from models.tracking import Key, KeyMask

HELD = 3  # times as many are held as a frame looks at


class Said(NamedTuple):
    """What a keyframe says, and the model's estimate of its IoU."""

    stand: Stand
    score: float


class Keyframes:
    """The keyframes of a layer, each made when it is first looked at; those asked for last stay.

    A frame looks at the `conditioning` nearest ones; 0: at all of them.
    """

    def __init__(
        self, model: Model, frames: Frames, keys: Mapping[int, Key], conditioning: int
    ) -> None:
        self._model, self._frames, self._keys = model, frames, keys
        self._conditioning = conditioning
        held = HELD * conditioning or len(keys)
        self._said: Few[Said] = Few(held)
        self._memories: Few[Memory] = Few(held)
        self._digests: dict[int, bytes] = {}

    def __contains__(self, frame: int) -> bool:
        return frame in self._keys

    def sides(self, frame: int, step: int) -> tuple[int | None, int | None]:
        """The nearest keyframes behind and ahead of `frame`, going in steps of `step`."""
        along = partial(operator.mul, step)
        behind = max((k for k in self._keys if (frame - k) * step > 0), key=along, default=None)
        ahead = min((k for k in self._keys if (k - frame) * step > 0), key=along, default=None)
        return behind, ahead

    def said(self, frame: int) -> Said:
        """What the keyframe `frame` says. Raises ModelError."""
        return self._said.get(frame, partial(self._read, frame))

    def looked_at(self, frame: int) -> Mapping[int, Memory]:
        """What is remembered of the keyframes nearest to `frame`, in their order."""
        nearest = sorted(self._keys, key=lambda key: (abs(key - frame), key))
        chosen = sorted(nearest[: self._conditioning or None])
        return {key: self._memories.get(key, partial(self._remembered, key)) for key in chosen}

    def digest(self, frames: Collection[int]) -> bytes:
        """16 bytes that tell what the keyframes `frames` say; empty where one of them is none."""
        if not all(frame in self._keys for frame in frames):
            return b""
        for frame in frames:
            if frame not in self._digests:
                self._digests[frame] = digest_of(self._keys[frame])
        whole = b"".join(b"%d " % frame + self._digests[frame] for frame in sorted(frames))
        return hashlib.sha256(whole).digest()[:16]

    def _read(self, frame: int) -> Said:
        key = self._keys[frame]
        embedding, sheet = self._frames.seen(frame)
        if isinstance(key, KeyMask):
            logits, score = logits_of(shrunk(key.inside, covered(embedding, sheet), sheet)), 1.0
        else:
            answer = self._model.decode(embedding, key)
            logits, score = sheet.cut(answer.logits), answer.score
        place = place_of(logits > 0, None, 1.0, seen=True)
        return Said(Stand(half(logits), heeded=True, place=place), score)

    def _remembered(self, frame: int) -> Memory:
        mask = self.said(frame).stand.mask
        return remembered(self._frames.sheet(frame).cells, mask, everywhere=True)


def digest_of(key: Key) -> bytes:
    """16 bytes that tell a keyframe from one that says something else."""
    told = hashlib.sha256()
    for part in (key,) if isinstance(key, KeyMask) else key:
        if isinstance(part, KeyMask):
            told.update(repr(part.inside.shape).encode() + np.packbits(part.inside).tobytes())
        elif isinstance(part, MaskStep):
            told.update(repr((part.logits.shape, part.window)).encode() + part.logits.tobytes())
        else:
            told.update(repr(part).encode())
    return told.digest()[:16]
