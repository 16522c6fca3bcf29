"""The licences of everything inside the frozen program, and its bill of materials.

Every library of the bundle must belong to a component with a notice; one that does not stops the
build. The notice of a wheel does not count for the libraries that were put into it: they stand in
libraries.toml. Run inside the virtual environment that was frozen.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
OURS = "rotocel"
PUT_IN = re.compile(r"\.(libs|dylibs)/")  # where tools put libraries into a wheel
TEXTS = re.compile(r"licen[cs]e|copying|notice", re.IGNORECASE)
HEADING = """\
# What is inside Rotocel, and under what terms

Rotocel's own source is under the Apache License 2.0. It is shipped together with the parts below,
each under its own licence. FFmpeg is built with x264 and x265 here, which are under the GNU General
Public License: **this bundle as a whole is under the GNU General Public License, version 3**
(`GPL-3.txt`). Its source is that of Rotocel and of the parts below in the versions named, at the
addresses named; the libraries in the wheel of av are built by its project PyAV-Org/pyav-ffmpeg,
which has the patches and the options. sbom.json names the versions for programs. Qt is under the
GNU Lesser General Public License 3: its libraries lie in `_internal/PySide6/Qt/lib` and may be
replaced by your own.

| part | version | licence | source |
|---|---|---|---|
"""


class NoticeError(Exception):
    """Something in the bundle has no notice; the text names it."""


@dataclass(frozen=True)
class Part:
    """A component of the bundle. `texts` are the files with its terms."""

    name: str
    version: str
    licence: str
    source: str
    texts: tuple[Path, ...] = field(default=(), compare=False)
    purl: str = ""


def write(folder: Path, sources: Mapping[str, str], modules: Iterable[str]) -> list[Part]:
    """Put LICENCES.md, the texts and sbom.json into `folder`; returns the parts.

    `sources`: where each file of the bundle came from; `modules`: files of the Python code inside.
    Raises NoticeError, naming every file that belongs to no part.
    """
    found = parts_of(sources, modules)
    texts = folder / "licences"
    shutil.rmtree(texts, ignore_errors=True)
    lines = []
    for part in found:
        place = texts / re.sub(r"\W+", "-", part.name).strip("-").lower()
        place.mkdir(parents=True, exist_ok=True)
        for number, text in enumerate({path.read_bytes(): path for path in part.texts}.values()):
            name = text.name if not (place / text.name).exists() else f"{number}-{text.name}"
            shutil.copyfile(text, place / name)
        lines.append(f"| {part.name} | {part.version} | {part.licence} | {part.source} |\n")
    shutil.copyfile(HERE / "licences" / "GPL-3.txt", texts / "GPL-3.txt")
    (texts / "LICENCES.md").write_text(HEADING + "".join(lines), "utf-8")
    (texts / "sbom.json").write_text(json.dumps(bill(found), indent=1), "utf-8")
    return found


def parts_of(sources: Mapping[str, str], modules: Iterable[str]) -> list[Part]:
    """The parts that the files belong to, by name. Raises NoticeError."""
    found: dict[str, Part] = {part.name: part for part in (_python(), _bootloader())}
    files: dict[str, set[str]] = {}  # of parts without a version: the libraries they consist of
    lost: list[str] = []
    for name, source in (*sources.items(), *((path, path) for path in modules)):
        part = _library(name)
        if part is not None and not part.version:
            files.setdefault(part.name, set()).add(_plain(name))
        elif part is None and not PUT_IN.search(_posix(name)):
            part = _of_wheel(source) or _of_system(source)
        for each in filter(None, (part, _of_wheel(source))):
            found[each.name] = each
        if part is None and not _is_pythons(source) and not _is_ours(source):
            lost.append(f"{name} (from {source})")
    for name, libraries in files.items():
        found[name] = replace(found[name], version=", ".join(sorted(libraries)))
    found["Rotocel"] = _ours()
    bare = [part.name for part in found.values() if not part.texts]
    if lost or bare:
        raise NoticeError(
            f"These files belong to no part with a notice: {', '.join(sorted(lost)) or 'none'}. "
            f"These parts have no text: {', '.join(bare) or 'none'}. Name them in "
            "packaging/libraries.toml."
        )
    return sorted(found.values(), key=lambda part: part.name.lower())


def bill(parts: Iterable[Part]) -> dict[str, object]:
    """The bill of materials (CycloneDX 1.5)."""
    components = [
        {
            "type": "library",
            "name": part.name,
            "version": part.version,
            "licenses": [{"license": {"name": part.licence}}],
            **({"purl": part.purl} if part.purl else {}),
        }
        for part in parts
    ]
    return {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": components}


@cache
def _entries() -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = tomllib.loads((HERE / "libraries.toml").read_text("utf-8"))[
        "library"
    ]
    return entries


def _library(name: str) -> Part | None:
    """What libraries.toml says of a file; without a version, which is that of its file."""
    entry = next((each for each in _entries() if re.search(each["match"], _posix(name))), None)
    if entry is None:
        return None
    texts = tuple(HERE / "licences" / name for name in entry.get("texts", ()))
    if "said_by" in entry:  # the wheel has the terms of what was put into it
        texts += tuple(text for text in _wheel(entry["said_by"]).texts if _says(text, entry))
    version = _wheel(entry["wheel"]).version if "wheel" in entry else ""
    return Part(entry["name"], version, entry["licence"], entry["source"], texts)


def _says(text: Path, entry: Mapping[str, Any]) -> bool:
    said = text.read_text("utf-8", "replace").lower()
    return all(word.lower() in said for word in entry["says"])


def _plain(name: str) -> str:
    """The name of a library without the letters that were put in to tell it from others."""
    return re.sub(r"(-[0-9a-f]{8})+(?=\.)", "", _posix(name).rpartition("/")[2])


def _posix(name: str) -> str:
    return name.replace("\\", "/")


@cache
def _wheels() -> dict[str, Distribution]:
    return {
        str(Path(str(dist.locate_file(file))).resolve()): dist
        for dist in distributions()
        for file in dist.files or ()
    }


def _of_wheel(source: str) -> Part | None:
    dist = _wheels().get(str(Path(source).resolve())) if source else None
    if dist is None:
        return None
    name = dist.metadata["Name"]
    return _ours() if name == OURS else _wheel(name)


@cache
def _wheel(name: str) -> Part:
    dist = next(each for each in distributions() if each.metadata["Name"] == name)
    named = _said(dist, "License-Expression") or _said(dist, "License")
    licence = named.strip().splitlines()[0] if named.strip() else "see its text"
    texts = [
        Path(str(dist.locate_file(file)))
        for file in dist.files or ()
        if TEXTS.search(file.name) and not file.name.endswith((".py", ".pyc", ".pyi"))
    ]
    texts += [
        HERE / "licences" / text
        for entry in _entries()
        if re.search(entry["match"], f"{name}/")
        for text in entry.get("texts", ())
    ]
    return Part(
        name,
        dist.version,
        licence,
        _said(dist, "Home-page") or _first_url(dist) or f"https://pypi.org/project/{name}",
        tuple(text for text in texts if text.is_file()),
        f"pkg:pypi/{name.lower()}@{dist.version}",
    )


def _said(dist: Distribution, name: str) -> str:
    return str(dist.metadata[name]) if name in dist.metadata else ""


def _first_url(dist: Distribution) -> str:
    urls = dist.metadata.get_all("Project-URL") or [""]
    return str(urls[0]).partition(",")[2].strip()


@cache
def _of_system(source: str) -> Part | None:
    """The package of Debian that a library of the system came with."""
    tool = shutil.which("dpkg-query")
    if not tool or _is_pythons(source):
        return None
    path = Path(source).resolve()
    for place in (path, Path("/usr") / path.relative_to("/"), Path("/", *path.parts[2:])):
        told = subprocess.run([tool, "-S", place], capture_output=True, text=True, check=False)
        if told.returncode == 0:
            package = told.stdout.split(":")[0]
            break
    else:
        return None
    asked = [tool, "-W", "-f", "${Version} ${Homepage}", package]
    version, _, home = subprocess.run(
        asked, capture_output=True, text=True, check=True
    ).stdout.partition(" ")
    text = Path("/usr/share/doc") / package / "copyright"
    texts = (text,) if text.is_file() else ()
    return Part(
        package, version, "see its text", home, texts, f"pkg:deb/debian/{package}@{version}"
    )


def _is_pythons(source: str) -> bool:
    """Whether a file came with Python itself, wherever its installer puts them."""
    path, base = Path(source).resolve(), Path(sys.base_prefix).resolve()
    if "site-packages" in path.parts:
        return False
    library = Path(sysconfig.get_path("stdlib")).resolve()
    beside = re.fullmatch(r"(lib)?python3[\d.]*(\.so[\d.]*|\.dylib|\.dll)|Python", path.name)
    extensions = path.is_relative_to(base / "DLLs")  # where Windows has them
    return path.is_relative_to(library) or extensions or bool(beside and base in path.parents)


def _is_ours(source: str) -> bool:
    path = Path(source).resolve()
    ours = path.is_relative_to(HERE.parent.resolve()) and "site-packages" not in path.parts
    return ours or path.name == "base_library.zip"


def _python() -> Part:
    version = ".".join(map(str, sys.version_info[:3]))
    places = [
        Path(sys.base_prefix) / "LICENSE.txt",
        *Path(sys.base_prefix).glob("lib/python3*/LICENSE.txt"),
        Path("/usr/share/doc/python3.11/copyright"),
    ]
    texts = tuple(path for path in places if path.is_file())[:1]
    return Part("Python", version, "PSF-2.0", "https://www.python.org", texts)


def _bootloader() -> Part:
    return _wheel("pyinstaller")


def _ours() -> Part:
    root = HERE.parent
    models = root / "resources" / "models" / "mobilesam"
    texts = (root / "LICENSE", models / "NOTICE", root / "resources" / "demo" / "CREDITS")
    return Part("Rotocel", _wheel(OURS).version, "Apache-2.0", "see the README", texts)
