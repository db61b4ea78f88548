"""One plane of an edit, before XOR after, in little room: a constant, runs of equal values, raw, or packed."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

_RUNS, _RAW = 1, 2
_PIXELS_PER_RUN = 8
"""With more runs than one in 8 pixels, a run's 5 bytes and its handling cost more than the plane itself."""
_LEB_BYTES = 5


class PatchError(ValueError):
    """Bytes that are no patch, or not one of an image of this size."""


@dataclass(frozen=True)
class Runs:
    """A plane of `size` pixels, row after row: from `starts[i]` (uint32, the first 0) on it is `values[i]` (uint8)."""

    starts: np.ndarray
    values: np.ndarray
    size: int

    @staticmethod
    def encode(plane: np.ndarray) -> Runs:
        flat = np.ascontiguousarray(plane).reshape(-1)
        turns = np.flatnonzero(flat[1:] != flat[:-1])
        starts = np.zeros(len(turns) + 1, np.uint32)
        starts[1:] = turns
        starts[1:] += 1
        return Runs(starts, flat[starts], flat.size)

    @staticmethod
    def between(edges: np.ndarray, value: int, size: int) -> Delta:
        """`value` from each even to the next odd one of `edges`, which rise or stay, and 0 elsewhere."""
        edges = np.concatenate((np.zeros(1, np.int64), edges))
        values = np.zeros(len(edges), np.uint8)
        values[1::2] = value
        held = np.diff(edges, append=size) > 0
        edges, values = edges[held], values[held]
        turns = np.concatenate((np.ones(1, bool), values[1:] != values[:-1]))
        edges, values = edges[turns], values[turns]
        return int(values[0]) if len(values) == 1 else Runs(edges.astype(np.uint32), values, size)

    def plane(self, shape: tuple[int, int]) -> np.ndarray:
        return np.repeat(self.values, self.lengths).reshape(shape)

    @property
    def lengths(self) -> np.ndarray:
        ends = np.empty(len(self.starts) + 1, np.intp)  # widened first: to subtract narrow numbers into it is slow
        ends[:-1], ends[-1] = self.starts, self.size
        return ends[1:] - ends[:-1]

    @property
    def nbytes(self) -> int:
        return self.starts.nbytes + self.values.nbytes


Delta = int | Runs | np.ndarray | bytes
"""A constant, runs, the raw plane (uint8 (h, w)), or packed bytes: what `kind` says and zlib's."""


def delta_of(plane: np.ndarray) -> Delta:
    """The quick form, for what may be taken back soon. A raw plane is a copy."""
    runs = Runs.encode(plane)
    if len(runs.values) == 1:
        return int(runs.values[0])
    return plane.copy() if len(runs.values) * _PIXELS_PER_RUN > plane.size else runs


def plane_of(delta: Delta, shape: tuple[int, int]) -> np.ndarray | int:
    """What to XOR a plane with."""
    if isinstance(delta, bytes):
        delta = unpacked(delta, shape)
    return delta.plane(shape) if isinstance(delta, Runs) else delta


def size_of(delta: Delta) -> int:
    return 1 if isinstance(delta, int) else len(delta) if isinstance(delta, bytes) else delta.nbytes


def packed(delta: Delta) -> int | bytes:
    """The small form. Takes 5 to 10 ns a pixel of a raw plane, so it is for a lane."""
    if isinstance(delta, int | bytes):
        return delta
    if isinstance(delta, Runs):
        count = len(delta.values).to_bytes(4, "little")
        return bytes([_RUNS]) + zlib.compress(count + _leb128(delta.lengths) + delta.values.tobytes(), 1)
    return bytes([_RAW]) + zlib.compress(np.ascontiguousarray(delta), 1)


def unpacked(data: bytes, shape: tuple[int, int]) -> Runs | np.ndarray:
    """Back to the quick form; nothing in `data` is trusted. Raises PatchError."""
    size = shape[0] * shape[1]
    kind = data[0] if data else 0
    if kind == _RAW:
        return np.frombuffer(_inflated(data[1:], size), np.uint8, size).reshape(shape)
    if kind == _RUNS:
        return _runs(_inflated(data[1:], 4 + size * (_LEB_BYTES + 1), exactly=False), size)
    raise PatchError(f"no plane of an edit is of kind {kind}")


def _inflated(data: bytes, most: int, exactly: bool = True) -> bytes:
    stream = zlib.decompressobj()
    try:
        content = stream.decompress(data, most + 1)
    except zlib.error as error:
        raise PatchError(str(error)) from error
    if not stream.eof or len(content) > most or (exactly and len(content) != most):
        raise PatchError(f"a plane of {len(content)} bytes, expected {most}")
    return content


def _runs(content: bytes, size: int) -> Runs:
    raw = np.frombuffer(content, np.uint8)
    count = int.from_bytes(content[:4], "little")
    if len(raw) < 4 + 2 * count or count == 0:
        raise PatchError(f"{count} runs in {len(raw)} bytes")
    lengths, values = _from_leb128(raw[4 : len(raw) - count], count), raw[len(raw) - count :]
    if (lengths == 0).any() or int(lengths.sum()) != size:
        raise PatchError(f"runs of {int(lengths.sum())} pixels, expected {size}")
    return Runs((np.cumsum(lengths) - lengths).astype(np.uint32), values, size)


def _leb128(numbers: np.ndarray) -> bytes:
    """Seven bits a byte, the lowest first; the eighth says that more follow."""
    shifts = np.arange(0, 7 * _LEB_BYTES, 7, dtype=np.uint64)
    left = numbers.astype(np.uint64)[:, None] >> shifts
    more = (left >> np.uint64(7)) > 0
    digits = (left & np.uint64(127)).astype(np.uint8) | (more.view(np.uint8) << 7)
    used = (left > 0) | (shifts == 0)
    return digits[used].tobytes()


def _from_leb128(raw: np.ndarray, count: int) -> np.ndarray:
    """`count` numbers as int64, each below 2**35. Raises PatchError."""
    ends = np.flatnonzero(raw < 128)
    if len(ends) != count or ends[-1] != len(raw) - 1:
        raise PatchError(f"{len(ends)} lengths, expected {count}")
    starts = np.concatenate((np.zeros(1, np.int64), ends[:-1] + 1))
    place = np.arange(len(raw)) - np.repeat(starts, ends - starts + 1)
    if place.max() >= _LEB_BYTES:
        raise PatchError(f"a length of {place.max() + 1} bytes")
    return np.add.reduceat((raw & 127).astype(np.int64) << (7 * place), starts)
