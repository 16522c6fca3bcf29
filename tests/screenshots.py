"""Pictures of the real window with the bundled model: `python -m tests.screenshots [FOLDER]`."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from app import paths
from app.cli_demo import demo_clip, with_prompts
from app.domain import edits
from app.domain.frames import FrameRange
from app.domain.live_copy import LiveCopy
from app.domain.project_write import View
from app.headless import load_model
from app.ui import theme
from app.ui.main_window import MainWindow
from app.window import Store, make_window
from tests.bench import wait

FRAME = 1067
PROPAGATED = FrameRange(1045, FRAME)  # enough to see; the whole clip takes minutes
SMALL = (1024, 700)


def save(widget: QWidget, folder: Path, name: str, size: tuple[int, int] | None = None) -> None:
    """Let the widget settle, then keep its picture; in another size, where one is given."""
    before = widget.size()
    if size is not None:
        widget.resize(*size)
    QTest.qWait(400)
    path = folder / f"{name}.png"
    widget.grab().save(str(path))
    print(path)
    widget.resize(before)


def shoot(window: MainWindow, folder: Path, scratch: Path) -> None:
    """Every state worth looking at, one after the other."""
    session = window.session
    save(window, folder, "empty")
    window.files.offer_recovery()
    save(window, folder, "recovery")
    save(window, folder, "recovery-small", SMALL)
    window.offers.clear("recover")
    session.start_with(with_prompts(demo_clip()))
    session.seek(FRAME)
    propagate(window)
    save(window, folder, "clip")
    for mode in ("outline", "matte", "cutout", "difference"):
        window.viewer.toggle_mode(mode)
        save(window, folder, mode)
    window.viewer.toggle_mode("overlay")
    shoot_review(window, folder)
    window.show_history()
    save(window, folder, "history")
    window.export_mattes()
    dialog = window._export_dialog
    assert dialog is not None
    dialog.folder.setText(str(scratch / "mattes"))
    dialog.start.click()
    save(dialog, folder, "export")
    wait(lambda: not session.exporting)
    save(dialog, folder, "exported")
    dialog.close()
    shoot_models(window, folder)


def propagate(window: MainWindow) -> None:
    """Answer the clicks of the selected layer, then carry its masks through PROPAGATED.

    That may take as long as it takes here, if only more comes. A tracker looks at all frames up to
    a keyframe before it answers, so those count as well.
    """
    session = window.session
    layer_id = session.selected
    assert layer_id is not None

    def come() -> tuple[int, int]:
        return len(session.project.layer(layer_id).masks), len(session.embedded_frames())

    wait(lambda: come()[0] == len(session.project.layer(layer_id).prompts), come)
    session.seek(PROPAGATED.first)
    session.set_in()
    session.seek(PROPAGATED.last)
    session.set_out()
    session.propagate("backward")
    wait(lambda: not session.propagating, come)
    session.clear_in_out()
    settle(window)


def shoot_review(window: MainWindow, folder: Path) -> None:
    """An ear, too fine for the model to be sure of: something to look at."""
    session = window.session
    layer_id = session.add_layer()
    assert layer_id is not None
    session.edit("Rename layer", lambda project: edits.rename_layer(project, layer_id, "Ear"))
    session.add_point(361, 103, include=True)
    propagate(window)
    window.show_review()
    session.step_suspect(-1)
    settle(window)
    save(window, folder, "review")
    session.seek(FRAME)


def settle(window: MainWindow) -> None:
    """Wait for the picture and the matte of the playhead."""
    session = window.session
    layer = session.project.layers[0].id
    wait(lambda: window.viewer.is_current and session.matte(layer, session.playhead) is not None)


def shoot_models(window: MainWindow, folder: Path) -> None:
    """The window of models, and the question before a download."""
    window.show_models()
    dialog = window._models_dialog
    assert dialog is not None
    wait(lambda: bool(dialog.available))
    save(dialog, folder, "models")
    next(iter(dialog.available.values())).buttons["download"].click()
    save(dialog, folder, "licence")
    dialog.close()


def shoot_files(window: MainWindow, folder: Path, scratch: Path) -> None:
    """The project of `shoot` is saved a few times; then its footage goes away."""
    session, home = window.session, scratch / "fox and squirrel.roto"
    for _ in range(5):
        session.files.save(home)
        wait(lambda: session.files.saving is None)
    window.files.show_backups()
    save(window, folder, "backups")
    save(window, folder, "backups-small", SMALL)
    session.close_project()
    clip = demo_clip()
    moved = scratch / "elsewhere" / clip.path.name
    moved.parent.mkdir(parents=True)
    shutil.copy(clip.path, moved)
    away = replace(clip, path=scratch / "job" / clip.path.name, offline=True)
    session.start_with(with_prompts(away))
    session.files.save(scratch / "moved.roto")
    wait(lambda: session.files.saving is None)
    session.open(scratch / "moved.roto")
    wait(lambda: session.files.missing is not None)
    save(window, folder, "footage")
    save(window, folder, "footage-small", SMALL)


def leave_work(folder: Path) -> None:
    """Work as crashes leave it: with a picture and without, never saved, saved, and damaged."""
    project = with_prompts(demo_clip())
    image = cv2.imencode(".jpg", np.full((108, 192, 3), (90, 120, 60), np.uint8))[1].tobytes()
    homes = (None, Path("/jobs/a feature film/sequence 042/shot 0170/roto/fox.roto"), None, None)
    for count, home in enumerate(homes):
        live = LiveCopy(folder, home)
        live.keep(project, View(FRAME, None, b"" if count == 2 else image))
        live.close()
    (folder / "0f3c9a77d1.roto").write_bytes(b"torn")


def main() -> int:
    """Take the pictures, in a home of their own."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "build/screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    app = QApplication(sys.argv[:1])
    theme.apply(app)
    with tempfile.TemporaryDirectory() as home:
        os.environ["XDG_CONFIG_HOME"] = home
        store = Store(paths.user_config() / "settings.json")
        recovery = Path(home) / "recovery"
        leave_work(recovery)
        window = make_window(load_model(store.settings), store, Path(home) / "cache", recovery)
        window.resize(1440, 900)
        window.show()
        shoot(window, folder, Path(home))
        shoot_files(window, folder, Path(home))
        window.shut_down()
    return 0


if __name__ == "__main__":
    sys.exit(main())
