"""The pixels that a tool covers: as a mask, or as stretches of rows. No Qt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model.patches import Box
from model.run_lengths import Delta, Runs

Point = tuple[float, float]
"""(x, y) in image pixels; pixel (i, j) spans [i, i + 1) x [j, j + 1), so its centre is at + 0.5."""

_ROWS = 64
"""Of a mask, looked at at once: few enough to stay in a core's cache."""


@dataclass(frozen=True)
class Region:
    """The pixels a tool covers: `mask` is bool (or uint8, not 0) (h, w) of `box`, which lies inside the image."""

    box: Box
    mask: np.ndarray

    def band(self, top: int, bottom: int) -> np.ndarray:
        """Rows `top` to `bottom` of the box, counted from its top: uint8 (n, w), 255 inside and 0 outside."""
        part = self.mask[top:bottom]
        return as_mask(part if part.dtype == bool else part != 0)

    def spans(self, most: int) -> Spans | None:
        """The same as stretches of rows; None when there would be more than `most` of them, or none."""
        (x, y, width, height), found = self.box, []
        edges = np.empty((_ROWS, width + 1), bool)
        for top in range(0, height, _ROWS):
            part = self.mask[top : top + _ROWS]
            inside = part if part.dtype == bool else part != 0
            turns = edges[: len(inside)]
            turns[:, 0], turns[:, width] = inside[:, 0], inside[:, -1]
            np.not_equal(inside[:, 1:], inside[:, :-1], out=turns[:, 1:width])
            found.append(np.flatnonzero(turns) + top * (width + 1))
            most -= len(found[-1]) // 2
            if most < 0:
                return None
        rows, columns = np.divmod(np.concatenate(found), width + 1) if found else (np.zeros(0, int),) * 2
        return Spans.of(rows[::2] + y, columns[::2] + x, columns[1::2] + x)

    @property
    def area(self) -> int:
        """How many pixels."""
        return int(np.count_nonzero(self.mask))


@dataclass(frozen=True)
class Spans:
    """The same as stretches of rows: pixels `starts[i]` up to, not including, `stops[i]` of image row `rows[i]`.

    All three are integers in image pixels, within `box`; `rows` rises or stays, and spans do not overlap.
    """

    box: Box
    rows: np.ndarray
    starts: np.ndarray
    stops: np.ndarray

    @staticmethod
    def of(rows: np.ndarray, starts: np.ndarray, stops: np.ndarray) -> Spans | None:
        """In the smallest box around them; None when there are none."""
        if not len(rows):
            return None
        left, top = int(starts.min()), int(rows[0])
        return Spans((left, top, int(stops.max()) - left, int(rows[-1]) + 1 - top), rows, starts, stops)

    def band(self, top: int, bottom: int) -> np.ndarray:
        """Rows `top` to `bottom` of the box, counted from its top: uint8 (n, w), 255 inside and 0 outside."""
        x, y, width, _ = self.box
        band = np.zeros((bottom - top, width), np.uint8)
        inside = self.of_rows(y + top, y + bottom)
        return band if inside is None else inside.drawn(band, 255, (x, y + top))

    def drawn(self, plane: np.ndarray, value: int, corner: tuple[int, int] | None = None) -> np.ndarray:
        """Set them in a plane whose first pixel is at `corner`, else that of the box; the plane."""
        x, y = corner or self.box[:2]
        ends = (self.starts - x).tolist(), (self.stops - x).tolist()
        for row, start, stop in zip((self.rows - y).tolist(), *ends, strict=True):
            plane[row, start:stop] = value
        return plane

    def delta(self, value: int) -> Delta:
        """`value` inside and 0 in the rest of the box."""
        x, y, width, height = self.box
        row = (self.rows - y) * width
        edges = np.stack((row + self.starts - x, row + self.stops - x), axis=1).reshape(-1)
        return Runs.between(edges, value, width * height)

    def of_rows(self, top: int, bottom: int) -> Spans | None:
        """Those of the image's rows from `top` up to, not including, `bottom`; None when there are none."""
        first, last = np.searchsorted(self.rows, (top, bottom))
        return Spans.of(*(ends[first:last] for ends in (self.rows, self.starts, self.stops)))

    @property
    def area(self) -> int:
        """How many pixels."""
        return int((self.stops - self.starts).sum())


AnyRegion = Region | Spans


def as_mask(where: np.ndarray) -> np.ndarray:
    """bool to uint8: 255 where it is True."""
    return np.negative(where.view(np.uint8))


def filled(box: Box) -> Spans:
    """All pixels of a box that lies inside the image."""
    x, y, w, h = box
    return Spans(box, np.arange(y, y + h), np.full(h, x), np.full(h, x + w))
