"""What the tool in the hand draws over the image: the brush's circle, a polygon's corners."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from lsgui.tools import Outline, ToolBox
from lsgui.views.viewport import Viewport
from model.classes import ClassTable

MARGIN = 6
"""Logical pixels around an outline that its pen and its corners cover."""
CORNER = 3.0
DASH = 4
MANY = 400
"""Corners from which on a smooth line takes longer than a frame."""
INSIDE = 0.35
"""The opacity of the inside of a shape that is not finished."""
DARKEST = 165
"""The lightness, of 255, below which a thin line could not be seen on a scan."""


class ToolOutline(QObject):
    """Knows which rectangle of the canvas an outline covers, so that only this is repainted when it moves."""

    moved = Signal(QRect, QRect)

    def __init__(self, tools: ToolBox) -> None:
        super().__init__()
        self._tools = tools
        self._viewport = Viewport()
        self._ratio = 1.0
        self._inside = False
        self._covered, self._selected = QRect(), QRect()
        self._classes: ClassTable | None = None
        self._drawn: object = None
        tools.outline_changed.connect(self.refresh)
        tools.selection.changed.connect(self._selection_changed)

    def set_viewport(self, viewport: Viewport, ratio: float) -> None:
        self._viewport, self._ratio = viewport, ratio
        self._tools.scale = viewport.view.scale / ratio
        self.refresh()

    def set_classes(self, classes: ClassTable) -> None:
        self._classes = classes
        self.refresh()

    def set_inside(self, inside: bool) -> None:
        """The circle is only drawn while the pointer is over the canvas."""
        self._inside = inside
        self.refresh()

    def _selection_changed(self) -> None:
        old = self._selected
        bounds = QRectF()
        for ring in self._tools.selection.rings:
            bounds = bounds.united(QPolygonF([self._point(point) for point in ring]).boundingRect())
        self._selected = bounds.adjusted(-MARGIN, -MARGIN, MARGIN, MARGIN).toAlignedRect()
        self.moved.emit(old, self._selected)

    def refresh(self) -> None:
        """To be called whenever something may have changed; nothing is drawn again unless it has."""
        shape = self._shape()
        drawn = (shape, self._viewport, self._ratio, None if shape is None else self._color(shape).rgb())
        if drawn == self._drawn:
            return
        self._drawn = drawn
        old, self._covered = self._covered, self._bounds(shape)
        if not (old.isEmpty() and self._covered.isEmpty()):
            self.moved.emit(old, self._covered)

    def paint(self, painter: QPainter) -> None:
        self._paint_selection(painter)
        shape = self._shape()
        if shape is None:
            return
        if shape.fill:
            self._paint_inside(painter, shape)
        many = len(shape.points) > MANY
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, not many)
        for pen in (QPen(QColor(0, 0, 0, 150), 3.0), QPen(self._color(shape), 1.25)):
            if many:
                pen.setWidth(1)
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            self._paint_lines(painter, shape)
        self._paint_handles(painter, shape)

    def _paint_selection(self, painter: QPainter) -> None:
        rings = [QPolygonF([self._point(point) for point in ring]) for ring in self._tools.selection.rings]
        dashes = QPen(QColor("white"), 1.0, Qt.PenStyle.CustomDashLine)
        dashes.setDashPattern([DASH, DASH])
        for pen in (QPen(QColor("black"), 1.0), dashes) if rings else ():
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            for ring in rings:
                painter.drawPolygon(ring)

    def _paint_lines(self, painter: QPainter, shape: Outline) -> None:
        if shape.circle is not None:
            painter.drawEllipse(self._circle(shape.circle))
        if shape.square is not None:
            painter.drawRect(self._circle(shape.square))
        for ring in shape.rings:
            painter.drawPolygon(QPolygonF([self._point(point) for point in ring]))
        points = QPolygonF([self._point(point) for point in shape.points])
        if shape.closed:
            painter.drawPolygon(points)
        elif len(shape.points) > 1:
            painter.drawPolyline(points)

    def _paint_inside(self, painter: QPainter, shape: Outline) -> None:
        """By the even-odd rule, as it will be painted."""
        color = self._color(shape)
        color.setAlphaF(INSIDE)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawPolygon(QPolygonF([self._point(point) for point in shape.points]), Qt.FillRule.OddEvenFill)

    def _paint_handles(self, painter: QPainter, shape: Outline) -> None:
        """As round points of a pen, since a lasso may have thousands."""
        points = [self._point(point) for point in shape.handles]
        for color, more in ((QColor(0, 0, 0, 180), 2.0), (self._color(shape), 0.0)) if points else ():
            painter.setPen(_dot(color, 2 * CORNER + more))
            painter.drawPoints(points)
            if shape.held is not None:
                painter.setPen(_dot(color, 2 * CORNER + 3 + more))
                painter.drawPoint(points[shape.held])

    def _shape(self) -> Outline | None:
        shape = self._tools.outline()
        if shape is None or self._inside or shape.closed:
            return shape
        return None

    def _color(self, shape: Outline) -> QColor:
        """The class's colour; white for what erases and for background, whose own colour could not be seen."""
        value = self._tools.painting.class_value
        found = self._classes.by_value(value) if self._classes else None
        if shape.erases or value == 0 or found is None:
            return QColor("white")
        color = QColor(*found.color)
        return QColor.fromHsl(color.hslHue(), color.hslSaturation(), max(color.lightness(), DARKEST))

    def _bounds(self, shape: Outline | None) -> QRect:
        if shape is None:
            return QRect()
        bounds = QRectF()
        for tip in (shape.circle, shape.square):
            if tip is not None:
                bounds = bounds.united(self._circle(tip))
        for points in (shape.points, shape.handles, *shape.rings):
            if points:
                bounds = bounds.united(QPolygonF([self._point(point) for point in points]).boundingRect())
        return bounds.adjusted(-MARGIN, -MARGIN, MARGIN, MARGIN).toAlignedRect()

    def _point(self, point: tuple[float, float]) -> QPointF:
        x, y = self._viewport.to_canvas(*point)
        return QPointF(x / self._ratio, y / self._ratio)

    def _circle(self, circle: tuple[float, float, float]) -> QRectF:
        radius = circle[2] * self._viewport.view.scale / self._ratio
        middle = self._point(circle[:2])
        return QRectF(middle.x() - radius, middle.y() - radius, 2 * radius, 2 * radius)


def _dot(color: QColor, size: float) -> QPen:
    return QPen(color, size, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap)
