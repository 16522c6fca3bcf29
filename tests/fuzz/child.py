"""Runs inputs of one target; started by the runner, since an input may end the process.

    python -m tests.fuzz.child TARGET SEED FIRST LAST PROGRESS SAID

PROGRESS, a file of three 64-bit numbers, always says which input is under way and how many were
taken and refused. SAID gets a JSON object for each defect and each new sentence.
"""

from __future__ import annotations

import json
import mmap
import re
import struct
import sys
import traceback
from pathlib import Path
from typing import TextIO

from tests.fuzz.mutate import input_of
from tests.fuzz.target import Target, target_of

PROGRESS = struct.Struct("<3q")
MEMORY = 3 << 30  # beyond what the process has once the target is loaded
LONGEST_SENTENCE = 90


def run(
    name: str, target: Target, seed: int, inputs: range, progress: mmap.mmap, said: TextIO
) -> None:
    """Run `inputs`, reporting as the module says."""
    taken = refused = 0
    seen: set[str] = set()
    for index in inputs:
        PROGRESS.pack_into(progress, 0, index, taken, refused)
        try:
            sentence = target.fuzz(input_of(name, target.SEEDS, seed, index))
        except Exception as e:  # noqa: BLE001 - whatever a target raises is the find
            where = traceback.extract_tb(e.__traceback__)[-1]
            what = f"{type(e).__name__} in {Path(where.filename).name}:{where.lineno}: {e}"
            _say(said, index=index, defect=what[:500])
            continue
        taken += sentence is None
        refused += sentence is not None
        if sentence is not None and normalised(sentence) not in seen:
            seen.add(normalised(sentence))
            _say(said, sentence=normalised(sentence))
    PROGRESS.pack_into(progress, 0, inputs.stop, taken, refused)


def normalised(sentence: str) -> str:
    """`sentence` without what differs from input to input: paths, quoted names, numbers."""
    sentence = re.sub(r"\S*/\S*", "PATH", sentence)
    sentence = re.sub(r"'[^']*'|\"[^\"]*\"|\([^)]*\)|\[[^\]]*\]", "X", sentence)
    return re.sub(r"[0-9]+", "N", sentence)[:LONGEST_SENTENCE]


def limit_memory() -> None:
    """Let allocations fail that would take the machine down, where the system can do that."""
    try:
        import resource  # noqa: PLC0415 - Windows has none

        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except (ImportError, OSError):
        return
    most = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _say(said: TextIO, **what: object) -> None:
    print(json.dumps(what), file=said, flush=True)


def _main() -> None:
    name, seed, first, last = sys.argv[1:5]
    progress, said = map(Path, sys.argv[5:])
    target = target_of(name)
    target.fuzz(target.SEEDS[0])  # loads what is loaded late
    limit_memory()
    with progress.open("r+b") as file, said.open("w", encoding="utf-8") as out:
        shared = mmap.mmap(file.fileno(), PROGRESS.size)
        run(name, target, int(seed), range(int(first), int(last)), shared, out)


if __name__ == "__main__":
    _main()
