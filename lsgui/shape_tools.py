"""Polygon, flood fill and picker: the tools of single clicks."""

from __future__ import annotations

from PySide6.QtCore import Qt

from lsgui.fills import flood, same_label
from lsgui.mask import Point
from lsgui.polygons import polygon
from lsgui.tool import NO_MODIFIER, Idle, Kit, Outline


class Polygon(Idle):
    """Clicks add corners; Enter or a double click fills the shape, Backspace takes the last corner back."""

    def __init__(self, kit: Kit) -> None:
        super().__init__(kit)
        self._points: list[Point] = []
        self._at: Point | None = None
        self.document.loaded.connect(self.cancel)

    @property
    def active(self) -> bool:
        return bool(self._points)

    def press(
        self, x: float, y: float, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier, pressure: float = 1.0
    ) -> bool:
        if self.document.image is None or button != Qt.MouseButton.LeftButton:
            return False
        if not self._points or self._points[-1] != (x, y):
            self._points.append((x, y))
        self._at = (x, y)
        return True

    def move(self, x: float, y: float, modifiers: Qt.KeyboardModifier = NO_MODIFIER, pressure: float = 1.0) -> None:
        self._at = (x, y)

    def double_click(self, x: float, y: float) -> bool:
        return self._finish()

    def key(self, key: int) -> bool:
        if not self.active:
            return False
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            return self._finish()
        if key == Qt.Key.Key_Backspace:
            self._points.pop()
            return True
        if key == Qt.Key.Key_Escape:
            self.cancel()
            return True
        return False

    def cancel(self) -> None:
        self._points = []

    def outline(self) -> Outline | None:
        if not self._points:
            return None
        ahead = (self._at,) if self._at is not None and self._at != self._points[-1] else ()
        return Outline(points=(*self._points, *ahead), closed=True)

    def _finish(self) -> bool:
        points, self._points = self._points, []
        self.document.paint("Polygon", polygon(points, self.document.shape), self.ink(), self.rules())
        return True


class FloodFill(Idle):
    """A click gives the touching pixels of one label the current class."""

    def press(
        self, x: float, y: float, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier, pressure: float = 1.0
    ) -> bool:
        at = self.pixel(x, y)
        if at is None or button != Qt.MouseButton.LeftButton:
            return False
        label_map = self.document.label_map
        if int(label_map[at[1], at[0]]) not in self.painting.protected:
            fill = flood if self.painting.fill_contiguous else same_label
            self.document.paint("Fill", fill(label_map, *at), self.ink(), self.rules())
        return True


class Picker(Idle):
    """A click makes the class under the pointer the current one."""

    def press(
        self, x: float, y: float, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier, pressure: float = 1.0
    ) -> bool:
        at = self.pixel(x, y)
        if at is None or button != Qt.MouseButton.LeftButton:
            return False
        self.painting.class_value = int(self.document.label_map[at[1], at[0]])
        return True
