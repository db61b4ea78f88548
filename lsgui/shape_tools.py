"""Polygon and lasso: outlines of corners that can be changed until they are finished."""

from __future__ import annotations

from PySide6.QtCore import Qt

from lsgui.mask import Point, Spans
from lsgui.outline_editing import Corners, FreeLine, simplified
from lsgui.polygons import polygon
from lsgui.tool import NO_MODIFIER, Idle, Kit, Outline

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
CORNER_REACH, EDGE_REACH = 7.0, 4.0
"""Screen pixels within which a press takes a corner, or an edge."""
TOLERANCE = 0.75
"""How far a lasso's corners may stay off the line that was drawn, in pixels of the image or the screen."""
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class ShapeTool(Idle):
    """Enter, a double click, a press elsewhere, another tool or image does with the shape what `painting.shape_does` says;
    Esc drops it.
    """

    text = ""

    def __init__(self, kit: Kit) -> None:
        super().__init__(kit)
        self.document.loaded.connect(self.cancel)

    def double_click(self, x: float, y: float) -> bool:
        return self.active and self._finish()

    def key(self, key: int) -> bool:
        if not self.active:
            return False
        if key in _ENTER:
            return self._finish()
        if key == Qt.Key.Key_Escape:
            self.cancel()
            return True
        return False

    def settle(self) -> None:
        if self.active:
            self._finish()

    def _finish(self) -> bool:
        """True: whatever asked for it has been answered."""
        raise NotImplementedError

    def _use(self, region: Spans | None, ring: tuple[Point, ...]) -> bool:
        """Paint, erase or select; False when it may not be now, so the shape should stay."""
        erasing = self.painting.shape_does == "erase"
        if self.painting.shape_does == "select":
            self.selection.select(region, (ring,))
        elif self.may_paint(erasing):
            self.document.paint("Erase" if erasing else self.text, region, self.ink(erasing), self.rules(erasing))
        else:
            return False
        return True

    def _reach(self, pixels: float) -> float:
        """Screen pixels, in those of the image."""
        return pixels / max(self.kit.scale(), 1e-6)

    @property
    def _erases(self) -> bool:
        return self.painting.shape_does == "erase"


class CornerTool(ShapeTool):
    """A press takes the corner it meets, or makes one on the edge it meets; a right click removes a corner."""

    def __init__(self, kit: Kit) -> None:
        self.corners = Corners()
        self._at: Point | None = None
        super().__init__(kit)

    @property
    def active(self) -> bool:
        return bool(self.corners.points)

    @property
    def has_corners(self) -> bool:
        return bool(self.corners.points)

    def press(
        self, x: float, y: float, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier, pressure: float = 1.0
    ) -> bool:
        if self.document.image is None or button not in (LEFT, RIGHT):
            return False
        if self.corners.in_hand:
            return True
        index = self.corners.near((x, y), self._reach(CORNER_REACH))
        if button == RIGHT:
            if index is not None:
                self._remove(index)
            return index is not None
        self._at = (x, y)
        edge = self.corners.edge_near((x, y), self._reach(EDGE_REACH))
        if index is not None:
            self.corners.take(index, (x, y))
        elif edge is not None:
            self.corners.insert(edge, (x, y))
        elif self.corners.closed and self.corners.holds((x, y)):
            self.corners.take(None, (x, y))
        else:
            self._pressed_elsewhere((x, y))
        return True

    def move(self, x: float, y: float, modifiers: Qt.KeyboardModifier = NO_MODIFIER, pressure: float = 1.0) -> None:
        self._at = (x, y)
        self.corners.move((x, y))

    def key(self, key: int) -> bool:
        if key == Qt.Key.Key_Backspace and self.active:
            self._remove(len(self.corners.points) - 1)
            return True
        return super().key(key)

    def undo(self) -> bool:
        return self.corners.undo()

    def settle(self) -> None:
        """A corner that is still in the hand stays where it is."""
        if len(self.corners.points) > 2:
            self.corners.drop()
            super().settle()

    def cancel(self) -> None:
        self.corners.clear()

    def outline(self) -> Outline | None:
        points = self.corners.points
        if not points:
            return None
        ahead = () if self.corners.closed or self._at is None or self._at == points[-1] else (self._at,)
        return Outline(
            points=(*points, *ahead),
            closed=True,
            erases=self._erases,
            fill=self.corners.closed,
            handles=points,
            held=self.corners.held,
        )

    def _pressed_elsewhere(self, at: Point) -> None:
        """Neither on a corner nor on an edge, nor inside what is closed."""
        raise NotImplementedError

    def _remove(self, index: int) -> None:
        self.corners.remove(index)

    def _finish(self) -> bool:
        points = self.corners.points
        if self._use(polygon(points, self.document.shape), points):
            self.corners.clear()
        return True


class Polygon(CornerTool):
    """Clicks add corners; one on the first corner closes the line, and a press elsewhere then begins the next."""

    text = "Polygon"

    def release(self, x: float, y: float, button: Qt.MouseButton) -> None:
        if button == LEFT:
            clicked = self.corners.drop()
            if clicked == 0 and not self.corners.closed and len(self.corners.points) > 2:
                self.corners.replace(self.corners.points, closed=True)

    def _pressed_elsewhere(self, at: Point) -> None:
        if self.corners.closed:
            self._finish()
        if not self.corners.closed:
            self.corners.add(at)


class Lasso(CornerTool):
    """A drag draws the line, which then has corners; a press elsewhere finishes it and begins the next."""

    text = "Lasso"

    def __init__(self, kit: Kit) -> None:
        self._drawn = FreeLine()
        super().__init__(kit)

    @property
    def active(self) -> bool:
        return bool(self._drawn.points or self.corners.points)

    def move(self, x: float, y: float, modifiers: Qt.KeyboardModifier = NO_MODIFIER, pressure: float = 1.0) -> None:
        if self._drawn.points:
            self._drawn.add((x, y), self._tolerance / 2)
        else:
            super().move(x, y, modifiers)

    def release(self, x: float, y: float, button: Qt.MouseButton) -> None:
        if button != LEFT:
            return
        self.corners.drop()
        if self._drawn.points:
            points = simplified(self._drawn.points, self._tolerance / 2)
            self._drawn.clear()
            if len(points) > 2:
                self.corners.replace(points, closed=True)

    def undo(self) -> bool:
        if self._drawn.points:
            self.cancel()
            return True
        return super().undo()

    def cancel(self) -> None:
        self._drawn.clear()
        super().cancel()

    def outline(self) -> Outline | None:
        if self._drawn.points:
            return Outline(points=self._drawn.points, erases=self._erases)
        return super().outline()

    def _pressed_elsewhere(self, at: Point) -> None:
        if self.corners.points:
            self._finish()
        if not self.corners.points:
            self._drawn.add(at, self._tolerance)

    @property
    def _tolerance(self) -> float:
        return max(TOLERANCE, self._reach(TOLERANCE))

    def _remove(self, index: int) -> None:
        super()._remove(index)
        if len(self.corners.points) < 3:
            self.corners.clear()
