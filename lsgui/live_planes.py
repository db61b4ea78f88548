"""The two planes of the open image, and what has to happen around every write to them."""

from __future__ import annotations

import math
import threading
import time
import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol

import numpy as np

from lsgui.late_rows import LateRows
from lsgui.mask import Box, MaskPatch, Piece
from lsgui.tile_counts import TileCounts
from model.patches import xor_into

_LARGE = 1 << 22
"""Pixels of a patch."""
_MOST_OWED = 64_000_000
"""Bytes: a jump over many steps must not keep them all in memory."""


class Keeper(Protocol):
    """Whoever wants to know what a box held before it is written."""

    def keep(self, box: Box) -> None: ...


class LivePlanes:
    """`label` and `origin` are uint8 (H, W), contiguous. One thread writes; others read under `lock`, in small parts.

    A large patch changes at once what is shown: the label, and of that only the rows on the screen, which are few when
    it shows a large image. What is owed is paid when somebody looks, or in the pauses of `recount`.
    """

    def __init__(self, label_map: np.ndarray, provenance: np.ndarray) -> None:
        label, self._origin = (np.require(plane, np.uint8, ["C", "W"]) for plane in (label_map, provenance))
        self._late = LateRows(label)
        self.lock = threading.RLock()
        self._owed: list[Piece] = []
        self._owed_bytes = 0
        self._keepers: weakref.WeakSet[Keeper] = weakref.WeakSet()
        self._counts = TileCounts(label.shape), TileCounts(label.shape)

    @property
    def shape(self) -> tuple[int, int]:
        return self._late.label.shape

    @property
    def label(self) -> np.ndarray:
        """With all that is owed to it."""
        self.pay_label()
        return self._late.label

    def show_rows(self, rows: np.ndarray | None) -> None:
        """Which rows the screen shows, sorted; None when it is most of them."""
        if rows is not self._late.shown:
            self.pay_label()  # others were late
            self._late.shown = rows

    def value_at(self, x: int, y: int) -> int:
        """The label of a pixel, for which nothing has to be paid."""
        with self.lock:
            return self._late.value_at(x, y)

    @property
    def origin(self) -> np.ndarray:
        """The provenance, with all that is owed to it."""
        if self._owed:
            self.pay()
        return self._origin

    @property
    def all(self) -> tuple[np.ndarray, np.ndarray]:
        """(label, provenance), to be written inside `writing` only."""
        return self.label, self.origin

    def rows(self, rows: slice, columns: slice = slice(None)) -> tuple[np.ndarray, np.ndarray]:
        """Views that may be written inside `writing`."""
        return self.label[rows, columns], self.origin[rows, columns]

    @contextmanager
    def writing(self, boxes: Iterable[Box], unless: Keeper | None = None) -> Iterator[None]:
        """Around every write: nothing outside `boxes` is changed in it. All keepers hear of it but `unless`."""
        with self.lock:
            keepers = tuple(keeper for keeper in self._keepers if keeper is not unless)
            for box in boxes:
                for counts in self._counts:
                    counts.mark(box)
                for keeper in keepers:
                    keeper.keep(box)
            yield

    def apply(self, patch: MaskPatch) -> tuple[Box, ...]:
        """Do a patch, or take it back; where that was. Should it fail, nothing has changed."""
        boxes = patch.boxes()
        with self.writing(boxes):
            large = sum(piece.box[2] * piece.box[3] for piece in patch.pieces) > _LARGE
            if large and self._late.shown is not None:
                self._put_shown(patch)
            else:
                self.put(patch)
        self._owed_bytes += patch.nbytes
        if self._owed_bytes > _MOST_OWED:
            self.pay()
        return boxes

    def put(self, patch: MaskPatch) -> None:
        """Do a patch, or take it back, inside `writing`."""
        self.put_label(patch.pieces)
        self.owe(patch.pieces)

    def put_label(self, pieces: Iterable[Piece]) -> None:
        """The label's part of it: all or, should it fail, nothing."""
        done: list[Piece] = []
        try:
            for piece in pieces:
                xor_into(self.label, piece.box, piece.label)
                done.append(piece)
        except BaseException:  # a packed piece that the memory has no room for
            for piece in done:
                xor_into(self.label, piece.box, piece.label)
            raise

    def _put_shown(self, patch: MaskPatch) -> None:
        """The same, and the rows of the label that are not shown are owed, too."""
        done: list[Piece] = []
        label = self.label
        try:
            for piece in patch.pieces:
                self._late.put(piece)
                done.append(piece)
        except BaseException:
            self._late.pay()
            for piece in done:
                xor_into(label, piece.box, piece.label)
            raise
        self.owe(patch.pieces)

    def owe(self, pieces: Iterable[Piece]) -> None:
        """And that of the provenance, in time. Of boxes that were announced by `writing`."""
        with self.lock:
            self._owed += pieces

    def attach(self, keeper: Keeper) -> None:
        """Held weakly: a keeper that is forgotten costs nothing any more."""
        self._keepers.add(keeper)

    def detach(self, keeper: Keeper) -> None:
        with self.lock:
            self._keepers.discard(keeper)

    def counts(self) -> tuple[dict[int, int], dict[int, int]]:
        """Pixels per label and per provenance in use."""
        return self._counts[0].total(self.label), self._counts[1].total(self.origin)

    def recount(self, seconds: float) -> bool:
        """Bring the counts closer to what is, for about so long; True when they are there."""
        label, origin = self._counts
        return self.pay(seconds) and label.refresh(self._late.label, seconds) and origin.refresh(self._origin, seconds)

    def pay_label(self) -> None:
        """Give the label what it is owed."""
        if self._late:
            with self.lock:
                self._late.pay()

    def pay(self, seconds: float = math.inf) -> bool:
        """Give both planes what they are owed, for about so long; True when nothing is left.

        A piece is owed until it is done, so that whoever finds nothing owed, without the lock, may look.
        """
        end = time.monotonic() + seconds
        with self.lock:
            if not self._late.pay(seconds):
                return False
            while self._owed:
                piece = self._owed[-1]
                xor_into(self._origin, piece.box, piece.provenance)
                self._owed.pop()
                if time.monotonic() >= end:
                    break
            if not self._owed:
                self._owed_bytes = 0
            return not self._owed
