"""Palette PNGs of label maps, written directly: several times as fast as by a library that knows every kind of PNG."""

from __future__ import annotations

import functools
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from model.opencv import cv2
from model.plane_source import PlaneSource

PROVENANCE = b"prVN"
"""Our own chunk: not needed to show the picture (p), private (r), not to be copied by who changes the pixels (N)."""
_VERSION = 1
_PALETTE = 3
"""PNG's number for pixels that are places in a palette."""
_UP = 2
"""PNG's filter by which a row holds its difference to the row above: label maps become nearly all zeros."""
_LEVEL, _MEMORY = 1, 6
"""More memory would only have to be fetched and cleared each time, which takes as long as compressing a small map."""
_STRIP = 1 << 22
"""Bytes that are filtered at once."""


@dataclass(frozen=True)
class Counts:
    """Pixels of each value, int64 (256,), of a label map and of its provenance plane."""

    labels: np.ndarray
    origins: np.ndarray

    def share(self, *origins: int) -> float:
        """The part of all pixels, 0..1, that has one of these provenances."""
        return float(self.origins[list(origins)].sum() / max(1, self.origins.sum()))


def encode(label_map: np.ndarray, palette: bytes) -> bytes:
    """An 8-bit palette PNG of `label_map`, uint8 (H, W); `palette` holds red, green and blue of each value."""
    height, width = label_map.shape
    pixels = _Rows(width, starts=bytes((_UP,)))
    step = max(1, _STRIP // max(1, width))
    for top in range(0, height, step):
        pixels.add(label_map[top : top + step])
    return b"".join(_file((height, width), palette, (), pixels.finish()))


def encode_planes(planes: PlaneSource, palette: bytes, note: Callable[[Counts], str]) -> tuple[list[bytes], Counts]:
    """The same with the provenance plane in a chunk of its own, in one pass: the file's parts, and what was counted.

    What `note` says of the counts, in ASCII, becomes the text `lsgui`.
    """
    height, width = planes.shape
    pixels, origins = _Rows(width, starts=bytes((_UP,))), _Rows(width)
    counts = Counts(np.zeros(256, np.int64), np.zeros(256, np.int64))
    for label, origin in planes.bands():
        pixels.add(label)
        origins.add(origin)
        counts.labels[:] += _histogram(label)
        counts.origins[:] += _histogram(origin)
    text = b"lsgui\0" + note(counts).encode("ascii")
    extra = (b"tEXt", [text]), (PROVENANCE, [bytes((_VERSION,)), *origins.finish()])
    return _file((height, width), palette, extra, pixels.finish()), counts


def decode_provenance(chunk: bytes, shape: tuple[int, int]) -> np.ndarray | None:
    """The plane, uint8 of `shape` (H, W), in a chunk's data; None when it does not hold one."""
    height, width = shape
    if chunk[:1] != bytes((_VERSION,)):
        return None
    stream, left = zlib.decompressobj(), chunk[1:]
    plane, above = np.empty(shape, np.uint8), np.zeros(width, np.uint8)
    step = max(1, _STRIP // width)
    try:
        for top in range(0, height, step):
            part = plane[top : top + step]
            content = stream.decompress(left, part.size)
            if len(content) != part.size:
                return None
            left = stream.unconsumed_tail
            for row, difference in zip(part, np.frombuffer(content, np.uint8).reshape(part.shape), strict=True):
                above = np.add(difference, above, out=row)
        complete = not stream.decompress(left, 1) and stream.eof
    except zlib.error:
        return None
    return plane if complete else None


class _Rows:
    """Rows on their way into a zlib stream, each as its difference to the row above, behind `starts`.

    Runs alone are looked for: what a label map has else is too little to be worth the time.
    """

    def __init__(self, width: int, starts: bytes = b"") -> None:
        self._stream = zlib.compressobj(_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS, _MEMORY, zlib.Z_RLE)
        self._above = np.zeros(width, np.uint8)
        self._starts = np.frombuffer(starts, np.uint8)
        self._parts: list[bytes] = []

    def add(self, rows: np.ndarray) -> None:
        height, width = rows.shape
        first = len(self._starts)
        filtered = np.empty((height, first + width), np.uint8)
        filtered[:, :first] = self._starts
        np.subtract(rows[1:], rows[:-1], out=filtered[1:, first:])
        np.subtract(rows[0], self._above, out=filtered[0, first:])
        self._above = rows[-1].copy()
        self._parts.append(self._stream.compress(filtered))

    def finish(self) -> list[bytes]:
        return [*self._parts, self._stream.flush()]


def _file(
    shape: tuple[int, int], palette: bytes, extra: Sequence[tuple[bytes, list[bytes]]], pixels: list[bytes]
) -> list[bytes]:
    chunks = *extra, (b"IDAT", pixels), (b"IEND", [])
    return [_start(shape, palette), *(part for chunk in chunks for part in _chunk(*chunk))]


@functools.lru_cache(maxsize=8)
def _start(shape: tuple[int, int], palette: bytes) -> bytes:
    """What comes before the pixels: the same for all maps of a folder, mostly."""
    height, width = shape
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes((8, _PALETTE, 0, 0, 0))
    return b"".join([b"\x89PNG\r\n\x1a\n", *_chunk(b"IHDR", [header]), *_chunk(b"PLTE", [palette])])


def _chunk(kind: bytes, parts: list[bytes]) -> list[bytes]:
    crc, size = zlib.crc32(kind), 0
    for part in parts:
        crc, size = zlib.crc32(part, crc), size + len(part)
    return [size.to_bytes(4, "big") + kind, *parts, crc.to_bytes(4, "big")]


def _histogram(plane: np.ndarray) -> np.ndarray:
    """Of a band: OpenCV counts in float32, exact to 16.7 million."""
    return cv2.calcHist([np.ascontiguousarray(plane)], [0], None, [256], [0, 256]).ravel().astype(np.int64)
