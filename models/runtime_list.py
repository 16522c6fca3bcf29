"""What a runtime pack is made of: the list of its wheels that ships with the program.

A runtime pack is another build of ONNX Runtime and the libraries it needs, as wheels from the
public index of Python packages. The list has the size and the sha256 of each, and no address: where
the files come from is the artist's choice, that they are the right ones is checked here.
`packaging/runtime_list.py` makes it.
"""

from __future__ import annotations

import hashlib
import json
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.base import ModelError
from models.description import NAME, SHA256, DescriptionError, once
from models.files import read_file

FORMAT = 1
MOST_LIST = 1 << 20  # bytes
REMEDY = "install Rotocel again"


@dataclass(frozen=True, slots=True)
class Wheel:
    """A file of a runtime pack, `size` bytes long."""

    file: str
    size: int
    sha256: str

    @property
    def requirement(self) -> str:
        """What pip calls it, e.g. onnxruntime-gpu==1.31.1."""
        name, version = self.file.split("-")[:2]
        return f"{name.replace('_', '-')}=={version}"

    @property
    def platforms(self) -> tuple[str, ...]:
        """The tags of the systems it is for."""
        return tuple(self.file.removesuffix(".whl").rpartition("-")[2].split("."))


@dataclass(frozen=True, slots=True)
class RuntimeList:
    """A runtime pack for one system and one version of Python."""

    name: str  # "cuda"
    version: str  # of ONNX Runtime
    python: str  # tag of the Python it is built for, e.g. "cp311"
    system: str  # as `this_system` names it
    unpacked: int  # bytes on the disk
    wheels: tuple[Wheel, ...]
    digest: str  # sha256 of the list itself

    @property
    def size(self) -> int:
        """Bytes of all wheels."""
        return sum(wheel.size for wheel in self.wheels)

    @property
    def misfit(self) -> str:
        """Why this program cannot run it, a sentence; empty where it can."""
        if (self.python, self.system) == (this_python(), this_system()):
            return ""
        return (
            f"The runtime {self.name} is for {self.python} on {self.system}, and this Rotocel runs "
            f"on {this_python()} on {this_system()}; in a copy of the source use pip instead: "
            f"`pip install rotocel[{self.name}]`."
        )

    def command(self, folder: str) -> str:
        """What fetches all wheels into `folder`, on any machine with Python and a network."""
        tags = dict.fromkeys(tag for wheel in self.wheels for tag in wheel.platforms)
        python = self.python.removeprefix("cp")
        words = ["python -m pip download --no-deps --only-binary=:all:"]
        words += [f"--python-version {python[0]}.{python[1:]}"]
        words += [f"--platform {tag}" for tag in tags]
        words += [f"-d {folder}", *(wheel.requirement for wheel in self.wheels)]
        return " ".join(words)


def this_python() -> str:
    """The tag of the Python that runs this."""
    return f"cp{sys.version_info.major}{sys.version_info.minor}"


def this_system() -> str:
    """The system this runs on, e.g. linux-x86_64, windows-x86_64."""
    machine = platform.machine().lower().replace("amd64", "x86_64")
    return f"{platform.system().lower()}-{machine}"


def read_list(path: Path) -> RuntimeList:
    """The list at `path`. Raises ModelError naming it and what is wrong."""
    data = read_file(path, MOST_LIST, REMEDY)
    try:
        return _parsed(json.loads(data, object_pairs_hook=once), hashlib.sha256(data).hexdigest())
    except (ValueError, RecursionError, KeyError, TypeError) as e:
        raise ModelError(f"{path} is not a valid list of a runtime ({e!r}); {REMEDY}.") from e


def _parsed(said: Mapping[str, Any], digest: str) -> RuntimeList:
    if said["format"] != FORMAT:
        raise DescriptionError(f"its format is not {FORMAT}")
    name, version, python, system = (
        _matching(said[key]) for key in ("name", "version", "python", "system")
    )
    wheels = tuple(_wheel(item) for item in said["wheels"])
    if not wheels or len({wheel.file for wheel in wheels}) < len(wheels):
        raise DescriptionError("no wheels, or one of them twice")
    return RuntimeList(name, version, python, system, _bytes(said["unpacked"]), wheels, digest)


def _wheel(said: Mapping[str, Any]) -> Wheel:
    file, sha256 = _matching(said["file"]), said["sha256"]
    if not file.endswith(".whl") or file.count("-") < 4:
        raise DescriptionError(f"{file} is not the name of a wheel")
    if not SHA256.fullmatch(sha256):
        raise DescriptionError(f"the sha256 of {file} is not 64 small hexadecimal digits")
    return Wheel(file, _bytes(said["size"]), sha256)


def _matching(value: str) -> str:
    if not NAME.fullmatch(value):
        raise DescriptionError(f"{value!r} is no plain name")
    return value


def _bytes(value: object) -> int:
    if type(value) is not int or value < 1:
        raise DescriptionError("a size is not a whole number above 0")
    return value
