"""Threshold: paints what is within a range of values, in the whole image or in the selection."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt

from lsgui.fill_tools import LEFT, RegionTool
from lsgui.fills import Between, foreground, reaches, usual, usual_of
from lsgui.mask import Point
from lsgui.painting import BACKGROUND
from lsgui.tool import NO_MODIFIER, Kit, Outline

_CLICK = 2
"""Pixels around a click whose values are taken."""


class Threshold(RegionTool):
    """What is in `painting.threshold` is tinted; Enter paints it. A drag sets it by the values in a box."""

    def __init__(self, kit: Kit) -> None:
        super().__init__(kit)
        self._drawn: tuple[Point, Point] | None = None
        self.document.loaded.connect(self._loaded)

    @property
    def active(self) -> bool:
        return self.document.image is not None and self.painting.threshold is not None

    @property
    def gives_way(self) -> bool:
        """A threshold is set all the time, and the class to paint it with may be picked."""
        return self._drawn is None and not self.busy

    def chosen(self) -> None:
        """Begin with the values that the class in the hand has where it is labelled, else with what is bright."""
        image, value = self.document.image, self.painting.class_value
        if image is not None and self.painting.threshold is None:
            known = None if value == BACKGROUND else usual_of(image.pixels, self.document.label_map, value)
            self.painting.threshold = known or foreground(image.pixels, image.window)

    def press(
        self, x: float, y: float, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier, pressure: float = 1.0
    ) -> bool:
        if self.document.image is None or button != LEFT:
            return False
        if self.busy:
            return self.refuse()
        self._drawn = (x, y), (x, y)
        return True

    def move(self, x: float, y: float, modifiers: Qt.KeyboardModifier = NO_MODIFIER, pressure: float = 1.0) -> None:
        if self._drawn is not None:
            self._drawn = self._drawn[0], (x, y)

    def release(self, x: float, y: float, button: Qt.MouseButton) -> None:
        if button != LEFT or self._drawn is None:
            return
        (rows, columns), self._drawn = self._part(*self._drawn), None
        part = self.document.image.pixels[rows, columns]
        if part.size:
            self.painting.threshold = usual(part)

    def key(self, key: int) -> bool:
        if self.busy:
            return super().key(key)
        if not self.active or key not in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape):
            return False
        if key != Qt.Key.Key_Escape:
            if not self.may_paint():
                return True
            self._paint()
        self._drawn = None
        self.painting.threshold = None
        return True

    def cancel(self) -> None:
        self._drawn = None
        super().cancel()

    def outline(self) -> Outline | None:
        if self._drawn is None:
            return super().outline()
        (x0, y0), (x1, y1) = self._drawn
        return Outline(points=((x0, y0), (x1, y0), (x1, y1), (x0, y1)), closed=True)

    def _loaded(self) -> None:
        self._drawn = None
        image, values = self.document.image, self.painting.threshold
        if image is not None and values is not None and not reaches(image.pixels, *values):
            self.painting.threshold = None  # of an image of another kind
        if self.painting.tool == "threshold":
            self.chosen()

    def _paint(self) -> None:
        """In the selection, or in the whole image."""
        height, width = self.document.shape
        selected = self.selection.region
        box = selected.box if selected is not None else (0, 0, width, height)
        region = Between(box, self.document.image.pixels, *self.painting.threshold)
        self.paint("Threshold", lambda snapshot: region, commit=True)

    def _part(self, a: Point, b: Point) -> tuple[slice, slice]:
        """Rows and columns of the box, or around a click."""
        ends = [sorted((int(np.floor(a[i])), int(np.floor(b[i])))) for i in (1, 0)]
        if all(first == last for first, last in ends):
            ends = [(first - _CLICK, last + _CLICK) for first, last in ends]
        return tuple(slice(max(0, first), max(0, last + 1)) for first, last in ends)
