"""The questions that the project's files raise, in the artist's words."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QDateTime, QLocale

from app.domain.backups import Backup
from app.domain.footage_search import Candidate
from app.domain.recovery import Recoverable
from app.ui.offers import Offer, Offers


def tr(text: str) -> str:
    """`text` in the artist's language."""
    return QCoreApplication.translate("Offers", text)


def recovery_offers(
    works: Sequence[Recoverable], given_up: Sequence[Recoverable], *, at_start: bool
) -> Offers:
    """Unsaved work to take up again; what cannot be taken up stands last."""
    works = sorted(works, key=lambda work: bool(work.damaged))
    if at_start and any(work.damaged for work in works):
        sentence = tr("Rotocel ended without saving. This is what was found:")
    elif at_start:
        sentence = tr("Rotocel ended without saving. Nothing is lost:")
    elif works or given_up:
        sentence = tr("Work that was not saved:")
    else:
        sentence = tr("There is no unsaved work.")
    rows = [
        Offer(
            str(work.path),
            work.name,
            _recovery_detail(work),
            work.picture,
            accept=tr("Recover"),
            refuse=tr("Discard"),
            usable=not work.damaged,
        )
        for work in works
    ]
    rows += [
        Offer(
            str(work.path),
            work.name,
            tr("closed without saving; {}").format(_recovery_detail(work)),
            work.picture,
            accept=tr("Recover"),
            usable=not work.damaged,
        )
        for work in given_up
    ]
    return Offers("recover", sentence, tuple(rows), later=tr("Not now"))


def backup_offers(home: Path, backups: Sequence[tuple[Backup, bytes]]) -> Offers:
    """Earlier states of the project file `home`, with their pictures."""
    sentence = (
        tr("What {} was before the latest saves. Opening one changes nothing until you save.")
        if backups
        else tr("There are no backups of {} yet: every save keeps the file before.")
    )
    rows = tuple(
        Offer(
            str(backup.path),
            when_text(backup.when),
            tr("backup {0}, {1}").format(backup.number, _size(backup.bytes)),
            picture,
            accept=tr("Open"),
        )
        for backup, picture in backups
    )
    return Offers("backups", sentence.format(home.name), rows, later=tr("Close"))


def footage_offers(reason: str, candidates: Sequence[Candidate]) -> Offers:
    """Files that could be the footage of the project."""
    rows = tuple(
        Offer(str(found.path), str(found.path), found.reason, accept=tr("Use"))
        for found in candidates
    )
    return Offers("footage", reason, rows, more=tr("Choose footage…"), later=tr("Not now"))


def when_text(when: float, now: float | None = None) -> str:
    """A time for people: today by the clock, else with its date."""
    moment = QDateTime.fromSecsSinceEpoch(int(when))
    today = QDateTime.fromSecsSinceEpoch(int(time.time() if now is None else now)).date()
    locale = QLocale()
    clock = locale.toString(moment.time(), QLocale.FormatType.ShortFormat)
    if moment.date() == today:
        return tr("today, {}").format(clock)
    if moment.date() == today.addDays(-1):
        return tr("yesterday, {}").format(clock)
    return f"{locale.toString(moment.date(), QLocale.FormatType.ShortFormat)}, {clock}"


def _recovery_detail(work: Recoverable) -> str:
    if work.damaged:
        return tr("damaged; rescue it with `rotocel dump {}`").format(work.path)
    parts = [
        when_text(work.when),
        _count(work.layers, tr("layer"), tr("layers")),
        _count(work.keyframes, tr("keyframe"), tr("keyframes")),
    ]
    if work.home is not None:
        parts.append(str(work.home))
    return ", ".join(parts)


def _count(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _size(count: int) -> str:
    form = QLocale.DataSizeFormat.DataSizeTraditionalFormat
    return QLocale().formattedDataSize(count, 0 if count < 2**20 else 1, form)
