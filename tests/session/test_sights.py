from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app import plan
from app.domain import edits
from app.domain.contour import Contour
from app.domain.mask import Mask
from app.domain.project import Point, Prompt
from app.jobs import AnswerQuestion, answer
from app.look_jobs import PreviewClick
from app.session import Session
from app.sights import Replaced
from models.base import Embedding
from tests.fakes import RADIUS, DiscModel, TrackingDiscModel
from tests.session.conftest import FIRST

LONG = 10000


def click(session: Session, qtbot: QtBot, x: float, y: float = 45.0) -> Mask:
    """Click and wait for the answer."""
    session.add_point(x, y, include=True)
    frame = session.playhead
    layer = session.selected
    assert layer is not None
    qtbot.waitUntil(lambda: not session.is_pending(layer, frame), timeout=LONG)
    return session.project.layer(layer).masks[frame]


def skins(session: Session, frame: int) -> dict[int, float]:
    """How far away which contours are, and the middle of each from the left."""
    return {
        skin.away: float(np.concatenate(skin.contour)[:, 0].mean())
        for skin in session.sights.onion(frame)
    }


def test_the_onion_skin_has_the_frames_around_that_have_masks(
    session: Session, qtbot: QtBot
) -> None:
    for away, x in enumerate((40, 50, 60, 70)):
        session.seek(FIRST + away)
        qtbot.waitUntil(lambda: session.picture(session.playhead) is not None, timeout=LONG)
        click(session, qtbot, x)
    session.seek(FIRST + 2)
    assert skins(session, FIRST + 2) == {}
    assert session.caches is not None
    assert not session.caches.contours.keys()  # nobody asked
    session.sights.show_onion(3)
    qtbot.waitUntil(lambda: len(skins(session, FIRST + 2)) == 3, timeout=LONG)
    found = skins(session, FIRST + 2)
    assert list(found) == [-2, 1, -1]  # the nearest lies on top
    assert found == pytest.approx({-2: 40, -1: 50, 1: 70}, abs=1.5)
    session.sights.show_onion(1)
    assert set(skins(session, FIRST + 2)) == {-1, 1}


def test_the_contour_of_any_mask_is_made_once_it_is_asked_for(
    session: Session, qtbot: QtBot
) -> None:
    mask = click(session, qtbot, 40)
    session.seek(FIRST + 2)
    assert session.sights.contour(mask) is None
    with qtbot.waitSignal(session.sights.changed, timeout=LONG):
        pass
    lines = session.sights.contour(mask)
    assert lines is not None
    assert np.concatenate(lines)[:, 0].mean() == pytest.approx(40, abs=1.5)
    assert session.sights.contours() == ()  # it is wanted no more


def test_another_clip_asks_for_no_contour_of_the_one_before(session: Session, qtbot: QtBot) -> None:
    mask = click(session, qtbot, 40)
    session.sights.contour(mask)
    assert session.sights.contours() == (mask,)
    session.close_project()
    assert session.sights.contours() == ()


def test_a_hidden_layer_has_no_onion_skin(session: Session, qtbot: QtBot) -> None:
    click(session, qtbot, 40)
    session.sights.show_onion(1)
    session.seek(FIRST + 1)
    qtbot.waitUntil(lambda: set(skins(session, FIRST + 1)) == {-1}, timeout=LONG)
    layer = session.selected
    assert layer is not None
    session.edit("Hide", lambda project: edits.set_shown(project, layer, shown=False))
    assert skins(session, FIRST + 1) == {}


def test_a_mask_that_cannot_be_read_has_no_contour_and_is_tried_once(
    session: Session, qtbot: QtBot
) -> None:
    mask = click(session, qtbot, 40)
    layer = session.selected
    assert layer is not None
    torn = Mask(b"torn", mask.shape, mask.window, None, mask.model, 0.0)
    session.edit("Tear", lambda project: edits.set_mask(project, layer, FIRST + 3, torn))
    session.seek(FIRST + 4)
    session.sights.show_onion(1)
    caches = session.caches
    assert caches is not None
    qtbot.waitUntil(lambda: torn in caches.contours.keys(), timeout=LONG)  # noqa: SIM118 - a cache
    assert caches.contours.get(torn) == ()


def test_the_matte_before_is_made_only_while_it_is_compared_with(
    session: Session, qtbot: QtBot
) -> None:
    sights = session.sights
    first = click(session, qtbot, 40)
    click(session, qtbot, 90)
    caches = session.caches
    assert caches is not None
    caches.mattes.clear()
    session.publish()
    layer = session.selected
    assert layer is not None
    qtbot.waitUntil(lambda: session.matte(layer, FIRST) is not None, timeout=LONG)
    earlier = sights.earlier(FIRST)
    assert earlier is not None
    assert earlier.mask is first
    assert earlier.label == f"Include point, frame {FIRST}"
    assert sights.matte(first) is None
    with qtbot.waitSignal(sights.matte_made, timeout=LONG):
        sights.compare(on=True)
    before, now = sights.matte(first), session.matte(layer, FIRST)
    assert before is not None
    assert now is not None
    assert (before[45, 40], before[45, 90]) == (255, 0)
    assert (now[45, 40], now[45, 90]) == (255, 255)
    sights.compare(on=False)
    assert sights.masks() == ()


def rest_at(session: Session, x: float, y: float = 45.0, *, include: bool = True) -> None:
    """The mouse rests at a place of the clip."""
    session.sights.hover(Point(x, y, include))


def outer(contour: Contour | None) -> tuple[float, float]:
    """The outermost places of a contour from left to right."""
    assert contour
    places = np.concatenate(contour)[:, 0]
    return float(places.min()), float(places.max())


def ready(session: Session, qtbot: QtBot) -> None:
    """The embedding of the playhead's frame is at hand and nothing is asked."""
    qtbot.waitUntil(lambda: session.playhead in session.embedded_frames(), timeout=LONG)


def test_a_preview_is_what_the_click_gives_and_leaves_no_trace(
    session: Session, qtbot: QtBot, model: DiscModel
) -> None:
    ready(session, qtbot)
    before, steps = session.project, session.history.labels()
    rest_at(session, 60)
    qtbot.waitUntil(lambda: session.sights.preview() is not None, timeout=LONG)
    assert outer(session.sights.preview()) == pytest.approx((60 - RADIUS, 60 + RADIUS), abs=2)
    assert session.project is before
    assert session.history.labels() == steps
    caches = session.caches
    assert caches is not None
    assert not caches.answers.keys()
    assert not caches.priors.keys()
    assert not caches.mattes.keys()
    session.sights.hover(None)  # as a press does
    decoded = len(model.decoded)
    mask = click(session, qtbot, 60)
    assert len(model.decoded) == decoded  # what was previewed is not asked again
    assert mask == answer(model, Embedding((), (160, 90)), Prompt(points=(Point(60.0, 45.0),)))


def test_with_alt_it_is_an_excluding_click_of_a_prompt(session: Session, qtbot: QtBot) -> None:
    ready(session, qtbot)
    rest_at(session, 60, include=False)
    assert session.sights.question() is None  # it would be refused
    click(session, qtbot, 60)
    rest_at(session, 75, include=False)
    qtbot.waitUntil(lambda: session.sights.preview() is not None, timeout=LONG)
    assert outer(session.sights.preview())[1] < 60 + RADIUS - 10
    assert session.project.layers[0].prompts[FIRST] == Prompt(points=(Point(60.0, 45.0),))


def test_a_preview_never_starts_an_encode(session: Session, qtbot: QtBot, model: DiscModel) -> None:
    ready(session, qtbot)
    model.encoding.clear()
    session.seek(FIRST + 8)
    caches = session.caches
    assert caches is not None
    rest_at(session, 60)
    assert session.sights.question() is not None
    wanted = session._crew._wanted
    assert wanted.preview == session.sights.question()
    assert plan.pick_decode(wanted) is None
    assert plan.urgent_frame(replace(wanted, settled=False)) is None


def test_a_click_does_not_wait_for_a_preview(
    session: Session, qtbot: QtBot, model: DiscModel
) -> None:
    ready(session, qtbot)
    model.decoding.clear()
    rest_at(session, 60)
    lane = session._crew.lanes[2]
    qtbot.waitUntil(lambda: isinstance(lane.current, PreviewClick), timeout=LONG)
    session.add_point(100.0, 45.0, include=True)
    qtbot.waitUntil(lambda: isinstance(lane.current, AnswerQuestion), timeout=2000)
    model.decoding.set()
    layer = session.selected
    assert layer is not None
    qtbot.waitUntil(lambda: not session.is_pending(layer, FIRST), timeout=LONG)
    assert session.caches is not None
    assert not any(prompt.points[0].x == 60 and len(prompt.points) == 1
                   for _, prompt in session.caches.previews.keys())  # fmt: skip  # noqa: SIM118


def test_a_preview_is_dropped_when_the_mouse_moves_on(
    session: Session, qtbot: QtBot, model: DiscModel
) -> None:
    ready(session, qtbot)
    model.decoding.clear()
    rest_at(session, 60)
    lane = session._crew.lanes[2]
    qtbot.waitUntil(lambda: isinstance(lane.current, PreviewClick), timeout=LONG)
    session.sights.hover(None)
    qtbot.waitUntil(lambda: lane.current is None, timeout=2000)
    assert session.sights.preview() is None
    assert model.decoded == []


def test_previews_stay_within_their_budget(session: Session, qtbot: QtBot) -> None:
    ready(session, qtbot)
    caches = session.caches
    assert caches is not None
    caches.previews.budget = 40_000
    for x in range(20, 120, 10):
        rest_at(session, float(x))
        qtbot.waitUntil(lambda: session.sights.preview() is not None, timeout=LONG)
    assert caches.previews.bytes <= 40_000
    assert len(caches.previews.keys()) < 10


def test_a_preview_that_fails_is_quiet_and_the_click_is_asked_all_the_same(
    session: Session, qtbot: QtBot, model: DiscModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready(session, qtbot)
    said: list[object] = []
    session.message_sent.connect(said.append)
    with monkeypatch.context() as patch:
        patch.setattr(model, "decode", lambda *_: 1 / 0)
        rest_at(session, 60)
        question = session.sights.question()
        caches = session.caches
        assert caches is not None
        qtbot.waitUntil(lambda: question in caches.failures, timeout=LONG)
    assert said == []
    click(session, qtbot, 60)


def test_a_locked_layer_has_no_preview(session: Session, qtbot: QtBot) -> None:
    click(session, qtbot, 40)
    layer = session.selected
    assert layer is not None
    session.edit("Lock", lambda project: edits.set_locked(project, layer, locked=True))
    rest_at(session, 60)
    assert session.sights.question() is None


class TestPropagation:
    @pytest.fixture
    def model(self) -> TrackingDiscModel:
        return TrackingDiscModel()

    def propagated(self, session: Session, qtbot: QtBot) -> list[Replaced]:
        """What is told while masks are propagated from the first frame, seen from the third."""
        told: list[Replaced] = []
        session.sights.replaced.connect(told.extend)
        session.seek(FIRST + 2)
        session.propagate("forward")
        qtbot.waitUntil(lambda: not session.propagating, timeout=LONG)
        qtbot.wait(100)
        session.sights.replaced.disconnect()
        return told

    def test_it_is_told_what_a_propagation_changed_under_the_playhead(
        self, session: Session, qtbot: QtBot
    ) -> None:
        session.sights.show_replaced(on=True)
        click(session, qtbot, 40)
        assert self.propagated(session, qtbot) == []  # nothing was there
        session.seek(FIRST)
        session.move_point(0, 70.0, 45.0)
        layer = session.selected
        assert layer is not None
        qtbot.waitUntil(lambda: not session.is_pending(layer, FIRST), timeout=LONG)
        (change,) = self.propagated(session, qtbot)
        assert change.frame == FIRST + 2
        assert sum(outer(change.before)) / 2 == pytest.approx(48, abs=1.5)
        assert sum(outer(change.now)) / 2 == pytest.approx(78, abs=1.5)
        assert self.propagated(session, qtbot) == []  # the same masks again

    def test_nothing_is_told_where_nobody_shows_it(self, session: Session, qtbot: QtBot) -> None:
        click(session, qtbot, 40)
        self.propagated(session, qtbot)
        session.seek(FIRST)
        session.move_point(0, 70.0, 45.0)
        assert self.propagated(session, qtbot) == []
        assert session.caches is not None
        assert not session.caches.contours.keys()
