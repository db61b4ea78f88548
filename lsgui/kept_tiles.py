"""What two planes held before they were written: copies of the tiles that were reached, and only of those."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from lsgui.mask import Box, tiles_of, union

TILE = 256
"""Small enough that a brush move copies little, large enough that a whole-image gesture has few tiles."""

_STRIP_PIXELS = 1 << 19
"""Those of a strip fit a core's cache."""

Planes = tuple[np.ndarray, np.ndarray]
"""(label, provenance), uint8 (h, w)."""


class KeptTiles:
    """Keeps each tile as it was when it was first reached."""

    def __init__(self, side: int = TILE) -> None:
        self.side = side
        self._tiles: dict[tuple[int, int], Planes] = {}

    def keep(self, box: Box, label_map: np.ndarray, provenance: np.ndarray) -> None:
        """To be called before `box` of the planes is written."""
        for tile in tiles_of(box, self.side):
            if tile not in self._tiles:
                part = self._part(tile)
                self._tiles[tile] = label_map[part].copy(), provenance[part].copy()

    def items(self) -> Iterator[tuple[Box, Planes]]:
        for (column, row), planes in self._tiles.items():
            height, width = planes[0].shape
            yield (column * self.side, row * self.side, width, height), planes

    def differences(
        self, planes: Planes, wanted: Iterable[tuple[int, int]]
    ) -> Iterator[tuple[tuple[int, int], Planes]]:
        """Of a row of tiles, from left to right, the kept ones XOR whole `planes`, each with its first pixel (x, y).

        Those side by side are one: what follows in memory is compared, and XORed, in half the time.
        """
        for (column, row), tiles in self._neighbours(wanted):
            x, height, width = column * self.side, tiles[0][0].shape[0], sum(tile[0].shape[1] for tile in tiles)
            step = max(1, _STRIP_PIXELS // width)
            for top in range(0, height, step):
                y, strip = row * self.side + top, []
                for plane in (0, 1):
                    kept = np.concatenate([tile[plane][top : top + step] for tile in tiles], axis=1)
                    now = planes[plane][y : y + len(kept), x : x + width]
                    strip.append(np.bitwise_xor(kept, now, out=kept))
                yield (x, y), tuple(strip)

    def put_into(self, rows: slice, columns: slice, planes: tuple[np.ndarray, ...]) -> None:
        """Overwrite copies, of the label or of both planes, of these rows and columns with what was kept of them."""
        box = (columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start)
        for column, row in tiles_of(box, self.side) if self._tiles else ():
            kept = self._tiles.get((column, row))
            if kept is not None:
                _paste(kept, (column * self.side, row * self.side), planes, (columns.start, rows.start))

    @property
    def box(self) -> Box:
        """Around all that may have changed; (0, 0, 0, 0) while nothing has."""
        return union(box for box, _ in self.items())

    def _neighbours(self, wanted: Iterable[tuple[int, int]]) -> Iterator[tuple[tuple[int, int], list[Planes]]]:
        """Kept tiles side by side, each time with the place of the first."""
        places = [place for place in wanted if place in self._tiles]
        start = 0
        for end, (column, row) in enumerate(places, start=1):
            if end == len(places) or places[end] != (column + 1, row):
                yield places[start], [self._tiles[place] for place in places[start:end]]
                start = end

    def _part(self, tile: tuple[int, int]) -> tuple[slice, slice]:
        column, row = tile
        return slice(row * self.side, (row + 1) * self.side), slice(column * self.side, (column + 1) * self.side)


def _paste(kept: Planes, at: tuple[int, int], planes: tuple[np.ndarray, ...], corner: tuple[int, int]) -> None:
    left, top = max(at[0], corner[0]), max(at[1], corner[1])
    right = min(at[0] + kept[0].shape[1], corner[0] + planes[0].shape[1])
    bottom = min(at[1] + kept[0].shape[0], corner[1] + planes[0].shape[0])
    for source, target in zip(kept, planes, strict=False):
        part = source[top - at[1] : bottom - at[1], left - at[0] : right - at[0]]
        target[top - corner[1] : bottom - corner[1], left - corner[0] : right - corner[0]] = part
