"""One target under atheris, which follows the coverage of our code.

python -m tests.fuzz.guided TARGET INPUTS SEED SECONDS FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.fuzz.child import limit_memory


def main(name: str, inputs: int, seed: int, seconds: int, finds: Path) -> None:
    """Never returns: libFuzzer ends the process, with 0 where nothing was found."""
    try:
        import atheris  # noqa: PLC0415 - it exists on Linux alone
    except ImportError:
        sys.exit(
            "atheris is not installed: it comes with `make setup` on Linux (x86-64); "
            "without --atheris the fuzzers run everywhere."
        )
    with atheris.instrument_imports(include=["models", "app"]):
        from tests.fuzz.target import target_of  # noqa: PLC0415 - must come after atheris

        target = target_of(name)
    corpus = finds / "corpus" / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(target.SEEDS):
        (corpus / f"seed-{number}").write_bytes(data)
    limit_memory()
    options = [f"-runs={inputs}", f"-seed={seed}", f"-max_total_time={seconds}", "-timeout=20"]
    options += [f"-artifact_prefix={finds}/{name}-", "-max_len=65536", "-print_final_stats=1"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], lambda data: target.fuzz(data) and None)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), Path(sys.argv[5]))
