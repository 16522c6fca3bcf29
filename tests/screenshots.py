"""Pictures of the real window with the bundled model: `python -m tests.screenshots [FOLDER]`."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from app import paths
from app.cli_demo import demo_clip, with_prompts
from app.headless import load_model
from app.ui import theme
from app.ui.main_window import MainWindow
from app.window import Store, make_window
from tests.bench import wait

FRAME = 1067


def save(widget: QWidget, folder: Path, name: str) -> None:
    """Let the widget settle, then keep its picture."""
    QTest.qWait(400)
    path = folder / f"{name}.png"
    widget.grab().save(str(path))
    print(path)


def shoot(window: MainWindow, folder: Path, scratch: Path) -> None:
    """Every state worth looking at, one after the other."""
    session = window.session
    save(window, folder, "empty")
    session.start_with(with_prompts(demo_clip()))
    layer_id = session.project.layers[0].id
    session.seek(FRAME)
    wait(
        lambda: all(not session.is_pending(layer_id, f) for f in session.project.layers[0].prompts)
    )
    wait(lambda: window.viewer.is_current and session.matte(layer_id, FRAME) is not None)
    wait(lambda: len(session.embedded_frames()) > 20)
    save(window, folder, "clip")
    for mode in ("outline", "matte", "cutout"):
        window.viewer.toggle_mode(mode)
        save(window, folder, mode)
    window.viewer.toggle_mode("overlay")
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


def main() -> int:
    """Take the pictures, in a home of their own."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "build/screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    app = QApplication(sys.argv[:1])
    theme.apply(app)
    with tempfile.TemporaryDirectory() as home:
        os.environ["XDG_CONFIG_HOME"] = home
        store = Store(paths.user_config() / "settings.json")
        window = make_window(load_model(store.settings), store, Path(home) / "cache")
        window.resize(1440, 900)
        window.show()
        shoot(window, folder, Path(home))
        window.session.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
