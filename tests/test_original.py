"""The original beside ours, for real: a small random SAM 2, PyTorch in a process of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app import original
from app.bench import THEIRS, Process
from app.original import Answerer, Which, installed, which
from models.base import ModelError
from models.bench.serve import Taken
from models.pack import read_pack
from tests.cli.conftest import Ran, rotocel
from tests.models.graphs import write_tiny_pack

__all__ = ["rotocel"]  # the fixture

SEED, SIZE = 7, 512
PARTS = (
    "image_encoder",
    "sam_prompt_encoder",
    "sam_mask_decoder",
    "memory_encoder",
    "memory_attention",
)
with_torch = [
    pytest.mark.slow,
    pytest.mark.skipif(not installed(), reason="PyTorch and sam2 are not installed"),
]


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack of SAM 2.1 tiny at 512 with random weights."""
    from models.convert.original import Original  # noqa: PLC0415 - imports torch
    from models.convert.sam2 import convert  # noqa: PLC0415

    folder = tmp_path_factory.mktemp("packs") / "tiny"
    convert(Original("sam2.1", "tiny", SIZE, seed=SEED), folder)
    return folder


@pytest.fixture
def square(tmp_path: Path) -> Path:
    """A picture of the model's own size, so that no way of resizing matters, with one object."""
    folder = tmp_path / "square"
    for name in ("frames", "masks"):
        (folder / name).mkdir(parents=True)
    y, x = np.mgrid[:SIZE, :SIZE]
    picture = np.stack([x // 2, y // 2, (x + y) // 4], axis=-1).astype(np.uint8)
    inside = (x - 200) ** 2 + (y - 300) ** 2 < 90**2
    Image.fromarray(np.where(inside[..., None], 255 - picture, picture)).save(
        folder / "frames" / "0.png"
    )
    Image.fromarray((inside * 255).astype(np.uint8)).save(folder / "masks" / "0.png")
    return folder


def agreement(
    rotocel: Callable[..., Ran], pack: Path, square: Path, told: Path, seed: int
) -> float:
    words = ("--original-random", seed, "--points", 1, 2, 4, "--json", told)
    ran = rotocel("evaluate", "coco", square, "--pack", pack, *words)
    assert ran.code == 0, ran.err
    assert "ours, original" in ran.out
    return float(np.mean([row["same"] for row in json.loads(told.read_text("utf-8"))["objects"]]))


class TestWithPyTorch:
    pytestmark = with_torch

    def test_ours_is_like_its_original_and_unlike_another(
        self, pack: Path, square: Path, tmp_path: Path, rotocel: Callable[..., Ran]
    ) -> None:
        own = agreement(rotocel, pack, square, tmp_path / "a.json", SEED)
        other = agreement(rotocel, pack, square, tmp_path / "b.json", SEED + 1)
        assert own > 0.9  # random weights draw speckle; the rest of it is float16
        assert other < 0.8

    def test_a_bench_sets_both_side_by_side(self, pack: Path, rotocel: Callable[..., Ran]) -> None:
        words = ("--runs", 1, "--series", 1, "--device", "cpu", "--markdown")
        ran = rotocel("bench", "--pack", pack, "--only", "memory attention", *words)
        assert ran.code == 0, ran.err
        for name in ("memory attention", "2048² product", "start"):
            assert f"| {name} | CPU |" in ran.out
            assert f"| {name} | PyTorch CPU |" in ran.out

    @pytest.mark.parametrize("what", ["encoder", "decoder", "memory encoder", "click"])
    def test_the_original_does_what_is_measured(self, what: str) -> None:
        process = Process(THEIRS, [what, "sam2.1", "tiny", str(SIZE)])
        try:
            assert [process.run(seed).seconds > 0 for seed in range(3)] == [True] * 3
        finally:
            process.close()

    @pytest.mark.parametrize(
        ("what", "parts"),
        [
            ("encoder", {"image_encoder"}),
            ("decoder", {"sam_prompt_encoder", "sam_mask_decoder"}),
            ("memory encoder", {"memory_encoder"}),
            ("memory attention", {"memory_attention"}),
            ("click", {"sam_prompt_encoder", "sam_mask_decoder"}),
        ],
    )
    def test_the_clock_runs_for_these_parts_and_draws_no_values(
        self, what: str, parts: set[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import torch  # noqa: PLC0415

        from models.convert import answer_original, bench_original  # noqa: PLC0415
        from models.convert.original import bare  # noqa: PLC0415

        ran: list[str] = []

        def watched(work: Callable[[], object]) -> Taken:
            ran.clear()
            before = torch.get_rng_state()
            work()
            assert torch.equal(torch.get_rng_state(), before)
            assert set(ran) == parts
            return Taken(1.0, 1.0)

        monkeypatch.setattr(bench_original, "timed", watched)
        make = getattr(bench_original, f"_{what.replace(' ', '_')}")
        with torch.inference_mode():
            model = answer_original.built(
                answer_original.which(["sam2.1", "tiny", str(SIZE)]), bare
            )
            for name in PARTS:
                getattr(model, name).register_forward_hook(lambda *_, name=name: ran.append(name))
            run = make(model)
            assert [run(seed) for seed in range(2)] == [Taken(1.0, 1.0)] * 2

    def test_a_checkpoint_that_is_none_is_one_sentence(self, tmp_path: Path) -> None:
        (tmp_path / "x.pt").write_bytes(b"nothing")
        with pytest.raises(ModelError, match=r"x\.pt"):
            Answerer(Which("sam2.1", "tiny", SIZE, tmp_path / "x.pt"))

    def test_an_unknown_variant_is_one_sentence(self) -> None:
        with pytest.raises(ModelError, match=r"There is no sam2\.1 minute"):
            Process(THEIRS, ["decoder", "sam2.1", "minute", str(SIZE)])


def test_a_pack_tells_its_original(tmp_path: Path) -> None:
    tiny = write_tiny_pack(tmp_path / "tiny")
    assert which(read_pack(tiny)) is None  # of the family sam1
    told = json.loads((tiny / "model.json").read_text("utf-8"))
    told["provenance"] = {"family": "sam2.1", "variant": "tiny", "random": 5}
    (tiny / "model.json").write_text(json.dumps(told), "utf-8")
    assert which(read_pack(tiny)) is None  # and still


@pytest.mark.parametrize(
    ("family", "runs"),
    [("sam2", True), ("sam2.1", True), ("edgetam", False), ("efficienttam", False), (None, False)],
)
def test_only_sam_2_has_an_original_here(tmp_path: Path, family: str | None, runs: bool) -> None:
    tiny = write_tiny_pack(tmp_path / "tiny")
    told = json.loads((tiny / "model.json").read_text("utf-8"))
    told["provenance"] = {"family": family, "variant": "ti", "random": 5}
    (tiny / "model.json").write_text(json.dumps(told), "utf-8")
    pack = replace(read_pack(tiny), family="sam2")
    assert which(pack) == (Which(str(family), "ti", pack.size, seed=5) if runs else None)


def test_without_pytorch_it_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(original, "installed", lambda: False)
    with pytest.raises(ModelError, match=r"pip install rotocel\[convert\]"):
        Answerer(Which("sam2.1", "tiny", SIZE))
