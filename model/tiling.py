"""Tiling: at which scale an image meets the network, where its tiles lie and how they blend. Pure geometry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

ZOOM_LIMIT = 1.5
"""Images up to this many times the network's input are zoomed to it, larger ones are cut into tiles."""
ALIGNMENT = 4
"""Tiles start at multiples of this, so that the scores of a quarter of the resolution never straddle two of them."""


def zoomed_shape(height: int, width: int, size: int) -> tuple[int, int] | None:
    """(rows, columns) that an image is zoomed to, or None when it is large enough for tiles at its own scale.

    The longer side becomes `size` and the aspect ratio stays: the network takes any shape, and organs keep theirs.
    """
    longer = max(height, width)
    if longer > ZOOM_LIMIT * size:
        return None
    return tuple(max(1, round(side * size / longer)) for side in (height, width))


@dataclass(frozen=True, eq=False)
class Grid:
    """Overlapping tiles of `tile` = (rows, columns) over an image, at every pair of `tops` and `lefts`.

    The weight of pixel (i, j) of the tile in row r and column c is down[r, i] * across[c, j]; at each pixel of the
    image the weights of all tiles sum to 1.
    """

    tile: tuple[int, int]
    tops: list[int]
    lefts: list[int]
    down: np.ndarray
    across: np.ndarray

    @staticmethod
    def over(shape: tuple[int, int], side: int) -> Grid:
        """Tiles of `side` pixels, or as many as there are, which overlap by at least an eighth of `side`."""
        tile, overlap = (min(side, shape[0]), min(side, shape[1])), side // 8
        tops, lefts = (tile_starts(length, part, overlap) for length, part in zip(shape, tile, strict=True))
        down = blend_weights(tops, tile[0], overlap)
        return Grid(tile, tops, lefts, down, blend_weights(lefts, tile[1], overlap))


def tile_starts(length: int, tile: int, overlap: int) -> list[int]:
    """First pixels of tiles that cover `length` pixels, evenly spread and overlapping by `overlap` or more.

    They are multiples of ALIGNMENT, so the last tile may reach up to 3 pixels beyond the end.
    """
    if length <= tile:
        return [0]
    last = -(-(length - tile) // ALIGNMENT) * ALIGNMENT
    gaps = -(-last // (tile - overlap - ALIGNMENT))  # rounding to multiples may widen a gap by as much
    return [round(last * index / gaps / ALIGNMENT) * ALIGNMENT for index in range(gaps + 1)]


def blend_weights(starts: list[int], tile: int, overlap: int) -> np.ndarray:
    """Weights (tiles, tile) float32 along one axis, rising linearly over `overlap` pixels from each tile's edges."""
    distance = np.minimum(np.arange(tile), np.arange(tile)[::-1]) + 1
    ramp = np.minimum(distance / max(overlap, 1), 1).astype(np.float32)
    total = np.zeros(starts[-1] + tile, np.float32)
    for start in starts:
        total[start : start + tile] += ramp
    return np.stack([ramp / total[start : start + tile] for start in starts])
