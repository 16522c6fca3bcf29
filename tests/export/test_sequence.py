"""Exports: whole files or none, nothing replaced unasked, an honest report."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from export.base import Alpha, ExportError, FrameError
from export.job import ExistingFiles, ExportJob, Mode, existing
from export.report import Progress, Report
from export.sequence import export

SIZE = (12, 8)


def matte_of(layer: int, frame: int) -> Alpha:
    return np.full(SIZE[::-1], (layer * 16 + frame % 100) / 255, np.float32)


def job(
    out_dir: Path,
    layers: tuple[str, ...] = ("Rabbit", "Grass"),
    frames: tuple[int, ...] = (1001, 1002, 1003),
    mode: Mode = "refuse",
) -> ExportJob:
    return ExportJob(out_dir, layers, frames, SIZE, mode=mode)


def run(work: ExportJob, alpha: Callable[[int, int], Alpha | None] = matte_of) -> Report:
    *_, report = export(work, alpha)
    assert isinstance(report, Report)
    return report


def files(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def codes(path: Path) -> set[int]:
    with Image.open(path) as image:
        assert image.size == SIZE
        return set(np.asarray(image).ravel().tolist())


def test_every_layer_gets_a_folder_and_every_frame_a_file(tmp_path: Path) -> None:
    report = run(job(tmp_path / "new" / "out"))
    out = tmp_path / "new" / "out"
    assert files(out) == [
        f"{name}/{name}.{frame}.png" for name in ("Grass", "Rabbit") for frame in (1001, 1002, 1003)
    ]
    assert codes(out / "Rabbit" / "Rabbit.1002.png") == {2}
    assert codes(out / "Grass" / "Grass.1002.png") == {18}
    assert (report.written, report.kept, report.complete) == (6, 0, True)
    assert not report.black
    assert not report.errors


def test_layers_of_one_name_do_not_overwrite_each_other(tmp_path: Path) -> None:
    run(job(tmp_path, ("a/b", "a:b"), (1,)))
    assert codes(tmp_path / "a_b" / "a_b.0001.png") == {1}
    assert codes(tmp_path / "a_b_2" / "a_b_2.0001.png") == {17}


def test_progress_counts_up_to_the_total_and_the_report_comes_last(tmp_path: Path) -> None:
    *steps, last = export(job(tmp_path), matte_of)
    assert isinstance(last, Report)
    progress = [step for step in steps if isinstance(step, Progress)]
    assert [step.done for step in progress] == [1, 2, 3, 4, 5, 6]
    assert {step.total for step in progress} == {6}
    assert all(step.rate > 0 for step in progress)
    assert progress[-1].eta == 0
    assert all(step.path.exists() for step in progress)


def test_the_rate_and_the_time_left_are_those_of_the_clock(tmp_path: Path) -> None:
    def slow(layer: int, frame: int) -> Alpha:
        time.sleep(0.05)
        return matte_of(layer, frame)

    step = next(export(job(tmp_path), slow))
    assert isinstance(step, Progress)
    assert 1 < step.rate < 20
    assert step.eta == pytest.approx(5 / step.rate)


def test_frames_without_a_mask_are_black_and_listed(tmp_path: Path) -> None:
    report = run(job(tmp_path), lambda layer, n: None if n == 1002 else matte_of(layer, n))
    assert codes(tmp_path / "Grass" / "Grass.1002.png") == {0}
    assert report.black == {"Rabbit": [1002], "Grass": [1002]}
    assert report.written == 6
    assert report.complete


def test_a_frame_that_fails_is_named_and_not_written(tmp_path: Path) -> None:
    def alpha(layer: int, frame: int) -> Alpha:
        if (layer, frame) == (0, 1002):
            raise FrameError("frame 1002 of shot.mov cannot be decoded.")
        return matte_of(layer, frame)

    report = run(job(tmp_path), alpha)
    assert not (tmp_path / "Rabbit" / "Rabbit.1002.png").exists()
    assert len(files(tmp_path)) == report.written == 5
    assert report.missing == {"Rabbit": [1002]}
    assert not report.complete
    (sentence,) = report.errors
    assert "Rabbit frame 1002" in sentence
    assert "shot.mov" in sentence
    assert sentence in report.sentences


@pytest.mark.parametrize(
    ("matte", "words"),
    [
        (np.zeros((3, 3), np.float32), "(3, 3)"),
        (np.full(SIZE[::-1], 1.5, np.float32), "outside 0..1"),
        (np.full(SIZE[::-1], np.nan, np.float32), "outside 0..1"),
    ],
)
def test_a_matte_that_cannot_be_one_is_an_error_of_its_frame(
    tmp_path: Path, matte: Alpha, words: str
) -> None:
    report = run(job(tmp_path), lambda layer, n: matte if n == 1003 else matte_of(layer, n))
    assert report.written == 4
    assert all(words in sentence for sentence in report.errors)
    assert len(report.errors) == 2


def test_an_older_matte_of_a_failed_frame_is_left_and_told_of(tmp_path: Path) -> None:
    run(job(tmp_path, frames=(1001,)))

    def alpha(_layer: int, _frame: int) -> Alpha:
        raise FrameError("it is broken.")

    report = run(job(tmp_path, frames=(1001,), mode="overwrite"), alpha)
    assert codes(tmp_path / "Rabbit" / "Rabbit.1001.png") == {1}
    assert all("older file" in sentence for sentence in report.errors)


def test_existing_mattes_are_refused_before_anything_is_touched(tmp_path: Path) -> None:
    run(job(tmp_path, ("Rabbit",), (1001, 1002)))
    before = {name: (tmp_path / name).stat().st_mtime_ns for name in files(tmp_path)}
    again = job(tmp_path)
    with pytest.raises(ExistingFiles) as refusal:
        export(again, matte_of)
    assert refusal.value.paths == existing(again)
    assert [path.name for path in refusal.value.paths] == ["Rabbit.1001.png", "Rabbit.1002.png"]
    assert "2 mattes" in str(refusal.value)
    assert "Rabbit.1001.png" in str(refusal.value)
    assert {name: (tmp_path / name).stat().st_mtime_ns for name in files(tmp_path)} == before
    assert not (tmp_path / "Grass").exists()


def test_mattes_of_other_frames_or_layers_are_no_obstacle(tmp_path: Path) -> None:
    run(job(tmp_path, ("Rabbit",), (1001,)))
    run(job(tmp_path, ("Rabbit",), (1002,)))
    run(job(tmp_path, ("Grass",), (1001,)))
    assert len(files(tmp_path)) == 3


def test_overwrite_replaces_what_is_there(tmp_path: Path) -> None:
    run(job(tmp_path))
    report = run(job(tmp_path, mode="overwrite"), lambda *_: np.ones(SIZE[::-1], np.float32))
    assert report.written == 6
    assert {code for name in files(tmp_path) for code in codes(tmp_path / name)} == {255}


def test_resume_writes_only_what_is_not_complete(tmp_path: Path) -> None:
    run(job(tmp_path))
    torn = tmp_path / "Rabbit" / "Rabbit.1002.png"
    torn.write_bytes(torn.read_bytes()[:50])
    (tmp_path / "Grass" / "Grass.1003.png").unlink()
    Image.new("L", (3, 3), 9).save(tmp_path / "Grass" / "Grass.1001.png")
    report = run(job(tmp_path, mode="resume"))
    assert (report.written, report.kept) == (3, 3)
    assert codes(torn) == {2}


def test_resume_replaces_a_matte_that_was_corrected_since(tmp_path: Path) -> None:
    run(job(tmp_path))
    report = run(job(tmp_path, mode="resume"), lambda *_: None)
    assert (report.written, report.kept) == (6, 0)
    assert codes(tmp_path / "Rabbit" / "Rabbit.1001.png") == {0}


def test_resume_asks_again_for_a_black_frame(tmp_path: Path) -> None:
    run(job(tmp_path), lambda *_: None)
    report = run(job(tmp_path, mode="resume"))
    assert report.written == 6
    assert not report.black
    assert codes(tmp_path / "Rabbit" / "Rabbit.1001.png") == {1}


def test_a_cancel_keeps_finished_mattes_and_nothing_else(tmp_path: Path) -> None:
    steps = export(job(tmp_path, ("Rabbit", "Grass"), (1, 2, 3)), matte_of)
    next(steps)
    steps.close()
    assert files(tmp_path) == ["Rabbit/Rabbit.0001.png"]
    assert [path.name for path in tmp_path.iterdir()] == ["Rabbit"]


def test_an_export_never_started_touches_nothing(tmp_path: Path) -> None:
    steps = export(job(tmp_path / "out"), matte_of)
    steps.close()
    assert not (tmp_path / "out").exists()


def test_an_export_of_nothing_says_so(tmp_path: Path) -> None:
    report = run(job(tmp_path / "out", layers=()))
    assert report.written == 0
    assert report.sentences[0].startswith("Wrote 0 mattes")
    assert not (tmp_path / "out").exists()


def test_a_matte_that_vanished_meanwhile_is_missing(tmp_path: Path) -> None:
    report: Report | None = None
    for step in export(job(tmp_path, ("Rabbit",)), matte_of):
        if isinstance(step, Progress) and step.done == 2:
            (tmp_path / "Rabbit" / "Rabbit.1001.png").unlink()
        report = step if isinstance(step, Report) else None
    assert report is not None
    assert report.missing == {"Rabbit": [1001]}
    assert any("1001" in sentence for sentence in report.sentences)


def test_negative_and_long_frame_numbers_are_kept(tmp_path: Path) -> None:
    run(job(tmp_path, ("a",), (-1, 0, 100000)))
    assert files(tmp_path) == ["a/a.-001.png", "a/a.0000.png", "a/a.100000.png"]


def test_a_defect_of_the_program_is_not_taken_for_a_failed_frame(tmp_path: Path) -> None:
    def broken(_layer: int, _frame: int) -> Alpha:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(job(tmp_path / "out"), broken)
    assert not (tmp_path / "out").exists()


def test_export_error_is_what_a_refusal_is() -> None:
    assert issubclass(ExistingFiles, ExportError)
