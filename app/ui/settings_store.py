"""What the widgets ask of whoever keeps the user's settings."""

from __future__ import annotations

from app.settings import SettingsStore

__all__ = ["SettingsStore"]
