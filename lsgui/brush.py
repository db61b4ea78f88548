"""Brush and eraser: a drag is a line of disks or squares and one undo step."""

from __future__ import annotations

from PySide6.QtCore import Qt

from lsgui.mask import AnyRegion, Ink, Point
from lsgui.rules import FREE
from lsgui.shapes import strokes
from lsgui.tool import NO_MODIFIER, Idle, Kit, Outline, has

_LIGHTEST = 0.3
"""The share of its radius that a pen paints with which barely touches."""


class Brush(Idle):
    """Drag paints; the right button or Ctrl erases; Shift draws straight from where the last stroke ended.

    Alt and the right button set the size: the circle stays where the drag began, right is larger.
    """

    text = "Brush"
    erase_text = "Erase"
    erases = False

    def __init__(self, kit: Kit) -> None:
        super().__init__(kit)
        self._button: Qt.MouseButton | None = None
        self._erasing = False
        self._ink, self._rules = Ink(0), FREE
        self._at: Point | None = None
        self._radius = 0.0
        self._straight = False
        self._last: Point | None = None
        self._sizing: tuple[float, float, float] | None = None
        self.document.loaded.connect(self._forget)

    @property
    def active(self) -> bool:
        return self._button is not None

    @property
    def cancellable(self) -> bool:
        return self.active or self._sizing is not None

    def press(
        self, x: float, y: float, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier, pressure: float = 1.0
    ) -> bool:
        if self.active or self._sizing is not None or self.document.image is None:
            return self.active or self._sizing is not None
        if button not in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton):
            return False
        if button == Qt.MouseButton.RightButton and has(modifiers, "AltModifier"):
            self.start_sizing(x, y)
            return True
        self._erasing = self.erases or button == Qt.MouseButton.RightButton or has(modifiers, "ControlModifier")
        if self.may_paint(self._erasing):
            self._button = button
            self._begin(has(modifiers, "ShiftModifier"), (x, y), pressure)
        return True

    def move(self, x: float, y: float, modifiers: Qt.KeyboardModifier = NO_MODIFIER, pressure: float = 1.0) -> None:
        if self._sizing is not None:
            self.painting.brush_radius = self._sizing[2] + x - self._sizing[0]
        elif self.active:
            self._paint((x, y), pressure)
        else:
            self._at = (x, y)
            self._erasing = self.erases or has(modifiers, "ControlModifier")
            self._straight = has(modifiers, "ShiftModifier")

    def release(self, x: float, y: float, button: Qt.MouseButton) -> None:
        if self._sizing is not None and button == Qt.MouseButton.RightButton:
            self.stop_sizing()
        if button != self._button:
            return
        if self._at != (x, y):
            self._paint((x, y), None)
        self._button, self._last = None, (x, y)
        self.document.commit()

    def let_go(self) -> None:
        if self._button is not None and self._at is not None:
            self.release(*self._at, self._button)

    def start_sizing(self, x: float, y: float) -> None:
        """Moves set the size from now on."""
        self._at = (x, y)
        self._sizing = (x, y, self.painting.brush_radius)

    def stop_sizing(self) -> None:
        self._sizing = None

    def cancel(self) -> None:
        if self._sizing is not None:
            self.painting.brush_radius = self._sizing[2]
            self.stop_sizing()
        if self.active:
            self._button = None
            self.document.restore()

    def key(self, key: int) -> bool:
        if key == Qt.Key.Key_Escape and self.cancellable:
            self.cancel()
            return True
        return False

    def outline(self) -> Outline | None:
        if self._at is None:
            return None
        straight = self._straight and not self.active and self._last is not None
        points = (self._last, self._at) if straight else ()
        shape = (*self._at, self._radius if self.active else self.painting.brush_radius)
        if self.painting.brush_shape == "square":
            return Outline(square=shape, points=points, erases=self._erasing)
        return Outline(shape, points, erases=self._erasing)

    def _begin(self, straight: bool, at: Point, pressure: float) -> None:
        """The class and the rules of a stroke are those of its beginning."""
        self._ink, self._rules = self.ink(self._erasing), self.rules(self._erasing)
        self.document.begin(self.erase_text if self._erasing else self.text, self.painting.class_value)
        self._radius = self._pressed(pressure)
        self._sweep(self._last if straight and self._last is not None else at, at, self._radius, covered=False)

    def _paint(self, to: Point, pressure: float | None) -> None:
        """From where the last move ended; what was painted there need not be painted again."""
        radius = self._radius if pressure is None else self._pressed(pressure)
        self._sweep(self._at or to, to, radius, covered=True)

    def _sweep(self, start: Point, end: Point, radius: float, covered: bool) -> None:
        shape, form = self.document.shape, self.painting.brush_shape
        for region in strokes(start, end, self._radius, shape, form, radius, covered):
            self._lay(region)
        self._at, self._radius = end, radius

    def _lay(self, region: AnyRegion) -> None:
        """What the tip covers next."""
        self.document.preview(region, self._ink, self._rules)

    def _pressed(self, pressure: float) -> float:
        """The radius of a pen pressed so hard, from 0 to 1."""
        share = _LIGHTEST + (1 - _LIGHTEST) * min(max(pressure, 0.0), 1.0) if self.painting.pressure else 1.0
        return self.painting.brush_radius * share

    def _forget(self) -> None:
        self._button = self._last = self._sizing = None


class Eraser(Brush):
    """The brush with background in it."""

    text = "Erase"
    erases = True
