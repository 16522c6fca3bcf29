"""Opening the file of a movie with FFmpeg: local, of a known kind, and with capped pictures."""

from __future__ import annotations

import math
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from app.domain.clip_facts import ClipError
from app.domain.limits import MOST_PIXELS, check_size

# Playlists and capture formats, which would make FFmpeg follow addresses, are left out on purpose.
FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2 matroska,webm avi mpegts mpeg mpegvideo mxf mxf_opatom ogg asf flv "
    "live_flv dv nut ivf gif apng h264 hevc m4v mjpeg av1 obu vc1 yuv4mpegpipe rm swf r3d gxf "
    "wtv smjpeg 4xm bink"
).replace(" ", ",")
OPTIONS = {"protocol_whitelist": "file", "format_whitelist": FORMATS}


def open_movie_file(
    path: Path, *, ahead: bool = True, strict: bool = False
) -> tuple[InputContainer, VideoStream]:
    """The container and the video stream of the movie at `path`, ready to demux and decode.

    `ahead` decodes several frames at once (fast); without it an error can be pinned on the packet
    just given. A `strict` decoder rejects what it finds odd. Raises ClipError.
    """
    try:
        container = av.open(f"file:{path}", container_options=dict(OPTIONS))
    except (av.FFmpegError, ValueError) as e:
        raise ClipError(
            f"{path.name} is not a movie that can be read, or it was cut off while being written; "
            "convert it to MP4 or MOV, or get a complete copy."
        ) from e
    try:
        return container, _prepare(container, path.name, ahead=ahead, strict=strict)
    except BaseException:
        container.close()
        raise


def _prepare(container: InputContainer, name: str, *, ahead: bool, strict: bool) -> VideoStream:
    moving = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not moving:
        raise ClipError(f"{name} holds no video; choose a movie or an image sequence.")
    stream = max(moving, key=lambda s: (math.prod(_size(s)), -s.index))
    check_size(name, *_size(stream))
    stream.thread_type = "AUTO" if ahead else "NONE"  # slice threads hide damage in H.264
    stream.codec_context.options = {"max_pixels": str(MOST_PIXELS)}
    if strict:
        stream.codec_context.options |= {"err_detect": "crccheck+explode"}
    return stream


def _size(stream: VideoStream) -> tuple[int, int]:
    try:
        return stream.codec_context.width, stream.codec_context.height
    except AttributeError:  # no decoder for this stream
        return 0, 0
