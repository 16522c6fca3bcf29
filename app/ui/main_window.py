"""The main window: lays out the widgets and joins them to the session and the actions."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QEvent, QSettings, Qt, QUrl, Signal
from PySide6.QtGui import QCloseEvent, QDesktopServices, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLayout,
    QMainWindow,
    QMenu,
    QMessageBox,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from app import paths
from app.model_desk import ModelDesk
from app.session import Session
from app.ui.actions import Actions
from app.ui.export_dialog import ExportDialog
from app.ui.file_commands import FileCommands
from app.ui.history_panel import HistoryPanel
from app.ui.hold import Hold
from app.ui.keys import Area, area_after, is_escape, keeps
from app.ui.layer_commands import LayerCommands
from app.ui.layer_panel import LayerPanel
from app.ui.lock_commands import LockCommands
from app.ui.message_bar import MessageBar
from app.ui.mode_bar import ModeBar
from app.ui.models_dialog import ModelsDialog
from app.ui.news_dialog import NewsDialog
from app.ui.offers import OfferPanel
from app.ui.review_panel import ReviewPanel
from app.ui.settings_store import SettingsStore
from app.ui.shortcut_editor import ShortcutEditor
from app.ui.shortcut_sheet import ShortcutSheet
from app.ui.status_bar import StatusBar
from app.ui.timeline import Timeline
from app.ui.tool_column import ToolColumn
from app.ui.transport import TransportBar
from app.ui.viewer import Viewer
from app.version import VERSION

AnyLayout = TypeVar("AnyLayout", bound=QLayout)
MENU_TITLES = {
    "file": "&File",
    "edit": "&Edit",
    "view": "&View",
    "playback": "&Playback",
    "layer": "&Layer",
    "track": "&Track",
    "help": "&Help",
}


class MainWindow(QMainWindow):
    """Everything an artist sees. `geometry_store` keeps the window's place between starts."""

    report_requested = Signal()

    def __init__(
        self, session: Session, store: SettingsStore, geometry_store: QSettings | None = None
    ) -> None:
        super().__init__()
        self.session, self._store, self._geometry = session, store, geometry_store
        self.actions_table = Actions(self, store.settings.shortcuts)
        self._make_widgets()
        self._lay_out()
        self._fill_menus()
        layer = LayerCommands(session, self)
        self.files = FileCommands(session, store, self.offers, self)
        targets = {
            "session": session,
            "viewer": self.viewer,
            "comparison": self.viewer.comparison,
            "lines": self.viewer.lines,
            "window": self,
            "layer": layer,
            "lock": LockCommands(session, self),
            "file": self.files,
        }
        self.actions_table.connect_targets(targets)
        Hold(self.actions_table["view.before"], self)
        self._connect()
        self._export_dialog: ExportDialog | None = None
        self._desk: ModelDesk | None = None
        self._models_dialog: ModelsDialog | None = None
        self.setAcceptDrops(False)  # the canvas takes what is dropped
        self.resize(1440, 900)
        if geometry_store is not None and geometry_store.value("geometry"):
            self.restoreGeometry(geometry_store.value("geometry"))
        self._on_clip_changed()
        self._refresh()
        self.viewer.setFocus()

    # What actions run

    def show_recent(self) -> None:
        """Show the projects and clips opened last."""
        menu = QMenu(self)
        self._fill_recent(menu)
        menu.popup(self.viewer.mapToGlobal(self.viewer.rect().topLeft()))

    def export_mattes(self) -> None:
        """Show the export dialog."""
        if self._export_dialog is None:
            self._export_dialog = ExportDialog(self.session, self._store, self)
        self._export_dialog.show()
        self._export_dialog.raise_()
        self._export_dialog.activateWindow()

    def show_models(self) -> None:
        """Show which models there are."""
        if self._models_dialog is None:
            self._desk = ModelDesk(self.session, self._store, self)
            self._models_dialog = ModelsDialog(self._desk, self)
        self._models_dialog.show()
        self._models_dialog.raise_()
        self._models_dialog.activateWindow()

    def shut_down(self) -> None:
        """End every thread; the window cannot be used afterwards."""
        if self._desk is not None:
            self._desk.shutdown()
        self.session.shutdown()

    def rename_layer(self) -> None:
        """Edit the name of the selected layer in place."""
        self._show_panel(self.layers)
        self.layers.rename_selected()

    def edit_shortcuts(self) -> None:
        """Show the table of keys."""
        ShortcutEditor(self.actions_table, self._store, self).open()

    def show_shortcuts(self) -> None:
        """Show all keys on one sheet."""
        ShortcutSheet(self.actions_table, self).open()

    def set_panels_shown(self, shown: bool) -> None:
        """Show or put away everything but the canvas and the timeline."""
        self.panels.setVisible(shown)
        self.tools.setVisible(shown)

    def show_history(self) -> None:
        """Show the list of edits."""
        self._show_panel(self.history)

    def show_review(self) -> None:
        """Show the list of frames that may be wrong."""
        self._show_panel(self.review)

    def set_full_screen(self, full: bool) -> None:
        """Fill the screen, or not."""
        if full:
            self.showFullScreen()
        else:
            self.showNormal()

    def go_to_next_area(self) -> None:
        """Give the keyboard to the next area of the window."""
        self._go_to_area(1)

    def go_to_previous_area(self) -> None:
        """Give the keyboard to the previous area of the window."""
        self._go_to_area(-1)

    def open_log_folder(self) -> None:
        """Open the folder of log files."""
        paths.user_logs().mkdir(parents=True, exist_ok=True)
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(paths.user_logs())))

    def make_report(self) -> None:
        """Ask for an error report; whoever made the window knows how to gather one."""
        self.report_requested.emit()

    def show_news(self) -> None:
        """Show what each version brought."""
        NewsDialog(paths.changelog(), self).open()

    def show_about(self) -> None:
        """Say which version this is."""
        text = self.tr(
            "<b>Rotocel {version}</b><p>Click an object, get a matte. Nothing leaves this machine."
            "</p><p>Rotocel is under the Apache License 2.0; a packed program, which has FFmpeg, "
            "x264 and x265 inside, under the GNU General Public License 3. Its folder "
            "<i>licences</i> has all terms.</p><p>MobileSAM (Apache-2.0). Demo clip: Big Buck "
            "Bunny, (c) 2008 Blender Foundation, CC BY 3.0.</p>"
        ).format(version=VERSION)
        box = QMessageBox(QMessageBox.Icon.NoIcon, self.tr("About Rotocel"), text, parent=self)
        box.open()

    # Qt

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and keeps(
            event, self.focusWidget(), self.viewer
        ):
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if is_escape(event):
            self.viewer.setFocus(Qt.FocusReason.OtherFocusReason)
        elif reason := self._why_not(event):
            self.session.say("info", reason)
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.offers.list.fit(self.height())

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.files.may_leave(self.close):
            event.ignore()
            return
        if self._geometry is not None:
            self._geometry.setValue("geometry", self.saveGeometry())
        self.shut_down()
        event.accept()

    # Inside

    def _make_widgets(self) -> None:
        self.viewer = Viewer(self.session, self)
        self.messages = MessageBar(self)
        self.offers = OfferPanel(self, self.viewer)
        self.tools = ToolColumn(self.actions_table, self)
        self.modes = ModeBar(self.viewer, self.actions_table, self)
        self.layers = LayerPanel(self.session, self.actions_table, self)
        self.history = HistoryPanel(self.session, self)
        self.review = ReviewPanel(self.session, self.actions_table, self)
        self.transport = TransportBar(self.session, self.actions_table, self)
        self.timeline = Timeline(self.session, self)
        self.status = StatusBar(self.session, self)
        self.panels = QTabWidget(self)
        self.panels.setDocumentMode(True)
        self.panels.addTab(self.layers, self.tr("Layers"))
        self.panels.addTab(self.history, self.tr("History"))
        self.panels.addTab(self.review, self.tr("Review"))
        self.panels.setMinimumWidth(220)
        self.panels.tabBar().setAccessibleName(self.tr("Panels"))

    def _lay_out(self) -> None:
        canvas = QWidget(self)
        column = _box(QGridLayout(canvas))
        column.setRowStretch(0, 1)
        column.addWidget(self.viewer, 0, 0)
        column.addWidget(self.messages, 0, 0, Qt.AlignmentFlag.AlignTop)  # over the picture
        column.addWidget(self.modes, 1, 0)
        upper = QWidget(self)
        row = _box(QHBoxLayout(upper))
        row.addWidget(self.tools)
        self._sides = QSplitter(Qt.Orientation.Horizontal, upper)
        self._sides.addWidget(canvas)
        self._sides.addWidget(self.panels)
        self._sides.setStretchFactor(0, 1)
        self._sides.setSizes([1150, 250])
        self._sides.setChildrenCollapsible(False)
        row.addWidget(self._sides, 1)
        self._lower = QWidget(self)
        stack = _box(QVBoxLayout(self._lower))
        stack.addWidget(self.transport)
        stack.addWidget(self.timeline, 1)
        self._halves = QSplitter(Qt.Orientation.Vertical, self)
        self._halves.addWidget(upper)
        self._halves.addWidget(self._lower)
        self._halves.setStretchFactor(0, 1)
        self._halves.setSizes([672, 208])
        self._halves.setChildrenCollapsible(False)
        everything = QWidget(self)
        whole = _box(QVBoxLayout(everything))
        whole.addWidget(self.offers)
        whole.addWidget(self._halves, 1)
        self.setCentralWidget(everything)
        self.setStatusBar(self.status)

    def _fill_menus(self) -> None:
        for name, title in MENU_TITLES.items():
            menu = self.menuBar().addMenu(self.tr(title))
            menu.setToolTipsVisible(name == "track")  # they say why an action is disabled
            for row in self.actions_table.rows:
                if row.menu != name:
                    continue
                if row.divided:
                    menu.addSeparator()
                menu.addAction(self.actions_table[row.id])

    def _fill_recent(self, menu: QMenu) -> None:
        for text in self._store.settings.recent:
            menu.addAction(text.replace("&", "&&"), partial(self.files.open_path, Path(text)))

    def _connect(self) -> None:
        session, viewer = self.session, self.viewer
        session.began.connect(self.messages.clear)
        session.clip_changed.connect(self._on_clip_changed)
        session.files.changed.connect(self._on_files_changed)
        session.message_sent.connect(self.messages.show_message)
        for signal in (
            session.project_changed,
            session.history_changed,
            session.selection_changed,
            session.playhead_changed,
            session.playing_changed,
            session.propagation_changed,
            session.import_changed,
            session.model_changed,
            session.export_finished,
            viewer.picked_changed,
            viewer.mode_changed,
            viewer.tool_changed,
            viewer.comparison.changed,
            viewer.lines.onion_changed,
        ):
            signal.connect(self._refresh)
        viewer.open_clip_requested.connect(self.files.open)
        viewer.open_demo_requested.connect(self.files.open_demo)
        viewer.files_dropped.connect(self.files.open_path)
        viewer.pixel_hovered.connect(self._on_pixel_hovered)
        self.messages.log_requested.connect(self.open_log_folder)

    def _on_clip_changed(self) -> None:
        clip = self.session.clip
        if clip is not None:
            self.viewer.setFocus()
        for widget in (self._lower, self.modes, self.tools, self.panels):
            widget.setVisible(clip is not None)
        self._on_files_changed()

    def _on_files_changed(self) -> None:
        files, clip = self.session.files, self.session.clip
        parts = [files.name, self.tr("read-only") if files.read_only else "", "Rotocel"]
        first, *rest = (part.replace("[*]", "[*][*]") for part in parts if part)  # not Qt's mark
        self.setWindowTitle(" - ".join([f"{first}[*]", *rest]))
        last = files.home or (clip.path if clip and not clip.offline else None)
        if last is not None and self._store.settings.recent[:1] != (str(last),):
            self._store.change(self._store.settings.with_recent(last))
        self._refresh()

    def _show_panel(self, panel: QWidget) -> None:
        self.actions_table.check("view.panels", on=True)
        self.set_panels_shown(True)
        self.panels.setCurrentWidget(panel)

    def _refresh(self) -> None:
        table, layer = self.actions_table, self.session.selected_layer
        self.setWindowModified(self.session.files.is_modified)
        table.update_enabled(self.session, self.viewer, recent=bool(self._store.settings.recent))
        table.check(f"tool.{self.viewer.tool}", on=True)
        table.check(f"view.{self.viewer.mode}", on=True)
        table.check("view.points", self.viewer.marks_shown)
        table.check("view.before", self.viewer.comparison.before_shown)
        table.check("view.onion", self.viewer.lines.onion_shown)
        table.check("view.panels", not self.panels.isHidden())
        table.check("playback.loop", self.session.looping)
        table.check("layer.shown", bool(layer and layer.shown))
        table.check("layer.solo", bool(layer and layer.solo))
        table.check("layer.locked", bool(layer and layer.locked))
        table.check("track.lock", bool(layer and self.session.playhead in layer.locks))

    def _why_not(self, event: QKeyEvent) -> str:
        """Why the action of this key is disabled, where that is not plain to see."""
        action_id = self.actions_table.bound_to(QKeySequence(event.keyCombination()))
        return self.actions_table.reason(action_id) if action_id else ""

    def _on_pixel_hovered(self, pixel: tuple[float, float] | None) -> None:
        if pixel is None:
            self.status.clear_pixel()
        else:
            self.status.set_pixel(int(pixel[0]), int(pixel[1]))

    def _go_to_area(self, step: int) -> None:
        empty = self.viewer.empty
        areas = (
            Area(self.offers, self.offers.first),
            Area(self.viewer, empty.demo if empty.isVisible() else self.viewer),
            Area(self.tools, self.tools.first),
            Area(self.modes, self.modes.first),
            Area(self.layers, self.layers.list),
            Area(self.history, self.history.list),
            Area(self.review, self.review.list),
            Area(self.transport, self.transport.field),
            Area(self.timeline, self.timeline),
            Area(self.messages, self.messages.close_button),
        )
        area = area_after(areas, self.focusWidget(), step)
        if area is not None:
            area.setFocus(Qt.FocusReason.TabFocusReason)


def _box(layout: AnyLayout) -> AnyLayout:
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(0)
    return layout
