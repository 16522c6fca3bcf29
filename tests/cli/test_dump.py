"""`rotocel dump`: readable, the same for the same project, and useful when the file is damaged."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.__main__ import main
from app.domain import project_schema
from app.domain.live_copy import LiveCopy
from app.domain.mask import upsample
from app.domain.matte import coverage
from app.domain.project import Project
from app.domain.project_read import read_project
from app.domain.project_schema import VERSION, ProjectError
from app.domain.project_write import View
from tests.project.store_version import DATA
from tests.project.store_version import project as full_project
from tests.project.values import plain_project, renamed

Capture = pytest.CaptureFixture[str]


def saved(path: Path, project: Project) -> Path:
    live = LiveCopy(path.parent / "recovery")
    live.save(project, View(1005), path)
    live.delete()
    return path


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return saved(tmp_path / "shot.roto", full_project())


def test_it_prints_everything_as_json(home: Path, capsys: Capture) -> None:
    assert main(["dump", str(home)]) == 0
    values = json.loads(capsys.readouterr().out)
    assert values["version"] == VERSION
    assert values["clip"]["frames"] == [1001, 1100]
    rabbit, grass = values["layers"]
    assert (rabbit["name"], grass["name"]) == ("Rabbit", "Grass")
    assert [prompt["frame"] for prompt in rabbit["prompts"]] == [1001, 1005]
    assert rabbit["prompts"][0]["points"][0] == [100.5, 50.25, True, 0]
    assert [mask["frame"] for mask in rabbit["masks"]] == [1001, 1003, 1004]
    assert [mask["empty"] for mask in rabbit["masks"]] == [0, 0, 1]
    assert (rabbit["masks"][1]["doubt"], rabbit["masks"][1]["reason"]) == (0.75, "jump")
    assert rabbit["locks"] == [1001, 1004]
    assert values["faults"] == []


def test_a_file_of_version_1_lacks_nothing(capsys: Capture) -> None:
    assert main(["dump", str(DATA / "version_1.roto")]) == 0
    values = json.loads(capsys.readouterr().out)
    assert (values["version"], values["faults"]) == (1, [])
    assert [layer["locks"] for layer in values["layers"]] == [[], []]


def test_equal_projects_print_the_same_and_an_edit_shows(tmp_path: Path, capsys: Capture) -> None:
    def printed(name: str, project: Project) -> str:
        main(["dump", str(saved(tmp_path / name, project))])
        return capsys.readouterr().out

    one = printed("a.roto", plain_project())
    assert printed("b.roto", plain_project()) == one
    other = printed("c.roto", renamed(plain_project(), "Fox"))
    differing = [b for a, b in zip(one.splitlines(), other.splitlines(), strict=True) if a != b]
    assert [line.strip() for line in differing] == ['"name": "Fox",']


def test_it_writes_masks_as_they_are_and_mattes_of_the_clips_size(
    home: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "out"
    assert main(["dump", str(home), "--out", str(out)]) == 0
    assert "3 masks and 3 mattes" in capsys.readouterr().out
    layer = full_project().layers[0]
    mask = layer.masks[1003]
    assert (out / "masks" / "Rabbit" / "Rabbit.1003.png").read_bytes() == mask.data
    matte = cv2.imread(str(out / "mattes" / "Rabbit" / "Rabbit.1003.png"), cv2.IMREAD_UNCHANGED)
    assert matte is not None
    wanted = coverage(upsample(mask, (640, 360)))
    assert np.array_equal(matte, np.rint(wanted * 255).astype(np.uint8))
    assert json.loads((out / "project.json").read_text("utf-8"))["layers"][1]["name"] == "Grass"


def test_it_does_not_write_into_a_folder_in_use(
    home: Path, tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("x")
    assert main(["dump", str(home), "--out", str(tmp_path / "out")]) == 1
    assert "is not empty" in capsys.readouterr().err
    assert len(list((tmp_path / "out").iterdir())) == 1


def test_a_live_copy_is_dumped_with_what_is_in_its_log(tmp_path: Path, capsys: Capture) -> None:
    live = LiveCopy(tmp_path / "recovery")
    live.keep(plain_project(), View())
    live.keep(renamed(plain_project(), "Fox"), View())
    assert main(["dump", str(live.path)]) == 0
    assert '"Fox"' in capsys.readouterr().out
    live.delete()


def damaged(path: Path, page: int, size: int) -> None:
    """Overwrite one page of a database with noise."""
    data = bytearray(path.read_bytes())
    noise = np.random.default_rng(page).integers(0, 256, size, np.uint8).tobytes()
    data[(page - 1) * size : page * size] = noise
    path.write_bytes(bytes(data))


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], Path]:
    """Makes a project of 3 x 40 masks on pages that hold one or two of them."""
    monkeypatch.setattr(project_schema, "PAGE", 1024)
    return lambda path: saved(path, plain_project(3, 40))


def test_damage_costs_the_rows_it_lies_on_and_no_others(
    small_pages: Callable[[Path], Path], tmp_path: Path, capsys: Capture
) -> None:
    home = small_pages(tmp_path / "shot.roto")
    pages = home.stat().st_size // 1024
    assert pages > 100
    got = []
    for page in range(2, pages, 7):
        path = tmp_path / f"damaged {page}.roto"
        path.write_bytes(home.read_bytes())
        damaged(path, page, 1024)
        code = main(["dump", str(path)])
        out, err = capsys.readouterr()
        if err:
            assert "Nothing can be read" in err
            continue
        values = json.loads(out)
        assert (code == 1) == bool(values["faults"])
        got.append(sum(len(layer["masks"]) for layer in values["layers"]))
        with pytest.raises(ProjectError, match="rotocel dump"):
            read_project(path)
    assert len(got) > 10
    assert np.median(got) >= 115
    assert max(got) == 120


def test_a_layer_that_is_lost_does_not_take_its_masks_along(
    home: Path, tmp_path: Path, capsys: Capture
) -> None:
    db = project_schema.open_own(home)
    db.execute("DELETE FROM layer WHERE name = 'Rabbit'")
    db.close()
    main(["dump", str(home), "--out", str(tmp_path / "out")])
    assert "3 masks" in capsys.readouterr().out
    assert len(list((tmp_path / "out" / "mattes").rglob("*.png"))) == 2


@pytest.mark.parametrize("data", [b"", b"text", b"SQLite format 3\0" + bytes(200)])
def test_what_is_no_project_is_one_sentence(tmp_path: Path, data: bytes, capsys: Capture) -> None:
    path = tmp_path / "bad.roto"
    path.write_bytes(data)
    assert main(["dump", str(path)]) == 1
    error = capsys.readouterr().err
    assert "bad.roto" in error
    assert error.count("\n") == 1


def test_what_is_not_there_is_one_sentence(tmp_path: Path, capsys: Capture) -> None:
    assert main(["dump", str(tmp_path / "gone.roto")]) == 1
    assert "gone.roto" in capsys.readouterr().err
