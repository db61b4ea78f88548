"""The image's values as a histogram, with two handles that are the window's ends."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from lsgui.views.appearance import Appearance
from lsgui.views.display import Display
from model.images import Image

BINS, SAMPLES = 128, 200_000
GRIP = 10
"""Logical pixels on either side of a handle that still take hold of it."""


_NARROW = 1e-9
"""Of the values: bins of a range that is not wider would all begin at the same number."""


class Histogram(QWidget):
    """Drag a handle to move one end, between them to move both; the arrow keys move level and width."""

    def __init__(self, display: Display, appearance: Appearance) -> None:
        super().__init__()
        self._display = display
        self._appearance = appearance
        self._heights = np.zeros(BINS)
        self._range = (0.0, 1.0)
        self._held = ""
        self._last_x = 0.0
        self.setMinimumHeight(72)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setMouseTracking(True)
        self.setAccessibleName(self.tr("Window and level"))
        display.window_changed.connect(self.update)
        appearance.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(260, 72)

    def show_image(self, image: Image | None) -> None:
        if image is not None:
            self._heights, self._range = histogram(image)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_bars(painter)
        if self._display.window is not None:
            self._paint_window(painter)

    def _paint_bars(self, painter: QPainter) -> None:
        bottom, width = self.height() - 1.0, self.width() / BINS
        points = [QPointF(0, bottom)]
        points += [QPointF((i + 0.5) * width, bottom - h * (bottom - 8)) for i, h in enumerate(self._heights)]
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._appearance.color("hover"))
        painter.drawPolygon(QPolygonF([*points, QPointF(self.width(), bottom)]))
        painter.setPen(QPen(self._appearance.color("line"), 1))
        painter.drawLine(QPointF(0, bottom), QPointF(self.width(), bottom))

    def _paint_window(self, painter: QPainter) -> None:
        low, high = (self._x(value) for value in (self._display.window.low, self._display.window.high))
        between = QColor(self._appearance.color("accent"))
        between.setAlphaF(0.10)
        painter.fillRect(QRectF(low, 0, high - low, self.height() - 1), between)
        for x in (low, high):
            painter.setPen(QPen(self._appearance.color("accent"), 1.5))
            painter.drawLine(QPointF(x, 0), QPointF(x, self.height()))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._appearance.color("accent"))
            painter.drawEllipse(QPointF(x, self.height() / 2), 5, 5)
        if self.hasFocus():
            painter.setPen(QPen(self._appearance.color("accent"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._display.window is not None:
            self._held, self._last_x = self._part_at(event.position().x()), event.position().x()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        x = event.position().x()
        if not self._held:
            part = self._part_at(x) if self._display.window else ""
            self.setCursor(Qt.CursorShape.SizeHorCursor if part in ("low", "high") else Qt.CursorShape.ArrowCursor)
            return
        step, self._last_x = self._value(x) - self._value(self._last_x), x
        window = self._display.window
        low = window.low + (step if self._held in ("low", "both") else 0)
        high = window.high + (step if self._held in ("high", "both") else 0)
        smallest = (self._range[1] - self._range[0]) / 1000
        if high - low >= smallest:
            self._display.set_window((low + high) / 2, high - low)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._held = ""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Left: (0, -1),
            Qt.Key.Key_Right: (0, 1),
            Qt.Key.Key_Up: (1, 0),
            Qt.Key.Key_Down: (-1, 0),
        }
        window = self._display.window
        if event.key() not in steps or window is None:
            super().keyPressEvent(event)
            return
        level, width = steps[Qt.Key(event.key())]
        step = max(window.width / 40, (self._range[1] - self._range[0]) / 500)
        self._display.set_window(window.level + level * step, max(step, window.width + width * step))

    def _part_at(self, x: float) -> str:
        window = self._display.window
        distances = {"low": abs(x - self._x(window.low)), "high": abs(x - self._x(window.high))}
        nearest = min(distances, key=distances.get)
        if distances[nearest] <= GRIP:
            return nearest
        return "both" if self._x(window.low) < x < self._x(window.high) else nearest

    def _x(self, value: float) -> float:
        """Ends that lie beyond what the histogram shows stay at hand, on its border."""
        low, high = self._range
        return min(max((value - low) / (high - low), 0.0), 1.0) * (self.width() - 12) + 6

    def _value(self, x: float) -> float:
        low, high = self._range
        return low + (x - 6) / max(1, self.width() - 12) * (high - low)


def histogram(image: Image) -> tuple[np.ndarray, tuple[float, float]]:
    """Heights 0..1 of `BINS` bins, and the range of values they span; the highest bins are cut, air dwarfs all."""
    pixels = image.pixels.reshape(-1, *image.pixels.shape[2:])  # of colours every channel of a pixel, not every n-th
    values = pixels[:: max(1, pixels.size // SAMPLES)].reshape(-1).astype(np.float64)
    if image.nodata is not None and (measured := values != image.nodata).any():
        values = values[measured]
    low, high = np.percentile(values, (0.1, 99.9))
    if image.window is not None:
        low, high = min(low, image.window.low), max(high, image.window.high)
    if image.unit == "HU":
        low, high = max(low, -1050.0), min(high, 1600.0)
    if high - low <= _NARROW * max(abs(low), abs(high)):
        high = low + max(1.0, 1e-6 * abs(low))
    counts, _ = np.histogram(values, BINS, (low, high))
    heights = np.sqrt(counts.astype(np.float64))
    top = np.sort(heights)[-6] or heights.max() or 1.0
    return np.minimum(heights / top, 1.0), (float(low), float(high))
