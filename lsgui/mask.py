"""The pixels of an edit: the region a tool covers, what it writes there, and the patch this makes. No Qt."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np

from model.opencv import cv2
from model.patches import Box, MaskPatch, PatchError, Piece, difference, piece_of, tiles_of, union
from model.provenance import HUMAN

if TYPE_CHECKING:
    from lsgui.live_planes import LivePlanes
    from lsgui.rules import Rules

__all__ = [
    "AnyRegion", "Box", "Edit", "Ink", "MaskPatch", "PatchError", "Piece", "PlaneRows", "Point", "Region", "Spans",
    "as_mask", "changes", "fill", "filled", "patch_of", "performed", "tiles_of", "union", "whole_patch", "write",
]  # fmt: skip

Point = tuple[float, float]
"""(x, y) in image pixels; pixel (i, j) spans [i, i + 1) x [j, j + 1), so its centre is at + 0.5."""

_BAND_PIXELS = 1 << 19
"""An edit is worked on in bands that fit a core's cache: 5 times faster than plane by plane at 4096x4096."""


@dataclass(frozen=True)
class Region:
    """The pixels a tool covers: `mask` is bool (or uint8, not 0) (h, w) of `box`, which lies inside the image."""

    box: Box
    mask: np.ndarray

    def band(self, top: int, bottom: int) -> np.ndarray:
        """Rows `top` to `bottom` of the box, counted from its top: uint8 (n, w), 255 inside and 0 outside."""
        part = self.mask[top:bottom]
        return as_mask(part if part.dtype == bool else part != 0)

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

    def band(self, top: int, bottom: int) -> np.ndarray:
        """Rows `top` to `bottom` of the box, counted from its top: uint8 (n, w), 255 inside and 0 outside."""
        x, y, width, _ = self.box
        band = np.zeros((bottom - top, width), np.uint8)
        first, last = np.searchsorted(self.rows, (y + top, y + bottom))
        part = slice(first, last)
        ends = (self.starts[part] - x).tolist(), (self.stops[part] - x).tolist()
        for row, start, stop in zip((self.rows[part] - (y + top)).tolist(), *ends, strict=True):
            band[row, start:stop] = 255
        return band

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


@dataclass(frozen=True)
class Ink:
    """What an edit writes. `value` is a class, or an array (h, w) of the region's box; None leaves the label alone."""

    value: int | np.ndarray | None
    provenance: int = HUMAN
    only_from: int | None = field(default=None)
    """The provenance of the pixels it takes to; None for any."""

    @property
    def is_plain(self) -> bool:
        """The same for every pixel."""
        return isinstance(self.value, int) and self.only_from is None


class PlaneRows(Protocol):
    """Two planes of which parts can be had; `Document` gives views, `Snapshot` copies."""

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W)."""

    def rows(self, rows: slice, columns: slice = slice(None)) -> tuple[np.ndarray, np.ndarray]:
        """(label, provenance) of these rows and columns."""


Edit = Callable[
    [np.ndarray, np.ndarray, slice], tuple[np.ndarray | int | None, np.ndarray | int | None, np.ndarray | None]
]
"""(label rows, provenance rows, which rows of the box) -> new label, new provenance (None: as it is), and where:
uint8 (n, w), 255 for the pixels that they are for; None for all."""


def painting(region: AnyRegion, ink: Ink, rules: Rules, pixels: np.ndarray) -> Edit:
    """The edit that ink makes in a region as far as the rules allow. `pixels` are the whole image's."""
    x, y, w, _ = region.box

    def edit(label: np.ndarray, origin: np.ndarray, rows: slice) -> tuple:
        where = region.band(rows.start, rows.stop)
        box = (x, y + rows.start, w, rows.stop - rows.start)
        allowed = rules.allowed(label, pixels[box[1] : box[1] + box[3], x : x + w], box)
        if allowed is not None:
            where = cv2.bitwise_and(where, allowed)
        if ink.only_from is not None:
            where = cv2.bitwise_and(where, as_mask(origin == ink.only_from))
        value = ink.value[rows] if isinstance(ink.value, np.ndarray) else ink.value
        return value, ink.provenance, where

    return edit


def changes(
    planes: PlaneRows, edit: Edit, box: Box
) -> Iterator[tuple[Box, tuple[np.ndarray, np.ndarray], tuple[np.ndarray | int, np.ndarray | int]]]:
    """Of every band of `box`: where it lies, what is there, and what to XOR it with."""
    x, y, width, height = box
    step = max(1, _BAND_PIXELS // max(1, width))
    for top in range(0, height, step):
        rows = slice(top, min(top + step, height))
        before = planes.rows(slice(y + rows.start, y + rows.stop), slice(x, x + width))
        *after, where = edit(*before, rows)
        deltas = tuple(difference(old, new, where) for old, new in zip(before, after, strict=True))
        yield (x, y + top, width, rows.stop - rows.start), before, deltas


def fill(planes: LivePlanes, spans: Spans, ink: Ink) -> None:
    """Do the edit of plain ink that no rule limits: row by row, a third of what bands and masks take."""
    label, origin = planes.all
    with planes.writing((spans.box,)):
        for row, start, stop in zip(spans.rows.tolist(), spans.starts.tolist(), spans.stops.tolist(), strict=True):
            label[row, start:stop] = ink.value
            origin[row, start:stop] = ink.provenance


def write(planes: LivePlanes, edit: Edit, box: Box) -> None:
    """Do an edit, without remembering what it was."""
    for band, before, deltas in changes(planes, edit, box):
        with planes.writing((band,)):
            _xor(before, deltas)


def performed(planes: LivePlanes, edit: Edit, box: Box) -> MaskPatch | None:
    """Do an edit: the patch that it was, None when it changed nothing. Should it fail, nothing has changed."""
    pieces = []
    try:
        for band, before, deltas in changes(planes, edit, box):
            piece = piece_of(band[:2], *deltas)
            if piece is not None:
                with planes.writing((piece.box,)):
                    _xor(before, deltas)
                pieces.append(piece)
    except BaseException:
        with planes.writing(tuple(piece.box for piece in pieces)):
            MaskPatch(pieces).apply(*planes.all)
        raise
    return MaskPatch(pieces) if pieces else None


def whole_patch(planes: PlaneRows, edit: Edit, box: Box | None = None) -> MaskPatch | None:
    """The patch by which `edit` would change the planes (it does not yet); None when it changes nothing.

    Only `box` is edited when there is one; the rows that `edit` is given then count from its top.
    """
    box = box or (0, 0, planes.shape[1], planes.shape[0])
    pieces = (piece_of(band[:2], *deltas) for band, _, deltas in changes(planes, edit, box))
    kept = [piece for piece in pieces if piece is not None]
    return MaskPatch(kept) if kept else None


def patch_of(planes: PlaneRows, pixels: np.ndarray, region: AnyRegion, ink: Ink, rules: Rules) -> MaskPatch | None:
    """The patch that paints a region; None when it changes nothing. Pure, so it may run in any lane."""
    return whole_patch(planes, painting(region, ink, rules, pixels), region.box)


def _xor(planes: tuple[np.ndarray, np.ndarray], deltas: tuple[np.ndarray | int, np.ndarray | int]) -> None:
    for plane, delta in zip(planes, deltas, strict=True):
        if isinstance(delta, np.ndarray):
            np.bitwise_xor(plane, delta, out=plane)
