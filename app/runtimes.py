"""The runtime pack for this machine: whether there is one, and having the models use it. No Qt."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from app import paths
from models import runtime_load
from models.base import ModelError
from models.ort import runtime_module
from models.runtime_list import read_list, this_system
from models.runtime_pack import RuntimePack
from models.stage import is_there

log = logging.getLogger(__name__)

CUDA = "cuda"
DEVICES = frozenset({"auto", CUDA})  # of the settings: those that want a pack


def cuda_list() -> Path:
    """The list of the pack for NVIDIA's cards on this system; there may be none."""
    return paths.resource("runtimes", f"{CUDA}-{this_system()}.json")


def cuda_pack() -> RuntimePack | None:
    """The pack for NVIDIA's cards, installed or not; None on systems without. Raises ModelError."""
    path = cuda_list()
    return RuntimePack(paths.user_runtimes(), read_list(path)) if path.is_file() else None


def offer(device: str) -> None:
    """Have ONNX Runtime come from an installed pack where `device`, a setting, may want it.

    It is loaded with the first model, and only then. One that is there and cannot be used is told.
    """
    pack, fault = None, ""
    try:
        pack = cuda_pack() if device in DEVICES else None
    except ModelError as e:
        log.warning("%s", e)
        fault = str(e) if is_there(paths.user_runtimes() / CUDA) else ""
    runtime_load.offer(pack if pack is not None and pack.is_installed else None, fault)


def in_use() -> str:
    """Which ONNX Runtime answers, in a few words; it is loaded for that. Raises ModelError."""
    runtime_module()
    return loaded()


def loaded() -> str:
    """The same where one is loaded already; else empty, also while another thread loads it."""
    if not runtime_load.is_settled():
        return ""
    version = getattr(sys.modules.get(runtime_load.NAME), "__version__", "")
    pack = runtime_load.used()
    where = f"the installed runtime {pack.wanted.name}" if pack else "built in"
    return f"ONNX Runtime {version}, {where}" if version else ""
