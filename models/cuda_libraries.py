"""The libraries that NVIDIA's cards need: loaded for ONNX Runtime, and the driver looked for."""

from __future__ import annotations

import ctypes
import io
import logging
import sys
import threading
from contextlib import redirect_stdout
from types import ModuleType

log = logging.getLogger(__name__)

DRIVERS = {"linux": "libcuda.so.1", "win32": "nvcuda.dll"}

_alone = threading.Lock()


def preload(ort: ModuleType) -> None:
    """Have `ort` load CUDA and cuDNN from where pip, or a runtime pack, put them.

    What is missing is found out when a session is opened. From then on ONNX Runtime prints nothing:
    a provider that fails would say so on stderr, and the library says what is missing on stdout.
    """
    with _alone, redirect_stdout(io.StringIO()) as said:
        try:
            ort.preload_dlls(directory="")  # empty: beside ONNX Runtime, never those of PyTorch
        except Exception:  # what is missing shows when a session is opened
            log.warning("CUDA cannot be preloaded", exc_info=True)
    if text := said.getvalue().strip():
        log.info("preloading CUDA: %s", text)
    ort.set_default_logger_severity(4)


def has_driver() -> bool:
    """Whether NVIDIA's driver is installed; also where nobody knows what it is called."""
    name = DRIVERS.get(sys.platform)
    try:
        return name is None or bool(ctypes.CDLL(name))
    except OSError:
        return False
