"""The pixels of an edit: what is written in the region that a tool covers, and the patch this makes. No Qt."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np

from lsgui.regions import AnyRegion, Point, Region, Spans, as_mask, filled
from model.opencv import cv2
from model.patches import Box, MaskPatch, PatchError, Piece, difference, piece_of, tiles_of, union
from model.provenance import HUMAN
from model.run_lengths import Delta, delta_of

if TYPE_CHECKING:
    from lsgui.live_planes import LivePlanes
    from lsgui.rules import Rules

__all__ = [
    "AnyRegion", "Box", "Edit", "Ink", "MaskPatch", "PatchError", "Piece", "PlaneRows", "Point", "Region", "Spans",
    "as_mask", "changes", "fill", "filled", "filled_in", "patch_of", "performed", "tiles_of", "union", "whole_patch",
    "write",
]  # fmt: skip

_FEW_SPANS = 16
"""In a row: with more, masks are quicker."""
_BAND_PIXELS = 1 << 19
"""An edit is worked on in bands that fit a core's cache: 5 times faster than plane by plane at 4096x4096."""


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

    @property
    def one_value(self) -> int | None:
        """The class, if it is one."""
        return self.value if isinstance(self.value, int) else None


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


def filled_in(planes: LivePlanes, spans: Spans, ink: Ink) -> MaskPatch | None:
    """Do the same edit: the patch that it was, None when it changed nothing. Should it fail, nothing has changed.

    A third of what `performed` takes: without masks, and the provenance is owed.
    """
    pieces: list[Piece] = []
    try:
        for piece in _plain_pieces(planes, spans, ink):
            with planes.writing((piece.box,)):
                planes.put_label((piece,))
            pieces.append(piece)
    except BaseException:
        planes.put_label(pieces)
        raise
    planes.owe(pieces)
    return MaskPatch(pieces) if pieces else None


def _plain_pieces(planes: PlaneRows, spans: Spans, ink: Ink) -> Iterator[Piece]:
    """What plain ink that no rule limits changes, band by band."""
    x, y, width, height = spans.box
    step = max(1, _BAND_PIXELS // width)
    for top in range(y, y + height, step):
        band = spans.of_rows(top, min(top + step, y + height))
        if band is None:
            continue
        x, first, w, h = band.box
        label, origin = planes.rows(slice(first, first + h), slice(x, x + w))
        deltas = _set(label, band, ink.value), _set(origin, band, ink.provenance)
        if any(not isinstance(delta, int) or delta for delta in deltas):
            yield Piece(band.box, *deltas)


def _set(plane: np.ndarray, band: Spans, value: int) -> Delta:
    """By what `plane`, of the band's box, differs from one in which `value` is set there."""
    first = plane[0, 0]
    if (plane == first).all():
        return band.delta(int(first) ^ value)
    changed = band.drawn(plane.copy(), value)
    return delta_of(np.bitwise_xor(plane, changed, out=changed))


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
    if ink.is_plain and rules.is_free:
        spans = region.spans(_FEW_SPANS * region.box[3]) if isinstance(region, Region) else region
        if isinstance(spans, Spans):
            pieces = tuple(_plain_pieces(planes, spans, ink))
            return MaskPatch(pieces) if pieces else None
    return whole_patch(planes, painting(region, ink, rules, pixels), region.box)


def _xor(planes: tuple[np.ndarray, np.ndarray], deltas: tuple[np.ndarray | int, np.ndarray | int]) -> None:
    for plane, delta in zip(planes, deltas, strict=True):
        if isinstance(delta, np.ndarray):
            np.bitwise_xor(plane, delta, out=plane)
