"""The overlay's key: a tap toggles, held it hides the overlay only meanwhile."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication

from lsgui.views.display import Display

HELD_MS = 250


class OverlayKey(QObject):
    """Watches for the key's release only between a press and that release."""

    def __init__(self, display: Display, parent: QObject) -> None:
        super().__init__(parent)
        self._display = display
        self._held = False
        self._timer = QTimer(self, singleShot=True, interval=HELD_MS)
        self._timer.timeout.connect(self._hold)

    def press(self) -> None:
        self._held = False
        self._display.set_overlay_visible(not self._display.overlay_visible)
        self._timer.start()
        QApplication.instance().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        released = event.type() == QEvent.Type.KeyRelease and event.key() == Qt.Key.Key_V and not event.isAutoRepeat()
        if released or event.type() == QEvent.Type.ApplicationDeactivate:
            self._release()
        return False

    def _hold(self) -> None:
        self._held = True

    def _release(self) -> None:
        self._timer.stop()
        QApplication.instance().removeEventFilter(self)
        if self._held:
            self._display.set_overlay_visible(not self._display.overlay_visible)
        self._held = False
