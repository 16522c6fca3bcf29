"""Original packages that all call themselves `sam2`: of these, a process can use one.

EdgeTAM and EfficientTAM were made by changing SAM 2, and their packages on PyPI kept its name. Each
is installed into a folder of its own (`pip install --no-deps --target FOLDER`), which is put before
everything else here, before anything imports `sam2`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import abc, machinery
from pathlib import Path
from types import ModuleType


def use(folder: Path) -> None:
    """Let `sam2` be the package in `folder` from now on. Raises OSError where that cannot be."""
    package = folder.resolve() / "sam2"
    if not (package / "__init__.py").is_file():
        raise FileNotFoundError(
            f"{folder} holds no package sam2: install the original there with "
            "pip install --no-deps --target."
        )
    loaded = sys.modules.get("sam2")
    if loaded is not None and Path(str(loaded.__file__)).parent != package:
        raise FileExistsError(
            f"Another sam2 is in use already ({loaded.__file__}): convert in a process of its own."
        )
    if loaded is None:
        sys.path.insert(0, str(package.parent))
        sys.meta_path.append(_Torchvision())


class _Torchvision(abc.MetaPathFinder, abc.Loader):
    """Empty modules in place of torchvision where it is missing.

    The originals and timm import names of it at the top, for training and for pictures; what builds
    and runs the networks calls none. It stands last, so that a real torchvision comes first.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> machinery.ModuleSpec | None:
        del path, target
        if fullname.partition(".")[0] != "torchvision":
            return None
        return machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: machinery.ModuleSpec) -> ModuleType:
        return _Empty(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """There is nothing to run."""


class _Empty(ModuleType):
    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Placeholder(name, (), {})


class _Placeholder(type):
    """A class of which any attribute can be named: some tables are keyed by torchvision's enums."""

    def __getattr__(cls, name: str) -> str:
        if name.startswith("__"):
            raise AttributeError(name)
        return f"{cls.__name__}.{name}"
