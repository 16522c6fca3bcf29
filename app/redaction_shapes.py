"""What a path looks like in a sentence, as one pattern.

Nothing in it can be tried twice for long: runs are possessive, what may be given back is bounded,
and no alternative starts inside a word that another start has looked through.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

PROGRAM = Path(__file__).resolve().parents[1]
PARTS = ("app", "models", "export", "resources")  # the program's own folders; else it is footage

FOOTAGE = (
    "roto|mov|mp4|m4v|mkv|mxf|avi|mts|m2ts|ts|webm|mpg|mpeg|wmv|r3d|braw|ari|arx|"
    "png|jpg|jpeg|tif|tiff|exr|dpx|cin|tga|bmp|gif|webp|heic|hdr|psd"
)  # suffixes; a word that ends in one is footage, wherever it stands
OTHER = "py|pyd|so|dll|json|txt|log|onnx|zip|ini|toml|svg|csv|npz|part|tmp"
TAIL = ".,;:!?)]}»”’…'\"`"  # ends a sentence rather than a path

ANY_FOOTAGE = rf"\.(?:{FOOTAGE})(?![A-Za-z0-9])"
START = r"""(?:
    (?<![A-Za-z0-9])[A-Za-z][A-Za-z0-9+.-]{1,15}://  # file:///film, smb://server
  | (?<![A-Za-z0-9])[A-Za-z]:[\\/]                   # C:\film
  | (?<![A-Za-z0-9_\\])\\\\(?=\S)                    # \\server\film
  | ~[\w.-]{0,32}/                                   # ~jane/film
  | (?<![A-Za-z0-9_])/(?=\S)                         # /film
)"""
QUOTES = (('"', '"'), ("'", "'"), ("`", "`"), ("“„", "”"), ("‘", "’"), ("«", "»"))
QUOTED = "|".join(
    rf"(?<=[{first}]){START}(?:\\.|[^{last}\\\r\n])*+" for first, last in QUOTES
)  # to the closing quote, or the end of the line
WORD = r"""(?:[^\s"'`]|["'`](?=[^\W_]))*+"""  # an apostrophe inside is part of it
GAP = r"[^\S\r\n]{1,4}"
GO_ON = rf"""{GAP}(?!["'`]|{START})"""
PLAIN = rf"(?:{GO_ON}[^\s/\\]++)"
OPEN = "".join(  # it has not ended like footage yet
    rf"(?<![.]{suffix})(?<![.]{suffix}[,;:.!?)])" for suffix in FOOTAGE.split("|")
)
# A path goes on after a space where a later word has a separator, or ends like footage.
BODY = rf"""{WORD}
    (?:{OPEN}{PLAIN}{{0,8}}{GO_ON}[^\s/\\]++[/\\]{WORD})*
    (?:{OPEN}{PLAIN}{{0,8}}?{GO_ON}[^\s/\\]*?{ANY_FOOTAGE})?"""
LETTERS = r"\s<>\"'`/\\:;,|=()\[\]{}"
FILE = rf"(?<![^{LETTERS}])[^{LETTERS}]+{ANY_FOOTAGE}"  # shot_010.mov


def pattern(code: Iterable[str], paths: Iterable[str], names: Iterable[str]) -> re.Pattern[str]:
    """Finds `own` (the folder before program code), `quoted` paths, hidden `name`s and other paths.

    `code` are folders of code, `paths` are known paths that may have spaces, `names` known words.
    """
    folders = _any_of((f"{folder}/" for folder in code), _folder)
    program = rf"{_folder(f'{PROGRAM}/')}(?=(?:{'|'.join(PARTS)})[/\\])"
    return re.compile(
        rf"""(?P<own>{folders}|{program})
        |(?P<quoted>{QUOTED})
        |(?:{_any_of(paths, _folder)}|{START}){BODY}
        |(?P<name>{_any_of(names, _word)})
        |{FILE}""",
        re.VERBOSE | re.IGNORECASE,
    )


def kept_suffix(path: str) -> str:
    """The suffix of `path`, if it is a common one: others may tell something."""
    _, dot, suffix = path.rpartition(".")
    return f".{suffix}" if dot and suffix.casefold() in f"{FOOTAGE}|{OTHER}".split("|") else ""


def _any_of(texts: Iterable[str], shape: Callable[[str], str]) -> str:
    """One of `texts`, the longest that fits; never, where there are none."""
    shapes = [shape(text) for text in sorted(texts, key=len, reverse=True)]
    return rf"(?:{'|'.join(shapes)})" if shapes else "(?!)"


def _folder(path: str) -> str:
    """`path` with any separators, however often a repr doubled them."""
    return r"[/\\]+".join(map(re.escape, re.split(r"[/\\]+", path)))


def _word(name: str) -> str:
    """`name`, but not inside a longer word; an underscore ends a word."""
    before = r"(?<![^\W_])" if name[0].isalnum() else ""
    after = r"(?![^\W_])" if name[-1].isalnum() else ""
    return rf"{before}{re.escape(name)}{after}"
