"""Reading one image file: PNG, JPEG, TIFF or OpenEXR.

The orientation a camera wrote into a JPEG is applied, alpha is dropped, grey and palettes become
RGB. The header is checked before anything is decoded.
"""

from __future__ import annotations

import stat
from pathlib import Path

import cv2
import numpy as np

from app.domain.clip_facts import ClipError, check_name
from app.domain.exr import ExrError, read_exr
from app.domain.image_header import HeaderError, image_size
from app.domain.limits import check_size
from app.domain.picture import Picture, Pixels

MOST_BYTES = 2 << 30
DEPTHS = (np.uint8, np.uint16, np.float32)


def read_image(path: Path) -> Picture:
    """The picture in the file `path`. Raises ClipError, which names the file."""
    check_name(path)
    try:
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):  # a pipe would be waited for
            raise ClipError(f"{path.name} is not a file; choose a movie or an image sequence.")
        if facts.st_size > MOST_BYTES:
            raise ClipError(f"{path.name} is larger than 2 GiB; export it with compression.")
        if path.suffix.lower() == ".exr":
            return Picture(read_exr(path))
        return Picture(_decode(path.name, path.read_bytes()))
    except (HeaderError, ExrError) as e:
        raise ClipError(f"{path.name} cannot be read: {e}; export it anew.") from e
    except PermissionError as e:
        raise ClipError(f"{path.name} may not be read; ask for the right to read it.") from e
    except FileNotFoundError as e:
        raise ClipError(f"{path} is not there; check the path.") from e
    except OSError as e:
        raise ClipError(f"{path.name} cannot be read ({e.strerror}); check the disk.") from e


def _decode(name: str, data: bytes) -> Pixels:
    claimed = image_size(data)
    check_size(name, *claimed)
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH)
    except cv2.error as e:
        raise HeaderError("its pixels are damaged") from e
    if image is None or image.shape[1::-1] not in (claimed, claimed[::-1]):
        raise HeaderError("its pixels are damaged")
    if image.dtype not in DEPTHS:
        raise HeaderError(f"its samples are {image.dtype}, not 8 or 16 bits or float")
    pixels: Pixels = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
    return pixels
