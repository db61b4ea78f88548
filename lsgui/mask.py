"""The pixels of an edit: the regions tools cover, and the patch that an edit is. numpy and cv2, no Qt."""

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


def whole_patch(label_map: np.ndarray, provenance: np.ndarray, edit: Edit) -> MaskPatch | None:
    """The patch by which `edit` would change the two planes (it does not yet); None when it changes nothing."""
    pieces = []
    for top in range(0, label_map.shape[0], BAND_ROWS):
        rows = slice(top, min(top + BAND_ROWS, label_map.shape[0]))
        label, origin, where = edit(label_map[rows], provenance[rows], rows)
        piece = piece_between(
            (0, top),
            (label_map[rows], provenance[rows]),
            (label, origin),
            None if where is None else where.view(np.uint8),
        )
        if piece is not None:
            pieces.append(piece)
    return MaskPatch(pieces) if pieces else None


def piece_between(
    corner: tuple[int, int],
    before: tuple[np.ndarray, np.ndarray],
    after: tuple[np.ndarray | int, np.ndarray | int],
    where: np.ndarray | None = None,
) -> Piece | None:
    """The trimmed difference of two (label, provenance) pairs where `where` is 1; None when there is none."""
    planes = [np.bitwise_xor(old, np.uint8(new) if isinstance(new, int) else new) for old, new in zip(before, after)]
    if where is not None:
        for plane in planes:
            plane *= where
    x, y, w, h = cv2.boundingRect(cv2.bitwise_or(*planes))
    if w == 0:
        return None
    label, provenance = (_constant_or_copy(plane[y : y + h, x : x + w], plane) for plane in planes)
    return Piece((corner[0] + x, corner[1] + y, w, h), label, provenance)


def stroke(start: Point, end: Point, radius: float, shape: tuple[int, int]) -> Region | None:
    """Every pixel whose centre is within `radius` of the segment: a line of disks. None when it misses the image.

    A pixel the segment passes through has its centre within 0.71, so from 0.75 on no speed tears the line; thinner
    ones are drawn as a line of single pixels.
    """
    if radius < 0.75:
        return _thin_line(start, end, shape)
    box = _clip(
        min(start[0], end[0]) - radius,
        min(start[1], end[1]) - radius,
        max(start[0], end[0]) + radius,
        max(start[1], end[1]) + radius,
        shape,
    )
    if box is None:
        return None
    x, y, w, h = box
    low, high = _capsule_rows(start, end, radius, np.arange(y, y + h) + 0.5)
    columns = np.arange(x, x + w) + 0.5
    return Region(box, (columns >= low[:, None]) & (columns <= high[:, None]))


def disk(center: Point, radius: float, shape: tuple[int, int]) -> Region | None:
    """The pixels within `radius` of a point."""
    return stroke(center, center, radius, shape)


def polygon(points: Sequence[Point], shape: tuple[int, int]) -> Region | None:
    """The pixels whose centres lie inside (even-odd rule); None when there are none in the image."""
    corners = np.asarray(points, np.float64)
    if len(corners) < 3:
        return None
    box = _clip(*corners.min(axis=0), *corners.max(axis=0), shape)
    if box is None:
        return None
    x, y, w, h = box
    crossings = np.zeros((h, w + 1), np.uint8)
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0)):
        first, last = (int(np.clip(np.ceil(edge - 0.5), y, y + h)) for edge in sorted((y0, y1)))
        rows = np.arange(first, last)
        if len(rows):
            at = x0 + (rows + 0.5 - y0) * (x1 - x0) / (y1 - y0)
            crossings[rows - y, np.clip(np.ceil(at - 0.5) - x, 0, w).astype(int)] ^= 1
    mask = np.bitwise_xor.accumulate(crossings, axis=1)[:, :w].astype(bool)
    return Region(box, mask) if mask.any() else None


def flood_fill(label_map: np.ndarray, x: int, y: int) -> Region:
    """The contiguous pixels (sharing edges) of the label at (x, y)."""
    height, width = label_map.shape
    filled = np.zeros((height + 2, width + 2), np.uint8)
    flags = 4 | cv2.FLOODFILL_MASK_ONLY | cv2.FLOODFILL_FIXED_RANGE | (1 << 8)
    _, _, _, (left, top, w, h) = cv2.floodFill(np.ascontiguousarray(label_map), filled, (x, y), 0, 0, 0, flags)
    return Region((left, top, w, h), filled[1 + top : 1 + top + h, 1 + left : 1 + left + w].astype(bool))


def same_label(label_map: np.ndarray, x: int, y: int) -> Region:
    """Every pixel of the image with the label at (x, y)."""
    height, width = label_map.shape
    return Region((0, 0, width, height), label_map == label_map[y, x])


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


def _thin_line(start: Point, end: Point, shape: tuple[int, int]) -> Region | None:
    ends = [(int(np.floor(px)), int(np.floor(py))) for px, py in (start, end)]
    inside, first, last = cv2.clipLine((0, 0, shape[1], shape[0]), *ends)
    if not inside:
        return None
    x, y = min(first[0], last[0]), min(first[1], last[1])
    mask = np.zeros((abs(first[1] - last[1]) + 1, abs(first[0] - last[0]) + 1), np.uint8)
    cv2.line(mask, (first[0] - x, first[1] - y), (last[0] - x, last[1] - y), 1)
    return Region((x, y, mask.shape[1], mask.shape[0]), mask.astype(bool))


def _capsule_rows(start: Point, end: Point, radius: float, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each row enters and leaves the capsule: it is convex, so the outermost of its parts decide."""
    low, high = np.full(len(rows), np.inf), np.full(len(rows), -np.inf)
    for x, y in (start, end):
        square = radius * radius - (rows - y) ** 2
        half = np.sqrt(np.maximum(square, 0))
        hit = square >= 0
        low = np.where(hit, np.minimum(low, x - half), low)
        high = np.where(hit, np.maximum(high, x + half), high)
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = np.hypot(dx, dy)
    if length == 0:
        return low, high
    nx, ny = -dy / length * radius, dx / length * radius
    corners = [
        (start[0] + nx, start[1] + ny),
        (end[0] + nx, end[1] + ny),
        (end[0] - nx, end[1] - ny),
        (start[0] - nx, start[1] - ny),
    ]
    for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1]):
        if y0 == y1:
            continue
        hit = (rows >= min(y0, y1)) & (rows <= max(y0, y1))
        at = x0 + (rows - y0) * (x1 - x0) / (y1 - y0)
        low = np.where(hit, np.minimum(low, at), low)
        high = np.where(hit, np.maximum(high, at), high)
    return low, high


def _clip(left: float, top: float, right: float, bottom: float, shape: tuple[int, int]) -> Box | None:
    x0, y0 = max(int(np.floor(left)), 0), max(int(np.floor(top)), 0)
    x1, y1 = min(int(np.floor(right)) + 1, shape[1]), min(int(np.floor(bottom)) + 1, shape[0])
    return (x0, y0, x1 - x0, y1 - y0) if x1 > x0 and y1 > y0 else None


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
