"""Brush and eraser: a drag is a line of disks and one undo step."""

from __future__ import annotations

from PySide6.QtCore import Qt

from lsgui.document import Document
from lsgui.mask import Point
from lsgui.painting import BACKGROUND, PaintSettings
from lsgui.shapes import strokes
from lsgui.tool import NO_MODIFIER, Idle, Outline, has


class Brush(Idle):
    """Drag paints; the right button or Ctrl erases; Shift draws straight from where the last stroke ended."""

    text = "Brush"
    erases = False

    def __init__(self, document: Document, painting: PaintSettings) -> None:
        super().__init__(document, painting)
        self._button: Qt.MouseButton | None = None
        self._erasing = False
        self._at: Point | None = None
        self._straight = False
        self._last: Point | None = None
        document.loaded.connect(self._forget)

    @property
    def active(self) -> bool:
        return self._button is not None

    def press(self, x: float, y: float, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier) -> bool:
        if self.active or self.document.image is None:
            return self.active
        if button not in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton):
            return False
        self._button = button
        self._erasing = self.erases or button == Qt.MouseButton.RightButton or has(modifiers, "ControlModifier")
        self.document.begin("Erase" if self._erasing else self.text)
        straight = self._last is not None and has(modifiers, "ShiftModifier")
        self._paint(self._last if straight else (x, y), (x, y))
        return True

    def move(self, x: float, y: float, modifiers: Qt.KeyboardModifier = NO_MODIFIER) -> None:
        if self.active:
            self._paint(self._at or (x, y), (x, y))
            return
        self._at = (x, y)
        self._erasing = self.erases or has(modifiers, "ControlModifier")
        self._straight = has(modifiers, "ShiftModifier")

    def release(self, x: float, y: float, button: Qt.MouseButton) -> None:
        if button != self._button:
            return
        if self._at != (x, y):
            self._paint(self._at or (x, y), (x, y))
        self._button, self._last = None, (x, y)
        self.document.commit()

    def cancel(self) -> None:
        if self.active:
            self._button = None
            self.document.restore()

    def key(self, key: int) -> bool:
        if key == Qt.Key.Key_Escape and self.active:
            self.cancel()
            return True
        return False

    def outline(self) -> Outline | None:
        if self._at is None:
            return None
        straight = self._straight and not self.active and self._last is not None
        points = (self._last, self._at) if straight else ()
        return Outline((*self._at, self.painting.brush_radius), points, erases=self._erasing)

    def _paint(self, start: Point, end: Point) -> None:
        value = BACKGROUND if self._erasing else self.painting.class_value
        for region in strokes(start, end, self.painting.brush_radius, self.document.shape):
            self.document.preview(self.unprotected(region), value)
        self._at = end

    def _forget(self) -> None:
        self._button = self._last = None


class Eraser(Brush):
    """The brush with background in it."""

    text = "Erase"
    erases = True
