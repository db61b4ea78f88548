"""The bytes of a journal: a header, then records that each carry a checksum. Little-endian."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import BinaryIO

import numpy as np

from model.plane_source import BAND_ROWS, PlaneSource
from model.run_lengths import PatchError

MAGIC = b"LSGUIJ1\n"
HEADER = struct.Struct("<8s8sII")
HEAD = struct.Struct("<IB3xQd")
_CRC, _CURSOR, _TEXT, _PLANE = (struct.Struct(layout) for layout in ("<I", "<I", "<H", "<BI"))
_CONSTANT, _DIFFERENCES = 0, 3
LONGEST_TEXT = 1000
"""Bytes of what an edit is called."""
_LONGEST = 1 << 30
"""No record is longer: a damaged length must not ask for the memory of the machine."""


class JournalError(PatchError):
    """Bytes that are not what a journal holds."""


class Kind(IntEnum):
    IMAGE = 1
    BASE = 2
    EDIT = 3
    MOVE = 4
    SAVED = 5


_KINDS = frozenset(int(kind) for kind in Kind)


@dataclass(frozen=True)
class Record:
    """`seq` rises by one with every EDIT and MOVE, and is the last one's in the others. `time` is since 1970.

    `offset` and `size` say where it lies in its file; of EDIT and BASE, `payload` may hold the beginning only.
    """

    kind: Kind
    seq: int
    time: float
    payload: bytes
    offset: int = 0
    size: int = 0

    def to_bytes(self) -> bytes:
        """Raises JournalError for what `read_record` would refuse, and with it all that is written behind it."""
        if len(self.payload) > _LONGEST:
            raise JournalError(f"{len(self.payload)} bytes are too many for one record")
        content = HEAD.pack(len(self.payload), self.kind, self.seq, self.time) + self.payload
        return content + _CRC.pack(zlib.crc32(content))


def read_header(file: BinaryIO) -> tuple[bytes, tuple[int, int]]:
    """(journal id, shape (H, W)). Raises JournalError."""
    content = file.read(HEADER.size)
    if len(content) != HEADER.size or content[:8] != MAGIC:
        raise JournalError("no journal")
    _, number, height, width = HEADER.unpack(content)
    return number, (height, width)


def header(number: bytes, shape: tuple[int, int]) -> bytes:
    return HEADER.pack(MAGIC, number, *shape)


def read_record(file: BinaryIO, offset: int, size: int) -> Record | None:
    """None where no whole record with its checksum lies."""
    file.seek(offset)
    head = file.read(HEAD.size)
    if len(head) != HEAD.size:
        return None
    length, kind, seq, time = HEAD.unpack(head)
    whole = HEAD.size + length + _CRC.size
    if kind not in _KINDS or head[5:8] != bytes(3) or length > _LONGEST or offset + whole > size:
        return None
    payload = file.read(length)
    crc = file.read(_CRC.size)
    if len(crc) != _CRC.size or zlib.crc32(payload, zlib.crc32(head)) != _CRC.unpack(crc)[0]:
        return None
    return Record(Kind(kind), seq, time, payload, offset, whole)


def glance_at(file: BinaryIO, offset: int, size: int) -> tuple[Kind, int, float, int] | None:
    """(kind, seq, time, size) of the record at `offset`, which is not checked; None where none can be."""
    file.seek(offset)
    head = file.read(HEAD.size)
    if len(head) != HEAD.size:
        return None
    length, kind, seq, time = HEAD.unpack(head)
    whole = HEAD.size + length + _CRC.size
    sound = kind in _KINDS and head[5:8] == bytes(3) and offset + whole <= size
    return (Kind(kind), seq, time, whole) if sound else None


def edit_payload(text: str, patch: bytes) -> bytes:
    name = text.encode("utf-8", "replace")[:LONGEST_TEXT]
    return _TEXT.pack(len(name)) + name + patch


def edit_of(payload: bytes) -> tuple[str, bytes]:
    """(text, the patch's bytes). Raises JournalError."""
    if len(payload) < _TEXT.size:
        raise JournalError("an edit that ends too early")
    end = _TEXT.size + _TEXT.unpack_from(payload)[0]
    if end > len(payload):
        raise JournalError("an edit that ends too early")
    return payload[_TEXT.size : end].decode("utf-8", "replace"), payload[end:]


def move_payload(cursor: int) -> bytes:
    return _CURSOR.pack(cursor)


def move_of(payload: bytes) -> int:
    """The cursor. Raises JournalError."""
    if len(payload) < _CURSOR.size:
        raise JournalError("a move that says nowhere")
    return _CURSOR.unpack_from(payload)[0]


def json_payload(data: Mapping[str, object]) -> bytes:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")


def json_of(payload: bytes) -> dict:
    """Empty for what is no object."""
    try:
        data = json.loads(payload)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def base_payload(cursor: int, planes: PlaneSource) -> bytes:
    """Both planes at `cursor`: a constant one as a byte, another as zlib of each row XOR the row above."""
    streams = tuple(_PlaneStream() for _ in range(2))
    for band in planes.bands():
        for stream, rows in zip(streams, band, strict=True):
            stream.add(rows)
    return _CURSOR.pack(cursor) + b"".join(stream.to_bytes() for stream in streams)


def with_cursor(base: bytes, cursor: int) -> bytes:
    """The same planes, said of another cursor."""
    return _CURSOR.pack(cursor) + base[_CURSOR.size :]


def base_of(payload: bytes, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Label map and provenance, uint8 of `shape` (H, W). Raises JournalError."""
    at, planes = _CURSOR.size, []
    for _ in range(2):
        if at + _PLANE.size > len(payload):
            raise JournalError("a base that ends too early")
        kind, length = _PLANE.unpack_from(payload, at)
        at += _PLANE.size
        planes.append(_plane_of(kind, payload[at : at + length], length, shape))
        at += length
    if at != len(payload):
        raise JournalError("a base that is too long")
    return planes[0], planes[1]


class _PlaneStream:
    """Differences of rows are nearly all zero, which zlib's run lengths make small at the speed of reading."""

    def __init__(self) -> None:
        self._stream = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS, 8, zlib.Z_RLE)
        self._parts: list[bytes] = []
        self._above: np.ndarray | None = None
        self._constant_rows = 0
        """Rows that are all of one value, `_above`'s, and that the stream has not been given yet."""

    def add(self, rows: np.ndarray) -> None:
        if not rows.size:
            return
        if self._is_constant(rows):
            self._constant_rows += len(rows)
        else:
            self._give_constant_rows()
            self._give(rows)
        self._above = rows[-1].copy()

    def to_bytes(self) -> bytes:
        if not self._parts:
            return _PLANE.pack(_CONSTANT, 1) + bytes([0 if self._above is None else int(self._above[0])])
        content = b"".join((*self._parts, self._stream.flush()))
        return _PLANE.pack(_DIFFERENCES, len(content)) + content

    def _is_constant(self, rows: np.ndarray) -> bool:
        """Most images that are opened have not been touched: nothing needs to be compressed for them."""
        same = self._above is None or (self._constant_rows and rows[0, 0] == self._above[0])
        return not self._parts and bool(same) and bool((rows == rows[0, 0]).all())

    def _give_constant_rows(self) -> None:
        count, self._constant_rows = self._constant_rows, 0
        above = self._above
        self._above = None if count else above
        while count:
            rows = np.broadcast_to(above, (min(count, BAND_ROWS), len(above)))
            self._give(rows)
            self._above = above
            count -= len(rows)

    def _give(self, rows: np.ndarray) -> None:
        differences = rows.copy()
        differences[1:] ^= rows[:-1]
        if self._above is not None:
            differences[0] ^= self._above
        self._parts.append(self._stream.compress(differences))


def _plane_of(kind: int, content: bytes, length: int, shape: tuple[int, int]) -> np.ndarray:
    if len(content) != length:
        raise JournalError("a plane that ends too early")
    if kind == _CONSTANT and length == 1:
        return np.full(shape, content[0], np.uint8)
    if kind != _DIFFERENCES:
        raise JournalError(f"a plane of kind {kind}")
    plane, rows = np.empty(shape, np.uint8), max(1, (1 << 20) // max(1, shape[1]))
    stream, rest = zlib.decompressobj(), content
    try:
        for top in range(0, shape[0], rows):
            band = plane[top : top + rows]
            data = b""
            while len(data) < band.size and not stream.eof:
                data += stream.decompress(rest, band.size - len(data))
                rest = stream.unconsumed_tail
                if not rest and len(data) < band.size:
                    break
            band[:] = np.frombuffer(data, np.uint8).reshape(band.shape)
    except (zlib.error, ValueError) as error:
        raise JournalError("a plane that cannot be unpacked") from error
    for row in range(1, shape[0]):
        plane[row] ^= plane[row - 1]
    return plane
