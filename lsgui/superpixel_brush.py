"""The superpixel brush: a drag paints every superpixel it touches, whole."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import Qt

from lsgui.guided import edges
from lsgui.mask import Ink, Point
from lsgui.rules import FREE
from lsgui.superpixels import Superpixels
from lsgui.tool import NO_MODIFIER, Idle, Kit, Outline, has
from model.images import Image, apply_window


class SuperpixelBrush(Idle):
    """The one under the pointer is outlined; drag paints, the right button or Ctrl erases."""

    def __init__(self, kit: Kit) -> None:
        super().__init__(kit)
        self._parts: Superpixels | None = None
        self._button: Qt.MouseButton | None = None
        self._erasing = False
        self._ink, self._rules = Ink(0), FREE
        self._at: Point | None = None
        self._painted: set[int] = set()
        self._ring: tuple[int, tuple[tuple[Point, ...], ...]] = (0, ())
        self.document.loaded.connect(self._forget)

    @property
    def active(self) -> bool:
        return self._button is not None

    def press(
        self, x: float, y: float, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier, pressure: float = 1.0
    ) -> bool:
        if self.active or self.document.image is None:
            return self.active
        if button not in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton):
            return False
        self._erasing = button == Qt.MouseButton.RightButton or has(modifiers, "ControlModifier")
        if self.may_paint(self._erasing):
            self._button, self._at = button, (x, y)
            self._ink, self._rules = self.ink(self._erasing), self.rules(self._erasing)
            self._painted.clear()
            self.document.begin("Erase" if self._erasing else "Superpixels", self.painting.class_value)
            self._paint((x, y))
        return True

    def move(self, x: float, y: float, modifiers: Qt.KeyboardModifier = NO_MODIFIER, pressure: float = 1.0) -> None:
        if self.active:
            self._paint((x, y))
        else:
            self._at, self._erasing = (x, y), has(modifiers, "ControlModifier")

    def release(self, x: float, y: float, button: Qt.MouseButton) -> None:
        if button == self._button:
            self._paint((x, y))
            self._button = None
            self.document.commit()

    def let_go(self) -> None:
        if self._button is not None and self._at is not None:
            self.release(*self._at, self._button)

    def cancel(self) -> None:
        if self.active:
            self._button = None
            self.document.restore()

    def key(self, key: int) -> bool:
        taken = key == Qt.Key.Key_Escape and self.active
        if taken:
            self.cancel()
        return taken

    def outline(self) -> Outline | None:
        at = self.pixel(*self._at) if self._at is not None else None
        if at is None or self.document.image is None:
            return None
        number = self._known().at(*at)
        if self._ring[0] != number:
            region = self._known().region(number)
            self._ring = number, () if region is None else edges(region.mask.view(np.uint8), region.box[:2])
        return Outline(rings=self._ring[1], erases=self._erasing)

    def _paint(self, to: Point) -> None:
        """All that lie on the way."""
        start, parts = np.array(self._at), self._known()
        steps = int(np.abs(np.array(to) - start).max() * 4 // parts.size) + 1
        for step in range(steps + 1):
            at = self.pixel(*(start + (np.array(to) - start) * step / steps).tolist())
            number = parts.at(*at) if at is not None else 0
            if number and number not in self._painted:
                self._painted.add(number)
                self.document.preview(parts.region(number), self._ink, self._rules)
        self._at = to

    def _known(self) -> Superpixels:
        """Those of the open image in the size of the settings; while the button is down that does not change."""
        image, size, known = self.document.image, int(self.painting.superpixel_size), self._parts
        if known is None or known.pixels is not image.pixels or (known.size != size and not self.active):
            self._parts, self._ring = Superpixels(image.pixels, size, _shown(image)), (0, ())
        return self._parts

    def _forget(self) -> None:
        self._parts = self._button = None
        self._ring = (0, ())


def _shown(image: Image) -> Callable[[np.ndarray], np.ndarray]:
    """Edges are those that the image's own window shows."""
    return lambda part: apply_window(part, image.window)
