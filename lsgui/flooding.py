"""Flood fill over stretches of rows: it reads only the rows that it reaches, and needs no plane of its own. No Qt."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lsgui.regions import Region, Spans

MOST = 100_000
"""Stretches that are looked at. Where there are more, OpenCV's fill over a whole plane is quicker."""
_BAND_ROWS = 64

Alike = Callable[[int, int], np.ndarray]
"""(top, bottom) -> bool, or uint8 of 0 and 255, (bottom - top, W): which pixels of these rows are alike."""


def flooded(alike: Alike, shape: tuple[int, int], x: int, y: int, most: int = MOST) -> Spans | None:
    """The pixels alike that are reached from (x, y), which is one, over shared edges.

    None when more than `most` stretches of rows would have to be looked at.
    """
    rows = _Rows(alike, shape, most)
    try:
        first = rows[y]
        waiting = [(y, bisect_right(first.stops, x))]
        first.taken[waiting[0][1]] = True
        while waiting:
            row, index = waiting.pop()
            start, stop = rows[row].starts[index], rows[row].stops[index]
            waiting += [
                (near, touched)
                for near in (row - 1, row + 1)
                if 0 <= near < shape[0]
                for touched in rows[near].take(start, stop)
            ]
    except _TooMany:
        return None
    return rows.taken()


@dataclass
class _Row:
    """The stretches of one row, from the left."""

    starts: list[int]
    stops: list[int]
    taken: list[bool]

    def take(self, start: int, stop: int) -> list[int]:
        """Which of them touch the columns from `start` to `stop`, and were not taken yet."""
        found, at = [], bisect_right(self.stops, start)
        while at < len(self.starts) and self.starts[at] < stop:
            if not self.taken[at]:
                self.taken[at] = True
                found.append(at)
            at += 1
        return found


class _Rows(dict):
    """Row by its number; found, together with those around it, when it is asked for."""

    def __init__(self, alike: Alike, shape: tuple[int, int], most: int) -> None:
        super().__init__()
        self._alike, self._shape, self._left = alike, shape, most

    def __missing__(self, row: int) -> _Row:
        top = row - row % _BAND_ROWS
        bottom = min(top + _BAND_ROWS, self._shape[0])
        mask = self._alike(top, bottom)
        spans = Region((0, 0, self._shape[1], bottom - top), mask).spans(self._left)
        if spans is None and mask.any():
            raise _TooMany
        ends, starts, stops = [0] * (bottom - top + 1), [], []
        if spans is not None:
            ends = np.searchsorted(spans.rows, np.arange(bottom - top + 1)).tolist()
            starts, stops = spans.starts.tolist(), spans.stops.tolist()
            self._left -= len(starts)
        for at, (first, last) in enumerate(zip(ends, ends[1:], strict=False)):
            self[top + at] = _Row(starts[first:last], stops[first:last], [False] * (last - first))
        return self[row]

    def taken(self) -> Spans | None:
        """All that were taken, as a region."""
        found = [
            (number, start, stop)
            for number, row in sorted(self.items())
            for start, stop, taken in zip(row.starts, row.stops, row.taken, strict=True)
            if taken
        ]
        return Spans.of(*np.array(found, int).reshape(-1, 3).T)


class _TooMany(Exception):
    """Stretches of rows."""
