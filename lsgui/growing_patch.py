"""The patch of a gesture, made while it goes: where the hand has left is compared at once, so that letting go is quick."""

from __future__ import annotations

from collections.abc import Iterator

from lsgui.kept_tiles import TILE, KeptTiles
from lsgui.live_planes import LivePlanes
from lsgui.mask import Box, MaskPatch, Piece
from model.patches import piece_of

_WIDE = 32
"""Tiles side by side that are compared together: long rows are, and are undone later, much faster than short ones."""
_PATIENCE = 16
"""Writes without one to a group: a move of a brush is several, each on another side of it."""
Group = tuple[int, int]
"""(column // `_WIDE`, row) of tiles."""


class GrowingPatch:
    """Keeps the tiles that are reached as they were."""

    def __init__(self, planes: LivePlanes, tile: int = TILE) -> None:
        self.before = KeptTiles(tile)
        self._planes = planes
        self._open: dict[Group, int] = {}
        """When each was reached last, the longest ago first."""
        self._time = 0
        self._done: dict[Group, list[Piece]] = {}

    def reach(self, box: Box) -> None:
        """To be called before `box` of the planes is written."""
        self.before.keep(box, *self._planes.all)
        self._time += 1
        for group in self._groups(box):
            self._done.pop(group, None)
            self._open.pop(group, None)
            self._open[group] = self._time

    def go_on(self) -> None:
        """After a write: compare a group of tiles that the hand seems to have left, if there is one."""
        longest_ago = next(iter(self._open), None)
        if longest_ago is not None and self._time - self._open[longest_ago] > _PATIENCE:
            self._close(longest_ago)

    def patch(self) -> MaskPatch | None:
        """What differs by now; None when nothing does."""
        for group in tuple(self._open):
            self._close(group)
        by_row = sorted(self._done, key=lambda group: group[::-1])
        pieces = [piece for group in by_row for piece in self._done[group]]
        return MaskPatch(pieces) if pieces else None

    def _close(self, group: Group) -> None:
        del self._open[group]
        column, row = group
        tiles = ((column * _WIDE + number, row) for number in range(_WIDE))
        self._done[group] = list(self._pieces(tiles))

    def _pieces(self, tiles: Iterator[tuple[int, int]]) -> Iterator[Piece]:
        for corner, deltas in self.before.differences(self._planes.all, tiles):
            piece = piece_of(corner, *deltas)
            if piece is not None:
                yield piece

    def _groups(self, box: Box) -> Iterator[Group]:
        side = self.before.side
        x, y, w, h = box
        for row in range(y // side, -(-(y + h) // side)):
            for column in range(x // (side * _WIDE), -(-(x + w) // (side * _WIDE))):
                yield column, row
