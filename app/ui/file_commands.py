"""What the actions of the file menu do, and the questions that the project's files raise."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from app.domain.project_schema import SUFFIX
from app.reports import Message
from app.session import Session
from app.ui.file_offers import backup_offers, footage_offers, recovery_offers
from app.ui.offers import OfferPanel
from app.ui.save_name import asked_name, offered_name
from app.ui.settings_store import SettingsStore

MOVIES = "*.mov *.mp4 *.mkv *.mxf *.avi *.ts *.webm *.png *.jpg *.jpeg *.tif *.tiff *.exr"

Then = Callable[[], object]


class FileCommands(QObject):
    """Asks before unsaved work is left; everything else is offered, never asked."""

    def __init__(
        self, session: Session, store: SettingsStore, offers: OfferPanel, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._session, self._files = session, session.files
        self._store, self._offers, self._window = store, offers, parent
        self._then: Then | None = None  # what waits for the save to end; it asks again
        self._sure = False  # whether the artist was asked about all that leaving stops
        self._at_start = False  # whether recovery is offered because the program started
        self._files.save_ended.connect(self._on_save_ended)
        self._files.footage_changed.connect(self._show_footage)
        session.began.connect(self._on_began)
        offers.accepted.connect(self._on_accepted)
        offers.refused.connect(self._on_refused)
        offers.more_asked.connect(lambda _name: self.choose_footage())

    # What actions run

    def open(self) -> None:
        """Ask for a project or a clip and open it."""
        kinds = self.tr("Projects, movies and images ({});;All files (*)").format(
            f"*{SUFFIX} {MOVIES}"
        )
        path, _ = QFileDialog.getOpenFileName(
            self._window, self.tr("Open"), self._recent_folder(), kinds
        )
        if path:
            self.open_path(Path(path))

    def open_path(self, path: Path) -> None:
        """Open a project or a clip in place of the present project."""
        if self.may_leave(partial(self.open_path, path)):
            self._session.open(path)

    def open_demo(self) -> None:
        """Open the clip that ships with the program."""
        if self.may_leave(self.open_demo):
            self._session.open_demo()

    def save(self) -> None:
        """Save the project; ask for a name where it has none, or may not be written."""
        if self._files.saving is not None:
            self._then = self._then or self.save  # what was done since is saved as well
        elif self._files.home is None or self._files.read_only:
            self.save_as()
        else:
            self._files.save()

    def save_as(self) -> None:
        """Ask for a name and save the project under it."""
        if self._files.saving is not None:
            self._then = self._then or self.save_as
            return
        if not self._files.may_be_copied:
            self._session.say("error", self._files.read_only)
            return
        path = self._asked_name()
        if path is None:
            self._then = None
        else:
            self._files.save(path)

    def close(self) -> None:
        """Close the project."""
        if self.may_leave(self.close):
            self._session.close_project()

    def show_backups(self) -> None:
        """Offer earlier states of the project."""
        home = self._files.home
        if home is not None:
            self._offers.show_offers(backup_offers(home, self._files.backups()), at_once=True)

    def show_recovery(self) -> None:
        """Offer all unsaved work there is, also what was given up."""
        self._at_start = False
        self._show_recovery()

    def offer_recovery(self) -> None:
        """Offer what an earlier run left unsaved, if there is anything."""
        self._at_start = True
        self._show_recovery()

    def mention_recovery(self) -> None:
        """Say that there is work to recover, where something else is opened at start."""
        if self._files.recoverable():
            text = self.tr("There is unsaved work of an earlier run: File > Recover work.")
            self._session.message_sent.emit(Message("info", text, stays=True))

    def choose_footage(self) -> None:
        """Ask for the footage of the project."""
        clip = self._session.clip
        if clip is None:
            return
        kinds = self.tr("Movies and images ({});;All files (*)").format(MOVIES)
        title = self.tr("Link {} to its footage").format(clip.path.name)
        path, _ = QFileDialog.getOpenFileName(self._window, title, self._recent_folder(), kinds)
        if path:
            self._files.choose_footage(Path(path))

    def may_leave(self, then: Then) -> bool:
        """Whether the project can be left now. Where it is saved first, `then` runs after that.

        `then` asks this again: the artist may have gone on while the project was saved.
        """
        if self._files.saving is not None:
            self._then = then
            return False
        session = self._session
        if self._sure or not (self._files.is_modified or session.exporting or session.propagating):
            return True
        answer = self._asked_to_leave()
        if answer == QMessageBox.StandardButton.Save:
            self._save_before(then)
        elif answer == QMessageBox.StandardButton.Discard:
            self._session.cancel_export()
            self._files.give_up()
            return True
        return False

    # Inside

    def _save_before(self, then: Then) -> None:
        """Save until nothing is left to save: an answer may come while a save runs."""
        self._session.end_propagation()  # or there would be something to save until it ends
        if self._files.is_modified:
            self._then = partial(self._save_before, then)
            self.save()
            return
        self._session.cancel_export()
        self._sure = True
        try:
            then()
        finally:
            self._sure = False

    def _asked_to_leave(self) -> int:
        buttons = QMessageBox.StandardButton
        modified = self._files.is_modified
        choices = buttons.Discard | buttons.Cancel
        box = QMessageBox(
            QMessageBox.Icon.Warning,
            self.tr("Leave the project?"),
            self._why_not_to_leave(modified=modified),
            choices | buttons.Save if modified else choices,
            self._window,
        )
        box.button(buttons.Discard).setText(
            self.tr("Do not save") if modified else self.tr("Stop it")
        )
        if modified:
            box.setInformativeText(
                self.tr(
                    "Work that is not saved can be found under File > Recover work for a while."
                )
                if self._files.keeps
                else self.tr("Edits cannot be kept safe here: what you do not save now is lost.")
            )
        box.setDefaultButton(buttons.Save if modified else buttons.Cancel)
        for button in box.buttons():
            button.setIcon(QIcon())
        return box.exec()

    def _why_not_to_leave(self, *, modified: bool) -> str:
        said = []
        if self._session.exporting:
            said.append(self.tr("An export is under way and would stop."))
        if self._session.propagating:
            said.append(self.tr("A propagation is under way and would stop."))
        if modified:
            said.append(self.tr("Save the changes to {}?").format(self._files.name))
        return " ".join(said)

    def _asked_name(self) -> Path | None:
        clip, home = self._session.clip, self._files.home
        if clip is None:
            return None
        start = home or offered_name(clip)
        if self._files.read_only:  # its own name is the one it cannot have
            start = start.with_name(self.tr("{} copy").format(start.stem) + SUFFIX)
        return asked_name(self._window, start)

    def _recent_folder(self) -> str:
        recent = self._store.settings.recent
        return str(Path(recent[0]).parent) if recent else ""

    def _show_footage(self) -> None:
        missing = self._files.missing
        if missing is None:
            self._offers.clear("footage")
        else:
            self._offers.show_offers(footage_offers(missing.reason, missing.candidates))

    def _show_recovery(self) -> None:
        works = self._files.recoverable()
        given_up = [] if self._at_start else self._files.given_up()
        if works or not self._at_start:
            offers = recovery_offers(works, given_up, at_start=self._at_start)
            self._offers.show_offers(offers, at_once=not self._at_start)
        else:
            self._offers.clear("recover")

    def _on_began(self) -> None:
        self._then = None  # what it was about is gone
        for name in ("footage", "backups"):
            self._offers.clear(name)

    def _on_save_ended(self, saved: bool) -> None:
        then, self._then = self._then, None
        if saved and self._offers.shown == "backups":
            self.show_backups()
        if saved and then is not None:
            then()

    def _on_accepted(self, name: str, key: str) -> None:
        if name == "footage":
            self._files.choose_footage(Path(key))
        else:
            self._take_up(name, Path(key))

    def _take_up(self, name: str, path: Path) -> None:
        if not self.may_leave(partial(self._take_up, name, path)):
            return
        self._offers.clear(name)
        if name == "backups":
            self._files.open_backup(path)
        else:
            self._files.recover(path)

    def _on_refused(self, _name: str, key: str) -> None:
        self._files.forget(Path(key))
        self._show_recovery()
