"""The pixels of an edit: the region a tool covers, and the patch that an edit is. numpy and cv2, no Qt."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from model.opencv import cv2

Box = tuple[int, int, int, int]
"""(x, y, width, height) in image pixels."""
Point = tuple[float, float]
"""(x, y) in image pixels; pixel (i, j) spans [i, i + 1) x [j, j + 1), so its centre is at + 0.5."""

BAND_ROWS = 64
"""A whole-image edit is worked on in bands that fit a core's cache: 5 times faster than plane by plane at 4096x4096."""


@dataclass(frozen=True)
class Region:
    """The pixels a tool covers: `mask` is bool (height, width) of `box`, which lies inside the image."""

    box: Box
    mask: np.ndarray


@dataclass(frozen=True)
class Piece:
    """One rectangle of a patch. Each plane is before XOR after: uint8 (h, w), one int where constant, or zlib bytes."""

    box: Box
    label: np.ndarray | int | bytes
    provenance: np.ndarray | int | bytes

    @property
    def nbytes(self) -> int:
        return sum(_size(plane) for plane in (self.label, self.provenance))


class MaskPatch:
    """One edit of the label map and its provenance plane, as the XOR of before and after.

    Applying it once does the edit, applying it again takes it back: XOR holds "before" and "after" in the room of one,
    and is zero wherever nothing changed, so a stroke compresses to almost nothing.
    """

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self._pieces = tuple(pieces)
        self.box = union(piece.box for piece in pieces)

    @property
    def nbytes(self) -> int:
        return sum(piece.nbytes for piece in self._pieces)

    @property
    def pieces(self) -> tuple[Piece, ...]:
        return self._pieces

    def apply(self, label_map: np.ndarray, provenance: np.ndarray) -> None:
        """Change both planes in place, forward or back."""
        for piece in self._pieces:
            _xor_into(label_map, piece.box, piece.label)
            _xor_into(provenance, piece.box, piece.provenance)

    def compress(self) -> None:
        """Shrink what is kept. Safe in any thread: the pieces are exchanged by one assignment."""
        self._pieces = tuple(
            replace(piece, label=_packed(piece.label), provenance=_packed(piece.provenance)) for piece in self._pieces
        )


Edit = Callable[[np.ndarray, np.ndarray, slice], tuple[np.ndarray | int, np.ndarray | int, np.ndarray | None]]
"""(label rows, provenance rows, which rows) -> new label, new provenance, bool mask of the pixels they are for."""


def whole_patch(label_map: np.ndarray, provenance: np.ndarray, edit: Edit, box: Box | None = None) -> MaskPatch | None:
    """The patch by which `edit` would change the planes (it does not yet); None when it changes nothing.

    Only `box` is edited when there is one; the rows that `edit` is given then count from its top.
    """
    x, y, width, height = box or (0, 0, label_map.shape[1], label_map.shape[0])
    pieces = []
    for top in range(0, height, BAND_ROWS):
        rows = slice(top, min(top + BAND_ROWS, height))
        before = tuple(plane[y : y + height, x : x + width][rows] for plane in (label_map, provenance))
        label, origin, where = edit(*before, rows)
        piece = piece_between((x, y + top), before, (label, origin), where)
        if piece is not None:
            pieces.append(piece)
    return MaskPatch(pieces) if pieces else None


def piece_between(
    corner: tuple[int, int],
    before: tuple[np.ndarray, np.ndarray],
    after: tuple[np.ndarray | int, np.ndarray | int],
    where: np.ndarray | None = None,
) -> Piece | None:
    """The trimmed difference of two (label, provenance) pairs where the mask says so; None when there is none."""
    planes = [
        np.bitwise_xor(old, np.uint8(new) if isinstance(new, int) else new)
        for old, new in zip(before, after, strict=True)
    ]
    if where is not None:
        for plane in planes:
            plane *= where.view(np.uint8)
    x, y, w, h = cv2.boundingRect(cv2.bitwise_or(*planes))
    if w == 0:
        return None
    label, provenance = (_constant_or_copy(plane[y : y + h, x : x + w], plane) for plane in planes)
    return Piece((corner[0] + x, corner[1] + y, w, h), label, provenance)


def union(boxes: Iterable[Box]) -> Box:
    """The smallest box around all of them; (0, 0, 0, 0) for none."""
    corners = [(x, y, x + w, y + h) for x, y, w, h in boxes]
    if not corners:
        return 0, 0, 0, 0
    left, top = (min(corner[i] for corner in corners) for i in (0, 1))
    return left, top, max(corner[2] for corner in corners) - left, max(corner[3] for corner in corners) - top


def tiles_of(box: Box, side: int) -> Iterator[tuple[int, int]]:
    """The (column, row) of every tile of a regular grid that the box touches."""
    x, y, w, h = box
    for row in range(y // side, -(-(y + h) // side)):
        for column in range(x // side, -(-(x + w) // side)):
            yield column, row


def _constant_or_copy(part: np.ndarray, plane: np.ndarray) -> np.ndarray | int:
    """A constant as one number; a small part as a copy, so that it does not keep the whole plane alive."""
    low, high, _, _ = cv2.minMaxLoc(part)
    if low == high:
        return int(low)
    return plane if part.shape == plane.shape else part.copy()


def _packed(plane: np.ndarray | int | bytes) -> int | bytes:
    return zlib.compress(np.ascontiguousarray(plane), 1) if isinstance(plane, np.ndarray) else plane


def _xor_into(target: np.ndarray, box: Box, delta: np.ndarray | int | bytes) -> None:
    if isinstance(delta, int) and delta == 0:
        return
    x, y, w, h = box
    if isinstance(delta, bytes):
        delta = np.frombuffer(zlib.decompress(delta), np.uint8).reshape(h, w)
    part = target[y : y + h, x : x + w]
    np.bitwise_xor(part, np.uint8(delta) if isinstance(delta, int) else delta, out=part)


def _size(plane: np.ndarray | int | bytes) -> int:
    return 1 if isinstance(plane, int) else plane.nbytes if isinstance(plane, np.ndarray) else len(plane)
