"""Asking where a project is to be saved."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QStandardPaths
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from app.domain.clip_facts import Clip
from app.domain.project_schema import SUFFIX
from app.paths import resource

DOCUMENTS = QStandardPaths.StandardLocation.DocumentsLocation


def offered_name(clip: Clip) -> Path:
    """Where a first save is offered: beside a movie, or beside the folder of a sequence.

    Where nothing can be written there, or it is the program's own, it is the folder of documents.
    """
    folder = clip.path.parent.parent if clip.kind == "sequence" else clip.path.parent
    if resource() in (folder, *folder.parents) or not os.access(folder, os.W_OK):
        folder = Path(QStandardPaths.writableLocation(DOCUMENTS))
    return folder / f"{clip.name}{SUFFIX}"


def asked_name(parent: QWidget, start: Path) -> Path | None:
    """Where the artist wants the project, with the suffix of projects; None to leave it.

    `start` is what is offered.
    """
    dialog = QFileDialog(parent, tr("Save the project"), str(start.parent))
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setNameFilter(tr("Rotocel projects ({})").format(f"*{SUFFIX}"))
    dialog.setDefaultSuffix(SUFFIX)
    dialog.selectFile(start.name)
    chosen = dialog.selectedFiles() if dialog.exec() else []
    if not chosen:
        return None
    typed = Path(chosen[0])
    path = with_suffix(typed)
    if path == typed or not path.exists() or _may_replace(parent, path):
        return path
    return asked_name(parent, path)


def with_suffix(path: Path) -> Path:
    """`path` as the name of a project: Qt takes the end of "shot.v2" for a suffix."""
    return path if path.suffix.lower() == SUFFIX else path.with_name(path.name + SUFFIX)


def tr(text: str) -> str:
    """`text` in the artist's language."""
    return QCoreApplication.translate("SaveName", text)


def _may_replace(parent: QWidget, path: Path) -> bool:
    """The dialog asked about the name as it was typed only."""
    text = tr("{} exists already. Replace it? It becomes a backup.").format(path.name)
    answer = QMessageBox.question(parent, tr("Save the project"), text)
    return answer == QMessageBox.StandardButton.Yes
