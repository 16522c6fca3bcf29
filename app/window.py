"""Starts the window: application, settings, model, session."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QEvent, QObject, QSettings, Qt, QTimer
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication, QMessageBox

from app import crash, paths, report_bundle
from app.domain.project import Project
from app.gui_garbage import GuiGarbage
from app.headless import load_model, settings_path
from app.reports import Message
from app.session import Session
from app.settings import Settings, SettingsError, load, save
from app.ui import theme
from app.ui.main_window import MainWindow
from app.ui.report_dialog import ReportDialog
from app.version import VERSION
from models.base import Model, ModelError

log = logging.getLogger(__name__)


class Store:
    """The user's settings and their file; `fault` says what is wrong with it, once.

    The file is others' too, as `rotocel models use` writes it while a window is open: it is read
    anew each time, and of what is written only what was changed here replaces what it holds.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.fault: str | None = None
        self._known = Settings()
        self._read()

    @property
    def settings(self) -> Settings:
        """The settings as the file holds them now, or as last known where it cannot be read."""
        self._read()
        return self._known

    def change(self, settings: Settings) -> None:
        """Take what differs and write it; a file that cannot be read is left alone."""
        known = self._known
        changed = {
            item.name: getattr(settings, item.name)
            for item in fields(Settings)
            if getattr(settings, item.name) != getattr(known, item.name)
        }
        self._read()
        self._known = replace(self._known, **changed)
        if self.fault is None:
            self._try(lambda: save(self._known, self._path))

    def _read(self) -> None:
        def read() -> None:
            self._known = load(self._path)

        if self.fault is None:
            self._try(read)

    def _try(self, work: Callable[[], None]) -> None:
        try:
            work()
        except SettingsError as error:
            self.fault = str(error)
            log.warning("%s", error)


def run_window(path: Path | None, project: Project | None = None) -> int:
    """Show the window, on a clip or a project where one is given; returns the exit code."""
    app = QApplication.instance() or QApplication(sys.argv[:1])
    if not isinstance(app, QApplication):
        raise TypeError("a Qt application without widgets is running")
    app.setApplicationName("Rotocel")
    theme.apply(app)
    try:
        window = open_window(path, project)
    except ModelError as error:
        log.exception("no model")
        QMessageBox.critical(None, "Rotocel", str(error))
        return 1
    if sys.platform == "darwin":  # each event passes through it, which costs
        app.installEventFilter(Opener(window))
    garbage = GuiGarbage(app)
    _let_ctrl_c_work(app)
    code = app.exec()
    garbage.stop()
    window.shut_down()  # a quit that closed no window leaves no thread behind either
    return code


def open_window(path: Path | None, project: Project | None = None) -> MainWindow:
    """The window on the screen, with the user's settings and the model they chose.

    Raises ModelError where the one that ships is damaged.
    """
    store = Store(settings_path())
    model, warning = _first_model(store.settings)
    window = make_window(model, store)
    window.installEventFilter(_FirstPaint(window))
    window.show()
    if warning:
        window.messages.show_message(Message("warning", warning, stays=True))
    if crash.take():
        window.messages.show_message(Message("warning", crash.SENTENCE, stays=True))
    if store.fault:
        window.messages.show_message(Message("warning", store.fault, stays=True))
    _mention_news(window, store)
    if project is None and path is None:
        window.files.offer_recovery()
    else:  # what is opened comes first
        window.files.mention_recovery()
    if project is not None:
        window.session.start_with(project)
    elif path is not None:
        window.session.open(path)
    return window


def _mention_news(window: MainWindow, store: Store) -> None:
    """Say once after an update that there is something new; never at the very first start."""
    seen = store.settings.version_seen
    if seen == VERSION:
        return
    store.change(replace(store.settings, version_seen=VERSION))
    if seen:
        text = f"This is Rotocel {VERSION}, {seen} before; Help, What is new says what changed."
        window.messages.show_message(Message("info", text, stays=True))


def _first_model(settings: Settings) -> tuple[Model, str]:
    """The model that was chosen, else the one that ships and why. Raises ModelError."""
    try:
        return load_model(settings), ""
    except ModelError as error:
        if not settings.model:
            raise
        log.warning("the chosen model is not used: %s", error)
        model = load_model(replace(settings, model=""))
        return model, f"{error} {model.info.label} answers until you choose another under Models."


def make_window(
    model: Model,
    store: Store,
    cache_folder: Path | None = None,
    recovery_folder: Path | None = None,
) -> MainWindow:
    """The window with a session of its own; unexpected exceptions reach its message bar."""
    session = Session(model, store.settings, cache_folder, recovery_folder)
    ini = paths.user_config() / "window.ini"
    window = MainWindow(session, store, QSettings(str(ini), QSettings.Format.IniFormat))
    window.report_requested.connect(partial(_show_report, window))
    sys.excepthook = _Hook(window)
    return window


def _show_report(window: MainWindow) -> None:
    dialog = ReportDialog(report_bundle.collect(), report_bundle.save, window)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()


class Opener(QObject):
    """Opens what macOS asks the program to open: there, files do not come as arguments."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if not isinstance(event, QFileOpenEvent):
            return False
        self._window.files.open_path(Path(event.file()))
        return True


class _FirstPaint(QObject):
    """Logs once when the window stands and takes input, which `tests.bench_start` waits for."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            watched.removeEventFilter(self)
            QTimer.singleShot(0, lambda: log.info("the window answers"))
        return False


class _Hook:
    """Logs an unexpected exception and shows it, so that none vanishes."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    def __call__(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            QApplication.quit()
            return
        log.critical("unexpected", exc_info=(kind, error, trace))
        text = f"Something unexpected happened ({kind.__name__}: {error}); the log has the details."
        self._window.messages.show_message(Message("error", text))


def _let_ctrl_c_work(app: QApplication) -> None:
    signal.signal(signal.SIGINT, lambda *_: app.quit())
    timer = QTimer(app, interval=200)
    timer.timeout.connect(lambda: None)  # Python sees the signal only while it runs
    timer.start()
    app.setProperty("ctrl_c_timer", timer)
