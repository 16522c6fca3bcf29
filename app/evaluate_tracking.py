"""How well objects are followed through sequences whose every mask is known, without Qt.

Ways to follow are compared on the same frames. Where the model tracks, what it starts from is the
true mask of the first frame, or simulated clicks on it; corrections are placed by rule: on the
frame whose mask overlaps the true one least up to three clicks are made, and the best mask that
comes of them is a keyframe; and that three times.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from app.davis import Scores, mean, measure, region
from app.domain.mask import Mask, upsample
from app.evaluate import Bits, EvaluationError, Folders, Target, frame_pairs, next_click
from app.evaluate_jf import read_ids
from models.amend import amended
from models.base import Click, Embedding, Logits, Model, Prediction, Rgb8
from models.flow import motion, picture_of
from models.sheet import SingleImages
from models.tracking import Key, KeyMask, Tracked, Tracking, TrackOptions, tracker_of

ROUNDS = 3  # corrections of a sequence
CLICKS = 3  # of a correction, at most
FLOW = 512  # pixels of the longer side of the pictures that flow is found on

Masks: TypeAlias = list[Bits]  # one a frame
Keys: TypeAlias = Mapping[int, Key]  # what is sure, by frame


@dataclass(frozen=True, slots=True)
class Way:
    """A way to follow an object: its name in tables, and what it makes of a sequence."""

    name: str
    what: str
    follow: Callable[[Footage, int], Masks]  # of one object, by its id


@dataclass(frozen=True, eq=False)
class Footage:
    """A sequence: its frames, the true masks by object id, and what the model makes of frames."""

    name: str
    frames: Sequence[Path]
    truth: Mapping[int, Masks]
    model: Model
    embeddings: Sequence[Embedding]

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of a frame."""
        return self.embeddings[0].frame_size

    def picture(self, frame: int) -> Rgb8:
        """The frame itself."""
        return read_frame(self.frames[frame])

    def shown(self, prediction: Prediction) -> Bits:
        """The mask of a prediction at the size of a frame."""
        mask = Mask.cropped(
            prediction.logits,
            self.size,
            window=prediction.window,
            prompt=None,
            model=self.model.info.id,
            score=min(max(prediction.score, 0.0), 1.0),
        )
        return upsample(mask, self.size) > 0


Start: TypeAlias = Callable[[Footage, int], Keys]  # what is sure of an object, by its id


def find_footage(root: Path) -> list[Folders]:
    """The sequences in `root`, or in its folder davis: <sequence>/frames and masks.

    Raises EvaluationError where there are none.
    """
    for folder in (root / "davis", root):
        frames = sorted(folder.glob("*/frames"))
        if frames:
            return [Folders(one, one.parent / "masks") for one in frames]
    raise EvaluationError(f"{root} holds no <sequence>/frames.")


def read_footage(
    folders: Folders, model: Model, progress: Callable[[str], None] | None = None
) -> Footage:
    """A sequence with every frame encoded; about 2 MB a frame.

    `progress` is told each frame. Raises EvaluationError, ModelError.
    """
    pairs = frame_pairs(folders)
    masks = [read_ids(mask, folders.ids)[0] for _, mask in pairs]
    ids = [int(one) for one in np.unique(masks[0]) if one]
    if not ids:
        raise EvaluationError(f"{pairs[0][1]} shows no object to follow.")
    embeddings = []
    for frame, _ in pairs:
        if progress:
            progress(f"encoding {frame}")
        embeddings.append(model.encode(read_frame(frame)))
    truth = {one: [mask == one for mask in masks] for one in ids}
    return Footage(folders.frames.parent.name, [f for f, _ in pairs], truth, model, embeddings)


def read_frame(path: Path) -> Rgb8:
    """A picture. Raises EvaluationError."""
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if bgr is None:
        raise EvaluationError(f"{path} cannot be read as a picture.")
    return cast("Rgb8", cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB))


def score(way: Way, footage: Footage) -> Scores:
    """The mean scores over frames, and over objects. Raises ModelError."""
    objects = []
    for one, true in footage.truth.items():
        found = way.follow(footage, one)
        objects.append(mean([measure(a, b) for a, b in zip(found, true, strict=True)]))
    return mean(objects)


def ways() -> list[Way]:
    """What is compared, the simplest first."""
    return [
        Way("static", "the true first mask, left standing", _static),
        Way("flow", "the true first mask, carried by optical flow alone", _flow),
        Way("truth", "tracked from the true first mask", _tracked(from_truth)),
        Way("1 click", "tracked from one click on the first frame", _tracked(from_clicks(1))),
        Way("3 clicks", "tracked from three clicks on the first frame", _tracked(from_clicks(3))),
        Way(
            "corrected",
            "tracked from the true first mask, three frames corrected",
            _tracked(from_corrections),
        ),
    ]


def follow(footage: Footage, keys: Mapping[int, Key]) -> list[Tracked | None]:
    """What the model's tracker answers on each frame, None where it does not. Raises ModelError."""
    tracker = tracker_of(footage.model, TrackOptions())
    if tracker is None:
        raise EvaluationError(f"{footage.model.info.label} does not follow objects.")
    frames = range(len(footage.frames))
    found: list[Tracked | None] = [None] * len(frames)
    tracking = Tracking(
        lambda frame: footage.embeddings[frame],
        {"object": keys},
        frames,
        frames,
        pictures=footage.picture,
    )
    for tracked in tracker.track(tracking):
        if not tracked.lost:
            found[tracked.frame] = tracked
    return found


def clicked(footage: Footage, one: int, frame: int, clicks: int) -> tuple[Click, ...]:
    """So many clicks on object `one`, each in the middle of the largest error left."""
    size = footage.truth[one][frame].shape
    steps: list[Click] = []
    seen, prior = np.zeros(size, bool), None
    while len(steps) < clicks and _clicks_on(footage, one, frame, seen, steps):
        answer = footage.model.decode(footage.embeddings[frame], steps, prior)
        prior, seen = answer.logits, footage.shown(answer)
    return tuple(steps)


def corrected(footage: Footage, one: int, frame: int, before: Prediction | None) -> KeyMask:
    """The best mask on `frame` after up to CLICKS clicks on what was tracked there.

    Models of single images amend that mask; others are clicked anew.
    """
    model, embedding, true = footage.model, footage.embeddings[frame], footage.truth[one][frame]
    seen = np.zeros_like(true) if before is None else footage.shown(before)
    sheet = model.sheet(embedding) if isinstance(model, SingleImages) else None
    best, steps = seen, list[Click]()
    prior: Logits | None = None
    while len(steps) < CLICKS and _clicks_on(footage, one, frame, seen, steps):
        if sheet is not None and before is not None:
            logits = amended(sheet, before.logits, steps).logits
            seen = footage.shown(replace(before, logits=logits))
        else:
            answer = model.decode(embedding, steps, prior)
            prior, seen = answer.logits, footage.shown(answer)
        best = max(best, seen, key=lambda mask: region(mask, true))
    return KeyMask(best)


def _clicks_on(footage: Footage, one: int, frame: int, seen: Bits, steps: list[Click]) -> bool:
    """Add the next click to `steps`; False where nothing is wrong."""
    true = footage.truth[one][frame]
    used = np.zeros_like(true)
    for step in steps:
        used[int(step.y), int(step.x)] = True
    click = next_click(seen, Target(one, true, np.ones_like(true)), used)
    if click is not None:
        steps.append(click)
    return click is not None


def _static(footage: Footage, one: int) -> Masks:
    return [footage.truth[one][0]] * len(footage.frames)


def _flow(footage: Footage, one: int) -> Masks:
    width, height = footage.size
    scale = FLOW / max(width, height)
    shape = max(1, round(scale * height)) // 2, max(1, round(scale * width)) // 2
    mask = cv2.resize(
        footage.truth[one][0].astype(np.float32), shape[::-1], interpolation=cv2.INTER_AREA
    )
    masks = [footage.truth[one][0]]
    before = picture_of(footage.picture(0), (1.0, 1.0), shape)
    for frame in range(1, len(footage.frames)):
        now = picture_of(footage.picture(frame), (1.0, 1.0), shape)
        mask = motion(before, now).carried(mask)
        fine = cv2.resize(mask, footage.size, interpolation=cv2.INTER_LINEAR)
        masks.append(fine > 0.5)
        before = now
    return masks


def from_truth(footage: Footage, one: int) -> Keys:
    """The true mask of the first frame."""
    return {0: KeyMask(footage.truth[one][0])}


def from_clicks(clicks: int) -> Start:
    """So many clicks on the first frame."""
    return lambda footage, one: {0: clicked(footage, one, 0, clicks)}


def from_corrections(footage: Footage, one: int) -> Keys:
    """The true mask of the first frame, and the frames corrected."""
    true = footage.truth[one]
    keys: dict[int, Key] = {**from_truth(footage, one)}
    for _ in range(ROUNDS):
        found = follow(footage, keys)
        masks = _shown(footage, found)
        left = [f for f, mask in enumerate(true) if f not in keys and mask.any()]
        if not left:
            break
        worst = min(left, key=lambda frame: region(masks[frame], true[frame]))
        tracked = found[worst]
        before = None if tracked is None else tracked.prediction
        keys[worst] = corrected(footage, one, worst, before)
    return keys


def _tracked(start: Start) -> Callable[[Footage, int], Masks]:
    return lambda footage, one: _shown(footage, follow(footage, start(footage, one)))


def _shown(footage: Footage, found: Sequence[Tracked | None]) -> Masks:
    """The masks of answers, at the size of a frame; nothing where there is no answer."""
    width, height = footage.size
    nothing: NDArray[np.bool_] = np.zeros((height, width), np.bool_)
    return [nothing if one is None else footage.shown(one.prediction) for one in found]
