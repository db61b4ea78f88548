"""What a tool of the pointer is: the protocol, what the canvas draws for it, and the base of the kinds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from PySide6.QtCore import Qt

from lsgui.document import Document
from lsgui.mask import AnyRegion, Point, Region
from lsgui.painting import PaintSettings

NO_MODIFIER = Qt.KeyboardModifier.NoModifier


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

    def move(self, x: float, y: float, modifiers: Qt.KeyboardModifier = NO_MODIFIER) -> None: ...
    def release(self, x: float, y: float, button: Qt.MouseButton) -> None: ...
    def double_click(self, x: float, y: float) -> bool: ...
    def key(self, key: int) -> bool: ...
    def cancel(self) -> None: ...
    def outline(self) -> Outline | None: ...


class Idle:
    """A tool that does nothing yet: the base of the kinds."""

    active = False

    def __init__(self, document: Document, painting: PaintSettings) -> None:
        self.document = document
        self.painting = painting

    def press(self, x: float, y: float, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier) -> bool:
        return False

    def move(self, x: float, y: float, modifiers: Qt.KeyboardModifier = NO_MODIFIER) -> None:
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

    def unprotected(self, region: AnyRegion | None) -> AnyRegion | None:
        """The part of a region that may be painted over."""
        if region is None or not self.painting.protected:
            return region
        x, y, w, h = region.box
        protected = np.zeros(256, bool)
        protected[list(self.painting.protected)] = True
        free = ~protected[self.document.label_map[y : y + h, x : x + w]]
        return Region(region.box, (region.band(0, h) != 0) & free)


def has(modifiers: Qt.KeyboardModifier, name: str) -> bool:
    return bool(modifiers & getattr(Qt.KeyboardModifier, name))
