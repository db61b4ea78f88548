"""An edit of a label map and its provenance plane as a patch that is done and taken back by the same XOR."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from model.opencv import cv2
from model.run_lengths import Delta, PatchError, Runs, delta_of, packed, plane_of, size_of, unpacked

__all__ = [
    "Box", "MaskPatch", "PatchError", "Piece", "Runs", "few_boxes", "patch_between", "piece_between", "tiles_of", "union",
    "xor_into",
]  # fmt: skip

Box = tuple[int, int, int, int]
"""(x, y, width, height) in image pixels."""

_VERSION = 1
_CONSTANT = 0
_HEAD, _BOX, _PLANE = struct.Struct("<BI"), struct.Struct("<4I"), struct.Struct("<BI")
_FINEST_GRID = 256
_BAND_ROWS = 64


@dataclass(frozen=True)
class Piece:
    """One rectangle of a patch. Each plane is before XOR after."""

    box: Box
    label: Delta
    provenance: Delta

    @property
    def nbytes(self) -> int:
        return size_of(self.label) + size_of(self.provenance)


class MaskPatch:
    """One edit of the label map and its provenance plane, as the XOR of before and after.

    Applying it once does the edit, applying it again takes it back: XOR holds "before" and "after" in the room of one,
    and is zero wherever nothing changed, so a stroke compresses to almost nothing. Never changes once it is made.
    """

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self.pieces = tuple(pieces)
        self.box = union(piece.box for piece in self.pieces)
        self.nbytes = sum(piece.nbytes for piece in self.pieces)
        self._boxes: dict[int, tuple[Box, ...]] = {}

    def apply(self, label_map: np.ndarray, provenance: np.ndarray) -> None:
        """Change both planes in place, forward or back."""
        for piece in self.pieces:
            xor_into(label_map, piece.box, piece.label)
            xor_into(provenance, piece.box, piece.provenance)

    def apply_to_part(self, planes: Sequence[np.ndarray], corner: tuple[int, int]) -> None:
        """The same for parts of the planes, or of the label map alone, whose first pixel is `corner` of the image."""
        (left, top), (height, width) = corner, planes[0].shape
        for piece in self.pieces:
            x, y, w, h = piece.box
            x0, y0, x1, y1 = max(x, left), max(y, top), min(x + w, left + width), min(y + h, top + height)
            if x0 < x1 and y0 < y1:
                for target, delta in zip(planes, (piece.label, piece.provenance), strict=False):
                    plane = plane_of(delta, (h, w))
                    inside = plane if isinstance(plane, int) else plane[y0 - y : y1 - y, x0 - x : x1 - x]
                    _xor(target[y0 - top : y1 - top, x0 - left : x1 - left], inside)

    def boxes(self, most: int = 64) -> tuple[Box, ...]:
        """At most `most` rectangles around everything that changes, which leave out what lies between far parts."""
        if most not in self._boxes:
            self._boxes[most] = few_boxes((piece.box for piece in self.pieces), most)
        return self._boxes[most]

    def packed(self) -> MaskPatch:
        """The same in less memory. Slow for a large one, so it is for a lane."""
        return MaskPatch([Piece(piece.box, packed(piece.label), packed(piece.provenance)) for piece in self.pieces])

    def to_bytes(self) -> bytes:
        """Version, number of pieces; of each its box, then per plane what it is, how long, and its bytes."""
        parts = [_HEAD.pack(_VERSION, len(self.pieces))]
        for piece in self.pieces:
            parts += [_BOX.pack(*piece.box), *_plane_bytes(piece.label), *_plane_bytes(piece.provenance)]
        return b"".join(parts)

    @staticmethod
    def from_bytes(data: bytes, shape: tuple[int, int]) -> MaskPatch:
        """Raises PatchError unless every box lies within `shape` (height, width) and every plane fills its box."""
        reader = _Reader(data)
        version, count = reader.take(_HEAD)
        if version != _VERSION:
            raise PatchError(f"an edit of version {version}")
        pieces = []
        for _ in range(count):
            x, y, w, h = box = reader.take(_BOX)
            if not (w and h and x + w <= shape[1] and y + h <= shape[0]):
                raise PatchError(f"a piece at {box} in an image of {shape[1]} x {shape[0]}")
            pieces.append(Piece(box, reader.plane((h, w)), reader.plane((h, w))))
        if reader.at != len(data):
            raise PatchError(f"{len(data) - reader.at} bytes too many")
        return MaskPatch(pieces)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, layout: struct.Struct) -> tuple[int, ...]:
        return layout.unpack(self._bytes(layout.size))

    def plane(self, shape: tuple[int, int]) -> Delta:
        kind, length = self.take(_PLANE)
        content = self._bytes(length)
        if kind != _CONSTANT:
            return unpacked(bytes([kind]) + content, shape)
        if length != 1:
            raise PatchError(f"a constant of {length} bytes")
        return content[0]

    def _bytes(self, count: int) -> bytes:
        part = self.data[self.at : self.at + count]
        if len(part) != count:
            raise PatchError(f"an edit that ends after {len(self.data)} bytes")
        self.at += count
        return part


def piece_between(
    corner: tuple[int, int],
    before: tuple[np.ndarray, np.ndarray],
    after: tuple[np.ndarray | int, np.ndarray | int],
    where: np.ndarray | None = None,
) -> Piece | None:
    """The trimmed difference of two (label, provenance) pairs; None when there is none.

    `where` is uint8 (h, w): 255 for the pixels that take part, 0 for the others.
    """
    return piece_of(corner, *(difference(old, new, where) for old, new in zip(before, after, strict=True)))


def patch_between(before: tuple[np.ndarray, np.ndarray], after: tuple[np.ndarray, np.ndarray]) -> MaskPatch | None:
    """The edit that makes two whole (label, provenance) planes, uint8 (H, W), into two others; None when it is none."""
    pieces = []
    for top in range(0, len(before[0]), _BAND_ROWS):
        rows = slice(top, top + _BAND_ROWS)
        pieces.append(piece_between((0, top), tuple(p[rows] for p in before), tuple(p[rows] for p in after)))
    changed = [piece for piece in pieces if piece is not None]
    return MaskPatch(changed) if changed else None


def difference(old: np.ndarray, new: np.ndarray | int | None, where: np.ndarray | None) -> np.ndarray | int:
    """`old` XOR `new` where the mask says so; 0 for nothing new."""
    if new is None:
        return 0
    delta = np.bitwise_xor(old, np.uint8(new) if isinstance(new, int) else new)
    return delta if where is None else np.bitwise_and(delta, where, out=delta)


def piece_of(corner: tuple[int, int], label: np.ndarray | int, provenance: np.ndarray | int) -> Piece | None:
    """The piece of two XORed planes whose first pixel is at `corner`, trimmed; None when both are all 0."""
    around = (cv2.boundingRect(plane) for plane in (label, provenance) if isinstance(plane, np.ndarray))
    x, y, w, h = union(box for box in around if box[2])
    if w == 0:
        return None
    deltas = (
        delta_of(plane[y : y + h, x : x + w]) if isinstance(plane, np.ndarray) else plane
        for plane in (label, provenance)
    )
    return Piece((corner[0] + x, corner[1] + y, w, h), *deltas)


def union(boxes: Iterable[Box]) -> Box:
    """The smallest box around all of them; (0, 0, 0, 0) for none."""
    corners = [(x, y, x + w, y + h) for x, y, w, h in boxes]
    if not corners:
        return 0, 0, 0, 0
    left, top = (min(corner[i] for corner in corners) for i in (0, 1))
    return left, top, max(corner[2] for corner in corners) - left, max(corner[3] for corner in corners) - top


def few_boxes(boxes: Iterable[Box], most: int = 64) -> tuple[Box, ...]:
    """At most `most` rectangles around all of them: those of one cell of a grid become one, the finest that will do."""
    boxes, side = tuple(boxes), _FINEST_GRID
    while len(boxes) > most:
        cells: dict[tuple[int, int], list[Box]] = {}
        for box in boxes:
            cells.setdefault((box[0] // side, box[1] // side), []).append(box)
        boxes, side = tuple(union(cell) for cell in cells.values()), side * 2
    return boxes


def tiles_of(box: Box, side: int) -> Iterator[tuple[int, int]]:
    """The (column, row) of every tile of a regular grid that the box touches."""
    x, y, w, h = box
    for row in range(y // side, -(-(y + h) // side)):
        for column in range(x // side, -(-(x + w) // side)):
            yield column, row


def xor_into(target: np.ndarray, box: Box, delta: Delta) -> None:
    """Change the pixels of a box of a plane, in place."""
    if isinstance(delta, int) and delta == 0:
        return
    x, y, w, h = box
    _xor(target[y : y + h, x : x + w], plane_of(delta, (h, w)))


def _plane_bytes(delta: Delta) -> tuple[bytes, bytes]:
    small = packed(delta)
    if isinstance(small, int):
        return _PLANE.pack(_CONSTANT, 1), bytes([small])
    return _PLANE.pack(small[0], len(small) - 1), small[1:]


def _xor(target: np.ndarray, plane: np.ndarray | int) -> None:
    np.bitwise_xor(target, np.uint8(plane) if isinstance(plane, int) else plane, out=target)
