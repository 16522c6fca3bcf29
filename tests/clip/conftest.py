"""Movies of every kind, made once a session."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clip.kinds import make


@pytest.fixture(scope="session")
def movie(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Gives the path of the movie of a kind; nobody may change the file."""
    folder = tmp_path_factory.mktemp("movies")
    made: dict[str, Path] = {}

    def of(kind: str) -> Path:
        if kind not in made:
            made[kind] = make(kind, folder)
        return made[kind]

    return of
