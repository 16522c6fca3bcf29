"""`rotocel runtime`: an ONNX Runtime for NVIDIA's cards, checked and put beside the program."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from app import runtimes
from app.cli_progress import telling
from app.cli_words import CommandError, Parser, described
from app.settings import Settings
from models import runtime_load
from models.disk import amount
from models.runtime_list import this_system
from models.runtime_pack import RuntimePack


class Subcommand(NamedTuple):
    """What it does in a few words, what runs, and whether it takes a SOURCE."""

    what: str
    run: Callable[[RuntimePack, Namespace, Settings], None]
    takes_source: bool = False


def add_arguments(parser: Parser) -> None:
    """Describe the command."""
    table = parser.add_subparsers(dest="subcommand", metavar="WHAT", required=True)
    for name, sub in SUBCOMMANDS.items():
        one = table.add_parser(name, help=sub.what, description=described(sub.what))
        if sub.takes_source:
            one.add_argument(
                "source", type=Path, metavar="SOURCE", help="a folder or a zip with the wheels"
            )


def run(chosen: Namespace, settings: Settings) -> int:
    """Run the subcommand; returns the exit code. Raises CommandError, ModelError."""
    pack = runtimes.cuda_pack()
    if pack is None:
        raise CommandError(f"There is no runtime for {this_system()}; models run without.")
    SUBCOMMANDS[chosen.subcommand].run(pack, chosen, settings)
    return 0


def _list(pack: RuntimePack, _: Namespace, settings: Settings) -> None:
    wanted = pack.wanted
    print(
        f"{wanted.name}: ONNX Runtime {wanted.version} for NVIDIA cards, {len(wanted.wheels)} "
        f"files of {amount(wanted.size)}, {amount(wanted.unpacked)} on the disk"
    )
    state = _state(pack)
    print(state)
    if pack.is_installed and settings.device not in runtimes.DEVICES:
        print(f'The settings say "device": "{settings.device}", which leaves it unused.')
    print(f"In use: {runtimes.in_use()}")
    note = runtime_load.note()
    if note and note != state:
        print(note)


def _state(pack: RuntimePack) -> str:
    if not pack.is_installed:
        misfit = pack.wanted.misfit
        return misfit or "It is not installed; `rotocel runtime wanted` says how to get it."
    return pack.fault or pack.damage or f"It is installed in {pack.folder}."


def _wanted(pack: RuntimePack, _: Namespace, __: Settings) -> None:
    wanted = pack.wanted
    for wheel in wanted.wheels:
        print(f"{wheel.sha256}  {wheel.size:>10}  {wheel.file}")
    print(f"\nFetch these files, {amount(wanted.size)}, on any machine with Python:\n")
    print(f"  {wanted.command('runtime')}\n")
    print(
        "and then, here: `rotocel runtime install runtime`. ONNX Runtime is under the MIT licence;"
    )
    print(
        "NVIDIA's libraries are under NVIDIA's terms, which each file holds, and which you accept."
    )


def _install(pack: RuntimePack, chosen: Namespace, settings: Settings) -> None:
    with telling() as tell:
        pack.install(
            chosen.source,
            lambda done, total: tell(f"{amount(done)} of {amount(total)} written"),
        )
    print(f"The runtime {pack.wanted.name} is installed in {pack.folder}.")
    if settings.device in runtimes.DEVICES:
        print("It is used from the next start on; `rotocel selftest` shows whether it works here.")
    else:
        print(f'It is not used while the settings say "device": "{settings.device}".')


def _verify(pack: RuntimePack, _: Namespace, __: Settings) -> None:
    with telling() as tell:
        files = pack.verify(lambda done, total: tell(f"{amount(done)} of {amount(total)} read"))
    size = amount(sum(part.size for part in files.values()))
    print(f"The runtime {pack.wanted.name} is as it was installed: {len(files)} files, {size}.")


def _retry(pack: RuntimePack, _: Namespace, __: Settings) -> None:
    pack.retry()
    print("It is tried again at the next start; `rotocel selftest` tries it now.")


def _remove(pack: RuntimePack, _: Namespace, __: Settings) -> None:
    pack.remove()
    print(f"The runtime {pack.wanted.name} is removed; models run on the one built in.")


SUBCOMMANDS = {
    "list": Subcommand("say what there is, what is installed and what is in use", _list),
    "wanted": Subcommand("say which files make a runtime, and how to fetch them", _wanted),
    "install": Subcommand("check the files and install them", _install, takes_source=True),
    "verify": Subcommand("read all files of the installed runtime and compare them", _verify),
    "retry": Subcommand("try a runtime again that ended the program", _retry),
    "remove": Subcommand("delete the installed runtime", _remove),
}
