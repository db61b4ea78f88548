"""Both planes as they were at one moment, for a lane to read while painting goes on."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lsgui.kept_tiles import TILE, KeptTiles
from lsgui.live_planes import LivePlanes
from lsgui.mask import Box, MaskPatch
from model.plane_source import BAND_ROWS
from model.progress import Cancelled


class Snapshot:
    """Costs nothing when it is taken: it reads the live planes, and keeps the tiles that are written meanwhile.

    A `PlaneSource` and `PlaneRows` for any thread. Reading it once it is closed raises Cancelled: what it was made for
    is over.
    """

    def __init__(self, planes: LivePlanes, revision: int, seq: int, cursor: int, tile: int = TILE) -> None:
        """To be made in the thread that writes. `seq` is that of the last commit it holds."""
        self.revision = revision
        self.seq = seq
        self.cursor = cursor
        self.closed = False
        self._planes = planes
        self.shown: MaskPatch | None = None
        """What is on the planes without belonging to them: to be set inside `writing`, of which `keep` is not told."""
        self._kept = KeptTiles(tile)
        planes.attach(self)

    @property
    def shape(self) -> tuple[int, int]:
        return self._planes.shape

    def keep(self, box: Box) -> None:
        """For the planes: `box` is about to be written. Under their lock."""
        self._kept.keep(box, self._planes.label, self._planes.origin)

    def rows(self, rows: slice, columns: slice = slice(None)) -> tuple[np.ndarray, np.ndarray]:
        """Copies (label, provenance) of these rows and columns."""
        height, width = self.shape
        (top, bottom, _), (left, right, _) = rows.indices(height), columns.indices(width)
        label, origin = (np.empty((max(0, bottom - top), max(0, right - left)), np.uint8) for _ in range(2))
        for start in range(top, bottom, BAND_ROWS):
            stop = min(start + BAND_ROWS, bottom)
            part = slice(start - top, stop - top)
            self._copy(slice(start, stop), slice(left, right), (label[part], origin[part]))
        return label, origin

    def labels(self, first: int, last: int) -> np.ndarray:
        """A copy of these rows of the label map; the other plane is not read for it."""
        label = np.empty((last - first, self.shape[1]), np.uint8)
        for top in range(first, last, BAND_ROWS):
            rows = slice(top, min(top + BAND_ROWS, last))
            self._copy(rows, slice(0, label.shape[1]), (label[top - first : rows.stop - first],))
        return label

    def bands(self, rows: int = BAND_ROWS) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Copies (label, provenance) of `rows` rows each, from the top."""
        for top in range(0, self.shape[0], rows):
            yield self.rows(slice(top, top + rows))

    def close(self) -> None:
        """Nobody reads it any more: nothing needs to be kept for it."""
        self.closed = True
        self._planes.detach(self)
        self._kept = KeptTiles()

    def _copy(self, rows: slice, columns: slice, into: tuple[np.ndarray, ...]) -> None:
        """The label, or both planes. Under the lock, so of few rows at a time: the brush waits for it."""
        with self._planes.lock:
            if self.closed:
                raise Cancelled
            into[0][:] = self._planes.label[rows, columns]
            if len(into) > 1:
                into[1][:] = self._planes.origin[rows, columns]
            self._kept.put_into(rows, columns, into)
            if self.shown is not None:
                self.shown.apply_to_part(into, (columns.start, rows.start))
