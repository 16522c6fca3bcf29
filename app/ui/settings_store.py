"""What the widgets ask of whoever keeps the user's settings."""

from __future__ import annotations

from typing import Protocol

from app.settings import Settings


class SettingsStore(Protocol):
    """Holds the settings and writes every change; widgets know no files."""

    @property
    def settings(self) -> Settings:
        """The settings as they are now."""

    def change(self, settings: Settings) -> None:
        """Take these settings and keep them for the next start."""
