"""A decoder running over a movie from some point to its end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import av
from av.packet import Packet
from av.video.stream import VideoStream

from app.domain.movie_file import open_movie_file


@dataclass(frozen=True, slots=True)
class Fault:
    """The decoder or the file gave an error; `time` is that of the packet given last."""

    time: int | None


Output: TypeAlias = av.VideoFrame | Fault


class Decoder:
    """The open movie; one run at a time, each ending the one before it."""

    def __init__(self, path: Path, *, strict: bool, ahead: bool = True) -> None:
        self._path, self._strict, self._ahead = path, strict, ahead
        self._open()

    def _open(self) -> None:
        self._container, self._stream = open_movie_file(
            self._path, strict=self._strict, ahead=self._ahead
        )

    def close(self) -> None:
        """Let go of the file."""
        self._container.close()

    def from_start(self) -> Iterator[Output]:
        """Everything the decoder gives from the very first packet; opens the file anew."""
        self.close()
        self._open()
        return self._run(started=True)

    def from_key(self, key: int, wanted: int) -> Iterator[Output]:
        """What the decoder gives after seeking to the key packet at time `key`.

        Containers seek only nearly: nothing at all comes where the first key packet met lies
        beyond `wanted`. Frames shown before that packet may come, and are not to be believed.
        """
        self._container.seek(key, stream=self._stream)
        return self._run(wanted=wanted)

    def _run(self, *, started: bool = False, wanted: int = 0) -> Iterator[Output]:
        for packet in self._packets():
            if isinstance(packet, Fault):
                yield packet
                return
            if not started:
                if not packet.is_keyframe or packet.pts is None:
                    continue
                if packet.pts > wanted:
                    return
                started = True
            try:
                frames = packet.decode()
            except av.FFmpegError:
                yield Fault(packet.pts)
                continue
            yield from frames

    def _packets(self) -> Iterator[Packet[VideoStream] | Fault]:
        try:
            yield from self._container.demux(self._stream)
        except av.FFmpegError:
            yield Fault(None)
