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

from lsgui.mask import Box, MaskPatch, Piece
from lsgui.tile_counts import TileCounts
from model.patches import xor_into

_MOST_OWED = 64_000_000
"""Bytes: a jump over many steps must not keep them all in memory."""


class Keeper(Protocol):
    """Whoever wants to know what a box held before it is written."""

    def keep(self, box: Box) -> None: ...


class LivePlanes:
    """`label` and `origin` are uint8 (H, W), contiguous. One thread writes; others read under `lock`, in small parts.

    A patch changes the label at once, since that is what is shown. What it owes the provenance is paid when somebody
    looks, or in the pauses of `recount`: a large undo is seen in half the time.
    """

    def __init__(self, label_map: np.ndarray, provenance: np.ndarray) -> None:
        self.label, self._origin = (np.require(plane, np.uint8, ["C", "W"]) for plane in (label_map, provenance))
        self.lock = threading.RLock()
        self._owed: list[Piece] = []
        self._keepers: weakref.WeakSet[Keeper] = weakref.WeakSet()
        self._counts = TileCounts(self.label.shape), TileCounts(self.label.shape)

    @property
    def shape(self) -> tuple[int, int]:
        return self.label.shape

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
            self.put(patch)
        if sum(piece.nbytes for piece in self._owed) > _MOST_OWED:
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
        return self.pay(seconds) and label.refresh(self.label, seconds) and origin.refresh(self._origin, seconds)

    def pay(self, seconds: float = math.inf) -> bool:
        """Give the provenance what it is owed, for about so long; True when nothing is left.

        A piece is owed until it is done, so that whoever finds nothing owed, without the lock, may look.
        """
        end = time.monotonic() + seconds
        with self.lock:
            while self._owed:
                piece = self._owed[-1]
                xor_into(self._origin, piece.box, piece.provenance)
                self._owed.pop()
                if time.monotonic() >= end:
                    break
            return not self._owed
