"""Entries of a stranger's zip: what no honest one has is found before anything is written."""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib

MOST_RATIO = 200  # weights and code hardly shrink; what shrinks more than this is a bomb
SMALL = 1 << 20  # bytes an entry may unfold to at any ratio
METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}

# What zipfile says of a zip it cannot read; ValueError: a name in another coding than it claims.
UNREADABLE = (
    OSError, EOFError, ValueError, RuntimeError, struct.error, zlib.error, zipfile.BadZipFile
)  # fmt: skip


def fault_of(entry: zipfile.ZipInfo) -> str:
    """Why no honest zip has this entry; empty where it may."""
    return _fault_of_name(entry) or _fault_of_content(entry)


def _fault_of_name(entry: zipfile.ZipInfo) -> str:
    name = entry.filename
    if name != entry.orig_filename or "\\" in name or ":" in name or not name.isprintable():
        return f"the name {name!r} in it is no plain name"
    if name.startswith("/") or any(part in {"", ".", ".."} for part in name.rstrip("/").split("/")):
        return f"{name} in it leads elsewhere"
    return ""


def _fault_of_content(entry: zipfile.ZipInfo) -> str:
    name = entry.filename
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        return f"{name} in it is a link or a device"
    if entry.flag_bits & 1:
        return f"{name} in it is encrypted"
    if entry.compress_type not in METHODS:
        return f"{name} in it is packed by an unusual method"
    if entry.file_size > max(SMALL, MOST_RATIO * entry.compress_size):
        return f"{name} in it would unfold to more than {MOST_RATIO} times its size"
    return ""
