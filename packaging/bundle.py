"""Which of the files that PyInstaller found go into the frozen program.

An entry is PyInstaller's: (name in the bundle, file it comes from, kind).
"""

from __future__ import annotations

import posixpath
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import TypeAlias

Entry: TypeAlias = tuple[str, str, str]
Imports: TypeAlias = Callable[[str], Iterable[str]]

SYSTEM = ("/usr/lib/", "/lib/")  # where Linux keeps libraries that came with no wheel

# Names of what nothing here uses, as they stand in the bundle.
LEFT_OUT = re.compile(
    r"""
      Qt/plugins/platformthemes/libqgtk3          # drags all of GTK along; the portal theme stays
    | Qt/plugins/(egldeviceintegrations|generic)/  # screens without a desktop
    | Qt/plugins/platforms/libq(eglfs|linuxfb|minimal|minimalegl|vkkhrdisplay|vnc)\.
    | Qt/plugins/imageformats/libq(gif|icns|tga|tiff|wbmp|webp)\.
    | Qt/plugins/wayland-shell-integration/lib(fullscreen-shell|ivi-shell|qt-shell|wl-shell)
    | Qt/lib/libQt6(EglFS|EglFs|Network)
    | PySide6/(Qt/)?translations/                  # the window speaks English
    | (^|/)PIL/_(avif|webp|imagingft|imagingcms)\.
    | pillow\.libs/lib(freetype|harfbuzz|lcms2|webp|sharpyuv|brotli)
    | opencv_videoio_ffmpeg                        # Windows: movies are read by PyAV
    | ^libmvec\.so                                 # a part of the C library
    | \.dist-info/(RECORD$|INSTALLER$|licen[cs]es?/|LICEN[CS]E|sboms/)  # terms are in licences/
    | (^|/)__pycache__/                            # compiled texts of wheels: they name our folders
    """,
    re.VERBOSE,
)

# OpenCV's wheel for Linux brings libraries that other wheels here bring too, of the same binary
# interface: FFmpeg above all, which nothing here asks OpenCV for. One of each is enough.
TWINS = re.compile(
    r"opencv_python_headless\.libs/lib(avcodec|avformat|avutil|swscale|swresample|avif|gfortran)-"
)
ONLY_THEIRS = re.compile(r"opencv_python_headless\.libs/lib(vpx|ssl|crypto|drm|aom|quadmath)-")

# Symbols for debuggers. Libraries that wheels were repaired with (*.libs) break when stripped.
STRIPPED = re.compile(
    r"^libpython3|^pillow\.libs/libXau|^(av|PIL)/.*\.so$|^python3\.\d+/lib-dynload/"
)


def chosen(entries: Iterable[Entry], imports: Imports) -> list[Entry]:
    """The entries without those left out, with one FFmpeg in place of two.

    Libraries of the system stay only where one that stays needs them. `imports` gives the names
    that a file is linked with.
    """
    kept = [entry for entry in entries if not LEFT_OUT.search(_posix(entry[0]))]
    kept = [entry for entry in kept if not ONLY_THEIRS.search(_posix(entry[0]))]
    others = {_soname(name): _posix(name) for name, _, _ in kept if not TWINS.search(_posix(name))}
    kept = [_joined(entry, others) for entry in kept]
    return _needed(kept, imports)


def _needed(entries: Sequence[Entry], imports: Imports) -> list[Entry]:
    """Without links that lead nowhere, and without libraries of the system that nothing needs."""
    system = {entry[0]: entry for entry in entries if entry[1].startswith(SYSTEM)}
    found = [entry for entry in entries if entry[0] not in system]
    for _, source, kind in (queue := [*found]):
        for name in imports(source) if kind in {"BINARY", "EXTENSION"} else ():
            if (entry := system.pop(name, None)) is not None:
                queue.append(entry)  # the loop comes to it
                found.append(entry)
    names = {entry[0] for entry in found}
    return [entry for entry in found if entry[2] != "SYMLINK" or _target(entry) in names]


def strip(folder: Path) -> None:
    """Take the symbols out of what can be stripped below `folder`, where GNU's `strip` is there."""
    tool = shutil.which("strip") if sys.platform == "linux" else None
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    for path in files if tool else ():
        if STRIPPED.search(path.relative_to(folder).as_posix()):
            subprocess.run([str(tool), "--strip-unneeded", path], check=True)


def _joined(entry: Entry, others: dict[str, str]) -> Entry:
    name = _posix(entry[0])
    twin = others.get(_soname(name)) if TWINS.search(name) else None
    return (entry[0], f"../{twin}", "SYMLINK") if twin else entry


def _target(link: Entry) -> str:
    """What a link leads to, as a name in the bundle."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(link[0]), link[1]))


def _soname(name: str) -> str:
    """`libavcodec.62` of any wheel's copy, such as x.libs/libavcodec-c4204469.so.62.28.101."""
    found = re.search(r"\.libs/(lib[a-z]+)-[-\w]+\.so\.(\d+)\.", name)
    return f"{found[1]}.{found[2]}" if found else ""


def _posix(name: str) -> str:
    return PurePosixPath(*Path(name).parts).as_posix()
