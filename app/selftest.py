"""`rotocel selftest`: what is installed here, and whether a click gives a mask. Paste it into a bug
report.
"""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

import av

from app.cli_demo import PROMPTS, demo_clip
from app.domain.clip import ClipReader
from app.domain.mask import upsample
from app.domain.matte import coverage
from app.domain.project import Prompt
from app.headless import BUNDLED, load_model, packs
from app.jobs import answer
from app.paths import user_cache, user_config, user_logs, user_models
from app.runtimes import in_use
from app.settings import Settings
from app.version import VERSION
from models import runtime_load
from models.ort import runtime_module

PACKAGES = ("numpy", "opencv-python-headless", "av", "OpenEXR", "PySide6-Essentials")
CODECS = ("h264", "hevc", "prores", "dnxhd", "vp9", "av1", "mjpeg", "png")
FRAME = 1067
AREA = (0.08, 0.20)  # the rabbit's share of that frame: it covers an eighth of the picture


class SelftestError(Exception):
    """The program does not work here; the text says what failed."""


def run(settings: Settings) -> int:
    """Print one finding a line. Raises SelftestError, ModelError, ClipError."""
    for finding in (*findings(), _chosen(settings), *_click(settings)):
        print(finding, flush=True)
    return 0


def findings() -> Iterator[str]:
    """What is installed here: versions, codecs, models, folders."""
    yield from _versions()
    yield from _codecs()
    yield from _folders()


def _chosen(settings: Settings) -> str:
    return f"model in use: {settings.model or BUNDLED}"


def _versions() -> Iterator[str]:
    yield f"rotocel {VERSION}, Python {platform.python_version()}, {platform.platform()}"
    yield f"processors: {os.cpu_count()}, {platform.machine()}, {sys.byteorder} endian"
    yield ", ".join(f"{name} {_version(name)}" for name in PACKAGES)
    yield f"{in_use()}, providers: {', '.join(runtime_module().get_available_providers())}"
    if note := runtime_load.note():
        yield note


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _codecs() -> Iterator[str]:
    there = [name for name in CODECS if name in av.codecs_available]
    lacking = [name for name in CODECS if name not in there]
    libraries = {name: ".".join(map(str, number)) for name, number in av.library_versions.items()}
    yield f"codecs: {', '.join(there)}; lacking: {', '.join(lacking) or 'none'}"
    yield f"libavcodec {libraries['libavcodec']}, libavformat {libraries['libavformat']}"


def _folders() -> Iterator[str]:
    found, faults = packs()
    yield f"models: {', '.join(pack.info.id for pack in found) or 'none'}"
    yield from map(str, faults)
    yield f"own models in {user_models()}, settings in {user_config()}"
    yield f"cache in {user_cache()}, log in {user_logs()}"


def _click(settings: Settings) -> Iterator[str]:
    """One click on the demo, checked."""
    clip = demo_clip()
    click = PROMPTS[FRAME].points[0]
    model = load_model(settings, BUNDLED)  # whose mask of that frame is known
    with ClipReader(clip) as reader:
        picture = reader.read(FRAME).rgb8()
    start = time.perf_counter()
    embedding = model.encode(picture)
    encoded = time.perf_counter()
    mask = answer(model, embedding, Prompt(points=(click,)))
    answered = time.perf_counter()
    matte = coverage(upsample(mask, clip.size))
    share = float(matte.mean())
    yield (
        f"{model.info.label} on {model.info.device}: encoded in {encoded - start:.2f} s, "
        f"answered in {1000 * (answered - encoded):.0f} ms"
    )
    yield from model.info.notes
    if matte[int(click.y), int(click.x)] < 1 or not AREA[0] < share < AREA[1]:
        raise SelftestError(
            f"A click on the demo gave a wrong mask ({share:.1%} of the picture); "
            "please report this with the lines above."
        )
    yield f"a click on frame {FRAME} of {clip.name} gave a mask of {share:.1%} of it: all is well"
