"""How large a frozen program is, and by what: `python packaging/sizes.py FOLDER`."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

MIB = 1 << 20
BUDGET = 420 * MIB
SMALL = 2 * MIB  # parts below are added up


def parts(folder: Path) -> Counter[str]:
    """Bytes by part: the top folders inside, and larger files beside them. Links are nothing."""
    found: Counter[str] = Counter()
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            size, names = path.stat().st_size, path.relative_to(folder).parts
            names = names[1:] if names[0] == "_internal" else names
            large = len(names) > 1 or size >= SMALL
            found[names[0] if large else "other libraries"] += size
    return found


def main() -> int:
    """Print the table; 1 where the whole is beyond its budget."""
    found = parts(Path(sys.argv[1]))
    total = sum(found.values())
    rest = Counter({"everything below 2 MiB": sum(s for s in found.values() if s < SMALL)})
    for name, size in (
        Counter({n: s for n, s in found.items() if s >= SMALL}) + rest
    ).most_common():
        print(f"{size / MIB:8.1f} MiB  {name}")
    print(f"{total / MIB:8.1f} MiB  in all; {BUDGET / MIB:.0f} MiB are allowed")
    return int(total > BUDGET)


if __name__ == "__main__":
    sys.exit(main())
