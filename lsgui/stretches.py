"""A label map as stretches of equal pixels, row after row, and the parts that they make up. numpy, no Qt.

What is done with whole parts costs as much as there are stretches, however many pixels and parts there are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_BAND_PIXELS = 1 << 20
"""Looked at at once."""


@dataclass(frozen=True)
class Lines:
    """Some stretches, in order: columns `starts[i]` up to, not including, `stops[i]` of row `rows[i]`, integers."""

    rows: np.ndarray
    starts: np.ndarray
    stops: np.ndarray
    width: int

    def __getitem__(self, chosen: np.ndarray) -> Lines:
        return Lines(self.rows[chosen], self.starts[chosen], self.stops[chosen], self.width)

    def touching(self, others: Lines, down: int, corners: bool) -> tuple[np.ndarray, np.ndarray]:
        """Which of these (i) and which of `others` (j), `down` rows below, touch over an edge, or with `corners` there."""
        pitch = self.width + 2
        row = (self.rows.astype(np.int64) + down) * pitch
        first = np.searchsorted(
            others.rows * np.int64(pitch) + others.stops, row + self.starts, "left" if corners else "right"
        )
        last = np.searchsorted(
            others.rows * np.int64(pitch) + others.starts, row + self.stops, "right" if corners else "left"
        )
        count = np.maximum(last - first, 0)
        i = np.repeat(np.arange(len(count)), count)
        return i, np.arange(len(i)) - np.repeat(np.cumsum(count) - count - first, count)

    def merged(self) -> tuple[Lines, np.ndarray]:
        """Those side by side as one; and in which of them each of these is."""
        new = np.ones(len(self.rows), bool)
        np.logical_or(self.rows[1:] != self.rows[:-1], self.starts[1:] != self.stops[:-1], out=new[1:])
        first = np.flatnonzero(new)
        last = np.append(first[1:], len(new))[: len(first)] - 1
        return Lines(self.rows[first], self.starts[first], self.stops[last], self.width), np.cumsum(new) - 1

    def parts(self, corners: bool) -> np.ndarray:
        """For each stretch the number of the first one of its part: those that touch over edges, or `corners` too."""
        beside = np.flatnonzero((self.rows[1:] == self.rows[:-1]) & (self.starts[1:] == self.stops[:-1]))
        above, below = self.touching(self, 1, corners)
        return _first_of_each(len(self.rows), np.concatenate((beside, above)), np.concatenate((beside + 1, below)))


class Stretches:
    """`lines` and, of each, its value, uint8; they fill a map of `shape`."""

    def __init__(self, lines: Lines, values: np.ndarray, shape: tuple[int, int]) -> None:
        self.lines = lines
        self.values = values
        self.shape = shape

    @staticmethod
    def of(label: np.ndarray, most: int) -> Stretches | None:
        """Those of uint8 (H, W); None when there are more than `most`."""
        height, width = label.shape
        found, values, count = [], [], 0
        step = max(1, _BAND_PIXELS // max(1, width))
        for top in range(0, height, step):
            part = label[top : top + step]
            turns = np.ones(part.shape, bool)
            np.not_equal(part[:, 1:], part[:, :-1], out=turns[:, 1:])
            at = np.flatnonzero(turns)
            values.append(np.ascontiguousarray(part).reshape(-1)[at])
            found.append(at + top * width)
            count += len(at)
            if count > most:
                return None
        at = np.concatenate(found) if found else np.zeros(0, np.int64)
        rows, starts = np.divmod(at, max(1, width))
        stops = starts + np.diff(at, append=height * width)
        lines = Lines(*(ends.astype(np.int32) for ends in (rows, starts, stops)), width)
        return Stretches(lines, np.concatenate(values) if values else np.zeros(0, np.uint8), label.shape)

    def map(self) -> np.ndarray:
        """uint8 (H, W)."""
        return np.repeat(self.values, self.lines.stops - self.lines.starts).reshape(self.shape)

    def around(self, chosen: np.ndarray, parts: np.ndarray, count: int) -> np.ndarray:
        """uint8 (count,): which value most pixels have that touch a part over edges or corners; 0 where there are none.

        `chosen` stretches, all of one value, make up `count` parts, of which `parts` says to which each belongs; a part
        holds all of that value that touches it. The smallest value wins a draw.
        """
        owner, line, value, left, right = self._bordering(chosen, parts)
        order = np.argsort(line + left)
        owner, value, left, right = owner[order], value[order], (line + left)[order], (line + right)[order]
        seen = np.concatenate((np.zeros(1, np.int64), np.maximum.accumulate(right)[:-1]))[: len(right)]
        fresh = np.maximum(right - np.maximum(left, seen), 0)  # pixels that were not counted for this part yet
        names, rank = np.unique(value, return_inverse=True)
        if not len(names):
            return np.zeros(count, np.uint8)
        sums = np.bincount(owner * len(names) + rank, fresh, count * len(names)).reshape(count, len(names))
        return np.where(sums.any(axis=1), names[np.argmax(sums, axis=1)], 0).astype(np.uint8)

    def _bordering(self, chosen: np.ndarray, parts: np.ndarray) -> list[np.ndarray]:
        """What touches them: (its part, where the columns of that part and row count from, value, first, last column)."""
        own, value, found = self.lines[chosen], self.values[chosen[:1]], []
        height, pitch = self.shape[0] + 2, self.shape[1] + 2
        for down in (-1, 0, 1):
            i, j = own.touching(self.lines, down, corners=True)
            others = self.values[j] != value
            i, j = i[others], j[others]
            line = (parts[i] * height + own.rows[i] + down + 1) * pitch
            left = np.maximum(self.lines.starts[j], own.starts[i] - 1)
            right = np.minimum(self.lines.stops[j], own.stops[i] + 1)
            found.append((parts[i], line, self.values[j], left, right))
        return [np.concatenate(ends) for ends in zip(*found, strict=True)]


def _first_of_each(count: int, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Of `count` things, of which `one[i]` and `other[i]` belong together: the first that each belongs to.

    Every round hooks groups to an earlier one that they touch, and then lets all look up whom they ended at.
    """
    first = np.arange(count)
    while len(one):
        a, b = first[one], first[other]
        apart = a != b
        one, other, a, b = one[apart], other[apart], a[apart], b[apart]
        first[np.maximum(a, b)] = np.minimum(a, b)
        while not np.array_equal(up := first[first], first):
            first = up
    return first
