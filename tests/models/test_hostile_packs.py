"""Packs of strangers: whatever they say, hold or answer, a sentence is the worst that comes."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tracemalloc
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper

from models.base import Click, ModelError
from models.description import DescriptionError, parse
from models.files import read_file
from models.library import load
from models.ort import Graph, Runtime, checked_bytes, open_graph
from models.pack import MOST_MANIFEST, find_packs, read_pack
from models.video_constants import read_constants
from tests.models.graphs import SIDE, decoder, encoder, model_of, value, weight, write_tiny_pack
from tests.models.video_graphs import Form, constants, write_video_pack

CPU = Runtime("cpu", threads=1)
FRAME = np.full((18, 30, 3), 90, np.uint8)
NAN, INF = float("nan"), float("inf")


def refused(work: Callable[[], object], match: str) -> None:
    with pytest.raises(ModelError, match=match) as caught:
        work()
    text = str(caught.value)
    assert text.endswith(".")
    assert text.splitlines() == [text]
    text.encode()


def changed_pack(folder: Path, **graphs: bytes) -> Path:
    """A tiny pack with other graphs, their hashes right."""
    write_tiny_pack(folder)
    manifest = json.loads((folder / "model.json").read_text())
    for name, data in graphs.items():
        (folder / f"{name}.onnx").write_bytes(data)
        manifest["files"][f"{name}.onnx"] = hashlib.sha256(data).hexdigest()
    (folder / "model.json").write_text(json.dumps(manifest))
    return folder


def use(folder: Path) -> None:
    model = load(read_pack(folder), CPU)
    model.decode(model.encode(FRAME), [Click(15, 9)])


WRONG: Mapping[str, Sequence[object]] = {
    "format": [True, 1.0, "1", None, [1], 2**70, -1, NAN],
    "id": ["", ".", "..", "a/b", "a\\b", "-x", "x.", "x\n", "é", "a" * 101, 7],
    "label": ["", "  ", "a\nb", "\ud800", "\u202eevil", "x" * 101, ["x"], None],
    "licence": ["", 3, "x" * 101],
    "family": ["", "../sam1", {}, 1],
    "size": [0, -64, 63, 4160, 2**64, True, 256.0, NAN, INF, "256", None],
    "proposals": [-1, 17, 2**64, 1.5, NAN, True, "3"],
    "supports": ["point", {"point": 1}, ["fly"], [1], [["point"]], None],
    "preprocess": [
        *[None, [], {}, {"mode": "x"}, "longest-side"],
        {"mode": "longest-side", "version": 1, "more": 1},
        *[{"mode": "m", "version": wrong} for wrong in (-1, 2**64, 1.0, True, NAN, "1")],
        *[{"mode": wrong, "version": 1} for wrong in ("", "a b", 1, None, "x" * 101)],
    ],
    "embedding_shapes": [
        *[[], [[]], 3, [3], [[1] * 7], [[1]] * 9, None, "abc"],
        *[[[1, 1, wrong]] for wrong in (0, -1, 65_537, 2**70, 1.0, NAN, INF, "1")],
        *[[[65_536] * 6], [[256, 256, 513]]],
    ],
    "files": [
        *[None, [], "x", {"a.onnx": 1}, {"a.onnx": "0" * 63}, {"a.onnx": "A" * 64}],
        *[
            {wrong: "0" * 64}
            for wrong in ("", ".", "..", "../a", "/a", "C:a", "a\\b", "a\0", "d/a")
        ],
        {f"f{n}": "0" * 64 for n in range(65)},
    ],
}


@pytest.mark.parametrize(
    ("key", "wrong"), [(key, wrong) for key, values in WRONG.items() for wrong in values]
)
def test_every_wrong_value_is_refused_by_its_key(tmp_path: Path, key: str, wrong: object) -> None:
    folder = write_tiny_pack(tmp_path / "bad", **{key: wrong})
    refused(lambda: read_pack(folder), rf"model\.json is not a valid model description: .*{key}")


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"tokens": 65_536, "channels": 257}, "a memory of more than 64 MiB"),
        ({"tokens": 65_536, "channels": 256}, None),
        ({"tokens": 65_536, "channels": 256, "pointers": 256}, "a bank of more than 1 GiB"),
        ({"tokens": 65_536, "channels": 256, "memories": 64}, "a bank of more than 1 GiB"),
        ({"tokens": 4096, "channels": 64, "memories": 64, "pointers": 256}, None),
    ],
)
def test_memories_are_bounded_by_what_their_numbers_make(
    tmp_path: Path, changes: dict[str, int], match: str | None
) -> None:
    form = Form(tokens=3, channels=2, width=8, high_res=False, timed=False)
    path = write_video_pack(tmp_path / "tiny", form) / "model.json"
    manifest = json.loads(path.read_text())
    manifest["tracking"] |= changes
    path.write_text(json.dumps(manifest))
    if match is None:
        assert read_pack(path.parent).tracking
    else:
        refused(lambda: read_pack(path.parent), match)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe{}",
        b"[" * 500_000,
        b'{"a":' * 100_000,
        b'{"format": ' + b"9" * 100_000 + b"}",
        b'{"format": 1e999}',
        b'{"format": 1, "format": 1}',
        b'{"format": 1, "id": "a", "id": "b"}',
        b"null",
        b"1",
        b'"text"',
    ],
)
def test_json_of_every_shape_is_refused(data: bytes) -> None:
    with pytest.raises(DescriptionError):
        parse(data)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"preprocess": {"mode": "longest-side", "version": 2}}, "longest-side, version 2"),
        ({"preprocess": {"mode": "squash", "version": 1}}, "wants preprocess squash"),
        ({"embedding_shapes": [[1, 1, 1], [1, 1, 1]]}, "one shape of three sides"),
        ({"embedding_shapes": [[1, 1]]}, "one shape of three sides"),
        ({"proposals": 4}, "more than the 3 proposals"),
        ({"supports": ["point", "track"]}, "says that it tracks, which its family does not"),
    ],
)
def test_what_the_family_does_not_do_is_refused(
    tmp_path: Path, changes: dict[str, object], match: str
) -> None:
    pack = read_pack(write_tiny_pack(tmp_path / "new", **changes))
    refused(lambda: load(pack), rf"model\.json .*{match}")


def test_two_packs_of_one_id_side_by_side_are_a_fault(tmp_path: Path) -> None:
    write_tiny_pack(tmp_path / "a")
    write_tiny_pack(tmp_path / "b")
    packs, faults = find_packs([tmp_path])
    assert [pack.folder.name for pack in packs] == ["a"]
    assert [("b" in str(fault), "id tiny" in str(fault)) for fault in faults] == [(True, True)]


class TestFiles:
    def test_a_huge_description_is_not_read(self, tmp_path: Path) -> None:
        folder = write_tiny_pack(tmp_path / "big")
        with (folder / "model.json").open("ab") as file:
            file.truncate(MOST_MANIFEST + 1)
        refused(lambda: read_pack(folder), r"model\.json is larger than 1 MiB")

    def test_a_huge_graph_is_not_read(self, tmp_path: Path) -> None:
        folder = write_tiny_pack(tmp_path / "big")
        os.truncate(folder / "encoder.onnx", (2 << 30) + 1)  # takes no room on the disk
        refused(lambda: load(read_pack(folder)), r"encoder\.onnx is larger than 2 GiB")

    def test_a_folder_in_place_of_a_file_is_refused(self, tmp_path: Path) -> None:
        folder = write_tiny_pack(tmp_path / "odd")
        for name in ("encoder.onnx", "model.json"):
            (folder / name).unlink()
            (folder / name).mkdir()
            refused(lambda: load(read_pack(folder)), rf"{name} is not an ordinary file")

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
    @pytest.mark.parametrize("name", ["decoder.onnx", "model.json"])
    def test_a_pipe_is_not_waited_for(self, tmp_path: Path, name: str) -> None:
        folder = write_tiny_pack(tmp_path / "odd")
        (folder / name).unlink()
        os.mkfifo(folder / name)
        refused(lambda: load(read_pack(folder)), rf"{name} is not an ordinary file")

    @pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
    @pytest.mark.parametrize("target", ["../outside/encoder.onnx", "/dev/zero", "encoder.onnx"])
    def test_a_link_out_of_the_pack_is_refused(self, tmp_path: Path, target: str) -> None:
        write_tiny_pack(tmp_path / "outside")
        folder = write_tiny_pack(tmp_path / "pack")
        (folder / "encoder.onnx").unlink()
        (folder / "encoder.onnx").symlink_to(target)
        refused(lambda: load(read_pack(folder)), r"encoder\.onnx (is a link out|cannot be read)")

    @pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
    def test_a_pack_may_itself_be_a_link(self, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to(write_tiny_pack(tmp_path / "pack"))
        use(tmp_path / "link")

    @pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
    def test_a_line_break_in_a_folder_breaks_no_line(self, tmp_path: Path) -> None:
        folder = write_tiny_pack(tmp_path / "a\nb", size=1)
        refused(lambda: read_pack(folder), r"a\?b/model\.json")

    def test_a_file_that_does_not_fit_in_memory_is_said_so(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(_: Path) -> bytes:
            raise MemoryError

        (tmp_path / "a").touch()
        monkeypatch.setattr(Path, "read_bytes", full)
        refused(lambda: read_file(tmp_path / "a", 1), "does not fit in memory")


def elsewhere() -> onnx.ModelProto:
    """A model whose weight lies in the file elsewhere.bin."""
    model = onnx.load_from_string(
        model_of(
            [helper.make_node("Add", ["x", "w"], ["y"])],
            [value("x", [2])],
            [value("y", [2])],
            [weight("w", [3.0, 4.0])],
        )
    )
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="offset", value="0")
    tensor.external_data.add(key="location", value="elsewhere.bin")
    return model


def in_a_constant() -> onnx.ModelProto:
    """The same, the weight being that of a node."""
    model = elsewhere()
    constant = helper.make_node("Constant", [], ["w"])
    constant.attribute.append(helper.make_attribute("value", model.graph.initializer[0]))
    model.graph.node.insert(0, constant)
    del model.graph.initializer[:]
    return model


class TestWeightsElsewhere:
    @pytest.mark.parametrize("model", [elsewhere(), in_a_constant()])
    def test_wherever_they_hang_they_are_refused(self, model: onnx.ModelProto) -> None:
        data = model.SerializeToString()
        refused(lambda: checked_bytes(data, hashlib.sha256(data).hexdigest(), "a"), "another file")

    @pytest.mark.parametrize(
        "entry",
        [
            b"\x0a\x88\x00location",
            b"\x0a\x88\x80\x80\x00location",
            b"\x8a\x00\x08location",
            b"\x8a\x80\x00\x88\x80\x00location",
        ],
    )
    def test_however_long_their_lengths_are_written(self, entry: bytes) -> None:
        """Protobuf reads a length of many bytes as it reads the short one."""
        pair = onnx.StringStringEntryProto()
        pair.ParseFromString(entry + b"\x12\x01x")
        assert (pair.key, pair.value) == ("location", "x")
        refused(
            lambda: checked_bytes(entry, hashlib.sha256(entry).hexdigest(), "a"), "another file"
        )

    def test_a_longer_name_with_that_word_is_no_such_thing(self) -> None:
        data = b"\x0a\x09/location\x0a\x09locations\x0a\x0ba.location.b"
        assert checked_bytes(data, hashlib.sha256(data).hexdigest(), "a") is data

    def test_onnx_runtime_too_refuses_them_in_a_model_without_a_path(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Our check is the one that holds: this one is a rule of its optimizer."""
        (tmp_path / "elsewhere.bin").write_bytes(np.zeros(2, np.float32).tobytes())
        monkeypatch.chdir(tmp_path)
        for model in (elsewhere(), in_a_constant()):
            data = model.SerializeToString()
            refused(lambda data=data: open_graph("a", data, CPU), "not a graph that can be run")  # type: ignore[misc]


def image(dtype: int = TensorProto.UINT8, shape: list[Any] | None = None) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info("image", dtype, shape or [1, "h", "w", 3])


def mean_times(factor: float) -> bytes:
    """An encoder whose embedding is the mean of the picture times `factor`."""
    nodes = [
        helper.make_node("Cast", ["image"], ["f"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["f"], ["mean"], keepdims=1),
        helper.make_node("Mul", ["mean", "factor"], ["image_embed"]),
    ]
    return model_of(
        nodes, [image()], [value("image_embed", [1, 1, 1, 1])], [weight("factor", factor)]
    )


def casting(
    source: onnx.ValueInfoProto, dtype: int = TensorProto.FLOAT, shape: object = None
) -> bytes:
    """An encoder that gives the picture itself back as numbers."""
    result = helper.make_tensor_value_info("image_embed", dtype, shape or [None] * 4)
    return model_of(
        [helper.make_node("Cast", ["image"], ["image_embed"], to=dtype)], [source], [result], []
    )


def grown(*times: int) -> bytes:
    """An encoder whose embedding is 1 + 90 * `times` long: 90 is the mean of FRAME."""
    nodes = [
        helper.make_node("Cast", ["image"], ["f"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["f"], ["mean"], keepdims=1),
        helper.make_node("Cast", ["mean"], ["whole"], to=TensorProto.INT64),
        helper.make_node("Reshape", ["whole", "one"], ["length"]),
        helper.make_node("Mul", ["length", "times"], ["more"]),
        helper.make_node("Add", ["more", "one"], ["shape"]),
        helper.make_node("Expand", ["mean", "shape"], ["image_embed"]),
    ]
    weights = [weight("one", [1], np.int64), weight("times", times, np.int64)]
    return model_of(nodes, [image()], [value("image_embed", [None] * 4)], weights)


def drawn(masks: float | None = None, score: float | None = None) -> bytes:
    """The tiny decoder with another value in all its masks, or another score."""
    model = onnx.load_from_string(decoder())
    for tensor in model.graph.initializer:
        new = {"radii": masks, "scores": score}.get(tensor.name)
        if new is not None:
            old = onnx.numpy_helper.to_array(tensor)
            tensor.CopyFrom(weight(tensor.name, np.full_like(old, new)))
    return bytes(model.SerializeToString())


def foreign() -> bytes:
    model = onnx.load_from_string(encoder())
    model.graph.node[0].domain = "somebody.else"
    return bytes(model.SerializeToString())


class TestGraphs:
    @pytest.mark.parametrize(
        ("data", "match"),
        [
            (foreign(), "not a graph that can be run"),
            (b"\x18\0\0\0ORTM" + bytes(4000), "not a graph that can be run"),
            (b"", "not a graph that can be run"),
            (grown(182, 182, 91, 0), "more memory than there is"),
            (decoder(), "lacks the input image;"),
            (casting(image(TensorProto.FLOAT)), r"image as tensor\(float\) .* tensor\(uint8\)"),
            (casting(image(shape=[1, 3, "h"]), shape=[None] * 3), r"image as .* \[1, 3, any\]"),
            (casting(image(shape=[1, "h", "w", 4])), r"image as .* \[1, any, any, 4\]"),
            (casting(image(), TensorProto.DOUBLE), r"image_embed as tensor\(double\)"),
            (grown(0, 1, 0, 0), r"an answer of the shape \[1, 91, 1, 1\]"),
            (mean_times(NAN), "gave no usable answer"),
            (mean_times(INF), "gave no usable answer"),
            (mean_times(-1000), "gave no usable answer"),  # beyond float16
        ],
    )
    def test_an_encoder_out_of_contract_is_refused(
        self, tmp_path: Path, data: bytes, match: str
    ) -> None:
        folder = changed_pack(tmp_path / "odd", encoder=data)
        refused(lambda: use(folder), rf"encoder\.onnx .*{match}")

    @pytest.mark.parametrize(
        ("data", "match"),
        [
            (encoder(), "lacks the input has_mask_input, image_embed"),
            (drawn(masks=NAN), "gave no usable answer"),
            (drawn(masks=INF), "gave no usable answer"),
            (drawn(masks=1e6), "gave no usable answer"),
            (drawn(score=NAN), "gave no usable answer"),
            (drawn(score=-INF), "gave no usable answer"),
            (drawn(score=1e9), "gave no usable answer"),
        ],
    )
    def test_a_decoder_out_of_contract_is_refused(
        self, tmp_path: Path, data: bytes, match: str
    ) -> None:
        folder = changed_pack(tmp_path / "odd", decoder=data)
        refused(lambda: use(folder), rf"decoder\.onnx .*{match}")

    def test_a_prompt_without_a_place_gets_no_mask(self, tmp_path: Path) -> None:
        model = load(read_pack(write_tiny_pack(tmp_path / "tiny")), CPU)
        embedding = model.encode(FRAME)
        refused(lambda: model.decode(embedding, [Click(NAN, 0)]), "no usable answer")
        assert model.decode(embedding, [Click(15, 9)]).logits.shape == (SIDE, SIDE)

    def test_more_inputs_than_the_contract_has_are_refused(self, tmp_path: Path) -> None:
        model = onnx.load_from_string(encoder())
        model.graph.input.append(value("secret", [1]))
        folder = changed_pack(tmp_path / "odd", encoder=model.SerializeToString())
        refused(lambda: use(folder), "wants an input its family has not: secret")

    @pytest.mark.parametrize(
        "error",
        [MemoryError(), RuntimeError("bad_alloc"), RuntimeError("Failed to allocate memory")],
    )
    def test_memory_that_is_not_there_is_said_so(self, error: Exception) -> None:
        def full(*_: object) -> None:
            raise error

        session = SimpleNamespace(
            get_inputs=list, get_outputs=list, get_providers=lambda: ["CPU"], run=full
        )
        graph = Graph("a.onnx", session, "")
        refused(lambda: graph.run({}, []), r"a\.onnx needs more memory than there is; close")

    def test_a_long_reason_is_cut(self) -> None:
        def full(*_: object) -> None:
            raise RuntimeError("x" * 10_000)

        session = SimpleNamespace(
            get_inputs=list, get_outputs=list, get_providers=lambda: ["CPU"], run=full
        )
        with pytest.raises(ModelError) as caught:
            Graph("a.onnx", session, "").run({}, [])
        assert len(str(caught.value)) < 500


def members(**changed: bytes) -> bytes:
    """consts.npz with other bytes in some of its members."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(constants(8))) as old,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, changed.get(name.removesuffix(".npy"), old.read(name)))
    return file.getvalue()


def numbers(array: NDArray[Any]) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def header(text: str, version: int = 1) -> bytes:
    length = len(text).to_bytes(2 if version == 1 else 4, "little")
    return b"\x93NUMPY" + bytes([version, 0]) + length + text.encode()


def damaged(offset: int, value: bytes, mark: bytes = b"PK\x01\x02") -> bytes:
    """consts.npz with other bytes after the last `mark`, as a rule of its directory."""
    data = bytearray(members())
    start = data.rfind(mark) + offset
    data[start : start + len(value)] = value
    return bytes(data)


SHAPE = "{{'descr': '<f4', 'fortran_order': False, 'shape': {}}}\n"
NO_CONSTANTS = [
    b"",
    bytes(2 << 20),
    constants(16),
    damaged(8, b"\1"),  # is encrypted
    damaged(10, b"\x63"),  # packed by an unknown method
    damaged(20, b"\xff" * 8, b"PK\x03\x04")[:-30],
    damaged(60, b"\xff" * 20, b"PK\x03\x04"),  # packed wrongly
    *[
        members(no_obj_ptr=data)
        for data in (
            b"",
            header(SHAPE.format("(10**14,)")),
            header(SHAPE.format("(100000000000000,)")),
            header(SHAPE.format("(1, 8)")),  # and nothing follows
            header(SHAPE.format("(1, 8)")) + bytes(8 << 20),
            header("{'descr': ("),
            header("-" * 9000 + "1"),
            header(" " * (8 << 20), version=2),
            numbers(np.zeros((1, 9), np.float32)),
            numbers(np.zeros((1, 8), np.int64)),
            numbers(np.full((1, 8), NAN, np.float32)),
        )
    ],
]


@pytest.mark.parametrize("number", range(len(NO_CONSTANTS)))
def test_constants_that_are_none_are_refused_and_not_unfolded(number: int) -> None:
    tracemalloc.start()
    refused(
        lambda: read_constants(NO_CONSTANTS[number], "consts.npz", 8), "does not hold the constants"
    )
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 << 20


def test_constants_of_any_float_and_order_are_read() -> None:
    value = np.arange(16.0).reshape(1, 1, 4, 4)
    data = members(mask_downsample_w=numbers(np.asfortranarray(value)))
    assert read_constants(data, "consts.npz", 8).shrink_weights.tolist() == value[0, 0].tolist()
