"""The tools of the pointer: each gesture reads top to bottom in one class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from PySide6.QtCore import QObject, Qt, Signal

from lsgui import mask
from lsgui.document import Document
from lsgui.mask import Point, Region
from lsgui.painting import BACKGROUND, PaintSettings

_NO_MODIFIER = Qt.KeyboardModifier.NoModifier


@dataclass(frozen=True)
class Outline:
    """What the canvas draws for a tool, in image pixels: a circle, a line through `points`, or both."""

    circle: tuple[float, float, float] | None = None
    points: tuple[Point, ...] = ()
    closed: bool = False
    erases: bool = False


class Tool(Protocol):
    """Coordinates are float image pixels and may lie outside the image."""

    active: bool

    def press(self, x: float, y: float, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier) -> bool:
        """True when the tool takes the press; the canvas keeps what is refused for itself (window/level)."""

    def move(self, x: float, y: float, modifiers: Qt.KeyboardModifier = _NO_MODIFIER) -> None: ...
    def release(self, x: float, y: float, button: Qt.MouseButton) -> None: ...
    def double_click(self, x: float, y: float) -> bool: ...
    def key(self, key: int) -> bool: ...
    def cancel(self) -> None: ...
    def outline(self) -> Outline | None: ...


class Quiet:
    """A tool that does nothing yet: the base of the kinds."""

    active = False

    def __init__(self, document: Document, painting: PaintSettings) -> None:
        self.document = document
        self.painting = painting

    def press(self, x: float, y: float, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier) -> bool:
        return False

    def move(self, x: float, y: float, modifiers: Qt.KeyboardModifier = _NO_MODIFIER) -> None:
        pass

    def release(self, x: float, y: float, button: Qt.MouseButton) -> None:
        pass

    def double_click(self, x: float, y: float) -> bool:
        return False

    def key(self, key: int) -> bool:
        return False

    def cancel(self) -> None:
        pass

    def outline(self) -> Outline | None:
        return None

    def pixel(self, x: float, y: float) -> tuple[int, int] | None:
        """The (column, row) under a point, or None outside the image."""
        column, row = int(np.floor(x)), int(np.floor(y))
        height, width = self.document.shape
        return (column, row) if 0 <= column < width and 0 <= row < height else None

    def unprotected(self, region: Region | None) -> Region | None:
        """The part of a region that may be painted over."""
        if region is None or not self.painting.protected:
            return region
        x, y, w, h = region.box
        protected = np.zeros(256, bool)
        protected[list(self.painting.protected)] = True
        return Region(region.box, region.mask & ~protected[self.document.label_map[y : y + h, x : x + w]])


class Brush(Quiet):
    """Drag paints a line of disks; the right button or Ctrl erases, Shift draws straight from where the last one ended."""

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
        self._erasing = self.erases or button == Qt.MouseButton.RightButton or _has(modifiers, "ControlModifier")
        self.document.begin("Erase" if self._erasing else self.text)
        straight = self._last is not None and _has(modifiers, "ShiftModifier")
        self._paint(self._last if straight else (x, y), (x, y))
        return True

    def move(self, x: float, y: float, modifiers: Qt.KeyboardModifier = _NO_MODIFIER) -> None:
        if self.active:
            self._paint(self._at or (x, y), (x, y))
            return
        self._at = (x, y)
        self._erasing = self.erases or _has(modifiers, "ControlModifier")
        self._straight = _has(modifiers, "ShiftModifier")

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
        region = mask.stroke(start, end, self.painting.brush_radius, self.document.shape)
        self.document.preview(self.unprotected(region), BACKGROUND if self._erasing else self.painting.class_value)
        self._at = end

    def _forget(self) -> None:
        self._button = self._last = None


class Eraser(Brush):
    """The brush with background in it."""

    text = "Erase"
    erases = True


class Polygon(Quiet):
    """Clicks add corners; Enter or a double click fills the shape, Backspace takes the last corner back."""

    def __init__(self, document: Document, painting: PaintSettings) -> None:
        super().__init__(document, painting)
        self._points: list[Point] = []
        self._at: Point | None = None
        document.loaded.connect(self.cancel)

    @property
    def active(self) -> bool:
        return bool(self._points)

    def press(self, x: float, y: float, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier) -> bool:
        if self.document.image is None or button != Qt.MouseButton.LeftButton:
            return False
        if not self._points or self._points[-1] != (x, y):
            self._points.append((x, y))
        self._at = (x, y)
        return True

    def move(self, x: float, y: float, modifiers: Qt.KeyboardModifier = _NO_MODIFIER) -> None:
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
        self.document.begin("Polygon")
        self.document.preview(self.unprotected(mask.polygon(points, self.document.shape)), self.painting.class_value)
        self.document.commit()
        return True


class FloodFill(Quiet):
    """A click gives the touching pixels of one label the current class."""

    def press(self, x: float, y: float, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier) -> bool:
        at = self.pixel(x, y)
        if at is None or button != Qt.MouseButton.LeftButton:
            return False
        label_map = self.document.label_map
        if int(label_map[at[1], at[0]]) not in self.painting.protected:
            fill = mask.flood_fill if self.painting.fill_contiguous else mask.same_label
            self.document.begin("Fill")
            self.document.preview(fill(label_map, *at), self.painting.class_value)
            self.document.commit()
        return True


class Picker(Quiet):
    """A click makes the class under the pointer the current one."""

    def press(self, x: float, y: float, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier) -> bool:
        at = self.pixel(x, y)
        if at is None or button != Qt.MouseButton.LeftButton:
            return False
        self.painting.class_value = int(self.document.label_map[at[1], at[0]])
        return True


class ToolBox(QObject):
    """The tool in the hand: a `Tool` itself, which hands on to the kind that `painting.tool` names."""

    outline_changed = Signal()

    def __init__(self, document: Document, painting: PaintSettings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.painting = painting
        self.tools: dict[str, Tool] = {
            "brush": Brush(document, painting),
            "eraser": Eraser(document, painting),
            "polygon": Polygon(document, painting),
            "fill": FloodFill(document, painting),
            "picker": Picker(document, painting),
        }
        self._idle = Quiet(document, painting)
        self._held: Tool = self.current
        painting.changed.connect(self._settings_changed)

    @property
    def current(self) -> Tool:
        return self.tools.get(self.painting.tool, self._idle)

    @property
    def active(self) -> bool:
        return self.current.active

    def press(self, x: float, y: float, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier) -> bool:
        picks = _has(modifiers, "AltModifier") and not self.active
        taken = (self.tools["picker"] if picks else self.current).press(x, y, button, modifiers)
        self.outline_changed.emit()
        return taken

    def move(self, x: float, y: float, modifiers: Qt.KeyboardModifier = _NO_MODIFIER) -> None:
        self.current.move(x, y, modifiers)
        self.outline_changed.emit()

    def release(self, x: float, y: float, button: Qt.MouseButton) -> None:
        self.current.release(x, y, button)
        self.outline_changed.emit()

    def double_click(self, x: float, y: float) -> bool:
        taken = self.current.double_click(x, y)
        self.outline_changed.emit()
        return taken

    def key(self, key: int) -> bool:
        taken = self.current.key(key)
        self.outline_changed.emit()
        return taken

    def cancel(self) -> None:
        self.current.cancel()
        self.outline_changed.emit()

    def outline(self) -> Outline | None:
        return self.current.outline()

    def _settings_changed(self) -> None:
        if self._held is not self.current:
            self._held.cancel()
            self._held = self.current
        self.outline_changed.emit()


def _has(modifiers: Qt.KeyboardModifier, name: str) -> bool:
    return bool(modifiers & getattr(Qt.KeyboardModifier, name))
