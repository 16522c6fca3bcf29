"""How much memory this process holds, as its system counts it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple


class Memory(NamedTuple):
    """Resident bytes; None where the system does not tell."""

    now: int | None
    peak: int | None  # since the process began


def memory() -> Memory:
    """What this process holds. Linux and Windows tell both, macOS the peak."""
    if sys.platform == "win32":
        return _windows()
    status = Path("/proc/self/status")
    if status.exists():
        return _linux(status.read_text("utf-8"))
    import resource  # noqa: PLC0415 - not on Windows

    return Memory(None, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def _linux(status: str) -> Memory:
    """From the lines of /proc/PID/status; getrusage would count the parent's peak as ours."""
    lines = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    now, peak = (int(lines[key].split()[0]) * 1024 for key in ("VmRSS", "VmHWM"))
    return Memory(now, peak)


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    class _Counters(ctypes.Structure):
        """PROCESS_MEMORY_COUNTERS."""

        _fields_ = (
            ("cb", wintypes.DWORD),
            ("PageFaultCount", wintypes.DWORD),
            ("PeakWorkingSetSize", ctypes.c_size_t),
            ("WorkingSetSize", ctypes.c_size_t),
            ("QuotaPeakPagedPoolUsage", ctypes.c_size_t),
            ("QuotaPagedPoolUsage", ctypes.c_size_t),
            ("QuotaPeakNonPagedPoolUsage", ctypes.c_size_t),
            ("QuotaNonPagedPoolUsage", ctypes.c_size_t),
            ("PagefileUsage", ctypes.c_size_t),
            ("PeakPagefileUsage", ctypes.c_size_t),
        )

    def _windows() -> Memory:
        counters = _Counters()
        counters.cb = ctypes.sizeof(counters)
        kernel = ctypes.windll.kernel32
        kernel.GetCurrentProcess.restype = wintypes.HANDLE
        ask = kernel.K32GetProcessMemoryInfo
        ask.argtypes = (wintypes.HANDLE, ctypes.POINTER(_Counters), wintypes.DWORD)
        if not ask(kernel.GetCurrentProcess(), ctypes.byref(counters), counters.cb):
            return Memory(None, None)
        return Memory(counters.WorkingSetSize, counters.PeakWorkingSetSize)
