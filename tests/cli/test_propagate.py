"""`rotocel propagate` from arguments to files, with a disc that moves."""

from __future__ import annotations

import json
from dataclasses import astuple
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from app import cli_propagate
from app.cli_follower import Follower
from app.paths import demo_clip, user_logs
from models.base import ModelError
from models.tracking import TrackOptions
from tests.cli import disc
from tests.cli.conftest import Rotocel
from tests.fakes import SPEED, DiscModel, TrackingDiscModel

FIRST, LAST, HOLE = 5, 14, 9
SIZE = (160, 90)
X, Y = 40, 45


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> TrackingDiscModel:
    """The model that every pack is."""
    model = TrackingDiscModel()
    monkeypatch.setattr(cli_propagate, "load_model", lambda _settings, _name: model)
    return model


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Ten frames, of which one is missing."""
    folder = tmp_path / "plate"
    folder.mkdir()
    for frame in range(FIRST, LAST + 1):
        if frame != HOLE:
            image = np.full((SIZE[1], SIZE[0], 3), 10 * frame, np.uint8)
            cv2.imwrite(str(folder / f"plate.{frame:04}.png"), image)
    return folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def read(path: Path) -> NDArray[np.uint8]:
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert image is not None
    assert (image.dtype, image.shape) == (np.uint8, SIZE[::-1])
    return np.asarray(image, np.uint8)


def middle(path: Path) -> float:
    return float(np.nonzero(read(path) >= 128)[1].mean() + 0.5)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def numbered(*frames: int) -> list[str]:
    return [f"{frame:05}.png" for frame in frames]


def test_it_follows_the_disc_and_writes_a_mask_a_frame(
    rotocel: Rotocel, clip: Path, out: Path, model: TrackingDiscModel
) -> None:
    ran = rotocel("propagate", clip, "--point", f"{X},{Y}", "--frames", "5-8", "--out", out)
    assert (ran.code, ran.err) == (0, "")
    assert names(out) == numbered(5, 6, 7, 8)
    for frame in range(5, 9):
        assert set(np.unique(read(out / f"{frame:05}.png"))) == {0, 255}
        assert middle(out / f"{frame:05}.png") == pytest.approx(X + SPEED * (frame - 5), abs=2)
    assert "Wrote 4 masks" in ran.out
    assert "seconds a frame: encoder 0." in ran.out
    assert model.options == [TrackOptions()]


def test_soft_masks_have_borders(
    rotocel: Rotocel, clip: Path, out: Path, model: TrackingDiscModel
) -> None:
    words = ("--point", f"{X},{Y}", "--frames", "5-6", "--soft", "--out", out)
    assert rotocel("propagate", clip, *words).code == 0
    assert len(np.unique(read(out / "00006.png"))) > 3


def test_what_is_lost_is_said_and_costs_the_exit_code(
    rotocel: Rotocel, clip: Path, out: Path, model: TrackingDiscModel
) -> None:
    model.loses = 7
    ran = rotocel("propagate", clip, "--point", f"{X},{Y}", "--frames", "5-8", "--out", out)
    assert ran.code == 1
    assert names(out) == numbered(5, 6)
    assert "lost on frame 7" in ran.out


def test_a_gap_is_skipped_said_and_costs_the_exit_code(
    rotocel: Rotocel, clip: Path, out: Path, model: TrackingDiscModel
) -> None:
    ran = rotocel("propagate", clip, "--point", f"{X},{Y}", "--out", out)
    assert ran.code == 1
    assert "Frame 9 is missing from plate" in ran.out
    assert names(out) == numbered(5, 6, 7, 8, 10, 11, 12, 13, 14)


def test_a_damaged_frame_is_passed_over(
    rotocel: Rotocel, clip: Path, out: Path, model: TrackingDiscModel
) -> None:
    path = clip / "plate.0007.png"
    path.write_bytes(path.read_bytes()[:70])
    words = ("--layer", "A", "--point", f"{X},{Y}", "--layer", "B", "--point", "90,45")
    ran = rotocel("propagate", clip, *words, "--frames", "5-8", "--out", out)
    assert ran.code == 1
    assert "plate.0007.png" in ran.out
    assert names(out / "A") == names(out / "B") == numbered(5, 6, 8)


@pytest.mark.parametrize(
    ("way", "frames"), [((), [12, 13, 14]), (("--backward",), [10, 11, 12]), (("--both",), [])]
)
def test_it_goes_where_it_is_told(
    rotocel: Rotocel, clip: Path, out: Path, model: TrackingDiscModel, way: tuple[str, ...],
    frames: list[int],
) -> None:  # fmt: skip
    words = ("--point", f"{X},{Y}@12", "--frames", "10-14", *way, "--out", out)
    assert rotocel("propagate", clip, *words).code == 0
    assert names(out) == numbered(*(frames or range(10, 15)))
    if way:
        assert middle(out / "00010.png") == pytest.approx(X - 2 * SPEED, abs=2)


def test_both_ways_of_layers_that_begin_apart(
    rotocel: Rotocel, clip: Path, out: Path, model: TrackingDiscModel
) -> None:
    words = ("--layer", "A", "--point", "40,45@11", "--layer", "B", "--point", "90,45@13")
    ran = rotocel("propagate", clip, *words, "--frames", "10-14", "--both", "--out", out)
    assert ran.code == 0, ran.err
    for name, start, x in (("A", 11, 40), ("B", 13, 90)):
        for frame in range(10, 15):
            found = middle(out / name / f"{frame:05}.png")
            assert found == pytest.approx(x + SPEED * (frame - start), abs=2)


def test_what_came_is_written_when_it_is_stopped(
    rotocel: Rotocel, clip: Path, out: Path, model: TrackingDiscModel,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def stop_on_the_way_back() -> bool:
        if len(model.tracked) == 4:  # 12, 13, 14, and 12 once more
            raise KeyboardInterrupt
        return True

    monkeypatch.setattr(model, "may_answer", stop_on_the_way_back)
    words = ("--point", f"{X},{Y}@12", "--frames", "10-14", "--both", "--out", out)
    ran = rotocel("propagate", clip, *words)
    assert ran.code == 1
    assert "what was finished stays" in ran.err
    assert names(out) == numbered(12, 13, 14)
    monkeypatch.undo()
    monkeypatch.setattr(cli_propagate, "load_model", lambda _settings, _name: model)
    assert rotocel("propagate", clip, *words, "--resume").code == 0
    assert names(out) == numbered(10, 11, 12, 13, 14)


def test_a_layer_is_black_before_its_first_prompt(
    rotocel: Rotocel, clip: Path, out: Path, model: TrackingDiscModel
) -> None:
    words = ("--layer", "A", "--point", "40,45@10", "--layer", "B", "--point", "90,45@12")
    ran = rotocel("propagate", clip, *words, "--frames", "10-14", "--out", out)
    assert ran.code == 0
    assert not read(out / "B" / "00011.png").any()
    assert read(out / "B" / "00012.png").any()
    assert "B: no mask on 10 to 11, written black." in ran.out


def test_prompts_on_several_frames_correct_it(
    rotocel: Rotocel, clip: Path, out: Path, model: TrackingDiscModel
) -> None:
    words = ("--point", f"{X},{Y}@10", "--point", "100,45@12", "--frames", "10-14")
    assert rotocel("propagate", clip, *words, "--out", out).code == 0
    assert middle(out / "00011.png") == pytest.approx(X + SPEED, abs=2)
    assert middle(out / "00013.png") == pytest.approx(100 + SPEED, abs=2)


def paint(path: Path, size: tuple[int, int] = SIZE, value: int = 255) -> Path:
    image = np.zeros(size[::-1], np.uint8)
    image[30:60, 50:70] = value
    cv2.imwrite(str(path), image)
    return path


@pytest.mark.parametrize("at", ["", "@6"])
def test_a_mask_is_followed(
    rotocel: Rotocel, clip: Path, out: Path, tmp_path: Path, model: TrackingDiscModel, at: str
) -> None:
    mask = paint(tmp_path / "mask @ 2.png", value=90)
    words = ("--mask", f"{mask}{at}", "--frames", "5-7", "--out", out)
    assert rotocel("propagate", clip, *words).code == 0
    start = 6 if at else 5
    assert names(out)[0] == f"{start:05}.png"
    given = cv2.imread(str(mask), cv2.IMREAD_GRAYSCALE)
    assert given is not None
    assert np.array_equal(read(out / f"{start:05}.png") > 0, given > 0), "as it was typed"
    assert middle(out / "00007.png") == pytest.approx(60 + SPEED * (7 - start), abs=2)


def test_json_has_facts_by_frame(
    rotocel: Rotocel, clip: Path, out: Path, model: TrackingDiscModel
) -> None:
    words = ("--point", f"{X},{Y}", "--frames", "5-7", "--out", out, "--json")
    told = rotocel("propagate", clip, *words).json
    assert told["written"] == 3
    assert told["complete"] is True
    assert set(told["seconds_a_frame"]) == {"encoder", "tracker"}
    assert [(f["layer"], f["frame"], f["key"]) for f in told["frames"]] == [
        ("Layer 1", 5, True),
        ("Layer 1", 6, False),
        ("Layer 1", 7, False),
    ]
    for fact in told["frames"]:
        assert fact["score"] == pytest.approx(0.9)
        assert fact["presence"] == pytest.approx(200 - X - SPEED * (fact["frame"] - 5))
        assert (fact["doubt"] > 0, bool(fact["reason"])) == (not fact["key"], not fact["key"])
        assert fact["seconds"]["encoder"] >= 0
        assert fact["seconds"]["tracker"] > 0
    json.dumps(told, allow_nan=False)


def test_options_of_the_tracker_reach_it(
    rotocel: Rotocel, clip: Path, out: Path, model: TrackingDiscModel
) -> None:
    words = ("--point", f"{X},{Y}", "--frames", "5-6", "--out", out)
    options = ("--conditioning", "0", "--stride", "3", "--prune", "--pack", "sam2.1-tiny")
    assert rotocel("propagate", clip, *words, *options).code == 0
    assert model.options == [TrackOptions(0, 3, prune=True)]


def test_a_movie_will_do(rotocel: Rotocel, out: Path, model: TrackingDiscModel) -> None:
    words = ("--point", "300,300", "--frames", "1001-1003", "--out", out)
    assert rotocel("propagate", demo_clip(), *words).code == 0
    assert names(out) == numbered(1001, 1002, 1003)


def test_masks_are_never_replaced_silently(
    rotocel: Rotocel, clip: Path, out: Path, model: TrackingDiscModel
) -> None:
    words = ("--point", f"{X},{Y}", "--frames", "5-7", "--out", out)
    assert rotocel("propagate", clip, *words).code == 0
    before = (out / "00006.png").read_bytes()
    again = rotocel("propagate", clip, "--point", "90,45", *words[2:])
    assert again.code == 1
    assert "3 masks are already in" in again.err
    assert (out / "00006.png").read_bytes() == before
    kept = rotocel("propagate", clip, *words, "--resume")
    assert (kept.code, "Left 3 masks alone" in kept.out) == (0, True)
    assert rotocel("propagate", clip, "--point", "90,45", *words[2:], "--overwrite").code == 0
    assert (out / "00006.png").read_bytes() != before
    assert names(out) == numbered(5, 6, 7)


def test_names_of_masks_stay_out_of_the_log(
    rotocel: Rotocel, clip: Path, out: Path, tmp_path: Path, model: TrackingDiscModel
) -> None:
    rotocel("propagate", clip, "--mask", tmp_path / "secret shot.png", "--out", out)
    logs = "".join(path.read_text("utf-8") for path in user_logs().glob("*.log"))
    assert "propagate failed" in logs
    assert "secret" not in logs


def test_what_a_killed_run_left_is_swept(
    rotocel: Rotocel, clip: Path, out: Path, model: TrackingDiscModel
) -> None:
    out.mkdir()
    (out / ".00044.png.part").write_bytes(b"torn")
    (out / ".keep.png.part").write_bytes(b"somebody else's")
    words = ("--point", f"{X},{Y}", "--frames", "5-5", "--out", out)
    assert rotocel("propagate", clip, *words).code == 0
    assert names(out) == [".keep.png.part", "00005.png"]


def test_an_error_of_the_model_is_a_sentence_and_finished_masks_stay(
    rotocel: Rotocel, clip: Path, out: Path, model: TrackingDiscModel
) -> None:
    decode = model.decode

    def failing(*words: object, **more: object) -> object:
        if len(model.tracked) == 3:
            raise ModelError("memattn.onnx needs more memory than there is.")
        return decode(*words, **more)  # type: ignore[arg-type]

    model.decode = failing  # type: ignore[method-assign,assignment]
    ran = rotocel("propagate", clip, "--point", f"{X},{Y}", "--frames", "5-8", "--out", out)
    assert (ran.code, "more memory" in ran.err) == (1, True)
    assert names(out) == numbered(5, 6)


BAD = [
    ((), 2, "Say what to follow"),
    (("--layer", "A"), 2, "Say what A is"),
    (("--point", "5,5@99"), 2, "outside the frames"),
    (("--point", "5,500"), 2, "outside the picture"),
    (("--point", "5,5@9"), 2, "Frame 9 is missing from plate; prompt another frame"),
    (("--point", "5,5", "--backward", "--both"), 2, "not allowed with"),
    (("--point", "5,5", "--stride", "0"), 2, "1 or more"),
    (("--point", "5,5", "--conditioning", "-1"), 2, "0 or more"),
    (("--mask", "nothing.png"), 1, "nothing.png is not there; check the path."),
    (("--mask", "{text}/mask.png"), 1, "mask.png is not there; check the path."),
    (("--mask", "{good}@99"), 2, "A mask is on frame 99"),
    (("--mask", "{good}", "--mask", "{good}"), 2, "two masks"),
    (("--mask", "{good}", "--point", "5,5"), 2, "a mask and clicks"),
    (("--mask", "{small}"), 1, "small.png is 80x40 pixels, plate is 160x90"),
    (("--mask", "{black}"), 1, "black.png is black all over"),
    (("--mask", "{text}"), 1, "text.png"),
    (("--mask", "{folder}"), 1, "is a folder; give a mask PNG."),
]


@pytest.mark.parametrize(("words", "code", "sentence"), BAD)
def test_what_makes_no_sense_is_a_sentence(
    rotocel: Rotocel,
    clip: Path,
    out: Path,
    tmp_path: Path,
    model: TrackingDiscModel,
    words: tuple[str, ...],
    code: int,
    sentence: str,
) -> None:
    made = {
        "good": paint(tmp_path / "good.png"),
        "small": paint(tmp_path / "small.png", (80, 40)),
        "black": paint(tmp_path / "black.png", value=0),
        "text": tmp_path / "text.png",
        "folder": tmp_path,
    }
    made["text"].write_text("no picture")
    ran = rotocel("propagate", clip, *(word.format(**made) for word in words), "--out", out)
    assert ran.code == code
    assert sentence in ran.err
    assert ran.err.count("\n") == 1
    assert not out.exists()


def test_a_key_that_turns_out_to_be_unreadable_is_a_sentence(
    rotocel: Rotocel, clip: Path, out: Path, model: TrackingDiscModel
) -> None:
    path = clip / "plate.0005.png"
    path.write_bytes(path.read_bytes()[:70])
    ran = rotocel("propagate", clip, "--point", "5,5", "--frames", "5-8", "--out", out)
    assert ran.code == 1
    assert "No other frame says where Layer 1 is; prompt another one." in ran.err
    assert not out.exists()


def test_one_unreadable_key_of_several_costs_its_frame_only(
    rotocel: Rotocel, clip: Path, out: Path, model: TrackingDiscModel
) -> None:
    path = clip / "plate.0007.png"
    path.write_bytes(path.read_bytes()[:70])
    words = ("--point", f"{X},{Y}@5", "--point", f"{X},{Y}@7", "--frames", "5-8", "--out", out)
    ran = rotocel("propagate", clip, *words)
    assert (ran.code, "plate.0007.png" in ran.out) == (1, True)
    assert names(out) == numbered(5, 6, 8)


def test_a_model_of_single_images_says_so(
    rotocel: Rotocel, clip: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli_propagate, "load_model", lambda _settings, _name: DiscModel())
    ran = rotocel("propagate", clip, "--point", "5,5", "--out", out)
    assert ran.code == 1
    assert "Disc sees single images only" in ran.err


def test_the_bundled_model_follows_too(rotocel: Rotocel, out: Path, tmp_path: Path) -> None:
    plate = disc.make_clip(tmp_path / "disc")
    x, y = disc.centre(1001)
    ran = rotocel("propagate", plate, "--point", f"{x},{y}", "--out", out, "--json")
    assert (ran.code, ran.err) == (0, "")
    assert ran.json["model"]["id"] == "mobilesam"
    for frame in disc.FRAMES:
        mask = cv2.imread(str(out / f"{frame:05}.png"), cv2.IMREAD_UNCHANGED)
        assert mask is not None
        assert disc.overlap(mask.astype(np.uint8), frame) > 0.85


def test_an_unknown_model_is_named(rotocel: Rotocel, clip: Path, out: Path) -> None:
    ran = rotocel("propagate", clip, "--point", "5,5", "--out", out, "--pack", "sam9")
    assert "There is no model called sam9" in ran.err


def test_names_that_say_matte_are_told_as_they_are(
    rotocel: Rotocel, clip: Path, tmp_path: Path, model: TrackingDiscModel
) -> None:
    out = tmp_path / "hero mattes"
    words = ("--layer", "matte A", "--point", "40,45@10", "--layer", "B", "--point", "90,45@12")
    ran = rotocel("propagate", clip, *words, "--frames", "10-14", "--out", out)
    assert f"Wrote 10 masks to {out} in" in ran.out
    ran = rotocel("propagate", clip, *words, "--frames", "8-14", "--both", "--out", out / "more")
    assert "matte A: 1 mask missing: 9." in ran.out


def test_backward_begins_at_the_last_frame(
    rotocel: Rotocel, clip: Path, out: Path, model: TrackingDiscModel
) -> None:
    words = ("--point", f"{X},{Y}", "--frames", "10-14", "--backward", "--out", out)
    assert rotocel("propagate", clip, *words).code == 0
    assert names(out) == numbered(10, 11, 12, 13, 14)
    assert middle(out / "00014.png") == pytest.approx(X, abs=2)


@pytest.mark.parametrize(
    ("way", "before", "said"),
    [
        ((), [10, 11], "Not written: 10 to 11, before the first prompt; --both"),
        (("--backward",), [13, 14], "Not written: 13 to 14, after the last prompt; --both"),
        (("--both",), [], ""),
    ],
)
def test_frames_to_which_it_does_not_come_are_named(
    rotocel: Rotocel, clip: Path, out: Path, model: TrackingDiscModel,
    way: tuple[str, ...], before: list[int], said: str,
) -> None:  # fmt: skip
    words = ("--point", f"{X},{Y}@12", "--frames", "10-14", *way, "--out", out)
    ran = rotocel("propagate", clip, *words)
    assert said in ran.out
    assert ("Not written" in ran.out) == bool(said)
    assert rotocel("propagate", clip, *words, "--resume", "--json").json["not_written"] == before


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("5,5@14",), "There are no frames to go to forward from the prompts within 10-14"),
        (("5,5@10", "--backward"), "There are no frames to go to backward from the prompts"),
    ],
)
def test_a_way_that_leads_nowhere_is_refused(
    rotocel: Rotocel, clip: Path, out: Path, model: TrackingDiscModel, words: tuple[str, ...],
    sentence: str,
) -> None:  # fmt: skip
    ran = rotocel("propagate", clip, "--frames", "10-14", "--point", *words, "--out", out)
    assert (ran.code, sentence in ran.err) == (2, True)
    assert not out.exists()
    one = rotocel("propagate", clip, "--frames", "14", "--point", "5,5", "--out", out)
    assert (one.code, names(out)) == (0, numbered(14))


def test_only_facts_are_kept_of_masks_that_are_written(
    rotocel: Rotocel, clip: Path, out: Path, model: TrackingDiscModel,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    made: list[Follower] = []

    class Watched(Follower):
        def __post_init__(self) -> None:
            super().__post_init__()
            made.append(self)

    monkeypatch.setattr(cli_propagate, "Follower", Watched)
    words = ("--point", f"{X},{Y}", "--frames", "5-8", "--out", out)
    assert rotocel("propagate", clip, *words).code == 0
    kept = [value for fact in made[0].facts.values() for value in astuple(fact)]
    assert len(kept) == 4 * 7
    assert all(isinstance(value, bool | float | str) for value in kept)


def test_resume_says_what_it_replaced(
    rotocel: Rotocel, clip: Path, out: Path, model: TrackingDiscModel
) -> None:
    words = ("propagate", clip, "--point", f"{X},{Y}", "--frames", "5-8", "--out", out)
    assert rotocel(*words).code == 0
    cv2.imwrite(str(out / "00006.png"), np.zeros((SIZE[1], SIZE[0]), np.uint8))
    (out / "00007.png").unlink()
    ran = rotocel(*words, "--resume")
    assert "Wrote 2 masks" in ran.out
    assert "Replaced 1 mask of another making." in ran.out
    assert "Left 2 masks alone that were complete." in ran.out
    assert middle(out / "00006.png") == pytest.approx(X + SPEED, abs=2)


def test_a_reader_that_leaves_is_no_fault(
    rotocel: Rotocel, clip: Path, out: Path, model: TrackingDiscModel,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def gone(*_words: object, **_how: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr("builtins.print", gone)
    ran = rotocel("propagate", clip, "--point", f"{X},{Y}", "--frames", "5-6", "--out", out)
    monkeypatch.undo()
    assert (ran.code, ran.err) == (1, "")
