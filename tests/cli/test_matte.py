"""`rotocel matte` from arguments to files, with the bundled model."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.cli.conftest import Rotocel
from tests.cli.disc import FRAMES, SIZE, centre, overlap


def at(frame: int) -> str:
    x, y = centre(frame)
    return f"{x},{y}@{frame}"


def read(path: Path) -> NDArray[np.uint8]:
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert image is not None
    assert image.dtype == np.uint8
    return np.asarray(image, np.uint8)


def test_a_click_on_the_disc_writes_the_disc_and_black_elsewhere(
    rotocel: Rotocel, clip: Path, tmp_path: Path
) -> None:
    ran = rotocel("matte", clip, "--layer", "Ball", "--point", at(1002), "--out", tmp_path)
    assert (ran.code, ran.err) == (0, "")
    assert overlap(read(tmp_path / "Ball" / "Ball.1002.png"), 1002) > 0.9
    for frame in (1001, 1003):
        assert not read(tmp_path / "Ball" / f"Ball.{frame}.png").any()
    assert "Wrote 3 mattes" in ran.out
    assert "no mask on 1001, 1003" in ran.out


def test_a_point_without_a_frame_stands_on_the_first_frame_asked_for(
    rotocel: Rotocel, clip: Path, tmp_path: Path
) -> None:
    x, y = centre(1003)
    frames = ("--frames", "1003", "--out", tmp_path)
    assert rotocel("matte", clip, "--point", f"{x},{y}", *frames).code == 0
    assert [p.name for p in (tmp_path / "Layer 1").iterdir()] == ["Layer 1.1003.png"]
    assert overlap(read(tmp_path / "Layer 1" / "Layer 1.1003.png"), 1003) > 0.9


def test_a_box_makes_a_mask_too(rotocel: Rotocel, clip: Path, tmp_path: Path) -> None:
    x, y = centre(1001)
    corners = f"{x + 55},{y + 55},{x - 55},{y - 55}"  # any two opposite ones
    ran = rotocel("matte", clip, "--box", corners, "--frames", "1001", "--out", tmp_path)
    assert ran.code == 0
    assert overlap(read(tmp_path / "Layer 1" / "Layer 1.1001.png"), 1001) > 0.9


def test_json_tells_what_happened_layer_by_layer(
    rotocel: Rotocel, clip: Path, tmp_path: Path
) -> None:
    sheet = tmp_path / "sheet.png"
    words = ("--layer", "A", "--point", at(1001), "--layer", "B", "--point", at(1002))
    ran = rotocel(
        "matte",
        clip,
        *words,
        "--frames",
        "1001-1002",
        "--out",
        tmp_path,
        "--sheet",
        sheet,
        "--json",
    )
    assert ran.code == 0
    told = ran.json
    seconds = told.pop("seconds")
    assert seconds > 0
    assert told == {
        "out": str(tmp_path),
        "written": 4,
        "kept": 0,
        "replaced": 0,
        "black": {"A": [1002], "B": [1001]},
        "missing": {},
        "errors": [],
        "complete": True,
        "sheet": str(sheet),
    }
    assert read(sheet).shape[1] > 2 * SIZE[0]


def test_mattes_that_are_there_are_neither_replaced_nor_forgotten(
    rotocel: Rotocel, clip: Path, tmp_path: Path
) -> None:
    words = ("matte", clip, "--point", at(1001), "--frames", "1001", "--out", tmp_path)
    assert rotocel(*words).code == 0
    path = tmp_path / "Layer 1" / "Layer 1.1001.png"
    first = path.read_bytes()
    refused = rotocel(*words)
    assert refused.code == 1
    assert refused.err.strip().count("\n") == 0
    assert "--overwrite or --resume" in refused.err
    assert path.read_bytes() == first
    resumed = rotocel(*words, "--resume", "--json")
    assert (resumed.code, resumed.json["kept"], resumed.json["written"]) == (0, 1, 0)
    replaced = rotocel(*words, "--overwrite", "--json")
    assert (replaced.code, replaced.json["kept"], replaced.json["written"]) == (0, 0, 1)


def test_a_frame_that_cannot_be_read_is_an_error_that_names_it(
    rotocel: Rotocel, clip: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "plate"
    broken.mkdir()
    for path in clip.iterdir():
        data = path.read_bytes()
        (broken / path.name).write_bytes(data[: len(data) // 2] if "1002" in path.name else data)
    (broken / "plate.1003.png").rename(broken / "plate.1004.png")
    out = tmp_path / "out"
    words = [word for frame in (1001, 1002) for word in ("--point", at(frame))]
    ran = rotocel("matte", broken, *words, "--out", out, "--json")
    assert ran.code == 1
    assert ran.json["missing"] == {"Layer 1": [1002, 1003]}
    assert "1002" in ran.json["errors"][0]
    assert "1003" in ran.json["errors"][1]
    assert sorted(p.name for p in (out / "Layer 1").iterdir()) == [
        "Layer 1.1001.png",
        "Layer 1.1004.png",
    ]


def test_points_are_answered_in_the_order_typed(
    rotocel: Rotocel, clip: Path, tmp_path: Path
) -> None:
    """The second layer continues the first one's name, so its click ends up in the same prompt."""
    x, y = centre(1001)
    words = ("--layer", "A", "--point", f"{x},{y}", "--layer", "B", "--point", "5,5")
    again = ("--layer", "A", "--not", f"{x + 80},{y}")
    ran = rotocel(
        "matte", clip, *words, *again, "--frames", str(FRAMES[0]), "--out", tmp_path, "--json"
    )
    assert ran.code == 0
    assert ran.json["written"] == 2
    assert overlap(read(tmp_path / "A" / "A.1001.png"), 1001) > 0.9


def test_a_prompt_that_only_leaves_out_is_refused(
    rotocel: Rotocel, clip: Path, tmp_path: Path
) -> None:
    ran = rotocel("matte", clip, "--not", "5,5", "--out", tmp_path / "out")
    assert ran.code == 2
    assert "--point or --box" in ran.err
    assert not (tmp_path / "out").exists()
