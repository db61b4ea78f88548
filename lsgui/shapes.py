"""The regions that tools cover, exact to the pixel: strokes, polygons, fills. numpy and cv2, no Qt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from lsgui.mask import Box, Point, Region
from model.opencv import cv2

_LONGEST_PART = 256


def stroke(start: Point, end: Point, radius: float, shape: tuple[int, int]) -> Region | None:
    """Every pixel whose centre is within `radius` of the segment: a line of disks. None when it misses the image.

    A pixel the segment passes through has its centre within 0.71, so from 0.75 on no speed tears the line; thinner
    ones are drawn as a line of single pixels.
    """
    if radius < 0.75:
        return _thin_line(start, end, shape)
    box = _clip(
        min(start[0], end[0]) - radius,
        min(start[1], end[1]) - radius,
        max(start[0], end[0]) + radius,
        max(start[1], end[1]) + radius,
        shape,
    )
    if box is None:
        return None
    x, y, w, h = box
    low, high = _capsule_rows(start, end, radius, np.arange(y, y + h) + 0.5)
    columns = np.arange(x, x + w) + 0.5
    return Region(box, (columns >= low[:, None]) & (columns <= high[:, None]))


def strokes(start: Point, end: Point, radius: float, shape: tuple[int, int]) -> Iterator[Region]:
    """The same pixels as regions of short parts: a line across a large image touches little of its box."""
    parts = max(1, int(np.hypot(end[0] - start[0], end[1] - start[1]) // _LONGEST_PART))
    corners = [tuple(start[i] + (end[i] - start[i]) * part / parts for i in (0, 1)) for part in range(parts + 1)]
    for first, last in zip(corners, corners[1:], strict=False):
        region = stroke(first, last, radius, shape)
        if region is not None:
            yield region


def disk(center: Point, radius: float, shape: tuple[int, int]) -> Region | None:
    """The pixels within `radius` of a point."""
    return stroke(center, center, radius, shape)


def polygon(points: Sequence[Point], shape: tuple[int, int]) -> Region | None:
    """The pixels whose centres lie inside (even-odd rule); None when there are none in the image."""
    corners = np.asarray(points, np.float64)
    if len(corners) < 3:
        return None
    box = _clip(*corners.min(axis=0), *corners.max(axis=0), shape)
    if box is None:
        return None
    x, y, w, h = box
    crossings = np.zeros((h, w + 1), np.uint8)
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        first, last = (int(np.clip(np.ceil(edge - 0.5), y, y + h)) for edge in sorted((y0, y1)))
        rows = np.arange(first, last)
        if len(rows):
            at = x0 + (rows + 0.5 - y0) * (x1 - x0) / (y1 - y0)
            crossings[rows - y, np.clip(np.ceil(at - 0.5) - x, 0, w).astype(int)] ^= 1
    mask = np.bitwise_xor.accumulate(crossings, axis=1)[:, :w].astype(bool)
    return Region(box, mask) if mask.any() else None


def flood_fill(label_map: np.ndarray, x: int, y: int) -> Region:
    """The contiguous pixels (sharing edges) of the label at (x, y)."""
    height, width = label_map.shape
    filled = np.zeros((height + 2, width + 2), np.uint8)
    flags = 4 | cv2.FLOODFILL_MASK_ONLY | cv2.FLOODFILL_FIXED_RANGE | (1 << 8)
    _, _, _, (left, top, w, h) = cv2.floodFill(label_map.copy(), filled, (x, y), 0, 0, 0, flags)
    return Region((left, top, w, h), filled[1 + top : 1 + top + h, 1 + left : 1 + left + w].astype(bool))


def same_label(label_map: np.ndarray, x: int, y: int) -> Region:
    """Every pixel of the image with the label at (x, y)."""
    height, width = label_map.shape
    return Region((0, 0, width, height), label_map == label_map[y, x])


def _thin_line(start: Point, end: Point, shape: tuple[int, int]) -> Region | None:
    ends = [(int(np.floor(px)), int(np.floor(py))) for px, py in (start, end)]
    inside, first, last = cv2.clipLine((0, 0, shape[1], shape[0]), *ends)
    if not inside:
        return None
    x, y = min(first[0], last[0]), min(first[1], last[1])
    mask = np.zeros((abs(first[1] - last[1]) + 1, abs(first[0] - last[0]) + 1), np.uint8)
    cv2.line(mask, (first[0] - x, first[1] - y), (last[0] - x, last[1] - y), 1)
    return Region((x, y, mask.shape[1], mask.shape[0]), mask.astype(bool))


def _capsule_rows(start: Point, end: Point, radius: float, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each row enters and leaves the capsule: it is convex, so the outermost of its parts decide."""
    low, high = np.full(len(rows), np.inf), np.full(len(rows), -np.inf)
    for x, y in (start, end):
        square = radius * radius - (rows - y) ** 2
        half = np.sqrt(np.maximum(square, 0))
        hit = square >= 0
        low = np.where(hit, np.minimum(low, x - half), low)
        high = np.where(hit, np.maximum(high, x + half), high)
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = np.hypot(dx, dy)
    if length == 0:
        return low, high
    nx, ny = -dy / length * radius, dx / length * radius
    corners = [
        (start[0] + nx, start[1] + ny),
        (end[0] + nx, end[1] + ny),
        (end[0] - nx, end[1] - ny),
        (start[0] - nx, start[1] - ny),
    ]
    for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
        if y0 == y1:
            continue
        hit = (rows >= min(y0, y1)) & (rows <= max(y0, y1))
        at = x0 + (rows - y0) * (x1 - x0) / (y1 - y0)
        low = np.where(hit, np.minimum(low, at), low)
        high = np.where(hit, np.maximum(high, at), high)
    return low, high


def _clip(left: float, top: float, right: float, bottom: float, shape: tuple[int, int]) -> Box | None:
    x0, y0 = max(int(np.floor(left)), 0), max(int(np.floor(top)), 0)
    x1, y1 = min(int(np.floor(right)) + 1, shape[1]), min(int(np.floor(bottom)) + 1, shape[0])
    return (x0, y0, x1 - x0, y1 - y0) if x1 > x0 and y1 > y0 else None
