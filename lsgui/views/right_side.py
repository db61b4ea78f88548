"""The right of the window: classes, history, the options of the tool, and the window of the values."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QWidget

from lsgui.views.parts import column, horizontal_line
from lsgui.views.scrolled import Scrolled
from lsgui.views.window_panel import WindowPanel

HISTORY, BOTH = 190, 420
"""Logical pixels: how high the history is, and the room that classes and history need to stand below each other."""
CLASSES, OPTIONS = 212, 120
"""How high five classes are, which the options of the tool leave room for, down to what of them is of use."""
LOW = 560
"""A side of less height has no room for the histogram, unless it is asked for."""
WHOLE = 16_777_215
"""No limit."""


class RightSide(QFrame):
    """Where there is no room for both, the history takes the place of the classes while it is shown."""

    def __init__(self, classes: QWidget, history: QWidget, options: QWidget, window: WindowPanel) -> None:
        super().__init__()
        self.setObjectName("panelRight")
        self.setMinimumWidth(296)
        self._classes, self._history, self._window = classes, history, window
        self._options = Scrolled(options)
        self._below = (self._options, window)
        self._line = horizontal_line()
        layout = column(self, spacing=0)
        layout.addWidget(classes, 1)
        layout.addWidget(history, 1)
        layout.addWidget(self._line)
        for part in self._below:
            layout.addWidget(part)
            part.installEventFilter(self)
        history.installEventFilter(self)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._window.set_low(self.height() < LOW)
        self._share()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kinds = (QEvent.Type.ShowToParent, QEvent.Type.HideToParent, QEvent.Type.Resize)
        if event.type() in kinds and not (watched is self._history and event.type() == QEvent.Type.Resize):
            self._share()
        return False

    def _share(self) -> None:
        room = self.height() - sum(part.sizeHint().height() for part in self._below if not part.isHidden())
        shown = not self._history.isHidden()
        both = room >= BOTH
        self._classes.setVisible(both or not shown)
        self._history.setMaximumHeight(HISTORY if both else WHOLE)
        self._history.setMinimumHeight(HISTORY if both else HISTORY // 2)
        others = CLASSES + (HISTORY if both and shown else 0)
        others += self._window.sizeHint().height() if not self._window.isHidden() else 0
        self._options.setMaximumHeight(max(OPTIONS, self.height() - others))
