"""Rectangle, ellipse and selection: shapes that a drag spans."""

from __future__ import annotations

from PySide6.QtCore import Qt

from lsgui.mask import Point, Spans
from lsgui.outline_editing import Box, FreeLine, dragged, handles, pulled, simplified
from lsgui.polygons import ellipse, ellipse_points, polygon, rectangle
from lsgui.shape_tools import CORNER_REACH, LEFT, TOLERANCE, ShapeTool
from lsgui.tool import NO_MODIFIER, Idle, Kit, Outline, has


class BoxTool(ShapeTool):
    """A drag spans a box, which then has handles; Shift keeps it square, Ctrl its middle. Inside, it is moved."""

    def __init__(self, kit: Kit) -> None:
        self._box: Box | None = None
        self._before: Box | None = None
        self._from: Point | None = None
        self._handle: int | None = None
        self._moves = False
        self._past: list[Box | None] = []
        super().__init__(kit)

    @property
    def active(self) -> bool:
        return self._box is not None

    def press(
        self, x: float, y: float, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier, pressure: float = 1.0
    ) -> bool:
        if self.document.image is None or button != LEFT or self._from is not None:
            return self._from is not None
        self._handle = self._handle_at((x, y))
        self._moves = self._handle is None and self._inside((x, y))
        if self._handle is None and not self._moves and self.active:
            self._finish()
            if self.active:
                return True
        self._from, self._before = (x, y), self._box
        return True

    def move(self, x: float, y: float, modifiers: Qt.KeyboardModifier = NO_MODIFIER, pressure: float = 1.0) -> None:
        if self._from is None:
            return
        square, from_middle = has(modifiers, "ShiftModifier"), has(modifiers, "ControlModifier")
        if self._moves:
            step = x - self._from[0], y - self._from[1]
            self._box = tuple(side + step[i % 2] for i, side in enumerate(self._before))
        elif self._handle is not None:
            self._box = pulled(self._before, self._handle, (x, y), square, from_middle)
        else:
            self._box = dragged(self._from, (x, y), square, from_middle)

    def release(self, x: float, y: float, button: Qt.MouseButton) -> None:
        if button != LEFT or self._from is None:
            return
        if self._box is not None and self._region(self._box) is None and self._before is None:
            self._box = None
        if self._box != self._before:
            self._past.append(self._before)
        self._from = self._handle = None

    def undo(self) -> bool:
        if self._from is not None:
            self._box = self._before
        elif self._past:
            self._box = self._past.pop()
        else:
            return False
        self._from = self._handle = None
        return True

    def settle(self) -> None:
        """A box that is still pulled or moved stays as it is; one that is only being drawn is none yet."""
        if self._from is None or self._before is not None:
            self._from = self._handle = None
            super().settle()

    def cancel(self) -> None:
        self._box = self._before = self._from = self._handle = None
        self._past = []

    def outline(self) -> Outline | None:
        if self._box is None:
            return None
        drawn = self._from is not None and self._handle is None and not self._moves
        return Outline(
            points=self._ring(self._box),
            closed=True,
            erases=self._erases,
            fill=True,
            handles=() if drawn else handles(self._box),
            held=self._handle,
        )

    def _finish(self) -> bool:
        if self._box is not None and self._use(self._region(self._box), self._ring(self._box)):
            self.cancel()
        return True

    def _region(self, box: Box) -> Spans | None:
        raise NotImplementedError

    def _ring(self, box: Box) -> tuple[Point, ...]:
        """The line to draw."""
        raise NotImplementedError

    def _handle_at(self, at: Point) -> int | None:
        places = handles(self._box) if self._box is not None else ()
        away = [max(abs(x - at[0]), abs(y - at[1])) for x, y in places]
        return away.index(min(away)) if away and min(away) <= self._reach(CORNER_REACH) else None

    def _inside(self, at: Point) -> bool:
        box = self._box
        return box is not None and box[0] <= at[0] <= box[2] and box[1] <= at[1] <= box[3]


class Rectangle(BoxTool):
    text = "Rectangle"

    def _region(self, box: Box) -> Spans | None:
        return rectangle(box[:2], box[2:], self.document.shape)

    def _ring(self, box: Box) -> tuple[Point, ...]:
        return ring_of(box)


class Ellipse(BoxTool):
    text = "Ellipse"

    def _region(self, box: Box) -> Spans | None:
        return ellipse(box[:2], box[2:], self.document.shape)

    def _ring(self, box: Box) -> tuple[Point, ...]:
        return ellipse_points(box[:2], box[2:])


class Select(Idle):
    """A drag limits every tool to a rectangle, with Shift to what a lasso holds; a click or Esc ends the limit."""

    def __init__(self, kit: Kit) -> None:
        super().__init__(kit)
        self._from: Point | None = None
        self._to: Point | None = None
        self._lasso = False
        self._line = FreeLine()
        self.document.loaded.connect(self.cancel)

    @property
    def active(self) -> bool:
        return self._from is not None

    @property
    def cancellable(self) -> bool:
        return self.active or self.selection.region is not None

    def press(
        self, x: float, y: float, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier, pressure: float = 1.0
    ) -> bool:
        if self.document.image is None or button != LEFT:
            return False
        self.cancel()
        self._from, self._lasso = (x, y), has(modifiers, "ShiftModifier")
        self._line.add((x, y), TOLERANCE)
        return True

    def move(self, x: float, y: float, modifiers: Qt.KeyboardModifier = NO_MODIFIER, pressure: float = 1.0) -> None:
        if self._from is not None:
            self._to = (x, y)
            if self._lasso:
                self._line.add((x, y), self._tolerance)

    def release(self, x: float, y: float, button: Qt.MouseButton) -> None:
        if button == LEFT and self._from is not None:
            ring = self._ring()
            if self._lasso:
                ring = simplified(ring, self._tolerance)
            self.cancel()
            self.selection.select(polygon(ring, self.document.shape), (ring,))

    def key(self, key: int) -> bool:
        if key != Qt.Key.Key_Escape or not self.cancellable:
            return False
        if not self.active:
            self.selection.clear()
        self.cancel()
        return True

    def undo(self) -> bool:
        drawing = self.active
        self.cancel()
        return drawing

    def cancel(self) -> None:
        self._from = self._to = None
        self._line.clear()

    def outline(self) -> Outline | None:
        return Outline(points=self._ring(), closed=True) if self._to is not None else None

    @property
    def _tolerance(self) -> float:
        return max(TOLERANCE, TOLERANCE / max(self.kit.scale(), 1e-6)) / 2

    def _ring(self) -> tuple[Point, ...]:
        if self._lasso or self._from is None:
            return self._line.points
        return ring_of((*self._from, *(self._to or self._from)))


def ring_of(box: Box) -> tuple[Point, ...]:
    """Its four corners, around."""
    left, top, right, bottom = box
    return (left, top), (right, top), (right, bottom), (left, bottom)
