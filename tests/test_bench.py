"""What a bench reports, from figures that are made up, and the command on a tiny pack."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import app.bench
from app import bench_worker, runtimes
from app.bench import MATRICES, ORIGINAL, Report, Task, Wish, bench
from app.bench_chart import draw, groups
from app.bench_report import TIMES, aligned, markdown, rows, values
from app.cli_words import CommandError
from models.base import ModelError
from models.bench import contest
from models.bench.contest import Plan, Sample
from models.bench.gemm import OPERATIONS
from models.pack import read_pack
from tests.cli.conftest import Ran, rotocel
from tests.models.graphs import write_tiny_pack

__all__ = ["rotocel"]  # the fixture

MB = 1_000_000


def made_up() -> Report:
    """An encoder twice as fast as PyTorch's, at half the peak; a click that PyTorch does not do."""
    product = [Sample(OPERATIONS / 100e9, 0.3, 9 * MB, 9 * MB), Sample(1.0, 1.0, 9 * MB, 9 * MB)]
    encoder = {
        "CPU": [Sample(1.0, 1.8, 200 * MB, 700 * MB), Sample(1.2, 2.0, 210 * MB, 750 * MB)],
        ORIGINAL: [Sample(2.0, 4.0, 800 * MB, 1100 * MB), Sample(2.4, 4.0, 800 * MB, 1100 * MB)],
    }
    click = Task("click", {"CPU": [Sample(0.05, 0.1, 300 * MB, 400 * MB)]})
    tasks = [Task("encoder", encoder, 50 * 10**9), click]
    return Report("Made up", tasks, {"CPU": product}, {"CPU": [0.5], ORIGINAL: [2.0]}, ["A note."])


def cells(report: Report) -> dict[tuple[str, str], dict[str, str]]:
    heading, *others = rows(report)
    assert heading == list(TIMES)
    return {(row[0], row[1]): dict(zip(heading, row, strict=True)) for row in others}


def test_the_table_tells_times_ratios_shares_and_memory() -> None:
    found = cells(made_up())
    ours = found["encoder", "CPU"]
    assert (ours["runs"], ours["median ms"], ours["CPU ms"]) == ("2", "1100", "1900")
    assert (ours["of PyTorch's"], ours["quartiles"]) == ("0.50", "0.50-0.50")
    assert ours["by CPU"] == "0.47"  # 1.9 of 4.0, rounded down from 0.475
    assert (ours["GFLOP/s"], ours["of peak"]) == ("50", "50%")  # of the fastest of each
    assert (ours["peak MB"], ours["steady MB"]) == ("750", "205")
    assert found["encoder", ORIGINAL]["of PyTorch's"] == ""
    assert found["encoder", ORIGINAL]["GFLOP/s"] == ""  # it does other arithmetic than our graph
    assert found["2048² product", "CPU"]["of peak"] == "100%"
    assert found["click", "CPU"]["GFLOP/s"] == ""
    assert found["start", "CPU"]["of PyTorch's"] == "0.25"


def test_tables_are_aligned_for_a_terminal_and_piped_for_a_page() -> None:
    table = rows(made_up())
    lines = aligned(table).splitlines()
    assert len(lines) == len(table)
    assert lines[0].index(" on ") + 1 == lines[1].index("CPU")
    assert markdown(table).splitlines()[1] == "|---" * len(TIMES) + "|"


def test_every_run_is_in_the_values() -> None:
    told = json.loads(json.dumps(values(made_up())))
    assert told["tasks"][0]["samples"]["CPU"][1]["peak"] == 750 * MB
    assert told["machine"]["cores"] >= 1
    assert told["notes"] == ["A note."]


def test_the_chart_is_to_scale(tmp_path: Path) -> None:
    found = {group.name: group.bars for group in groups(made_up())}
    assert list(found) == ["encoder", "click", "start", "encoder, memory", "click, memory"]
    ours, theirs = found["encoder"]
    assert (ours.share, theirs.share) == (0.5, 1.0)
    assert ours.words == "1100 ms  (0.50 of PyTorch CPU)"
    assert found["encoder, memory"][0].words == "750 MB  (0.68 of PyTorch CPU)"
    draw(made_up(), tmp_path / "chart.png")
    with Image.open(tmp_path / "chart.png") as picture:
        colours = np.unique(np.asarray(picture).reshape(-1, 3), axis=0)
    assert {(37, 99, 235), (156, 163, 175)} <= {tuple(map(int, one)) for one in colours}


def test_a_chart_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"chart\.png cannot be written"):
        draw(made_up(), tmp_path / "nowhere" / "chart.png")


class Contestant:
    """A process that is made up: CUDA leaves graphs to the CPU, DirectML does not."""

    failing: tuple[str, BaseException] | None = None  # what, and how

    def __init__(self, module: str, arguments: Sequence[str]) -> None:
        what, *_ = arguments
        if self.failing and self.failing[0] == what:
            raise self.failing[1]
        name = "DirectML" if "--device=directml" in arguments else "CPU"
        self.ready = {"device": name, "operations": 1}
        self.started = 0.5 if name == "CPU" else 0.7

    def run(self, seed: int) -> Sample:
        return Sample(0.1)

    def close(self) -> None: ...


@pytest.fixture
def made_up_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.bench, "Process", Contestant)
    monkeypatch.setattr(contest, "REST", 0.0)


@pytest.mark.usefixtures("made_up_processes")
@pytest.mark.parametrize(
    ("on", "found", "note"),
    [
        (["cpu", "cuda"], {"CPU": 0.5}, "CPU"),
        (["cuda"], {"CPU": 0.5}, "CPU"),
        (["cpu", "cuda", "directml"], {"CPU": 0.5, "DirectML": 0.7}, "CPU and DirectML"),
    ],
)
def test_a_device_that_falls_back_is_left_out_and_said_once(
    tmp_path: Path, on: list[str], found: dict[str, float], note: str
) -> None:
    pack = read_pack(write_tiny_pack(tmp_path / "tiny"))
    report, wish = Report("Tiny"), Wish(("encoder", "click"), Plan(3, 0), series=2, starts=4)
    deque(bench(report, pack, wish, None, on, lambda _: None), maxlen=0)
    assert report.notes == [f"NVIDIA CUDA did not take this model; measured on {note}."]
    assert report.starts == {who: [seconds] * 4 for who, seconds in found.items()}
    for task in report.tasks:
        assert {who: len(runs) for who, runs in task.samples.items()} == dict.fromkeys(found, 6)
    assert {len(runs) for runs in report.gemm.values()} == {2 * 2 * MATRICES.runs}


@pytest.mark.usefixtures("made_up_processes")
@pytest.mark.parametrize("error", [ModelError("It is too large."), KeyboardInterrupt()])
def test_what_was_measured_before_an_error_stays(
    tmp_path: Path, rotocel: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
) -> None:  # fmt: skip
    monkeypatch.setattr(Contestant, "failing", ("click", error))
    tiny, told = write_tiny_pack(tmp_path / "tiny"), tmp_path / "told.json"
    ran = rotocel("bench", "--pack", tiny, "--device", "cpu", "--markdown", "--json", told)
    assert ran.code == 1
    assert (str(error) or "Stopped") in ran.err.splitlines()[-1]
    assert "| decoder | CPU |" in ran.out
    tasks = json.loads(told.read_text("utf-8"))["tasks"]
    assert [task["name"] for task in tasks] == ["encoder", "decoder"]


def test_the_command_measures_a_pack(tmp_path: Path, rotocel: Callable[..., Ran]) -> None:
    tiny, told, chart = (
        write_tiny_pack(tmp_path / "tiny"),
        tmp_path / "told.json",
        tmp_path / "chart.png",
    )
    words = ("--runs", 2, "--series", 1, "--markdown", "--json", told, "--png", chart)
    ran = rotocel("bench", "--pack", tiny, "--device", "cpu", *words)
    assert ran.code == 0
    steps = ["devices", *(f"{task}, series 1 of 1" for task in ("encoder", "decoder", "click"))]
    assert ran.err.splitlines() == [*steps, "starts"]
    for name in ("encoder", "decoder", "click", "2048² product", "start"):
        assert f"| {name} | CPU |" in ran.out
    assert "Tiny has no original that can be run here." in ran.out
    measured = json.loads(told.read_text("utf-8"))
    assert [len(task["samples"]["CPU"]) for task in measured["tasks"]] == [2, 2, 2]
    assert chart.is_file()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--only", "encoder,mixer"], "Tiny has no mixer: choose of encoder, decoder, click."),
        (["--runs", 0], "--runs and --series should be 1 or more."),
        (["--device", "abacus"], "invalid choice: 'abacus'"),
        (["--pack", "nothing"], "There is no model called nothing"),
    ],
)
def test_what_cannot_be_measured_is_one_sentence(
    words: list[object], sentence: str, tmp_path: Path, rotocel: Callable[..., Ran]
) -> None:
    tiny = write_tiny_pack(tmp_path / "tiny")
    ran = rotocel("bench", "--pack", tiny, *words)
    assert ran.code != 0
    assert sentence in ran.err
    assert ran.err.count("\n") == 1


def test_what_is_measured_on_a_card_may_be_an_installed_runtime(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered: list[str] = []
    monkeypatch.setattr(runtimes, "offer", offered.append)
    monkeypatch.setattr(bench_worker, "answer_lines", lambda _serve: None)
    for device in ("cpu", "cuda"):
        bench_worker.main(["decoder", str(tmp_path), "--device", device])
    assert offered == ["cuda"]
