"""The rows of a label map that an undo has not changed yet: those that the screen, zoomed far out, does not show."""

from __future__ import annotations

import math
import time

import numpy as np

from lsgui.mask import Piece
from model.patches import xor_into
from model.run_lengths import plane_of


class LateRows:
    """`label` is uint8 (H, W). Whoever reads other rows than `shown`, sorted, has to `pay` before; None are all."""

    def __init__(self, label: np.ndarray) -> None:
        self.label = label
        self.shown: np.ndarray | None = None
        self._late: list[tuple[Piece, np.ndarray]] = []

    def __bool__(self) -> bool:
        return bool(self._late)

    def put(self, piece: Piece) -> None:
        """Do a piece, or take it back: at once in the rows that are shown."""
        x, y, w, h = piece.box
        first, last = np.searchsorted(self.shown, (y, y + h))
        rows = self.shown[first:last] - y
        if not isinstance(piece.label, int) or piece.label:
            plane = plane_of(piece.label, (h, w))
            part = self.label[y : y + h, x : x + w]
            part[rows] ^= np.uint8(plane) if isinstance(plane, int) else plane[rows]
            self._late.append((piece, rows))

    def pay(self, seconds: float = math.inf) -> bool:
        """Change the others, for about so long; True when nothing is left.

        A piece is late until it is done, so that whoever finds nothing late, without a lock, may look.
        """
        end = time.monotonic() + seconds
        while self._late:
            piece, rows = self._late[-1]
            shape = piece.box[3], piece.box[2]
            delta = plane_of(piece.label, shape)
            own = isinstance(delta, np.ndarray) and delta is not piece.label and delta.flags.writeable
            plane = delta if own else np.full(shape, delta, np.uint8)
            plane[rows] = 0  # these are done, and shown
            xor_into(self.label, piece.box, plane)
            self._late.pop()
            if time.monotonic() >= end:
                break
        return not self._late

    def value_at(self, x: int, y: int) -> int:
        """What the pixel holds, also where it is late."""
        value = int(self.label[y, x])
        for piece, rows in self._late:
            left, top, w, h = piece.box
            if left <= x < left + w and top <= y < top + h and y - top not in rows:
                plane = plane_of(piece.label, (h, w))
                value ^= plane if isinstance(plane, int) else int(plane[y - top, x - left])
        return value
