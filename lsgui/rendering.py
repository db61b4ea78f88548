"""From an image's pixels to what one rectangle of the screen shows of them. Pure numpy and cv2: no Qt.

A `View` places the image on the screen: device pixel = image pixel * scale + offset. Only the rectangle that was
exposed is ever sampled, so a frame costs the size of the window and never the size of the image.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import as_strided

from model.images import Window
from model.opencv import cv2

Rect = tuple[int, int, int, int]
"""(x, y, width, height)."""
_STRIP = 120
"""Rows rendered at once."""


@dataclass(frozen=True)
class View:
    """`scale` is device pixels per image pixel; `x`, `y` is where the image's corner lies, in device pixels."""

    scale: float
    x: float
    y: float


def pyramid(pixels: np.ndarray, smallest: int = 512) -> list[np.ndarray]:
    """`pixels` (H, W) or (H, W, 3), then its halves by area averaging, down to about `smallest` on the longer side.

    Those of 8-bit colours are uint32 0xffRRGGBB, as the screen wants them: a third more memory, and a frame in half
    the time.
    """
    levels = [pixels]
    while max(levels[-1].shape[:2]) > smallest:
        height, width = levels[-1].shape[:2]
        half = (max(1, width // 2), max(1, height // 2))
        levels.append(cv2.resize(levels[-1], half, interpolation=cv2.INTER_AREA))
    if pixels.ndim == 3 and pixels.dtype == np.uint8:
        return [pixels, *(_as_rgb32(level) for level in levels[1:])]
    return levels


def covered(view: View, size: tuple[int, int], exposed: Rect) -> Rect | None:
    """The part of the exposed device rectangle that lies on an image of `size` (width, height)."""
    left = max(exposed[0], math.floor(view.x))
    top = max(exposed[1], math.floor(view.y))
    right = min(exposed[0] + exposed[2], math.ceil(view.x + size[0] * view.scale))
    bottom = min(exposed[1] + exposed[3], math.ceil(view.y + size[1] * view.scale))
    return (left, top, right - left, bottom - top) if right > left and bottom > top else None


def render_image(
    levels: list[np.ndarray], window: Window | None, view: View, rect: Rect, out: np.ndarray | None = None
) -> np.ndarray:
    """The device rectangle `rect` as uint32 (h, w) 0xffRRGGBB; into `out` when it is given.

    Zoomed in, pixels stay squares (nearest neighbour). Zoomed out, a level is sampled linearly that has at most
    twice the pixels that are shown: a finer one would only cost time.
    """
    out = np.empty((rect[3], rect[2]), np.uint32) if out is None else out
    level = level_of(len(levels), view.scale)
    pixels, full = levels[level], levels[0].shape
    ratio_x, ratio_y = pixels.shape[1] / full[1], pixels.shape[0] / full[0]
    sample = _nearest if view.scale >= 1 else _linear
    for part, target in strips(rect, out):
        columns = positions(part[0], part[2], view.x, view.scale) * ratio_x
        rows = positions(part[1], part[3], view.y, view.scale) * ratio_y
        sample(pixels, columns, rows, window, target)
    return out


def level_of(levels: int, scale: float) -> int:
    """Which of so many halves is sampled at `scale`: the coarsest that is enlarged by less than the root of two."""
    level = 0
    while level + 1 < levels and scale * 2 ** (level + 1) <= math.sqrt(2):
        level += 1
    return level


def to_grey_or_rgb(pixels: np.ndarray, window: Window | None) -> np.ndarray:
    """Measured values to what a screen shows: uint8 (h, w) or (h, w, 3), or as uint32 what is that already. Display only."""
    if window is not None:
        gain = 255.0 / max(window.width, 1e-30)
        bias = 127.5 - window.level * gain
        if pixels.dtype == np.uint32:
            codes = np.arange(256, dtype=np.float32)
            table = cv2.addWeighted(codes, gain, codes, 0.0, bias, dtype=cv2.CV_8U)
            return cv2.LUT(_channels(pixels), table).view(np.uint32).reshape(pixels.shape) | np.uint32(0xFF000000)
        pixels = cv2.addWeighted(pixels, gain, pixels, 0.0, bias, dtype=cv2.CV_8U).reshape(pixels.shape)
    return pixels


def positions(start: int, count: int, offset: float, scale: float) -> np.ndarray:
    """Image coordinates of the centres of `count` device pixels from `start`."""
    return (np.arange(start, start + count, dtype=np.float64) + (0.5 - offset)) / scale


def indices(at: np.ndarray, size: int) -> np.ndarray:
    """The pixels, of `size`, at these coordinates; the nearest where there is none."""
    return np.clip(np.floor(at), 0, size - 1).astype(np.intp)


def take(pixels: np.ndarray, columns: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """pixels[rows][:, columns], each source row widened once however often it shows; a view where all follow."""
    first, last = rows[0], rows[-1] + 1
    left, right = columns[0], columns[-1] + 1
    skips = last - first > len(rows)
    part = pixels[rows if skips else slice(first, last), left:right]
    if not _follow(columns):
        part = part.take(columns - left, axis=1)
    return part if skips or _follow(rows) else part.take(rows - first, axis=0)


def _follow(at: np.ndarray) -> bool:
    """Whether each is one more than the one before."""
    return bool(at[-1] - at[0] == len(at) - 1 and (at[1:] - at[:-1] == 1).all())


def strips(rect: Rect, out: np.ndarray) -> Iterator[tuple[Rect, np.ndarray]]:
    """`rect` and its picture in strips that fit a core's cache, and whose temporary arrays are small."""
    x, y, width, height = rect
    for top in range(0, height, _STRIP):
        rows = min(_STRIP, height - top)
        yield (x, y + top, width, rows), out[top : top + rows]


def _nearest(pixels: np.ndarray, columns: np.ndarray, rows: np.ndarray, window: Window | None, out: np.ndarray) -> None:
    columns, rows = indices(columns, pixels.shape[1]), indices(rows, pixels.shape[0])
    crop = _as_rgb32(to_grey_or_rgb(pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], window))
    out[:] = take(crop, columns - columns[0], rows - rows[0])


def _linear(pixels: np.ndarray, columns: np.ndarray, rows: np.ndarray, window: Window | None, out: np.ndarray) -> None:
    height, width = pixels.shape[:2]
    left = min(max(0, math.floor(columns[0]) - 1), width - 1)
    top = min(max(0, math.floor(rows[0]) - 1), height - 1)
    right = min(width, max(left + 1, math.ceil(columns[-1]) + 2))  # centres zoomed far out may all lie off the image
    bottom = min(height, max(top + 1, math.ceil(rows[-1]) + 2))
    crop = to_grey_or_rgb(pixels[top:bottom, left:right], window)
    if crop.ndim == 3 or crop.dtype == np.uint32:  # four channels are sampled faster than three
        crop = _channels(_as_rgb32(crop))
    step_x, step_y = _step(columns), _step(rows)
    matrix = np.array([[step_x, 0, columns[0] - 0.5 - left], [0, step_y, rows[0] - 0.5 - top]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (len(columns), len(rows))
    sampled = cv2.warpAffine(crop, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    if crop.ndim == 2:
        out[:] = _as_rgb32(sampled.reshape(size[1], size[0]))
    else:
        out[:] = sampled.view(np.uint32).reshape(size[1], size[0])


def _channels(rgb32: np.ndarray) -> np.ndarray:
    """uint32 (h, w), maybe a part of a picture, as uint8 (h, w, 4) of the same memory."""
    return as_strided(rgb32.view(np.uint8), (*rgb32.shape, 4), (*rgb32.strides, 1), writeable=False)


def _as_rgb32(shown: np.ndarray) -> np.ndarray:
    """uint8 grey or colours as uint32 (h, w) 0xffRRGGBB; what is that already stays."""
    if shown.dtype == np.uint32:
        return shown
    code = cv2.COLOR_GRAY2BGRA if shown.ndim == 2 else cv2.COLOR_RGB2BGRA
    return cv2.cvtColor(shown, code).view(np.uint32).reshape(shown.shape[:2])


def _step(at: np.ndarray) -> float:
    return float(at[1] - at[0]) if len(at) > 1 else 1.0
