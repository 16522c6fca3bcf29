"""Makes the list of a runtime pack: `python packaging/runtime_list.py --system linux-x86_64`.

pip chooses and fetches the files, over a gigabyte, from whatever index it is set up for; the list
holds their names, sizes and sums, and no address. What Rotocel brings itself, such as NumPy, is
left out.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

RESOURCES = Path(__file__).parents[1] / "resources" / "runtimes"
WANTED = "onnxruntime-gpu[cuda,cudnn]"
TAKEN = ("onnxruntime_gpu-", "nvidia_")
SYSTEMS: Mapping[str, Sequence[str]] = {  # -> tags of the wheels that run there
    "linux-x86_64": (
        "manylinux_2_28_x86_64",
        "manylinux_2_27_x86_64",
        "manylinux2014_x86_64",
        "manylinux2010_x86_64",
        "manylinux1_x86_64",
    ),
    "windows-x86_64": ("win_amd64",),
}


def main() -> int:
    """Fetch the wheels and write the list; 0 when that is done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", default="3.11", metavar="3.11")
    parser.add_argument("--system", choices=SYSTEMS, default="linux-x86_64")
    parser.add_argument("--wheels", type=Path, metavar="FOLDER", help="they were fetched to here")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.wheels or Path(temporary)
        if chosen.wheels is None:
            fetch(chosen.python, SYSTEMS[chosen.system], folder)
        said = described(chosen.python, chosen.system, folder)
    target = RESOURCES / f"{said['name']}-{chosen.system}.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(said, indent=1) + "\n", "utf-8")
    print(target)
    return 0


def fetch(python: str, tags: Sequence[str], folder: Path) -> None:
    """Have pip download the newest wheels that fit, and what they need, into `folder`."""
    words = ["pip", "download", "--only-binary=:all:", f"--python-version={python}"]
    words += [f"--platform={tag}" for tag in tags]
    subprocess.run([sys.executable, "-m", *words, f"--dest={folder}", WANTED], check=True)


def described(python: str, system: str, folder: Path) -> dict[str, Any]:
    """The list of the wheels in `folder`."""
    wheels = [path for path in sorted(folder.glob("*.whl")) if path.name.startswith(TAKEN)]
    version = next(path.name.split("-")[1] for path in wheels if path.name.startswith(TAKEN[0]))
    return {
        "format": 1,
        "name": "cuda",
        "version": version,
        "python": f"cp{python.replace('.', '')}",
        "system": system,
        "unpacked": sum(unpacked(path) for path in wheels),
        "wheels": [
            {"file": path.name, "size": path.stat().st_size, "sha256": sum_of(path)}
            for path in wheels
        ],
    }


def unpacked(path: Path) -> int:
    """The bytes of all files in a wheel."""
    with zipfile.ZipFile(path) as archive:
        return sum(entry.file_size for entry in archive.infolist())


def sum_of(path: Path) -> str:
    """The sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    sys.exit(main())
