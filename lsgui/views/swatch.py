"""A class's colour as a rounded square that opens its editor."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton

from lsgui.views.appearance import Appearance


class Swatch(QAbstractButton):
    """`side` is the square's; the button around it is a little larger to hit."""

    def __init__(self, color: tuple[int, int, int], appearance: Appearance, side: int = 14) -> None:
        super().__init__()
        self._color = color
        self._appearance = appearance
        self._side = side
        self.setFixedSize(side + 6, side + 6)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def set_color(self, color: tuple[int, int, int]) -> None:
        self._color = color
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter, too: a dialog would take it for its default button."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)

    def sizeHint(self) -> QSize:
        return QSize(self._side + 6, self._side + 6)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        square = QRectF(3, 3, self._side, self._side)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(*self._color))
        painter.drawRoundedRect(square, 3.5, 3.5)
        if self.hasFocus() or self.underMouse():
            painter.setPen(QPen(self._appearance.color("accent" if self.hasFocus() else "dim"), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(square.adjusted(-2, -2, 2, 2), 5, 5)
