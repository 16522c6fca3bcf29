"""A runtime pack of tiny wheels: an `onnxruntime` of a few lines of Python, and a library."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from models.runtime_list import RuntimeList, Wheel, this_python, this_system
from models.runtime_pack import RuntimePack
from models.runtime_record import RECORD, Part, Record

RUNTIME = "onnxruntime_gpu-9.9.9-cp311-cp311-manylinux_2_28_x86_64.whl"
LIBRARY = "nvidia_tiny-1.2.3-py3-none-manylinux1_x86_64.manylinux_2_5_x86_64.whl"
WORKING = {
    "onnxruntime/__init__.py": "from onnxruntime.capi import answer\n__version__ = '9.9.9'\n"
    "def disable_telemetry_events(): pass\n"
    "def get_available_providers(): return ['CUDAExecutionProvider', 'CPUExecutionProvider']\n",
    "onnxruntime/capi/__init__.py": "from onnxruntime.capi.deep import answer\n",
    "onnxruntime/capi/deep.py": "answer = 'of the pack'\n",
}


def write_wheels(folder: Path, code: Mapping[str, str] = WORKING) -> Path:
    """The two wheels, in `folder`; the runtime holds `code` by its names."""
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / RUNTIME, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in code.items():
            archive.writestr(name, text)
    with zipfile.ZipFile(folder / LIBRARY, "w") as archive:
        archive.writestr("nvidia/cu13/lib/libtiny.so.13", b"\x7fELF" * 100)
    return folder


def listed(folder: Path, *, python: str = "") -> RuntimeList:
    """The list of the wheels in `folder`, for this program unless `python` says otherwise."""
    wheels = tuple(_wheel(folder / name) for name in (LIBRARY, RUNTIME))
    digest = hashlib.sha256(repr(wheels).encode()).hexdigest()
    return RuntimeList(
        "cuda", "9.9.9", python or this_python(), this_system(), 4096, wheels, digest
    )


def pack_of(home: Path, wheels: Path) -> RuntimePack:
    """The pack of the wheels in the folder `wheels`, not installed yet."""
    return RuntimePack(home, listed(wheels))


def write_record(folder: Path, made_by: str) -> None:
    """Note what is in `folder`, as the installation of a pack does."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.name != RECORD)
    files = {path.relative_to(folder).as_posix(): Part(*_facts(path)) for path in found}
    Record(made_by, files).write(folder)


def newer(pack: RuntimePack) -> RuntimePack:
    """As a Rotocel with another list sees it."""
    return replace(pack, wanted=replace(pack.wanted, digest="0" * 64))


def _wheel(path: Path) -> Wheel:
    return Wheel(path.name, *_facts(path))


def _facts(path: Path) -> tuple[int, str]:
    data = path.read_bytes()
    return len(data), hashlib.sha256(data).hexdigest()
