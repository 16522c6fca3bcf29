"""Writing mattes to files; knows neither the editor nor the models."""

from __future__ import annotations

from export.base import MatteWriter
from export.png import Png8

WRITERS: dict[str, MatteWriter] = {writer.key: writer for writer in (Png8(),)}
