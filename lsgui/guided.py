"""What the model-guided brush paints: inside the brush, the prediction decides. numpy and cv2, no Qt."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np

from lsgui.mask import Box, Point, tiles_of
from model.opencv import cv2
from model.prediction import Prediction

TILE = 256
_MOST_TILES = 256
"""33 MB: four times what lies under the largest brush."""


class Contest:
    """Who wins at every pixel of one prediction, seen from one class; worked out tile by tile, when it is asked for."""

    def __init__(self, prediction: Prediction, value: int) -> None:
        self.prediction = prediction
        self.value = value
        self._tiles: OrderedDict[tuple[int, int], tuple[np.ndarray, np.ndarray]] = OrderedDict()

    def at(self, box: Box) -> tuple[np.ndarray, np.ndarray]:
        """`Prediction.contest` of a box inside the image: deciding and rival, uint8 (h, w)."""
        x, y, w, h = box
        found = np.empty((h, w), np.uint8), np.empty((h, w), np.uint8)
        for column, row in tiles_of(box, TILE):
            left, top = max(x, column * TILE), max(y, row * TILE)
            right, bottom = min(x + w, (column + 1) * TILE), min(y + h, (row + 1) * TILE)
            from_tile = slice(top - row * TILE, bottom - row * TILE), slice(left - column * TILE, right - column * TILE)
            for plane, tile in zip(found, self._tile(column, row), strict=True):
                plane[top - y : bottom - y, left - x : right - x] = tile[from_tile]
        while len(self._tiles) > _MOST_TILES:
            self._tiles.popitem(last=False)
        return found

    def _tile(self, column: int, row: int) -> tuple[np.ndarray, np.ndarray]:
        if (column, row) not in self._tiles:
            height, width = self.prediction.label_map.shape
            x, y = column * TILE, row * TILE
            rect = (x, y, min(TILE, width - x), min(TILE, height - y))
            self._tiles[column, row] = self.prediction.contest(rect, self.value)
        self._tiles.move_to_end((column, row))
        return self._tiles[column, row]


def threshold(snap: float) -> float:
    """`deciding` has to be above it: with a snap of 100 the class has to win, with 0 nothing is asked."""
    return 128 * snap / 100


def decided(deciding: np.ndarray, snap: float) -> np.ndarray:
    """uint8 (h, w), 255 where the brush gives pixels to the class."""
    return cv2.threshold(deciding, int(threshold(snap)), 255, cv2.THRESH_BINARY)[1].reshape(deciding.shape)


def lost(deciding: np.ndarray, snap: float) -> np.ndarray:
    """uint8 (h, w), 255 where the brush takes pixels of the class away, when that is what it is to do."""
    last = 255 - int(threshold(snap))
    return cv2.threshold(deciding, last, 255, cv2.THRESH_BINARY_INV)[1].reshape(deciding.shape)


def snapped(
    contest: tuple[np.ndarray, np.ndarray],
    label: np.ndarray,
    value: int,
    snap: float,
    both_ways: bool,
    kept: frozenset[int] = frozenset(),
) -> tuple[np.ndarray, np.ndarray]:
    """What is painted, uint8 (h, w), and where, 255: what the model decides for becomes class `value`.

    With `both_ways`, pixels of the class where another wins become that other, unless it is one of `kept`.
    """
    deciding, rival = contest
    gained = decided(deciding, snap)
    if not both_ways:
        return np.full_like(rival, value), gained
    wins = cv2.threshold(deciding, 127, 255, cv2.THRESH_BINARY_INV)[1].reshape(deciding.shape)
    given = cv2.bitwise_and(_of(label, value, rival, kept), cv2.bitwise_and(wins, cv2.bitwise_not(gained)))
    after = rival.copy()
    np.copyto(after, np.uint8(value), where=gained.view(bool))
    return after, cv2.bitwise_or(gained, given)


def taken(
    contest: tuple[np.ndarray, np.ndarray], label: np.ndarray, value: int, snap: float, kept: frozenset[int]
) -> tuple[np.ndarray, np.ndarray]:
    """The same while erasing: pixels of the class go to the next best, where that wins; with a snap of 0 all do."""
    deciding, rival = contest
    return rival, cv2.bitwise_and(_of(label, value, rival, kept), lost(deciding, snap))


def edges(mask: np.ndarray, corner: tuple[int, int]) -> tuple[tuple[Point, ...], ...]:
    """Closed lines along the middles of the outermost pixels of a mask whose first pixel is at `corner`."""
    lines, _ = cv2.findContours(np.ascontiguousarray(mask), cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    offset = np.array(corner) + 0.5
    return tuple(tuple(map(tuple, (line.reshape(-1, 2) + offset).tolist())) for line in lines)


def _of(label: np.ndarray, value: int, rival: np.ndarray, kept: frozenset[int]) -> np.ndarray:
    """255 for pixels of the class whose next best may have them."""
    own, free = np.zeros(256, np.uint8), np.full(256, 255, np.uint8)
    own[value] = 255
    free[list(kept | {value})] = 0
    return cv2.bitwise_and(cv2.LUT(label, own), cv2.LUT(rival, free))
