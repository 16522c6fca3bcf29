"""Whether things may move on the screen. Qt tells it on no platform."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

from PySide6.QtCore import QSettings, QStandardPaths
from PySide6.QtGui import QGuiApplication

NOBODY_LOOKS = {"offscreen", "minimal"}
CLIENT_AREA_ANIMATION = 0x1042  # SPI_GETCLIENTAREAANIMATION
LINUX = (  # file, key, the value of those who want less motion
    ("kdeglobals", "KDE/AnimationDurationFactor", "0"),
    ("gtk-4.0/settings.ini", "Settings/gtk-enable-animations", "false"),
    ("gtk-3.0/settings.ini", "Settings/gtk-enable-animations", "false"),
)


def may_move() -> bool:
    """Not where the system asks for less motion, nor where nobody looks, as in tests."""
    return QGuiApplication.platformName() not in NOBODY_LOOKS and not asks_for_less()


def asks_for_less() -> bool:
    """Whether the system asks programs for less motion."""
    if sys.platform == "win32":
        return _windows_asks()
    if sys.platform == "darwin":
        file = Path.home() / "Library/Preferences/com.apple.universalaccess.plist"
        value = QSettings(str(file), QSettings.Format.NativeFormat).value("reduceMotion")
        return str(value).lower() in {"1", "true"}
    return linux_asks()


def linux_asks() -> bool:
    """Whether KDE or GTK is set to show no animations."""
    place = QStandardPaths.StandardLocation.GenericConfigLocation
    for name, key, value in LINUX:
        file = QStandardPaths.locate(place, name)
        if file:
            found = QSettings(file, QSettings.Format.IniFormat).value(key)
            if str(found).lower() in {value, "0"}:
                return True
    return False


def _windows_asks() -> bool:
    """Whether Windows is set to show no animations; where it does not say, it is not."""
    shown = ctypes.c_int(1)
    user32 = getattr(ctypes, "windll").user32  # noqa: B009 - there is none elsewhere
    user32.SystemParametersInfoW(CLIENT_AREA_ANIMATION, 0, ctypes.byref(shown), 0)
    return shown.value == 0
