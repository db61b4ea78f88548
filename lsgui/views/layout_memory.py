"""Where the window was and how wide its panels were."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QRect, QSize
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMainWindow, QSplitter

from lsgui.views.preferences import Preferences

WANTED = QSize(1680, 1010)
TITLE_BAR = 40
"""Pixels at the top of a window that must be on a screen for it to be moved."""
BORDER = 8


class LayoutMemory:
    """Restores a place only if it is still on a screen: a second one may have been unplugged."""

    def __init__(self, window: QMainWindow, splitters: dict[str, QSplitter], preferences: Preferences) -> None:
        self._window = window
        self._splitters = splitters
        self._preferences = preferences

    def restore(self) -> None:
        settings = self._preferences.settings
        placed = bool(settings.geometry) and self._window.restoreGeometry(QByteArray(settings.geometry))
        if not placed or not on_a_screen(self._window.geometry()):
            self._place_anew()
        for name, splitter in self._splitters.items():
            sizes = settings.splitters.get(name, [])
            if len(sizes) == splitter.count():
                splitter.setSizes(sizes)

    def remember(self) -> None:
        sizes = dict(self._preferences.settings.splitters)
        sizes |= {name: splitter.sizes() for name, splitter in self._splitters.items() if all(splitter.sizes())}
        self._preferences.change(geometry=bytes(self._window.saveGeometry().data()), splitters=sizes)

    def _place_anew(self) -> None:
        screen = self._window.screen().availableGeometry()
        # The frame, which comes around it later, must find room, too.
        self._window.resize(WANTED.boundedTo(screen.size() - QSize(2 * BORDER, TITLE_BAR)))
        self._window.move(screen.center() - self._window.rect().center())


def on_a_screen(geometry: QRect) -> bool:
    handle = QRect(geometry.x() + 60, geometry.y(), max(1, geometry.width() - 120), TITLE_BAR)
    return any(screen.availableGeometry().intersects(handle) for screen in QGuiApplication.screens())
