"""The overlay's key: a tap toggles, held it hides the overlay only meanwhile."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication, QWidget

from lsgui.views.display import Display

HELD_MS = 250


class OverlayKey(QObject):
    """Watches the whole program for the key's release, but only between a press and that release.

    A menu or a button that does the same never releases a key: then it is a tap.
    """

    def __init__(self, display: Display, window: QWidget) -> None:
        super().__init__(window)
        self._display = display
        self._down = False
        self._held = False
        self._timer = QTimer(self, singleShot=True, interval=HELD_MS)
        self._timer.timeout.connect(self._hold)
        window.installEventFilter(self)

    def press(self) -> None:
        self._display.set_overlay_visible(not self._display.overlay_visible)
        if self._down:
            self._held = False
            self._timer.start()
            QApplication.instance().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.ShortcutOverride and event.key() == Qt.Key.Key_V:
            self._down = True
            return False
        released = kind == QEvent.Type.KeyRelease and event.key() == Qt.Key.Key_V and not event.isAutoRepeat()
        if released or kind == QEvent.Type.ApplicationDeactivate:
            self._release()
        return False

    def _hold(self) -> None:
        self._held = True

    def _release(self) -> None:
        self._down = False
        self._timer.stop()
        QApplication.instance().removeEventFilter(self)
        if self._held:
            self._display.set_overlay_visible(not self._display.overlay_visible)
        self._held = False
