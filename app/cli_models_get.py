"""`rotocel models download, install, use, remove`: what changes the models on this machine."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from app.cli_models_tell import add_catalogue
from app.cli_progress import Tell, telling
from app.cli_words import CommandError, Parser
from app.headless import BUNDLED, settings_path
from app.model_shelf import Shelf
from app.settings import Settings, SettingsError, load, save
from models.base import ModelError
from models.catalogue import Entry
from models.disk import amount
from models.install import ExistsError

YES = {"y", "yes"}


def add_download_arguments(parser: Parser) -> None:
    """Describe `download`."""
    parser.add_argument("id", metavar="ID", help="a model of the catalogue")
    parser.add_argument(
        "--accept-licence", action="store_true", help="accept the licence without being asked"
    )
    _add_replace(parser)
    add_catalogue(parser)


def run_download(chosen: Namespace, settings: Settings) -> int:
    """Fetch a model once its licence is accepted. Raises CommandError, ModelError."""
    shelf = Shelf(settings, chosen.catalogue)
    entry = shelf.entry(chosen.id)
    _show(entry)
    if not chosen.accept_licence:
        _ask(entry)
    try:
        with telling() as tell:
            said = shelf.download(chosen.id, _teller(tell), replace=chosen.replace)
    except ExistsError as e:
        raise _exists(e) from e
    print(said)
    return 0


def add_install_arguments(parser: Parser) -> None:
    """Describe `install`."""
    parser.add_argument("source", type=Path, metavar="SOURCE", help="a folder or a zip")
    _add_replace(parser)
    parser.add_argument("--use", action="store_true", help="choose it, too")


def run_install(chosen: Namespace, settings: Settings) -> int:
    """Install a pack. Raises CommandError, ModelError."""
    try:
        found = Shelf(settings).install(chosen.source, replace=chosen.replace)
    except ExistsError as e:
        raise _exists(e) from e
    print(f"{found.label} is installed as {found.id} in {found.folder}.")
    if chosen.use:
        _choose(found.id)
        print(f"From now on {found.label} answers.")
    return 0


def add_use_arguments(parser: Parser) -> None:
    """Describe `use`."""
    parser.add_argument("id", metavar="ID", help="the id of an installed model")


def run_use(chosen: Namespace, settings: Settings) -> int:
    """Choose a model, once it is known to load. Raises CommandError, ModelError."""
    model = Shelf(settings).load(chosen.id)
    _choose(chosen.id)
    print(f"From now on {model.info.label} answers. Masks that are finished stay as they are.")
    return 0


def add_remove_arguments(parser: Parser) -> None:
    """Describe `remove`."""
    parser.add_argument("id", metavar="ID", help="an installed model, or one that was downloaded")
    add_catalogue(parser)


def run_remove(chosen: Namespace, settings: Settings) -> int:
    """Delete a model. Raises CommandError, ModelError."""
    shelf = Shelf(settings, chosen.catalogue)
    print(shelf.remove(chosen.id))
    if shelf.chosen == chosen.id and chosen.id != BUNDLED and not _is_installed(shelf, chosen.id):
        _choose("")
        print("It was the model in use; from now on the one that ships with Rotocel answers.")
    return 0


def _add_replace(parser: Parser) -> None:
    parser.add_argument(
        "--replace", action="store_true", help="replace an installed model with the same id"
    )


def _show(entry: Entry) -> None:
    print(f"{entry.label}: {amount(entry.size)}, licence {entry.licence}, by {entry.source}.")
    print(entry.brings)
    if entry.caveat:
        print(entry.caveat)
    for file in entry.files:
        print(f"  {file.url}", flush=True)  # before the question, which is not held back


def _ask(entry: Entry) -> None:
    """Have the licence accepted. Raises CommandError where it is not."""
    if sys.stdin is None or not sys.stdin.isatty():
        raise CommandError(
            f"Nothing was fetched: the licence of {entry.label} is {entry.licence}; add "
            "--accept-licence if you accept it."
        )
    question = f"Do you accept {entry.licence}, and fetch {amount(entry.size)}? [y/N] "
    try:
        answer = input(question)
    except EOFError:  # Ctrl-D: no answer is none that accepts
        answer = ""
        print()
    if answer.strip().lower() not in YES:
        raise CommandError("Nothing was fetched.")


def _teller(tell: Tell) -> Callable[[int, int], None]:
    def show(done: int, total: int) -> None:
        tell(f"{amount(done)} of {amount(total)} ({100 * done // total} %)")

    return show


def _exists(error: ExistsError) -> ModelError:
    return ModelError(f"{str(error).rstrip('.')}; add --replace to replace it.")


def _is_installed(shelf: Shelf, name: str) -> bool:
    return any(item.id == name for item in shelf.contents().installed)


def _choose(name: str) -> None:
    """Keep the choice in the settings. Raises CommandError."""
    try:
        save(replace(load(settings_path()), model=name), settings_path())
    except SettingsError as e:
        raise CommandError(f"{e}.") from e
