from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QStandardPaths
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from app.ui.save_name import asked_name, offered_name, with_suffix
from tests.ui.fake_session import make_clip


class Typist:
    """Types one name after the other, and answers whether a file may be replaced."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *names: Path) -> None:
        self.names, self.asked = list(names), list[str]()
        self.answers = list[QMessageBox.StandardButton]()
        monkeypatch.setattr(QFileDialog, "exec", lambda _dialog: bool(self.names))
        monkeypatch.setattr(QFileDialog, "selectedFiles", lambda _dialog: [str(self.names.pop(0))])
        monkeypatch.setattr(QMessageBox, "question", self._answer)

    def _answer(self, _parent: QWidget, _title: str, text: str) -> QMessageBox.StandardButton:
        self.asked.append(text)
        return self.answers.pop(0)


@pytest.fixture
def parent(qtbot: QtBot) -> QWidget:
    parent = QWidget()
    qtbot.addWidget(parent)
    return parent


@pytest.mark.parametrize(
    ("typed", "saved"),
    [
        ("shot", "shot.roto"),
        ("shot.v2", "shot.v2.roto"),
        ("plate.mov", "plate.mov.roto"),  # never over the footage
        ("shot.roto", "shot.roto"),
        ("SHOT.ROTO", "SHOT.ROTO"),
    ],
)
def test_a_project_always_gets_a_name_it_can_be_opened_by(typed: str, saved: str) -> None:
    assert with_suffix(Path(typed)) == Path(saved)


def test_a_name_that_is_taken_is_not_asked_about_twice(
    parent: QWidget, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "shot.roto").touch()
    typist = Typist(monkeypatch, tmp_path / "shot.roto")
    assert asked_name(parent, tmp_path / "x.roto") == tmp_path / "shot.roto"
    assert typist.asked == []


def test_a_file_the_dialog_did_not_see_is_asked_about(
    parent: QWidget, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "shot.v2.roto").touch()
    typist = Typist(monkeypatch, tmp_path / "shot.v2", tmp_path / "shot.v3")
    typist.answers = [QMessageBox.StandardButton.No]
    assert asked_name(parent, tmp_path / "x.roto") == tmp_path / "shot.v3.roto"
    assert len(typist.asked) == 1
    assert "shot.v2.roto exists" in typist.asked[0]


def test_changing_ones_mind_saves_nothing(
    parent: QWidget, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    Typist(monkeypatch)
    assert asked_name(parent, tmp_path / "x.roto") is None


@pytest.mark.parametrize(
    ("kind", "path", "name"),
    [
        ("sequence", "bear/frames/####.png", "bear/fox.roto"),
        ("movie", "bear/fox.mov", "bear/fox.roto"),
    ],
)
def test_a_first_save_is_offered_outside_the_folder_of_images(
    tmp_path: Path, kind: str, path: str, name: str
) -> None:
    (tmp_path / "bear" / "frames").mkdir(parents=True)
    clip = replace(make_clip(), kind=kind, path=tmp_path / path, name="fox")  # type: ignore[arg-type]
    assert offered_name(clip) == tmp_path / name


def test_where_nothing_can_be_written_a_first_save_is_offered_in_the_documents() -> None:
    documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    clip = replace(make_clip(), path=Path("/nowhere/fox.mov"), name="fox")
    assert offered_name(clip) == Path(documents) / "fox.roto"
