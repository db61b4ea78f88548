"""The two pictures that the canvas is made of: the image and, on it, the overlay. Only what is stale is rendered."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QRect, QRectF
from PySide6.QtGui import QImage, QPainter, QRegion

from lsgui import rendering
from lsgui.overlay import OverlayColors, Tint, render_overlay
from lsgui.rendering import Rect, View
from model.images import Window

WORTH = 20_000
"""Pixels that are rendered in the time that one more rectangle takes, about 0.1 ms."""
Draw = Callable[[Rect, np.ndarray], None]
"""Renders a device rectangle into an array of its size."""


@dataclass(frozen=True)
class Scene:
    """What is shown: the image's `levels`, through `window`, and `plane` in `colors` over it; None hides that."""

    levels: list[np.ndarray]
    window: Window | None
    plane: np.ndarray | None
    colors: OverlayColors
    tint: Tint | None
    background: int
    """0xffRRGGBB beside the image."""


class CanvasLayers:
    """A mask that changes makes a part of the overlay stale, a pan scrolls both, and a zoom makes all stale.

    All geometry is in device pixels. The pictures are written in place and never given away: new ones of 8 MB for
    each frame would cost more in page faults than the rendering.
    """

    def __init__(self) -> None:
        self._view = View(1.0, 0.0, 0.0)
        self._image = _Layer((1, 1), QImage.Format.Format_RGB32)
        self._overlay = _Layer((1, 1), QImage.Format.Format_ARGB32_Premultiplied)

    def resize(self, size: tuple[int, int]) -> None:
        """`size` is (width, height)."""
        if size != self._image.size:
            self._image = _Layer(size, QImage.Format.Format_RGB32)
            self._overlay = _Layer(size, QImage.Format.Format_ARGB32_Premultiplied)

    def move(self, view: View) -> None:
        """Show another part of the image; by whole pixels and at the same scale, what is seen twice is kept."""
        before, self._view = self._view, view
        dx, dy = view.x - before.x, view.y - before.y
        if view.scale == before.scale and max(abs(dx - round(dx)), abs(dy - round(dy))) < 1e-6:
            self._image.scroll(round(dx), round(dy))
            self._overlay.scroll(round(dx), round(dy))
        else:
            self.image_changed()
            self.overlay_changed()

    def image_changed(self) -> None:
        self._image.stale = self._image.whole

    def overlay_changed(self, rects: QRegion | None = None) -> None:
        """In `rects`, or everywhere."""
        self._overlay.stale = self._overlay.whole if rects is None else self._overlay.stale.united(rects)

    def paint(self, painter: QPainter, exposed: QRect, ratio: float, scene: Scene) -> None:
        """Bring `exposed` (logical pixels) up to date, and draw it."""
        scaled = QRectF(exposed.x() * ratio, exposed.y() * ratio, exposed.width() * ratio, exposed.height() * ratio)
        rect = scaled.toAlignedRect() & self._image.whole.boundingRect()
        shape = scene.levels[0].shape
        size = (shape[1], shape[0])

        def image(part: Rect, out: np.ndarray) -> None:
            on_image = rendering.covered(self._view, size, part)
            if on_image != part:
                out[:] = scene.background
            if on_image is not None:
                rendering.render_image(scene.levels, scene.window, self._view, on_image, _cut(out, part, on_image))

        def overlay(part: Rect, out: np.ndarray) -> None:
            on_image = rendering.covered(self._view, size, part)
            if on_image != part:
                out[:] = 0
            if on_image is not None:
                target = _cut(out, part, on_image)
                render_overlay(scene.plane, scene.colors, self._view, on_image, target, scene.tint)

        self._image.refresh(rect, image)
        self._image.draw(painter, rect, ratio)
        if scene.plane is not None:
            self._overlay.refresh(rect, overlay)
            on_image = rendering.covered(self._view, size, rect.getRect())
            if on_image is not None:
                self._overlay.draw(painter, QRect(*on_image), ratio)


class _Layer:
    """uint32 pixels, and what of them is stale."""

    def __init__(self, size: tuple[int, int], form: QImage.Format) -> None:
        self.size = size
        self.whole = QRegion(0, 0, *size)
        self.stale = self.whole
        self._pixels = np.zeros((size[1], size[0]), np.uint32)
        self._picture = QImage(self._pixels.data, *size, 4 * size[0], form)

    def scroll(self, dx: int, dy: int) -> None:
        """Rows follow each other in memory, so that one move does; what wraps around is stale anyway."""
        width, height = self.size
        if abs(dx) >= width or abs(dy) >= height:
            self.stale = self.whole
        elif dx or dy:
            start, shift = self._pixels.ctypes.data, 4 * (dy * width + dx)
            ctypes.memmove(start + max(shift, 0), start + max(-shift, 0), self._pixels.nbytes - abs(shift))
            kept = QRegion(0, 0, width, height) & QRegion(dx, dy, width, height)
            self.stale = (self.stale.translated(dx, dy) & kept) | (self.whole - kept)

    def refresh(self, rect: QRect, draw: Draw) -> None:
        for part in merged(self.stale & rect):
            x, y, width, height = part.getRect()
            draw((x, y, width, height), self._pixels[y : y + height, x : x + width])
        self.stale = self.stale - QRegion(rect)

    def draw(self, painter: QPainter, rect: QRect, ratio: float) -> None:
        """One to one."""
        target = QRectF(rect.x() / ratio, rect.y() / ratio, rect.width() / ratio, rect.height() / ratio)
        painter.drawImage(target, self._picture, QRectF(rect))


def merged(rects: Iterable[QRect]) -> list[QRect]:
    """Fewer rectangles around the same: two that follow become one where this adds less than one of them costs."""
    kept: list[QRect] = []
    for rect in map(QRect, rects):  # copies: those of a region end with it
        both = kept[-1].united(rect) if kept else rect
        if kept and _area(both) <= _area(kept[-1]) + _area(rect) + WORTH:
            kept[-1] = both
        else:
            kept.append(rect)
    return kept


def _area(rect: QRect) -> int:
    return rect.width() * rect.height()


def _cut(out: np.ndarray, whole: Rect, part: Rect) -> np.ndarray:
    """The part of the picture of `whole`."""
    x, y = part[0] - whole[0], part[1] - whole[1]
    return out[y : y + part[3], x : x + part[2]]
