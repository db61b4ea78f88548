"""The regions of strokes, exact to the pixel: the tip of a brush moved along a line. numpy and cv2, no Qt."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from lsgui.mask import AnyRegion, Point, Region, Spans
from model.opencv import cv2

ROUND, SQUARE = "round", "square"
_THINNEST = 0.75
_LONGEST_PART = 256
_SMALL_BOX = 1 << 16
_ROWS_OF_A_PART = 128

Tip = tuple[Point, float]
"""Where the middle of a brush is, and its radius; a square's is half its side."""
Rows = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Spans: row, first column, and the column after the last, of each."""


def stroke(
    start: Point,
    end: Point,
    radius: float,
    shape: tuple[int, int],
    form: str = ROUND,
    end_radius: float | None = None,
) -> AnyRegion | None:
    """Every pixel whose centre the tip covers on its way: round ones within `radius`, square ones within it in x and y.

    A pen's radius changes steadily until `end_radius`. None when nothing of the image is reached. A pixel the line
    passes through has its centre within 0.71, so from 0.75 on no speed tears a round one; thinner ones are drawn as a
    line of single pixels.
    """
    last = radius if end_radius is None else end_radius
    if form == ROUND and max(radius, last) < _THINNEST:
        return _thin_line(start, end, shape)
    return Spans.of(*_swept((start, radius), (end, last), form, shape))


def strokes(
    start: Point,
    end: Point,
    radius: float,
    shape: tuple[int, int],
    form: str = ROUND,
    end_radius: float | None = None,
    covered: bool = False,
) -> Iterator[AnyRegion]:
    """The same pixels as regions that hold little else, so that little has to be looked at and drawn again.

    With `covered` the tip is known to have painted at `start` already: most of a large brush's move is.
    """
    last = radius if end_radius is None else end_radius
    if form == ROUND and max(radius, last) < _THINNEST:
        line = _thin_line(start, end, shape)
        yield from () if line is None else (line,)
        return
    parts = max(1, int(np.hypot(end[0] - start[0], end[1] - start[1]) // _LONGEST_PART))
    tips = [_between((start, radius), (end, last), part / parts) for part in range(parts + 1)]
    for number, (first, second) in enumerate(pairwise(tips)):
        if covered or number:
            yield from _rest(_swept(first, second, form, shape), _swept(first, first, form, shape))
        else:
            region = Spans.of(*_swept(first, second, form, shape))
            yield from () if region is None else (region,)


def _swept(start: Tip, end: Tip, form: str, shape: tuple[int, int]) -> Rows:
    """One span of every row that is reached: what a convex tip covers is convex."""
    top = min(tip[0][1] - tip[1] for tip in (start, end))
    bottom = max(tip[0][1] + tip[1] for tip in (start, end))
    rows = np.arange(max(int(np.floor(top)), 0), max(min(int(np.floor(bottom)) + 1, shape[0]), 0))
    low, high = (_round if form == ROUND else _square)(start, end, rows + 0.5)
    first = np.clip(np.ceil(low - 0.5), 0, shape[1]).astype(np.int64)
    stop = np.clip(np.floor(high - 0.5) + 1, 0, shape[1]).astype(np.int64)
    reached = stop > first
    return rows[reached], first[reached], stop[reached]


def _round(start: Tip, end: Tip, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each row enters and leaves the hull of two disks: the outermost of its parts decide."""
    low, high = np.full(len(rows), np.inf), np.full(len(rows), -np.inf)
    for (x, y), radius in (start, end):
        square = radius * radius - (rows - y) ** 2
        half = np.sqrt(np.maximum(square, 0))
        _widen(low, high, square >= 0, x - half, x + half)
    corners = _tangents(start, end)
    for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
        if y0 != y1:
            at = x0 + (rows - y0) * (x1 - x0) / (y1 - y0)
            _widen(low, high, (rows >= min(y0, y1)) & (rows <= max(y0, y1)), at, at)
    return low, high


def _square(start: Tip, end: Tip, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same for two upright squares: of the way, the stretch in which the square reaches the row decides."""
    low, high = np.full(len(rows), np.inf), np.full(len(rows), -np.inf)
    for (x, y), radius in (start, end):
        _widen(low, high, np.abs(rows - y) <= radius, x - radius, x + radius)
    ((x0, y0), first), ((x1, y1), last) = start, end
    begin, stop = np.zeros(len(rows)), np.ones(len(rows))
    _limit(begin, stop, y1 - y0 + (last - first), rows - y0 - first)
    _limit(begin, stop, y0 - y1 + (last - first), y0 - rows - first)
    hit = begin <= stop
    for share in (begin, stop):
        x, radius = x0 + share * (x1 - x0), first + share * (last - first)
        _widen(low, high, hit, x - radius, x + radius)
    return low, high


def _limit(begin: np.ndarray, stop: np.ndarray, slope: float, least: np.ndarray) -> None:
    """Narrow the stretch from `begin` to `stop` of the way to where `share * slope >= least`."""
    if slope > 0:
        np.maximum(begin, least / slope, out=begin)
    elif slope < 0:
        np.minimum(stop, least / slope, out=stop)
    else:
        begin[least > 0] = 2


def _widen(low: np.ndarray, high: np.ndarray, hit: np.ndarray, left: np.ndarray, right: np.ndarray) -> None:
    np.minimum(low, left, out=low, where=hit)
    np.maximum(high, right, out=high, where=hit)


def _tangents(start: Tip, end: Tip) -> list[Point]:
    """Where the two lines that touch both disks do so, around; none when one disk holds the other."""
    ((x0, y0), first), ((x1, y1), last) = start, end
    dx, dy = x1 - x0, y1 - y0
    length = float(np.hypot(dx, dy))
    if length <= abs(first - last):
        return []
    along = (first - last) / length
    across = float(np.sqrt(max(0.0, 1 - along * along)))
    dx, dy = dx / length, dy / length
    left, right = (
        (dx * along - dy * across * side, dy * along + dx * across * side) for side in (1, -1)
    )  # unit normals of the two lines
    return [
        (x0 + first * left[0], y0 + first * left[1]),
        (x1 + last * left[0], y1 + last * left[1]),
        (x1 + last * right[0], y1 + last * right[1]),
        (x0 + first * right[0], y0 + first * right[1]),
    ]


def _between(start: Tip, end: Tip, share: float) -> Tip:
    """The tip on its way; exactly the ends at 0 and 1."""
    if share in (0, 1):
        return end if share else start
    x, y = (start[0][i] + (end[0][i] - start[0][i]) * share for i in (0, 1))
    return (x, y), start[1] + (end[1] - start[1]) * share


def _rest(all_rows: Rows, covered: Rows) -> Iterator[Spans]:
    """What spans hold beside spans within them, in parts: left of them, right of them, and not too many rows each."""
    rows, first, stop = all_rows
    inner_first, inner_stop = stop.copy(), stop.copy()
    at = np.searchsorted(rows, covered[0])
    inner_first[at], inner_stop[at] = covered[1], covered[2]
    left, right = (rows, first, np.minimum(inner_first, stop)), (rows, np.maximum(inner_stop, first), stop)
    sides = [tuple(part[side[2] > side[1]] for part in side) for side in (left, right)]
    together = Spans.of(*_merged(*sides))
    if together is None or together.box[2] * together.box[3] <= _SMALL_BOX:
        yield from () if together is None else (together,)
        return
    for side in sides:
        for top in range(0, len(side[0]), _ROWS_OF_A_PART):
            yield Spans.of(*(part[top : top + _ROWS_OF_A_PART] for part in side))


def _merged(one: Rows, other: Rows) -> Rows:
    joined = [np.concatenate(parts) for parts in zip(one, other, strict=True)]
    order = np.argsort(joined[0], kind="stable")
    return tuple(part[order] for part in joined)


def _thin_line(start: Point, end: Point, shape: tuple[int, int]) -> Region | None:
    ends = [(int(np.floor(px)), int(np.floor(py))) for px, py in (start, end)]
    inside, first, last = cv2.clipLine((0, 0, shape[1], shape[0]), *ends)
    if not inside:
        return None
    x, y = min(first[0], last[0]), min(first[1], last[1])
    mask = np.zeros((abs(first[1] - last[1]) + 1, abs(first[0] - last[0]) + 1), np.uint8)
    cv2.line(mask, (first[0] - x, first[1] - y), (last[0] - x, last[1] - y), 1)
    return Region((x, y, mask.shape[1], mask.shape[0]), mask.astype(bool))
