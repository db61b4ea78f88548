"""Where the image lies in the canvas: zoom and pan as pure maths, all in device pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from lsgui.rendering import Rect, View

SMALLEST, LARGEST = 1 / 64, 64.0
KEPT_IN_SIGHT = 48
"""Device pixels of the image that panning never pushes out of the canvas."""


@dataclass(frozen=True)
class Viewport:
    """`canvas` and `image` are (width, height); `view` maps image pixels to device pixels of the canvas."""

    canvas: tuple[int, int] = (1, 1)
    image: tuple[int, int] = (1, 1)
    view: View = field(default_factory=lambda: View(1.0, 0.0, 0.0))
    fitted: bool = True

    def fit(self, margin: int = 0) -> Viewport:
        """The whole image, centred."""
        width, height = (max(1, side - 2 * margin) for side in self.canvas)
        scale = min(width / self.image[0], height / self.image[1])
        return replace(self._centred(_limited(scale)), fitted=True)

    def actual_size(self) -> Viewport:
        """One image pixel exactly on one device pixel, around what is in the middle now."""
        middle = (self.canvas[0] / 2, self.canvas[1] / 2)
        near = self.zoomed(1 / self.view.scale, middle)
        return replace(near, view=View(1.0, round(near.view.x), round(near.view.y)))

    def zoomed(self, factor: float, anchor: tuple[float, float]) -> Viewport:
        """Zoom so that the image point under `anchor` (device pixels) stays under it."""
        scale = _limited(self.view.scale * factor)
        ratio = scale / self.view.scale
        x = anchor[0] - (anchor[0] - self.view.x) * ratio
        y = anchor[1] - (anchor[1] - self.view.y) * ratio
        return replace(self, view=View(scale, x, y), fitted=False)._in_sight()

    def panned(self, dx: float, dy: float) -> Viewport:
        view = replace(self.view, x=self.view.x + dx, y=self.view.y + dy)
        return replace(self, view=view, fitted=False)._in_sight()

    def resized(self, canvas: tuple[int, int]) -> Viewport:
        """A fitted image stays fitted; any other keeps its middle in the middle."""
        if self.fitted:
            return replace(self, canvas=canvas).fit()
        dx, dy = (canvas[0] - self.canvas[0]) / 2, (canvas[1] - self.canvas[1]) / 2
        return replace(replace(self, canvas=canvas).panned(dx, dy))

    def showing(self, image: tuple[int, int]) -> Viewport:
        """Another image: the same zoom and place when it has the same size, else fitted."""
        return self if image == self.image else replace(self, image=image).fit()

    def to_image(self, x: float, y: float) -> tuple[float, float]:
        """Image coordinates of a device pixel position."""
        return (x - self.view.x) / self.view.scale, (y - self.view.y) / self.view.scale

    def to_canvas(self, x: float, y: float) -> tuple[float, float]:
        """Device pixel position of image coordinates."""
        return x * self.view.scale + self.view.x, y * self.view.scale + self.view.y

    def device_rect(self, rect: Rect, border: int = 1) -> Rect:
        """The device pixels that may change when the image rectangle `rect` does; `border` holds the outlines."""
        left, top = self.to_canvas(rect[0], rect[1])
        right, bottom = self.to_canvas(rect[0] + rect[2], rect[1] + rect[3])
        x, y = math.floor(left) - border, math.floor(top) - border
        return x, y, math.ceil(right) + border - x, math.ceil(bottom) + border - y

    def _centred(self, scale: float) -> Viewport:
        x, y = ((self.canvas[axis] - self.image[axis] * scale) / 2 for axis in (0, 1))
        return replace(self, view=View(scale, round(x), round(y)))

    def _in_sight(self) -> Viewport:
        scale = self.view.scale
        x, y = (
            min(max(value, KEPT_IN_SIGHT - self.image[axis] * scale), self.canvas[axis] - KEPT_IN_SIGHT)
            for axis, value in enumerate((self.view.x, self.view.y))
        )
        return replace(self, view=View(scale, x, y))


def _limited(scale: float) -> float:
    return min(max(scale, SMALLEST), LARGEST)


def scale_bar(millimetres_per_device_pixel: float, longest: int) -> tuple[float, float]:
    """The roundest length that fits into `longest` device pixels: (millimetres, device pixels)."""
    limit = millimetres_per_device_pixel * longest
    power = 10.0 ** math.floor(math.log10(limit))
    length = max(step * power for step in (1, 2, 5) if step * power <= limit * (1 + 1e-9))
    return length, length / millimetres_per_device_pixel
