"""Superpixels: small parts of an image whose borders follow its edges, by a watershed from a grid of seeds.

numpy and cv2, no Qt.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import numpy as np

from lsgui.mask import Box, Region, tiles_of
from model.opencv import cv2

TILE = 128
"""Worked out at once, in some milliseconds, when the pointer comes there."""
_MARGIN = 2
"""Sizes around a tile that are looked at with it, so that neighbouring tiles see the same."""
_BLUR, _LEVELS = 1.5, 8
"""Without noise, and in steps of 8 of 256 values, even ground is divided by distance.

Else sizes differ a hundredfold.
"""
_REACH = 3
"""Sizes around its seed within which a superpixel is painted."""
_MOST_TILES = 256
"""16 MB."""


def segments(
    pixels: np.ndarray, size: int, box: Box, shown: Callable[[np.ndarray], np.ndarray] = lambda part: part
) -> np.ndarray:
    """int32 (h, w): which superpixel each pixel of `box` belongs to, the number of its seed.

    `pixels` are the whole image's, (H, W) or (H, W, 3); `shown` makes uint8 of a part of them. Seeds are `size` pixels
    apart over the whole image, so that a number means the same in every box. Only the surroundings of the box are
    looked at.
    """
    height, width = pixels.shape[:2]
    x, y, w, h = box
    margin = _MARGIN * size
    left, top = max(0, x - margin), max(0, y - margin)
    right, bottom = min(width, x + w + margin), min(height, y + h + margin)
    part = np.ascontiguousarray(shown(pixels[top:bottom, left:right]))
    part = cv2.cvtColor(part, cv2.COLOR_GRAY2RGB) if part.ndim == 2 else part
    part = cv2.copyMakeBorder(part, 1, 1, 1, 1, cv2.BORDER_REPLICATE)  # a watershed leaves out the rim
    found = np.zeros(part.shape[:2], np.int32)
    found[1:-1, 1:-1] = _seeds((left, top, right - left, bottom - top), size, (height, width))
    cv2.watershed(cv2.GaussianBlur(part, (0, 0), _BLUR) // _LEVELS, found)
    inner = found[1:-1, 1:-1]
    join_lines(inner, part[1:-1, 1:-1].astype(np.int16))
    return inner[y - top : y - top + h, x - left : x - left + w]


class Superpixels:
    """Those of one image, worked out tile by tile when they are asked for."""

    def __init__(
        self, pixels: np.ndarray, size: int, shown: Callable[[np.ndarray], np.ndarray] = lambda part: part
    ) -> None:
        """`pixels` and `shown` are as in `segments`, and never change."""
        self.pixels = pixels
        self.size = size
        self._shown = shown
        self._tiles: OrderedDict[tuple[int, int], np.ndarray] = OrderedDict()

    def at(self, x: int, y: int) -> int:
        """The number of the superpixel of a pixel of the image."""
        return int(self._tile(x // TILE, y // TILE)[y % TILE, x % TILE])

    def region(self, number: int) -> Region | None:
        """The pixels of a superpixel, near its seed."""
        height, width = self.pixels.shape[:2]
        x, y = seed_of(number, self.size, (height, width))
        reach = _REACH * self.size
        left, top = max(0, x - reach), max(0, y - reach)
        box = left, top, min(width, x + reach) - left, min(height, y + reach) - top
        mask = (self.numbers(box) == number).view(np.uint8)
        left, top, w, h = cv2.boundingRect(mask)
        if w == 0:
            return None
        return Region((box[0] + left, box[1] + top, w, h), mask[top : top + h, left : left + w] != 0)

    def numbers(self, box: Box) -> np.ndarray:
        """int32 (h, w): the superpixels of a box inside the image."""
        x, y, w, h = box
        found = np.empty((h, w), np.int32)
        for column, row in tiles_of(box, TILE):
            left, top = max(x, column * TILE), max(y, row * TILE)
            right, bottom = min(x + w, (column + 1) * TILE), min(y + h, (row + 1) * TILE)
            tile = self._tile(column, row)
            found[top - y : bottom - y, left - x : right - x] = tile[
                top - row * TILE : bottom - row * TILE, left - column * TILE : right - column * TILE
            ]
        return found

    def _tile(self, column: int, row: int) -> np.ndarray:
        if (column, row) not in self._tiles:
            height, width = self.pixels.shape[:2]
            x, y = column * TILE, row * TILE
            box = x, y, min(TILE, width - x), min(TILE, height - y)
            self._tiles[column, row] = segments(self.pixels, self.size, box, self._shown)
            while len(self._tiles) > _MOST_TILES:
                self._tiles.popitem(last=False)
        self._tiles.move_to_end((column, row))
        return self._tiles[column, row]


def seed_of(number: int, size: int, shape: tuple[int, int]) -> tuple[int, int]:
    """(x, y) of the pixel that superpixel `number` grew from."""
    row, column = divmod(number - 1, _count(shape[1], size))
    return _place(column, size, shape[1]), _place(row, size, shape[0])


def _count(length: int, size: int) -> int:
    return max(1, round(length / size))


def _place(number: int, size: int, length: int) -> int:
    """Seeds are spread evenly over the image."""
    return min(length - 1, int((number + 0.5) * length / _count(length, size)))


def _seeds(box: Box, size: int, shape: tuple[int, int]) -> np.ndarray:
    """int32 (h, w): the number of each seed, 3 x 3 pixels, in a box of an image of `shape`; 0 elsewhere."""
    x, y, w, h = box
    rows, columns = (
        [
            (i, place)
            for i in range(_count(length, size))
            if start <= (place := _place(i, size, length)) < start + extent
        ]
        for start, extent, length in ((y, h, shape[0]), (x, w, shape[1]))
    )
    seeds = np.zeros((h, w), np.int32)
    for row, top in rows:
        for column, left in columns:
            around = slice(max(0, top - y - 1), top - y + 2), slice(max(0, left - x - 1), left - x + 2)
            seeds[around] = row * _count(shape[1], size) + column + 1
    return seeds


def join_lines(found: np.ndarray, rgb: np.ndarray) -> None:
    """Give the lines that a watershed leaves to the part (sharing an edge) whose colour is nearest, in place.

    `found` is int32 (h, w), 0 or less on lines; `rgb` int16 (h, w, 3).
    """
    while True:
        rows, columns = np.nonzero(found <= 0)
        if not len(rows):
            return
        best = np.full(len(rows), np.iinfo(np.int32).max, np.int64)
        number = np.zeros(len(rows), np.int32)
        for down, across in ((-1, 0), (1, 0), (0, -1), (0, 1)):
            y, x = rows + down, columns + across
            inside = (y >= 0) & (y < found.shape[0]) & (x >= 0) & (x < found.shape[1])
            y, x = np.where(inside, y, rows), np.where(inside, x, columns)
            away = np.abs(rgb[y, x] - rgb[rows, columns]).sum(axis=1)
            nearer = inside & (found[y, x] > 0) & (away < best)
            best[nearer], number[nearer] = away[nearer], found[y, x][nearer]
        if not number.any():
            return
        found[rows, columns] = number
