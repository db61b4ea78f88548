"""Scrolled: as high as what is in it where there is room, and else with a scroll bar."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtWidgets import QAbstractSlider, QAbstractSpinBox, QComboBox, QFrame, QScrollArea, QSizePolicy, QWidget

_TURNED_BY_THE_WHEEL = (QAbstractSlider, QAbstractSpinBox, QComboBox)
LEAST = 120
"""Logical pixels: below that a part of it is no use."""


class Scrolled(QScrollArea):
    """A QScrollArea by itself neither asks for the height of what is in it nor follows when that changes."""

    def __init__(self, inside: QWidget) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.setWidget(inside)
        inside.installEventFilter(self)
        for part in inside.findChildren(QWidget):
            if isinstance(part, _TURNED_BY_THE_WHEEL):
                part.installEventFilter(self)

    def sizeHint(self) -> QSize:
        inside = self.widget()
        wide = self.viewport().width() or inside.sizeHint().width()
        return QSize(inside.minimumSizeHint().width(), _height(inside, wide))

    def minimumSizeHint(self) -> QSize:
        wanted = self.sizeHint()
        return QSize(wanted.width(), min(wanted.height(), LEAST))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.widget() and event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        if event.type() == QEvent.Type.Wheel and self._is_passed_by(watched):
            self.wheelEvent(event)  # instead of changing what lies under the pointer
            return True
        return super().eventFilter(watched, event)

    def _is_passed_by(self, part: QObject) -> bool:
        """Qt lets a scroll area see the events of its own scroll bars, too."""
        turns = isinstance(part, _TURNED_BY_THE_WHEEL) and self.widget().isAncestorOf(part)
        return turns and not part.hasFocus() and self.verticalScrollBar().maximum() > 0


def _height(inside: QWidget, width: int) -> int:
    """Words in it may wrap."""
    layout = inside.layout()
    if layout is not None and layout.hasHeightForWidth():
        return layout.totalHeightForWidth(width)
    return inside.sizeHint().height()
