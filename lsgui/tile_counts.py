"""How many pixels have which value, kept tile by tile, so that a stroke costs a recount of the tiles it touched."""

from __future__ import annotations

import time

import numpy as np

from lsgui.mask import Box
from model.opencv import cv2

_SIDE = 512


class TileCounts:
    """Counts of one plane, uint8 (H, W)."""

    def __init__(self, shape: tuple[int, int], side: int = _SIDE) -> None:
        self._side = side
        grid = tuple(-(-length // side) for length in shape)
        self._stale = np.ones(grid, bool)
        self._counts = np.zeros((*grid, 256), np.int32)

    def mark(self, box: Box) -> None:
        """These pixels have changed, or will before the next `total`."""
        x, y, w, h = box
        side = self._side
        self._stale[y // side : -(-(y + h) // side), x // side : -(-(x + w) // side)] = True

    def total(self, plane: np.ndarray) -> dict[int, int]:
        """Pixels per value in use."""
        self.refresh(plane)
        return {value: int(n) for value, n in enumerate(self._counts.sum(axis=(0, 1), dtype=np.int64)) if n}

    def refresh(self, plane: np.ndarray, seconds: float = np.inf) -> bool:
        """Count for about so long, one tile at least; True when nothing is left to be counted."""
        end = time.monotonic() + seconds
        for row, column in np.argwhere(self._stale).tolist():
            tile = plane[row * self._side : (row + 1) * self._side, column * self._side : (column + 1) * self._side]
            self._counts[row, column] = cv2.calcHist([tile], [0], None, [256], [0, 256]).ravel()
            self._stale[row, column] = False
            if time.monotonic() >= end:
                break
        return not self._stale.any()
