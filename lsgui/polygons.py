"""The regions of polygons, rectangles and ellipses: the pixels whose centres lie inside. numpy, no Qt."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lsgui.mask import Point, Spans


def polygon(points: Sequence[Point], shape: tuple[int, int]) -> Spans | None:
    """What lies inside by the even-odd rule, so that a loop within a loop is a hole; None when that is no pixel.

    Pixels left of, or above, an edge through their centre are outside, those right of it, or below, inside.
    """
    corners = np.asarray(points, np.float64).reshape(-1, 2)
    if len(corners) < 3:
        return None
    rows, columns = _crossings(corners, shape)
    return _spans(rows[::2], columns[::2], columns[1::2])


def rectangle(a: Point, b: Point, shape: tuple[int, int]) -> Spans | None:
    """What lies between two opposite corners, given in any order."""
    (left, right), (top, bottom) = (sorted((a[i], b[i])) for i in (0, 1))
    first, stop = (int(np.clip(np.ceil(edge - 0.5), 0, shape[0])) for edge in (top, bottom))
    start, end = (int(np.clip(np.ceil(edge - 0.5), 0, shape[1])) for edge in (left, right))
    rows = np.arange(first, stop)
    return _spans(rows, np.full(len(rows), start), np.full(len(rows), end))


def ellipse(a: Point, b: Point, shape: tuple[int, int]) -> Spans | None:
    """What lies in, or on, the ellipse that fills the rectangle between two opposite corners."""
    (middle_x, half_x), (middle_y, half_y) = (((a[i] + b[i]) / 2, abs(a[i] - b[i]) / 2) for i in (0, 1))
    if half_x == 0 or half_y == 0:
        return None
    first = int(np.clip(np.ceil(middle_y - half_y - 0.5), 0, shape[0]))
    stop = int(np.clip(np.floor(middle_y + half_y - 0.5) + 1, 0, shape[0]))
    rows = np.arange(first, stop)
    half = half_x * np.sqrt(np.maximum(0.0, 1 - ((rows + 0.5 - middle_y) / half_y) ** 2))
    starts = np.clip(np.ceil(middle_x - half - 0.5), 0, shape[1]).astype(np.int64)
    stops = np.clip(np.floor(middle_x + half - 0.5) + 1, 0, shape[1]).astype(np.int64)
    return _spans(rows, starts, stops)


def ellipse_points(a: Point, b: Point, count: int = 96) -> tuple[Point, ...]:
    """Points on that ellipse, to draw it by."""
    angles = np.linspace(0, 2 * np.pi, count, endpoint=False)
    xs = (a[0] + b[0]) / 2 + (b[0] - a[0]) / 2 * np.cos(angles)
    ys = (a[1] + b[1]) / 2 + (b[1] - a[1]) / 2 * np.sin(angles)
    return tuple(zip(xs.tolist(), ys.tolist(), strict=True))


def _crossings(corners: np.ndarray, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Each row of pixel centres that an edge crosses, with the first column right of it: sorted, two by two."""
    x0, y0 = corners.T
    x1, y1 = np.roll(corners, -1, axis=0).T
    first, stop = (
        np.clip(np.ceil(edge - 0.5), 0, shape[0]).astype(np.int64) for edge in (np.minimum(y0, y1), np.maximum(y0, y1))
    )
    count = stop - first
    edge = np.repeat(np.arange(len(corners)), count)
    rows = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + first[edge]
    at = x0[edge] + (rows + 0.5 - y0[edge]) * (x1 - x0)[edge] / (y1 - y0)[edge]
    columns = np.clip(np.ceil(at - 0.5), 0, shape[1]).astype(np.int64)
    order = np.lexsort((columns, rows))
    return rows[order], columns[order]


def _spans(rows: np.ndarray, starts: np.ndarray, stops: np.ndarray) -> Spans | None:
    """Without those that hold nothing."""
    held = stops > starts
    return Spans.of(rows[held], starts[held], stops[held])
