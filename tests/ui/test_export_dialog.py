from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from app.domain import edits
from app.domain.frames import FrameRange
from app.domain.project import Project
from app.paths import demo_clip
from app.settings import Settings
from app.ui.export_dialog import ExportDialog
from app.ui.export_progress import duration
from tests.ui.fake_session import (
    FakeProgress,
    FakeSession,
    FakeSummary,
    as_session,
    make_clip,
    make_layer,
)

OUT = Path("/mattes")


class Store:
    """Settings that live as long as the test."""

    def __init__(self) -> None:
        self.settings = Settings(mattes={str(make_clip().path): str(OUT)})

    def change(self, settings: Settings) -> None:
        self.settings = settings


@pytest.fixture
def session() -> FakeSession:
    layers = (
        make_layer("Rabbit", keyframes=(1010, 1020), masks=tuple(range(1010, 1021))),
        make_layer("Grass", colour=1, keyframes=(1050,)),
    )
    return FakeSession(Project(make_clip(), layers, FrameRange(1010, 1029)))


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def dialog(qtbot: QtBot, session: FakeSession, store: Store) -> ExportDialog:
    dialog = ExportDialog(as_session(session), store)
    qtbot.addWidget(dialog)
    with qtbot.waitExposed(dialog):
        dialog.show()
    return dialog


def tick(dialog: ExportDialog, row: int, *, on: bool) -> None:
    state = Qt.CheckState.Checked if on else Qt.CheckState.Unchecked
    dialog.layers.item(row).setCheckState(state)


def start(qtbot: QtBot, dialog: ExportDialog) -> None:
    qtbot.mouseClick(dialog.start, Qt.MouseButton.LeftButton)


def summary(*sentences: str, existing: int = 0, cancelled: bool = False) -> FakeSummary:
    complete = not existing and not cancelled
    return FakeSummary(sentences, OUT, complete, cancelled, existing)


def test_it_blocks_nothing(dialog: ExportDialog) -> None:
    assert not dialog.isModal()


def test_it_says_how_many_files_and_how_many_will_be_black(dialog: ExportDialog) -> None:
    text = dialog.count.text()
    assert text == "20 frames of 2 layers: 40 files. 29 without a mask will be black."
    tick(dialog, 1, on=False)
    text = dialog.count.text()
    assert text == "20 frames of 1 layer: 20 files. 9 without a mask will be black."


def test_it_shows_the_first_file(dialog: ExportDialog) -> None:
    assert dialog.preview.whole == str(OUT / "Rabbit" / "Rabbit.1010.png")
    tick(dialog, 0, on=False)
    assert dialog.preview.whole == str(OUT / "Grass" / "Grass.1010.png")


@pytest.mark.parametrize(
    ("row", "frames"),
    [(0, FrameRange(1010, 1029)), (1, FrameRange(1001, 1132)), (2, FrameRange(1010, 1050))],
)
def test_each_range_is_the_one_it_names(dialog: ExportDialog, row: int, frames: FrameRange) -> None:
    dialog.range.setCurrentIndex(row)
    assert dialog.chosen_frames() == frames
    assert f"{frames.first} – {frames.last}" in dialog.range.currentText()


def test_the_keyframes_are_those_of_the_ticked_layers(dialog: ExportDialog) -> None:
    dialog.range.setCurrentIndex(2)
    tick(dialog, 1, on=False)
    assert dialog.chosen_frames() == FrameRange(1010, 1020)


def test_nothing_can_start_without_a_layer_or_a_folder(dialog: ExportDialog) -> None:
    tick(dialog, 0, on=False)
    tick(dialog, 1, on=False)
    assert not dialog.start.isEnabled()
    assert dialog.count.text() == "Tick a layer to export."
    tick(dialog, 1, on=True)
    assert dialog.start.isEnabled()
    dialog.folder.clear()
    assert not dialog.start.isEnabled()
    assert dialog.count.text() == "Choose a folder to write to."


def test_start_hands_over_what_was_chosen_and_remembers_the_folder(
    qtbot: QtBot, dialog: ExportDialog, session: FakeSession, store: Store
) -> None:
    tick(dialog, 0, on=False)
    dialog.folder.setText("/elsewhere")
    start(qtbot, dialog)
    frames = FrameRange(1010, 1029)
    assert session.called("export") == [(Path("/elsewhere"), ["grass"], frames, "refuse")]
    assert store.settings.mattes == {str(make_clip().path): "/elsewhere"}
    assert not dialog.start.isEnabled()
    assert not dialog.form.isEnabled()


def test_progress_shows_count_rate_and_time_left(
    qtbot: QtBot, dialog: ExportDialog, session: FakeSession
) -> None:
    start(qtbot, dialog)
    assert dialog.progress.bar.maximum() == 40
    path = OUT / "Rabbit" / "Rabbit.1019.png"
    session.report_export(FakeProgress(10, 40, path, 4.04, 7.4))
    assert dialog.progress.bar.value() == 10
    assert dialog.progress.line.text() == "10 of 40 files    4.0 a second    0:07 left"
    assert dialog.progress.path.whole == str(path)


def test_cancel_asks_the_session_and_waits_for_its_word(
    qtbot: QtBot, dialog: ExportDialog, session: FakeSession
) -> None:
    start(qtbot, dialog)
    qtbot.mouseClick(dialog.progress.cancel, Qt.MouseButton.LeftButton)
    assert session.called("cancel_export") == [()]
    assert not dialog.progress.cancel.isEnabled()
    session.end_export(summary("Cancelled after 10 of 40 mattes.", cancelled=True))
    assert dialog.progress.sentences.text() == "Cancelled after 10 of 40 mattes."
    assert dialog.start.isEnabled()
    start(qtbot, dialog)
    assert dialog.progress.cancel.isEnabled()


def test_the_end_is_told_in_sentences_and_the_folder_opens(
    qtbot: QtBot,
    dialog: ExportDialog,
    session: FakeSession,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    start(qtbot, dialog)
    session.end_export(summary("40 mattes written.", "Grass: 1010-1029 are black."))
    assert dialog.progress.sentences.text() == "40 mattes written.\nGrass: 1010-1029 are black."
    assert dialog.progress.overwrite.isHidden()
    qtbot.mouseClick(dialog.progress.open_folder, Qt.MouseButton.LeftButton)
    assert opened == [str(OUT)]


@pytest.mark.parametrize("mode", ["overwrite", "resume"])
def test_existing_files_can_be_overwritten_or_resumed(
    qtbot: QtBot, dialog: ExportDialog, session: FakeSession, mode: str
) -> None:
    start(qtbot, dialog)
    session.end_export(summary("12 of the files are already there.", existing=12))
    assert dialog.progress.open_folder.isHidden()
    button = dialog.progress.overwrite if mode == "overwrite" else dialog.progress.resume
    assert not button.isHidden()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert [call[3] for call in session.called("export")] == ["refuse", mode]


def test_another_folder_can_be_chosen_when_files_exist(
    qtbot: QtBot,
    dialog: ExportDialog,
    session: FakeSession,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "/fresh")
    start(qtbot, dialog)
    session.end_export(summary("12 of the files are already there.", existing=12))
    qtbot.mouseClick(dialog.progress.other_folder, Qt.MouseButton.LeftButton)
    assert dialog.out_dir() == Path("/fresh")
    start(qtbot, dialog)
    assert session.called("export")[-1][0] == Path("/fresh")


def test_giving_up_the_folder_chooser_changes_nothing(
    qtbot: QtBot, dialog: ExportDialog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "")
    qtbot.mouseClick(dialog.choose, Qt.MouseButton.LeftButton)
    assert dialog.out_dir() == OUT


def test_the_dialog_follows_edits_made_while_it_is_open(
    dialog: ExportDialog, session: FakeSession
) -> None:
    tick(dialog, 0, on=False)
    session.edit("Rename layer", lambda p: edits.rename_layer(p, "grass", "Meadow"))
    assert dialog.layers.item(1).text() == "2  Meadow"
    assert dialog.layers.item(0).checkState() == Qt.CheckState.Unchecked
    session.delete_layer("grass")
    assert dialog.layers.count() == 1


def test_closing_the_dialog_leaves_the_export_running(
    qtbot: QtBot, dialog: ExportDialog, session: FakeSession
) -> None:
    start(qtbot, dialog)
    dialog.close()
    assert session.called("cancel_export") == []
    session.report_export(FakeProgress(20, 40, OUT / "x.png", 4.0, 5.0))
    dialog.show()
    assert dialog.progress.bar.value() == 20
    assert not dialog.start.isEnabled()


@pytest.mark.parametrize(
    ("seconds", "text"), [(7.4, "0:07"), (725, "12:05"), (3723, "1:02:03"), (59.7, "1:00")]
)
def test_times_read_well(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_mattes_of_another_clip_are_offered_a_folder_of_their_own(
    dialog: ExportDialog, session: FakeSession, tmp_path: Path
) -> None:
    assert dialog.folder.text() == str(OUT)
    other = replace(make_clip(), path=tmp_path / "dog.mov", name="dog")
    session.set_project(replace(session.project, clip=other))
    session.clip_changed.emit()
    assert dialog.folder.text() == str(tmp_path / "dog_mattes")
    session.files.home = tmp_path / "shots" / "dog.roto"
    session.clip_changed.emit()
    assert dialog.folder.text() == str(tmp_path / "shots" / "dog_mattes")


def test_mattes_of_the_demo_are_not_offered_the_folder_of_the_program(
    dialog: ExportDialog, session: FakeSession
) -> None:
    demo = replace(make_clip(), path=demo_clip(), name="demo")
    session.set_project(replace(session.project, clip=demo))
    session.clip_changed.emit()
    assert not Path(dialog.folder.text()).is_relative_to(demo_clip().parent)
