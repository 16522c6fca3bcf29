"""The fuzzers run, find nothing in a few inputs, and do find what is there."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz import mutate, protobuf, runner, target, toy
from tests.fuzz.runner import run
from tests.fuzz.target import TARGETS, Defect, refusal, target_of

INPUTS = 2000
SEED = 7


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", TARGETS)
def test_nothing_is_found_in_a_few_inputs(name: str, tmp_path: Path) -> None:
    outcome = run(name, INPUTS, SEED, jobs=2, seconds=280, finds=tmp_path)
    assert outcome.clean, (outcome.defects, outcome.crashes, outcome.hangs)
    assert outcome.taken > INPUTS / 50
    assert outcome.refused > INPUTS / 50
    assert outcome.taken + outcome.refused == outcome.inputs
    assert len(outcome.sentences) > 5


def test_an_input_is_the_same_each_time_it_is_made() -> None:
    seeds = target_of("pack").SEEDS
    made = [mutate.input_of("pack", seeds, SEED, index) for index in range(300)]
    assert made == [mutate.input_of("pack", seeds, SEED, index) for index in range(300)]
    assert len(set(made)) > 250


def test_a_message_is_read_and_written_alike() -> None:
    for seed in target_of("pack").SEEDS[1:]:
        assert protobuf.written(protobuf.read(seed)) == seed


def test_the_harness_sees_what_a_target_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "PATIENCE", 3.0)
    outcome = run("tests.fuzz.toy", len(toy.SEEDS), SEED, jobs=1, seconds=100, finds=tmp_path)
    assert not outcome.clean
    assert (outcome.inputs, outcome.taken, outcome.refused) == (8, 2, 2)
    assert outcome.sentences == {"NAME cannot be read."}
    found = (outcome.defects, outcome.crashes, outcome.contained, outcome.hangs)
    assert [len(each) for each in found] == [2, 1, 1, 1]
    assert "KeyError in toy.py" in outcome.defects[0]
    assert "names no file" in outcome.defects[1]
    kept = {path.read_bytes() for path in tmp_path.iterdir()}
    assert kept == {b"defect", b"unnamed", b"crash", b"contained", b"hang"}


@pytest.mark.parametrize(
    ("sentence", "defect"),
    [("", "not one line"), ("a.bin\nis bad.", "not one line"), ("It is bad.", "names no file")],
)
def test_a_poor_sentence_is_a_defect(sentence: str, defect: str) -> None:
    def refuse() -> None:
        raise ValueError(sentence)

    with pytest.raises(Defect, match=defect):
        refusal(refuse, ValueError, ["a.bin"])


def test_a_slow_input_is_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target, "SLOW", 0.05)
    with pytest.raises(Defect, match="took"):
        refusal(lambda: sum(range(10**7)), ValueError, [])


def test_the_command_tells_in_a_table_and_by_its_exit_code() -> None:
    command = [sys.executable, "-m", "tests.fuzz", "sequence", "--inputs", "50", "--seed", "3"]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    head, row = (line.split() for line in told.stdout.splitlines())
    assert head[:3] == ["target", "inputs", "accepted"]
    assert row[:2] == ["sequence", "50"]


@pytest.mark.skipif(not importlib.util.find_spec("atheris"), reason="atheris is for Linux alone")
def test_the_same_target_runs_under_atheris(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.fuzz.guided", "sequence", "200", "1", "60"]
    told = subprocess.run([*command, str(tmp_path)], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr[-2000:]
    assert "Done 200 runs" in told.stderr
