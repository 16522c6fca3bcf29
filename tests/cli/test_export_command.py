"""`rotocel export`: a saved project becomes mattes, with its footage, without it, or with other."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from app.domain import edits
from app.domain.clip import open_clip
from app.domain.frames import FrameRange
from app.domain.live_copy import LiveCopy
from app.domain.mask import Mask
from app.domain.project import Point, Project, Prompt
from app.domain.project_write import View
from tests.cli.conftest import Rotocel
from tests.cli.disc import SIZE, centre, overlap


def middle(frame: int) -> Point:
    x, y = centre(frame)
    return Point(float(x), float(y))


@pytest.fixture
def job(tmp_path: Path, clip: Path) -> Path:
    """A folder with footage and a project: a mask on 1002, a prompt nobody answered on 1003."""
    folder = tmp_path / "job"
    shutil.copytree(clip, folder / "plate")
    project = edits.add_layer(Project(open_clip(folder / "plate")), "Ball")
    project = edits.add_layer(project, "Nothing")
    ball = project.layers[1].id
    answered = Prompt(points=(middle(1002),))
    project = edits.set_prompt(project, ball, 1002, answered)
    logits = np.full((64, 64), -9, np.float16)
    logits[8:16, 8:24] = 9
    window = (0.0, 0.0, 320.0, 320.0)
    mask = Mask.pack(logits, window=window, prompt=answered, model="mobilesam", score=0.9)
    project = edits.set_mask(project, ball, 1002, mask)
    project = edits.add_point(project, ball, 1003, middle(1003))
    live = LiveCopy(tmp_path / "recovery")
    live.save(edits.set_in_out(project, FrameRange(1002, 1003)), View(), folder / "shot.roto")
    live.delete()
    return folder


def read(path: Path) -> NDArray[np.uint8]:
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert image is not None
    return np.asarray(image, np.uint8)


def test_stored_masks_are_written_and_missing_ones_computed(
    rotocel: Rotocel, job: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    ran = rotocel("export", job / "shot.roto", "--layer", "Ball", "--out", out)
    assert (ran.code, ran.err) == (0, "")
    assert [path.name for path in sorted((out / "Ball").iterdir())] == [
        "Ball.1002.png",
        "Ball.1003.png",
    ]
    stored = read(out / "Ball" / "Ball.1002.png")
    assert stored.shape == SIZE[::-1]
    assert (stored[60, 60], stored[20, 60]) == (255, 0)
    assert overlap(read(out / "Ball" / "Ball.1003.png"), 1003) > 0.9


def test_all_layers_and_other_frames(rotocel: Rotocel, job: Path, tmp_path: Path) -> None:
    ran = rotocel(
        "export", job / "shot.roto", "--frames", "1001-1002", "--out", tmp_path / "out", "--json"
    )
    assert ran.code == 0
    assert ran.json["written"] == 4
    assert ran.json["black"] == {"Ball": [1001], "Nothing": [1001, 1002]}


def test_a_job_that_moved_finds_its_footage(rotocel: Rotocel, job: Path, tmp_path: Path) -> None:
    moved = job.rename(tmp_path / "moved")
    assert rotocel("export", moved / "shot.roto", "--out", tmp_path / "out").code == 0


def test_without_footage_what_is_stored_is_written_and_the_rest_listed(
    rotocel: Rotocel, job: Path, tmp_path: Path
) -> None:
    shutil.rmtree(job / "plate")
    ran = rotocel("export", job / "shot.roto", "--layer", "Ball", "--out", tmp_path / "out")
    assert ran.code == 1
    assert "is not where it was" in ran.err
    assert (tmp_path / "out" / "Ball" / "Ball.1002.png").exists()
    assert not (tmp_path / "out" / "Ball" / "Ball.1003.png").exists()
    assert "1003" in ran.out


def test_replaced_footage_is_not_used_unless_it_is_named(
    rotocel: Rotocel, job: Path, tmp_path: Path
) -> None:
    for path in (job / "plate").iterdir():
        cv2.imwrite(str(path), np.zeros((SIZE[1], SIZE[0], 3), np.uint8))
    ran = rotocel("export", job / "shot.roto", "--out", tmp_path / "out")
    assert ran.code == 1
    assert "replaced" in ran.err
    named = ("--clip", job / "plate", "--out", tmp_path / "out", "--overwrite")
    ran = rotocel("export", job / "shot.roto", *named)
    assert ran.code == 0
    assert "other content" in ran.err


def test_footage_that_does_not_fit_is_refused(rotocel: Rotocel, job: Path, tmp_path: Path) -> None:
    small = tmp_path / "small.1002.png"
    cv2.imwrite(str(small), np.zeros((20, 30, 3), np.uint8))
    ran = rotocel("export", job / "shot.roto", "--clip", small, "--out", tmp_path / "out")
    assert ran.code == 1
    assert "30 x 20" in ran.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("extra", "code", "sentence"),
    [
        (["--layer", "Bell"], 1, "There is no layer Bell"),
        (["--frames", "1-2"], 2, "is not within"),
        (["--frames", "x"], 2, "should be like"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(
    rotocel: Rotocel, job: Path, tmp_path: Path, extra: list[str], code: int, sentence: str
) -> None:
    ran = rotocel("export", job / "shot.roto", "--out", tmp_path / "out", *extra)
    assert ran.code == code
    assert sentence in ran.err
    assert ran.err.count("\n") == 1


def test_a_file_that_is_no_project_is_one_sentence(rotocel: Rotocel, tmp_path: Path) -> None:
    path = tmp_path / "bad.roto"
    path.write_text("no")
    ran = rotocel("export", path, "--out", tmp_path / "out")
    assert ran.code == 1
    assert "bad.roto is not a Rotocel project" in ran.err
