"""`rotocel bench`: how fast a pack's graphs are here, beside the original in PyTorch."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from app.bench import Report, Wish, bench, devices, tasks_of
from app.bench_chart import draw
from app.bench_report import LEGEND, aligned, markdown, rows, titles, values
from app.cli_progress import telling
from app.cli_results import REPLACED, add_json, check_writable, write_json
from app.cli_words import Parser, UsageError
from app.headless import BUNDLED, find_pack
from app.original import Which, installed, which
from app.settings import Settings
from models.bench.contest import Plan
from models.ort import DEVICES, Runtime
from models.pack import Pack
from models.quarantine import load_tried

QUICK = Plan(1000, 1, budget=20.0)
QUICK_STARTS, STARTS = 3, 5


def add_arguments(parser: Parser) -> None:
    """Describe the command."""
    parser.add_argument("--pack", default=BUNDLED, metavar="NAME", help="the model, or its folder")
    parser.add_argument("--runs", type=int, default=1000, metavar="N", help="default: 1000")
    parser.add_argument("--series", type=int, default=5, metavar="N", help="default: 5")
    parser.add_argument(
        "--quick", action="store_true", help="some minutes in all: as many runs as fit 20 s a task"
    )
    parser.add_argument(
        "--only", metavar="WHAT,...", help="these tasks: encoder, decoder, click, ..."
    )
    parser.add_argument(
        "--device", choices=list(DEVICES), help="this device; default: the CPU and every GPU"
    )
    parser.add_argument("--no-original", action="store_true", help="leave PyTorch out")
    add_json(parser, "every run, after each task")
    parser.add_argument("--png", type=Path, metavar="FILE", help=f"write a chart; {REPLACED}")
    parser.add_argument("--markdown", action="store_true", help="print a table to paste")


def run(chosen: Namespace, settings: Settings) -> int:
    """Measure and print the table. Raises UsageError, CommandError, ModelError."""
    if chosen.runs < 1 or chosen.series < 1:
        raise UsageError("--runs and --series should be 1 or more.")
    check_writable(chosen.json, chosen.png)
    pack = find_pack(chosen.pack)
    wish = _wish(chosen, pack)
    load_tried(pack, Runtime(settings.device))
    original = None if chosen.no_original else _original(pack)
    on = [chosen.device] if chosen.device else devices()
    report = Report(pack.info.label)
    try:
        with telling(0) as tell:
            for _ in bench(report, pack, wish, original, on, tell):
                _keep(report, chosen.json)
    finally:
        if report.tasks:  # hours of work may lie before an error or Ctrl-C
            _show(report, LEGEND if original else _without(pack, chosen), chosen.markdown)
    if chosen.png:
        draw(report, chosen.png)
    return 0


def _keep(report: Report, path: Path | None) -> None:
    if path:
        write_json(path, values(report))


def _show(report: Report, legend: str, as_markdown: bool) -> None:
    table = rows(report)
    print(*titles(report), sep="\n", end="\n\n")
    print(markdown(table) if as_markdown else aligned(table))
    print(f"\n{legend}")


def _wish(chosen: Namespace, pack: Pack) -> Wish:
    known = tasks_of(pack)
    tasks = tuple(chosen.only.split(",")) if chosen.only else known
    if unknown := [task for task in tasks if task not in known]:
        raise UsageError(f"{pack.info.label} has no {unknown[0]}: choose of {', '.join(known)}.")
    if chosen.quick:
        return Wish(tasks, QUICK, starts=QUICK_STARTS)
    plan = Plan(chosen.runs, max(1, chosen.runs // 100))
    return Wish(tasks, plan, chosen.series, min(STARTS, chosen.runs))


def _original(pack: Pack) -> Which | None:
    return which(pack) if installed() else None


def _without(pack: Pack, chosen: Namespace) -> str:
    if chosen.no_original:
        return "PyTorch was left out."
    if which(pack) is None:
        return f"{pack.info.label} has no original that can be run here."
    return "PyTorch is not installed: run `pip install rotocel[convert]` to compare with it."
