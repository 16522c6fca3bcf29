"""Families are data: whatever a model remembers of a frame, the same bank and tracker carry it."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from models.base import Click
from models.library import load
from models.memory_record import remembered_of
from models.ort import Runtime
from models.pack import read_pack
from models.sam2 import Sam2
from models.tracking import KeyMask, Tracking, TrackOptions
from tests.models.video_graphs import Form, write_video_pack

FRAMES = range(100, 110)

forms = st.builds(
    Form,
    tokens=st.integers(1, 300),  # a square or not
    channels=st.integers(1, 70),
    width=st.integers(1, 5).map(lambda eights: 8 * eights),
    high_res=st.booleans(),
    timed=st.booleans(),
)


class Kept(dict[int, bytes]):
    """An archive in memory."""

    def put(self, frame: int, record: bytes) -> None:
        self[frame] = record


def model_of(form: Form, folder: Path) -> Sam2:
    model = load(read_pack(write_video_pack(folder, form)), Runtime("cpu"))
    assert isinstance(model, Sam2)
    return model


@settings(max_examples=15, deadline=None)
@given(forms, st.booleans(), st.booleans())
def test_a_model_of_any_form_is_clicked_on_and_tracked_with(
    form: Form, backward: bool, prune: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        model = model_of(form, Path(folder))
        brightness = dict(zip(FRAMES, range(1, 11), strict=True))
        embeddings = {
            frame: model.encode(np.full((36, 48, 3), level, np.uint8))
            for frame, level in brightness.items()
        }
        start = FRAMES[-1] if backward else FRAMES[0]
        order = FRAMES[::-1] if backward else FRAMES
        kept = Kept()
        tracking = Tracking(
            embeddings.__getitem__,
            {
                "clicked": {start: (Click(20, 20),)},
                "taken": {start: KeyMask(np.ones((36, 48), np.bool_))},
            },
            order,
            FRAMES,
            {"clicked": kept},
            -1 if backward else 1,
        )
        answers = list(model.tracker(TrackOptions(prune=prune)).track(tracking))
        rules = model.graphs.rules
        assert [a.frame for a in answers] == [frame for frame in order for _ in range(2)]
        # A click answers the brightness of the frame. What is looked back at is all of that level,
        # and so is its pointer; together they are twice it, and that is remembered in its turn.
        clicked = [a.prediction.logits[0, 0] for a in answers if a.layer == "clicked"]
        assert clicked[0] == brightness[start]
        assert clicked[1] == 2 * brightness[start]
        assert all(np.isfinite(a.prediction.logits).all() for a in answers)
        for frame in set(order) - {start}:
            remembered = remembered_of(kept[frame], rules, form.width)
            assert remembered is not None
            assert remembered.tokens.shape == (form.tokens, form.channels)
            assert remembered.pointer.shape == (form.width,)
