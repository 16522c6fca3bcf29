"""Where things live: resources of the program, and the user's own folders."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_cache_path, user_config_path, user_data_path, user_log_path

NAME = "rotocel"


def resource(*parts: str) -> Path:
    """A file that ships with the program, from source and frozen alike."""
    return Path(__file__).resolve().parents[1].joinpath("resources", *parts)


def changelog() -> Path:
    """What is new in each version, as Markdown."""
    return resource("CHANGELOG.md")


def user_config() -> Path:
    """The folder of the user's settings."""
    return user_config_path(NAME, appauthor=False)


def user_cache() -> Path:
    """The folder of embeddings and archives; everything in it can be deleted at any time."""
    return user_cache_path(NAME, appauthor=False)


def user_models() -> Path:
    """The folder of model packs the user installed."""
    return user_data_path(NAME, appauthor=False) / "models"


def user_runtimes() -> Path:
    """The folder of runtime packs the user installed."""
    return user_data_path(NAME, appauthor=False) / "runtimes"


def user_downloads() -> Path:
    """The folder of downloads that are no packs, and of those that are not finished."""
    return user_data_path(NAME, appauthor=False) / "downloads"


def catalogue() -> Path:
    """The catalogue of models that ships with the program."""
    return resource("models", "catalogue.json")


def user_recovery() -> Path:
    """The folder of live copies: the work that is not saved yet."""
    return user_data_path(NAME, appauthor=False) / "recovery"


def user_logs() -> Path:
    """The folder of log files."""
    return user_log_path(NAME, appauthor=False)


def demo_clip() -> Path:
    """The clip that ships with the program."""
    return resource("demo", "bigbuckbunny.mp4")
