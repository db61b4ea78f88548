"""A gesture in progress: what the planes held before it, so that it can become one patch or be taken back."""

from __future__ import annotations

import numpy as np

from lsgui.mask import Box, MaskPatch, piece_between, tiles_of, union

_TILE = 128
"""Small enough that a brush move copies little, large enough that a whole-image fill has few tiles."""


class Gesture:
    """Keeps the pixels of each tile as they were when the gesture first reached it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._before: dict[tuple[int, int], tuple[np.ndarray, np.ndarray]] = {}

    def keep(self, box: Box, label_map: np.ndarray, provenance: np.ndarray) -> None:
        for tile in tiles_of(box, _TILE):
            if tile not in self._before:
                part = _slices(tile)
                self._before[tile] = label_map[part].copy(), provenance[part].copy()

    def patch(self, label_map: np.ndarray, provenance: np.ndarray) -> MaskPatch | None:
        pieces = []
        for tile, before in self._before.items():
            part = _slices(tile)
            corner = tile[0] * _TILE, tile[1] * _TILE
            pieces.append(piece_between(corner, before, (label_map[part], provenance[part])))
        changed = [piece for piece in pieces if piece is not None]
        return MaskPatch(changed) if changed else None

    @property
    def box(self) -> Box:
        """Around everything it may have changed; (0, 0, 0, 0) while it has not begun to."""
        return union(
            (column * _TILE, row * _TILE, label.shape[1], label.shape[0])
            for (column, row), (label, _) in self._before.items()
        )

    def put_back(self, label_map: np.ndarray, provenance: np.ndarray) -> None:
        for tile, (label, origin) in self._before.items():
            part = _slices(tile)
            label_map[part], provenance[part] = label, origin


def _slices(tile: tuple[int, int]) -> tuple[slice, slice]:
    column, row = tile
    return slice(row * _TILE, (row + 1) * _TILE), slice(column * _TILE, (column + 1) * _TILE)
