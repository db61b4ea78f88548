"""Smooth, grow and shrink classes of a label map: what depends on the neighbourhood only. numpy and cv2, no Qt.

Every function takes uint8 (H, W) that it does not change, and returns another. The border of the image is no edge of a
class: what lies beyond is not known. Most pixels are far from every edge: those near one are found by a dilation and an
erosion, and they alone are looked at one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from model.labels import UNTOUCHED, values_in
from model.opencv import cv2

BACKGROUND = 0
EMPTY = (BACKGROUND, UNTOUCHED)
_BAND_PIXELS = 1 << 20
"""Worked on at once: what is computed of them fits into memory that is already there."""
_WIDEST = 20.0
"""Of a disk: from there on exact distances are quicker."""
_LOOKED_AT = 1 << 19
"""Neighbours that are looked at at once."""
_WORTH = 8
"""With more neighbours than so many for every pixel of the band, all pixels are counted instead."""

Step = Callable[[float], None]
"""Told how far it is, from 0 to 1; may raise Cancelled."""


def smoothed(label: np.ndarray, values: Sequence[int], radius: float, step: Step = lambda done: None) -> np.ndarray:
    """Every pixel takes the most frequent value within `radius`, where that or its own is one of `values`.

    Its own wins a draw, else the smallest.
    """
    kernel = disk_of(radius)
    chosen = np.isin(np.arange(256), list(values))

    def local(part: np.ndarray) -> np.ndarray:
        at = np.flatnonzero(_differs_nearby(part, radius)) if radius <= _WIDEST else None
        if at is None or len(at) * np.count_nonzero(kernel) > _WORTH * part.size:
            best = _most_frequent(part, kernel)
            return np.where(chosen[part] | chosen[best], best, part)
        after = part.copy()
        own = part.reshape(-1)[at]
        best = np.concatenate([own[:0], *_most_frequent_at(part, at, kernel)])
        after.reshape(-1)[at] = np.where(chosen[own] | chosen[best], best, own)
        return after

    return _in_bands(label, int(radius), local, step)


def grown(
    label: np.ndarray,
    values: Sequence[int],
    radius: float,
    kept: frozenset[int] = frozenset(),
    step: Step = lambda done: None,
) -> np.ndarray:
    """Pixels whose centre is within `radius` of a pixel's of the class become the class, except those of `kept`.

    Several classes grow over empty pixels only; the nearest gets them, the first of equally near ones.
    """
    free = np.isin(np.arange(256), EMPTY) if len(values) > 1 else ~np.isin(np.arange(256), list(values))
    free[list(kept)] = False
    ranks = np.zeros(256, np.uint8)
    ranks[list(values)] = np.arange(len(values), 0, -1)
    by_rank = np.array([0, *reversed(values)], np.uint8)

    def local(part: np.ndarray) -> np.ndarray:
        if radius > _WIDEST:
            return _grown_by_distance(part, values, radius, free)
        ranked = cv2.LUT(part, ranks)
        reached = cv2.dilate(ranked, disk_of(radius).astype(np.uint8)).reshape(part.shape)
        at = np.flatnonzero((reached != 0) & (cv2.LUT(part, free.view(np.uint8)) != 0))
        after = part.copy()
        highest = [reached.reshape(-1)[at]] if len(values) == 1 else _nearest_at(ranked, at, radius)
        after.reshape(-1)[at] = by_rank[np.concatenate([reached.reshape(-1)[:0], *highest])]
        return after

    return _in_bands(label, int(radius), local, step)


def shrunk(label: np.ndarray, values: Sequence[int], radius: float, step: Step = lambda done: None) -> np.ndarray:
    """Pixels of the class within `radius` of one that is not become background; those of background, untouched."""
    becomes = np.arange(256, dtype=np.uint8)
    becomes[list(values)] = BACKGROUND
    if BACKGROUND in values:
        becomes[BACKGROUND] = UNTOUCHED

    def local(part: np.ndarray) -> np.ndarray:
        if radius > _WIDEST:
            return _shrunk_by_distance(part, values, radius, becomes)
        return np.where(_differs_nearby(part, radius), becomes[part], part)

    return _in_bands(label, int(radius), local, step)


def disk_of(radius: float) -> np.ndarray:
    """float32 (n, n), 1 for the pixels whose centres are within `radius` of the middle one's."""
    return (_squares(int(radius)) <= radius * radius + 1e-9).astype(np.float32)


def _squares(reach: int) -> np.ndarray:
    """Of the distances from the middle."""
    steps = np.arange(-reach, reach + 1)
    return steps[:, None] ** 2 + steps**2


def _within(radius: float) -> float:
    """The largest squared distance that is within `radius`: those between pixels are whole numbers."""
    return float(np.floor(radius * radius + 1e-9))


def _differs_nearby(part: np.ndarray, radius: float) -> np.ndarray:
    """bool (h, w): whether not all pixels within `radius` have one value."""
    kernel = disk_of(radius).astype(np.uint8)
    return (cv2.dilate(part, kernel) != cv2.erode(part, kernel)).reshape(part.shape)


def _neighbours(part: np.ndarray, at: np.ndarray, places: np.ndarray, beyond: int) -> Iterator[np.ndarray]:
    """(k, n): of the pixels `at`, some at a time, what lies where `places` (m, m) is True; `beyond` outside."""
    reach = len(places) // 2
    padded = np.pad(part, reach, constant_values=beyond)
    offsets = np.argwhere(places) @ (padded.shape[1], 1)
    rows, columns = np.divmod(at, part.shape[1])
    first, step = rows * padded.shape[1] + columns, max(1, _LOOKED_AT // len(offsets))
    for start in range(0, len(at), step):
        yield padded.reshape(-1)[first[start : start + step] + offsets[:, None]]


def _most_frequent_at(part: np.ndarray, at: np.ndarray, kernel: np.ndarray) -> Iterator[np.ndarray]:
    """What `_most_frequent` is for some pixels, in pieces."""
    done, values, counts = 0, sorted(values_in(part)), np.uint8 if np.count_nonzero(kernel) < 256 else np.uint16
    for near in _neighbours(part.astype(np.int16), at, kernel > 0, -1):
        own = part.reshape(-1)[at[done : done + near.shape[1]]]
        done += len(own)
        most, best = np.zeros(len(own), np.float32), own.copy()
        for value in values:
            count = np.add.reduce((near == value).view(np.uint8), axis=0, dtype=counts) + np.float32(0.5) * (
                own == value
            )
            np.copyto(best, np.uint8(value), where=count > most)
            np.maximum(most, count, out=most)
        yield best


def _most_frequent(part: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    most, best = np.full(part.shape, -1, np.float32), part.copy()
    for value in sorted(values_in(part)):
        own = (part == value).astype(np.float32)
        count = cv2.filter2D(own, cv2.CV_32F, kernel, borderType=cv2.BORDER_CONSTANT)
        count = np.rint(count.reshape(part.shape)) + 0.5 * own  # whole numbers: an own value's half settles draws
        np.copyto(best, value, where=count > most)
        np.maximum(most, count, out=most)
    return best


def _nearest_at(ranked: np.ndarray, at: np.ndarray, radius: float) -> Iterator[np.ndarray]:
    """Of the nearest pixels with a rank, the highest one, in pieces; every pixel `at` has one within `radius`."""
    places = disk_of(radius) > 0
    squares = _squares(int(radius))[places]
    order = np.argsort(squares, kind="stable")
    rings = np.flatnonzero(np.diff(squares[order], prepend=-1))
    for near in _neighbours(ranked, at, places, 0):
        highest = np.maximum.reduceat(near[order], rings, axis=0)
        yield highest[np.argmax(highest > 0, axis=0), np.arange(near.shape[1])]


def _grown_by_distance(part: np.ndarray, values: Sequence[int], radius: float, free: np.ndarray) -> np.ndarray:
    after, nearest = part.copy(), np.full(part.shape, _within(radius) + 1, np.float32)
    for value in values:
        away = _squared_distance(part == value)
        if away is not None:
            closer = free[part] & (away < nearest)
            np.copyto(after, value, where=closer)
            np.copyto(nearest, away, where=closer)
    return after


def _shrunk_by_distance(part: np.ndarray, values: Sequence[int], radius: float, becomes: np.ndarray) -> np.ndarray:
    after = part.copy()
    for value in values:
        away = _squared_distance(part != value)
        if away is not None:
            np.copyto(after, becomes[value], where=(part == value) & (away <= _within(radius)))
    return after


def _squared_distance(where: np.ndarray) -> np.ndarray | None:
    """float32 (h, w), whole: how far the nearest pixel of a mask is; None when it has none."""
    if not where.any():
        return None
    away = cv2.distanceTransform((~where).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE).reshape(where.shape)
    return np.rint(away * away)


def _in_bands(label: np.ndarray, reach: int, local: Callable[[np.ndarray], np.ndarray], step: Step) -> np.ndarray:
    """`local` of the whole, where it looks no further than `reach`."""
    after = np.empty_like(label, order="C")
    rows = max(4 * reach + 1, _BAND_PIXELS // max(1, label.shape[1]))
    for top in range(0, label.shape[0], rows):
        step(top / label.shape[0])
        first, bottom = max(0, top - reach), min(label.shape[0], top + rows)
        part = np.ascontiguousarray(label[first : bottom + reach])
        after[top:bottom] = local(part)[top - first : bottom - first]
    return after
