"""From pixels and label map to what one rectangle of the screen shows. Pure numpy and cv2: no Qt.

A `View` places the image on the screen: device pixel = image pixel * scale + offset. Only the rectangle that was
exposed is ever sampled, so a frame costs the size of the window and never the size of the image.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from model.images import Window
from model.opencv import cv2

Rect = tuple[int, int, int, int]
"""(x, y, width, height)."""


@dataclass(frozen=True)
class View:
    """`scale` is device pixels per image pixel; `x`, `y` is where the image's corner lies, in device pixels."""

    scale: float
    x: float
    y: float


@dataclass(frozen=True)
class OverlayColors:
    """Premultiplied 0xAARRGGBB for each of the 256 label values: `fill` inside, `line` on the outline."""

    fill: np.ndarray
    line: np.ndarray

    @classmethod
    def of(cls, colors: Mapping[int, tuple[int, int, int]], opacity: float, hidden: Iterable[int]) -> OverlayColors:
        """`opacity` 0..1 is that of the fill; the outline fades with it only below 20 %."""
        fill, line = np.zeros(256, np.uint32), np.zeros(256, np.uint32)
        shown = set(colors) - set(hidden)
        for value in shown:
            fill[value] = premultiplied(colors[value], opacity)
            line[value] = premultiplied(colors[value], min(1.0, opacity * 5))
        return cls(fill, line)


def premultiplied(color: tuple[int, int, int], alpha: float) -> int:
    red, green, blue = (round(channel * alpha) for channel in color)
    return round(alpha * 255) << 24 | red << 16 | green << 8 | blue


def pyramid(pixels: np.ndarray, smallest: int = 512) -> list[np.ndarray]:
    """`pixels` (H, W) or (H, W, 3), then its halves by area averaging, down to about `smallest` on the longer side."""
    levels = [pixels]
    while max(levels[-1].shape[:2]) > smallest:
        height, width = levels[-1].shape[:2]
        half = (max(1, width // 2), max(1, height // 2))
        levels.append(cv2.resize(levels[-1], half, interpolation=cv2.INTER_AREA))
    return levels


def covered(view: View, size: tuple[int, int], exposed: Rect) -> Rect | None:
    """The part of the exposed device rectangle that lies on an image of `size` (width, height)."""
    left = max(exposed[0], math.floor(view.x))
    top = max(exposed[1], math.floor(view.y))
    right = min(exposed[0] + exposed[2], math.ceil(view.x + size[0] * view.scale))
    bottom = min(exposed[1] + exposed[3], math.ceil(view.y + size[1] * view.scale))
    return (left, top, right - left, bottom - top) if right > left and bottom > top else None


def render_image(levels: list[np.ndarray], window: Window | None, view: View, rect: Rect) -> np.ndarray:
    """The device rectangle `rect` as uint8 (h, w) grey or uint32 (h, w) 0xffRRGGBB.

    Zoomed in, pixels stay squares (nearest neighbour); zoomed out, the next larger level is sampled linearly.
    """
    level = 0
    while level + 1 < len(levels) and view.scale * 2 ** (level + 1) <= 1:
        level += 1
    pixels, full = levels[level], levels[0].shape
    ratio_x, ratio_y = pixels.shape[1] / full[1], pixels.shape[0] / full[0]
    columns = _positions(rect[0], rect[2], view.x, view.scale) * ratio_x
    rows = _positions(rect[1], rect[3], view.y, view.scale) * ratio_y
    if view.scale >= 1:
        return _nearest(pixels, columns, rows, window)
    return _linear(pixels, columns, rows, window)


def render_overlay(label_map: np.ndarray, colors: OverlayColors, view: View, rect: Rect) -> np.ndarray:
    """The device rectangle `rect` of the overlay, uint32 (h, w) premultiplied ARGB.

    The outline is one device pixel wide whatever the zoom: a pixel whose neighbour on the screen shows another value.
    """
    x, y, width, height = rect
    columns = _indices(_positions(x - 1, width + 2, view.x, view.scale), label_map.shape[1])
    rows = _indices(_positions(y - 1, height + 2, view.y, view.scale), label_map.shape[0])
    labels = _take(label_map, columns, rows)
    core = labels[1:-1, 1:-1]
    edge = core != labels[:-2, 1:-1]
    edge |= core != labels[2:, 1:-1]
    edge |= core != labels[1:-1, :-2]
    edge |= core != labels[1:-1, 2:]
    argb = colors.fill[core]
    np.copyto(argb, colors.line[core], where=edge)
    return argb


def to_grey_or_rgb(pixels: np.ndarray, window: Window | None) -> np.ndarray:
    """Measured values to what a screen shows: uint8 (h, w), or uint32 (h, w) 0xffRRGGBB of colour. Display only."""
    if window is not None:
        gain = 255.0 / max(window.width, 1e-6)
        bias = 127.5 - window.level * gain
        pixels = cv2.addWeighted(pixels, gain, pixels, 0.0, bias, dtype=cv2.CV_8U).reshape(pixels.shape)
    if pixels.ndim == 2:
        return np.ascontiguousarray(pixels)
    return cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2BGRA).view(np.uint32)[..., 0]


def _positions(start: int, count: int, offset: float, scale: float) -> np.ndarray:
    """Image coordinates of the centres of `count` device pixels from `start`."""
    return (np.arange(start, start + count, dtype=np.float64) + (0.5 - offset)) / scale


def _indices(positions: np.ndarray, size: int) -> np.ndarray:
    return np.clip(np.floor(positions), 0, size - 1).astype(np.intp)


def _take(pixels: np.ndarray, columns: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """pixels[rows][:, columns], each source row widened once however often it shows."""
    first, last = rows[0], rows[-1] + 1
    left, right = columns[0], columns[-1] + 1
    if last - first > len(rows):
        return pixels[rows, left:right].take(columns - left, axis=1)
    return pixels[first:last, left:right].take(columns - left, axis=1).take(rows - first, axis=0)


def _nearest(pixels: np.ndarray, columns: np.ndarray, rows: np.ndarray, window: Window | None) -> np.ndarray:
    columns, rows = _indices(columns, pixels.shape[1]), _indices(rows, pixels.shape[0])
    crop = pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return _take(to_grey_or_rgb(crop, window), columns - columns[0], rows - rows[0])


def _linear(pixels: np.ndarray, columns: np.ndarray, rows: np.ndarray, window: Window | None) -> np.ndarray:
    height, width = pixels.shape[:2]
    left = min(max(0, math.floor(columns[0]) - 1), width - 1)
    top = min(max(0, math.floor(rows[0]) - 1), height - 1)
    right, bottom = min(width, math.ceil(columns[-1]) + 2), min(height, math.ceil(rows[-1]) + 2)
    crop = to_grey_or_rgb(pixels[top:bottom, left:right], window)
    channels = crop.view(np.uint8).reshape(*crop.shape, -1)
    step_x, step_y = _step(columns), _step(rows)
    matrix = np.array([[step_x, 0, columns[0] - 0.5 - left], [0, step_y, rows[0] - 0.5 - top]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (len(columns), len(rows))
    sampled = cv2.warpAffine(channels, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    if crop.dtype == np.uint8:
        return sampled.reshape(size[1], size[0])
    return sampled.reshape(size[1], size[0], 4).view(np.uint32)[..., 0]


def _step(positions: np.ndarray) -> float:
    return float(positions[1] - positions[0]) if len(positions) > 1 else 1.0
