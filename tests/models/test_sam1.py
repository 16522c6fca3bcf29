"""Where clicks land, what masks cover, and that replaying a prompt changes nothing."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from app.domain.mask import at_clip_size
from models.base import BoxClick, Cancelled, Click, Logits, ModelError, Rgb8, Step
from models.ort import Cancel
from models.sam1 import Sam1, resized, resized_size, window_of
from tests.models.graphs import RADII, SCORES, SIZE, three_clicks, tiny_model

SIZES = [(854, 480), (641, 480), (333, 500), (500, 333), (1920, 1080), (97, 61), (1024, 1024)]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Sam1:
    return tiny_model(tmp_path_factory.mktemp("packs") / "tiny")


def frame(width: int = 300, height: int = 180) -> Rgb8:
    return np.full((height, width, 3), 90, np.uint8)


@pytest.mark.parametrize("size", SIZES)
def test_the_window_puts_every_pixel_where_the_reference_does(size: tuple[int, int]) -> None:
    """The reference grows the logits to the square, cuts the used part out, resizes that."""
    width, height = size
    columns, rows = np.meshgrid(np.arange(256) + 0.5, np.arange(256) + 0.5)
    across, down = resized_size(size, 1024)
    for ramp in (columns, rows):
        low = ramp.astype(np.float16)
        square = cv2.resize(low.astype(np.float32), (1024, 1024))
        expected = cv2.resize(square[:down, :across], size)
        inside = np.s_[8 : height - 8, 8 : width - 8]  # edges repeat, so ramps bend there
        difference = np.abs(at_clip_size(low, window_of(size, 1024), size) - expected)[inside]
        assert difference.max() < 0.01  # logit pixels: a hundredth of a clip pixel or so


@pytest.mark.parametrize("size", [(300, 180), (640, 481), (181, 300)])
def test_the_mask_lies_round_the_click(model: Sam1, size: tuple[int, int]) -> None:
    """To a fiftieth of a logit pixel, which is a tenth of a clip pixel on the first size."""
    near = max(size) / (SIZE / 4) / 50
    embedding = model.encode(frame(*size))
    for x, y in (
        (size[0] // 2 + 0.5, size[1] // 2 + 0.5),
        (size[0] // 2 + 7.5, size[1] // 2 - 4.5),
    ):
        answer = model.decode(embedding, [Click(x, y)])
        found = at_clip_size(answer.logits, answer.window, size) > 0
        ys, xs = np.nonzero(found)
        assert abs(xs.mean() + 0.5 - x) < near
        assert abs(ys.mean() + 0.5 - y) < near


def test_a_proposal_is_given_as_the_graph_answers_it(model: Sam1) -> None:
    embedding = model.encode(frame())
    scale = SIZE / 300
    for proposal in (1, 2, 3):
        answer = model.decode(embedding, [Click(150, 90, proposal=proposal)])
        area = np.count_nonzero(answer.logits > 0)
        assert area == pytest.approx(np.pi * RADII[proposal] ** 2, rel=0.1)
        assert answer.score == pytest.approx(SCORES[proposal])
        assert answer.logits.argmax() == pytest.approx(
            int(90 * scale / 4) * answer.logits.shape[1] + int(150 * scale / 4), abs=65
        )


def test_with_the_prior_the_answer_is_the_replayed_one(model: Sam1) -> None:
    embedding = model.encode(frame())
    steps = three_clicks()
    prior: Logits | None = None
    for k in range(1, len(steps) + 1):
        quick = model.decode(embedding, steps[:k], prior)
        replayed = model.decode(embedding, steps[:k])
        assert np.array_equal(quick.logits, replayed.logits)
        assert quick.score == replayed.score
        prior = quick.logits


def test_the_answer_depends_on_the_order_of_the_steps(model: Sam1) -> None:
    """Else the property above would hold for a model that forgets."""
    embedding = model.encode(frame())
    a, b, c = three_clicks()
    one, other = model.decode(embedding, [a, b, c]), model.decode(embedding, [b, a, c])
    assert not np.array_equal(one.logits, other.logits)


def test_a_prior_to_the_first_step_is_ignored(model: Sam1) -> None:
    embedding = model.encode(frame())
    steps = three_clicks()[:1]
    noise = np.full((64, 64), 5, np.float16)
    answer = model.decode(embedding, steps)
    assert np.array_equal(answer.logits, model.decode(embedding, steps, noise).logits)


def test_a_box_leads_as_one_step(model: Sam1) -> None:
    embedding = model.encode(frame())
    steps: list[Step] = [BoxClick(50, 40, 150, 120), Click(100, 80)]
    first = model.decode(embedding, steps[:1])
    assert np.array_equal(
        model.decode(embedding, steps, first.logits).logits, model.decode(embedding, steps).logits
    )


def test_no_steps_are_refused(model: Sam1) -> None:
    with pytest.raises(ModelError, match="a point or a box"):
        model.decode(model.encode(frame()), [])


def test_logits_and_embeddings_are_float16(model: Sam1) -> None:
    embedding = model.encode(frame())
    assert [a.dtype for a in embedding.arrays] == [np.float16]
    assert [a.shape for a in embedding.arrays] == list(model.info.embedding_shapes)
    assert model.decode(embedding, three_clicks()).logits.dtype == np.float16


def test_a_cancelled_encode_says_so(model: Sam1) -> None:
    token = Cancel()
    token.cancel()
    with pytest.raises(Cancelled):
        model.encode(frame(), token)


def test_a_cancelled_decode_says_so(model: Sam1) -> None:
    embedding, token = model.encode(frame()), Cancel()
    model.decode(embedding, [Click(10, 10)], cancel=token)
    token.cancel()
    with pytest.raises(Cancelled):
        model.decode(embedding, [Click(10, 10)], cancel=token)


def test_graphs_are_opened_when_they_are_needed(tmp_path: Path) -> None:
    model = tiny_model(tmp_path / "tiny")
    assert model._encoder.graph is None
    embedding = model.encode(frame())
    assert model._decoder.graph is None
    model.decode(embedding, three_clicks())
    assert model._decoder.graph is not None


def test_growing_is_bilinear_and_shrinking_near_the_antialiased_original() -> None:
    small = np.random.default_rng(1).integers(0, 256, (60, 100, 3), dtype=np.uint8)
    assert np.array_equal(
        resized(small, 256), cv2.resize(small, (256, 154), interpolation=cv2.INTER_LINEAR)
    )
    large = np.random.default_rng(2).integers(0, 256, (900, 1600, 3), dtype=np.uint8)
    original = Image.fromarray(large).resize((256, 144), Image.Resampling.BILINEAR)
    plain = cv2.resize(large, (256, 144), interpolation=cv2.INTER_LINEAR)
    expected = np.asarray(original).astype(int)
    ours = np.abs(resized(large, 256).astype(int) - expected).mean()
    assert ours < np.abs(plain.astype(int) - expected).mean() / 4


@pytest.mark.parametrize("size", SIZES)
def test_the_longest_side_fills_the_square(size: tuple[int, int]) -> None:
    assert max(resized_size(size, 1024)) == 1024
    assert min(resized_size(size, 1024)) == pytest.approx(min(size) * 1024 / max(size), abs=0.5)
