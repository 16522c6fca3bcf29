"""What the original SAM 1 graphs answer: the measure the converted ones are held against."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

F32: TypeAlias = NDArray[np.float32]

MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
SIDE, WIDTH, HEIGHT = 1024, 1024, 640  # of the picture: at the model's size, so nothing is resized
STRIDE = 4  # every fourth logit is kept in both directions, of the embedding in all three

# name -> points in model pixels, labels, whether the answer before is fed back
PROMPTS: dict[str, tuple[list[tuple[float, float]], list[float], bool]] = {
    "click": ([(350.0, 300.0)], [1.0], False),
    "correction": ([(350.0, 300.0), (700.0, 420.0)], [1.0, 0.0], True),
    "box": ([(180.0, 120.0), (520.0, 480.0), (350.0, 300.0)], [2.0, 3.0, 1.0], False),
}


def picture() -> NDArray[np.uint8]:
    """A generated picture (640, 1024, 3): a disc and a slab on a soft background."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    waves = np.stack([np.sin(x / 90 + k) * np.cos(y / 70 - k) for k in range(3)], axis=-1)
    image = 110 + 40 * waves
    image[(x - 350) ** 2 + (y - 300) ** 2 < 150**2] = (205, 70, 40)
    image[(abs(x - 720) < 90) & (abs(y - 420) < 130)] = (40, 90, 190)
    image += 6 * np.sin(x * 1.7)[..., None] * np.sin(y * 2.3)[..., None]
    return np.clip(image + 0.5, 0, 255).astype(np.uint8)


def write_reference(encoder: onnx.ModelProto, decoder: onnx.ModelProto, path: Path) -> None:
    """Write the answers of the original graphs, thinned out, as float16 to an .npz."""
    answers = original_answers(encoder, decoder)
    path.parent.mkdir(parents=True, exist_ok=True)
    answers["embed"] = answers["embed"][::STRIDE]
    thin: dict[str, Any] = {
        name: value[..., ::STRIDE, ::STRIDE].astype(np.float16) for name, value in answers.items()
    }
    np.savez_compressed(path, **thin)


def original_answers(encoder: onnx.ModelProto, decoder: onnx.ModelProto) -> dict[str, F32]:
    """The embedding "embed" [256,64,64] and all four masks [4,256,256] of each of PROMPTS."""
    image = np.zeros((1, 3, SIDE, SIDE), np.float32)
    image[0, :, :HEIGHT] = ((picture() - MEAN) / STD).transpose(2, 0, 1)
    embed = _session(encoder).run(["output"], {"input": image})[0]
    answers: dict[str, F32] = {"embed": embed[0]}
    masks = "/Reshape_9_output_0"  # all four, before the graph chooses one
    session = _session(_exposing(decoder, masks))
    prior = np.zeros((1, 1, 256, 256), np.float32)
    for name, (points, labels, fed_back) in PROMPTS.items():
        feeds = {
            "image_embeddings": embed,
            "point_coords": np.array([[*points, (0.0, 0.0)]], np.float32),
            "point_labels": np.array([[*labels, -1.0]], np.float32),
            "mask_input": prior,
            "has_mask_input": np.array([fed_back], np.float32),
            "orig_im_size": np.array([HEIGHT, WIDTH], np.float32),
        }
        chosen, every = session.run(["low_res_masks", masks], feeds)
        answers[name], prior = every[0], chosen
    return answers


def _exposing(model: onnx.ModelProto, tensor: str) -> onnx.ModelProto:
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    copy.graph.output.append(onnx.helper.make_empty_tensor_value_info(tensor))
    return copy


def _session(model: onnx.ModelProto) -> Any:  # noqa: ANN401
    data = model.SerializeToString()
    return onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
