"""Counting pixels by their values, a strip of rows at a time, so that it takes little memory whatever the size of the map.

By OpenCV, which leaves Python to other threads meanwhile; what it counts is float32, and exact within a strip.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from model.opencv import cv2

STRIP = 1 << 20
"""Pixels that are counted at once."""
_LEVELS = 256


def strips(plane: np.ndarray) -> Iterator[slice]:
    """Rows of about STRIP pixels, which make up `plane` (H, W) or (N,)."""
    rows = max(1, STRIP // max(1, plane[:1].size))
    for top in range(0, len(plane), rows):
        yield slice(top, min(top + rows, len(plane)))


def count_values(plane: np.ndarray) -> np.ndarray:
    """How many pixels of each of `strips` have which value: (strips, 256) int64 of uint8 (H, W) or (N,)."""
    counts = [cv2.calcHist([plane[rows]], [0], None, [_LEVELS], [0, _LEVELS]) for rows in strips(plane)]
    return np.array(counts).reshape(-1, _LEVELS).astype(np.int64)


def count_together(first: np.ndarray, second: np.ndarray, where: np.ndarray | None = None) -> np.ndarray:
    """How many pixels have value i in `first` and j in `second`: (256, 256) int64 of two uint8 planes of one shape, `where`
    that is true, a bool plane.
    """
    counts = np.zeros((_LEVELS, _LEVELS), np.int64)
    for rows in strips(first):
        mask = None if where is None else where[rows].view(np.uint8)
        planes = [first[rows], second[rows]]
        found = cv2.calcHist(planes, [0, 1], mask, [_LEVELS, _LEVELS], [0, _LEVELS, 0, _LEVELS])
        counts += found.astype(np.int64)
    return counts
