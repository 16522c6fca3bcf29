"""The kinds of movies the tests read."""

from __future__ import annotations

from pathlib import Path

from tests.media import Recipe, numbered, patch_edit_list, write_movie

COUNT = 96
HIDDEN = 20  # frames the edit list hides
FAST = {"preset": "ultrafast"}
X264 = "keyint=48:bframes=3:b-pyramid=normal:scenecut=0"
UNEVEN = [n * 1000 + (n % 7) * 60 + (5000 if n > 40 else 0) for n in range(COUNT)]

RECIPES: dict[str, tuple[str, Recipe]] = {
    "h264 mp4": ("mp4", Recipe()),
    "h264 mkv": ("mkv", Recipe()),
    "h264 open gop": (
        "mp4",
        Recipe(options=FAST | {"x264-params": "open-gop=1:keyint=24:bframes=3:b-adapt=0"}),
    ),
    "h264 variable rate": ("mp4", Recipe()),
    "h264 edit list": ("mp4", Recipe()),
    "h264 mpeg-ts": ("ts", Recipe()),
    "h264 avi": ("avi", Recipe()),
    "mpeg2 mpeg-ps": ("mpg", Recipe("mpeg2video", options={"g": "12", "bf": "2", "b": "2M"})),
    "mpeg2 mpeg-ts": ("ts", Recipe("mpeg2video", options={"g": "12", "bf": "2", "b": "2M"})),
    "mpeg4 avi": ("avi", Recipe("mpeg4", options={"g": "24", "bf": "2", "b": "1M"})),
    "mjpeg mov": ("mov", Recipe("mjpeg", "yuvj420p", options={"q:v": "3"})),
    "prores mov": ("mov", Recipe("prores_ks", "yuv422p10le", options={})),
    "hevc 10-bit mp4": (
        "mp4",
        Recipe(
            "libx265",
            "yuv420p10le",
            options=FAST | {"x265-params": "keyint=48:bframes=3:log-level=none"},
        ),
    ),
    "ffv1 10-bit mkv": (
        "mkv",
        Recipe("ffv1", "yuv422p10le", options={"level": "3", "slicecrc": "1", "g": "12"}),
    ),
    "vp9 webm": (
        "webm",
        Recipe("libvpx-vp9", options={"g": "30", "deadline": "realtime", "cpu-used": "8"}),
    ),
}


def make(kind: str, folder: Path) -> Path:
    """The movie of this kind, its frames numbered 0 to COUNT - 1."""
    suffix, recipe = RECIPES[kind]
    path = folder / f"{kind.replace(' ', '_')}.{suffix}"
    times = UNEVEN if kind == "h264 variable rate" else None
    write_movie(path, (numbered(n) for n in range(COUNT)), recipe, times)
    if kind == "h264 edit list":
        patch_edit_list(path, HIDDEN, tick=512)
    return path


def first_number(kind: str) -> int:
    """The number on the first frame a clip of this kind shows."""
    return HIDDEN if kind == "h264 edit list" else 0
