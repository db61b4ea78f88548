"""The regions of fill, wand and threshold: pixels alike in label or in value. numpy and cv2, no Qt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lsgui.flooding import flooded
from lsgui.mask import AnyRegion, Box, Region, as_mask
from model.images import Window
from model.opencv import cv2

_FEW = 0.01
"""Of the pixels: what fewer have is left out of account."""
_TELLING = 30
REACH = 2048
"""How far, in pixels to each side, the wand looks."""
_SUM_TYPES = {"uint8": cv2.CV_16U, "uint16": cv2.CV_32S, "int16": cv2.CV_32S, "float32": cv2.CV_64F}


def flood(labels: Callable[[int, int], np.ndarray], shape: tuple[int, int], x: int, y: int) -> AnyRegion:
    """The contiguous pixels (sharing edges) of the label at (x, y).

    `labels` gives uint8 (bottom - top, W), the label map's rows from `top` to `bottom`.
    """
    value = labels(y, y + 1)[0, x]
    found = flooded(lambda top, bottom: labels(top, bottom) == value, shape, x, y)
    return _flooded(np.require(labels(0, shape[0]), np.uint8, ["C", "W"]), x, y) if found is None else found


def same_label(label_map: np.ndarray, x: int, y: int) -> Region:
    """Every pixel of the image with the label at (x, y)."""
    return _trimmed(as_mask(label_map == label_map[y, x]))


def flood_values(pixels: np.ndarray, x: int, y: int, tolerance: float, contiguous: bool = True) -> AnyRegion:
    """The pixels whose values differ by `tolerance` at most from that at (x, y); of colours, in every channel.

    `contiguous` takes those (sharing edges) that are reached from there.
    """
    value = pixels[y, x].astype(np.float64)

    def near(top: int, bottom: int) -> np.ndarray:
        return _within(pixels[top:bottom], value - tolerance, value + tolerance)

    height = len(pixels)
    if not contiguous:
        return _trimmed(near(0, height))
    found = flooded(near, pixels.shape[:2], x, y)
    return _flooded(near(0, height), x, y) if found is None else found


def between(pixels: np.ndarray, low: float | None, high: float | None) -> np.ndarray:
    """uint8 (h, w): 255 where the value is from `low` to `high`, both included; None has no end there.

    Colour counts by the mean of its channels.
    """
    low, high = (-np.inf if low is None else low), (np.inf if high is None else high)
    if pixels.ndim == 2:
        return _within(pixels, np.array([low]), np.array([high]))
    channels = cv2.split(pixels)
    total, kind = channels[0], _SUM_TYPES[pixels.dtype.name]
    for channel in channels[1:]:
        total = cv2.add(total, channel, dtype=kind)
    count = len(channels)
    return _within(total, np.array([low * count]), np.array([high * count]))


@dataclass(frozen=True)
class Between:
    """A region: the pixels of `box` with values from `low` to `high`. Found band by band, as they are asked for."""

    box: Box
    pixels: np.ndarray
    low: float
    high: float

    def band(self, top: int, bottom: int) -> np.ndarray:
        """Rows `top` to `bottom` of the box, counted from its top: uint8 (n, w), 255 inside and 0 outside."""
        x, y, w, _ = self.box
        return between(self.pixels[y + top : y + bottom, x : x + w], self.low, self.high)

    @property
    def area(self) -> int:
        return cv2.countNonZero(self.band(0, self.box[3]))


@dataclass(frozen=True)
class Seed:
    """Where the wand was put down: the smoothed values around it, and how alike they are."""

    corner: tuple[int, int]
    at: tuple[int, int]
    """(x, y) within `smooth`."""
    smooth: np.ndarray
    mean: np.ndarray
    spread: np.ndarray

    def grown(self, k: float) -> Region:
        """The pixels reached from here (sharing edges) whose smoothed values are within `k` spreads of the mean."""
        near = _within(self.smooth, self.mean - k * self.spread, self.mean + k * self.spread)
        near[self.at[1], self.at[0]] = 255
        region = _flooded(near, *self.at)
        x, y, w, h = region.box
        return Region((x + self.corner[0], y + self.corner[1], w, h), region.mask)


def seed(pixels: np.ndarray, x: int, y: int, limit: int = REACH) -> Seed:
    """What the wand knows at (x, y): of the image under a 3x3 Gaussian, mean and spread of 5x5 pixels.

    The spread is a grey level, or for deep images a thousandth of what is around, at least: even ground has none.
    Nothing further than `limit` pixels away to any side is looked at.
    """
    height, width = pixels.shape[:2]
    left, top, right, bottom = (
        max(0, x - limit),
        max(0, y - limit),
        min(width, x + limit + 1),
        min(height, y + limit + 1),
    )
    rim_x, rim_y = min(1, left), min(1, top)
    part = np.ascontiguousarray(pixels[top - rim_y : bottom + 1, left - rim_x : right + 1])
    smooth = cv2.GaussianBlur(part, (3, 3), 0, borderType=cv2.BORDER_REPLICATE)
    smooth = smooth[rim_y : rim_y + bottom - top, rim_x : rim_x + right - left]
    at = (x - left, y - top)
    near = smooth[max(0, at[1] - 2) : at[1] + 3, max(0, at[0] - 2) : at[0] + 3]
    values = near.reshape(-1, *pixels.shape[2:]).astype(np.float64)
    least = 1.0 if pixels.dtype == np.uint8 else float(np.ptp(smooth)) / 1000 or 1e-9
    mean, spread = np.atleast_1d(values.mean(axis=0)), np.atleast_1d(values.std(axis=0))
    return Seed((left, top), at, smooth, mean, np.maximum(spread, least))


def usual(pixels: np.ndarray) -> tuple[float, float]:
    """The values of a part of an image, as (low, high), without its most extreme ones."""
    grey = pixels.mean(axis=-1) if pixels.ndim == 3 else pixels
    low, high = np.percentile(grey, (2, 98))
    return float(low), float(high)


def foreground(pixels: np.ndarray, window: Window | None = None) -> tuple[float, float]:
    """The brighter of the two kinds of values that are shown of an image (by Otsu's method), as (low, high).

    Through the window of a CT that is what the window is made for: not all that is no air, and no bone. Of a large
    image a part is looked at, since this is asked for while the hand waits.
    """
    grey = _grey(_sampled(pixels))
    if not len(grey):
        return 0.0, 0.0
    low, high = float(grey.min()), float(grey.max())
    top = 255.0 if pixels.dtype == np.uint8 else high
    if window is not None:
        bottom, end = window.level - window.width / 2, window.level + window.width / 2
        shown = grey[(grey > bottom) & (grey < end)]
        if len(shown) >= _FEW * grey.size:
            top = end if np.count_nonzero(grey >= end) >= _FEW * grey.size else top
            grey, low, high = shown, float(shown.min()), float(shown.max())
    levels = np.round((grey - low) * (255 / (high - low or 1.0))).astype(np.uint8)
    level, _ = cv2.threshold(levels, 0, 255, cv2.THRESH_OTSU)
    return low + (level + 0.5) * (high - low) / 255, top


def usual_of(pixels: np.ndarray, label_map: np.ndarray, value: int) -> tuple[float, float] | None:
    """What values a class usually has where it is labelled already; None where that is too little to tell."""
    values = _sampled(pixels)[_sampled(label_map) == value]
    return usual(values[None]) if len(values) >= _TELLING else None


def reaches(pixels: np.ndarray, low: float, high: float) -> bool:
    """Whether any value of the image, as far as a sample tells, is between these."""
    grey = _grey(_sampled(pixels))
    return bool(((grey >= low) & (grey <= high)).any())


def _sampled(plane: np.ndarray) -> np.ndarray:
    step = max(1, max(plane.shape[:2]) // 512)
    return plane[::step, ::step]


def _grey(pixels: np.ndarray) -> np.ndarray:
    """float64 (n,): colour counts by the mean of its channels; what is not a number is left out."""
    grey = pixels.astype(np.float64)
    grey = (grey.mean(axis=2) if grey.ndim == 3 else grey).ravel()
    return grey[np.isfinite(grey)]


def _within(pixels: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """uint8 (h, w): 255 where every channel is from its `low` to its `high`, both float64, one for all or one each."""
    if pixels.size == 0:
        return np.zeros(pixels.shape[:2], np.uint8)
    if pixels.dtype.kind == "f":
        inside = (pixels >= low) & (pixels <= high)
        return as_mask(inside if pixels.ndim == 2 else inside.all(axis=2))
    info = np.iinfo(pixels.dtype)
    first, last = np.ceil(np.maximum(low, info.min)), np.floor(np.minimum(high, info.max))
    if (first > last).any():
        return np.zeros(pixels.shape[:2], np.uint8)
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    ends = (np.broadcast_to(end, channels).tolist() for end in (first, last))
    return cv2.inRange(np.ascontiguousarray(pixels), *(tuple(end) for end in ends)).reshape(pixels.shape[:2])


def _flooded(plane: np.ndarray, x: int, y: int) -> Region:
    height, width = plane.shape
    filled = np.zeros((height + 2, width + 2), np.uint8)
    flags = 4 | cv2.FLOODFILL_MASK_ONLY | cv2.FLOODFILL_FIXED_RANGE | (255 << 8)
    _, _, _, (left, top, w, h) = cv2.floodFill(plane, filled, (x, y), 0, 0, 0, flags)
    return Region((left, top, w, h), filled[1 + top : 1 + top + h, 1 + left : 1 + left + w])


def _trimmed(mask: np.ndarray) -> Region:
    x, y, w, h = cv2.boundingRect(mask)
    return Region((x, y, w, h), mask[y : y + h, x : x + w])
