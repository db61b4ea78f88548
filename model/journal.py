"""The journal of an image: every edit on the disk within a second, its undo history, and what a crash left behind."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from model.journal_records import JournalError, base_of, edit_of, read_record
from model.journal_story import Contents, scan
from model.labels import values_in
from model.patches import MaskPatch, PatchError


@dataclass(frozen=True)
class Limits:
    """What a journal may hold: `steps` of the history, and `size` bytes of them beside one base; oldest steps go first.

    `idle` bytes that are of no use any more, and `replayed` ones that are between the base and the image as it is, are
    not worth a compaction. A little more `size` than the history itself keeps: that is told first of what was dropped.
    """

    steps: int = 1000
    size: int = 272_000_000
    idle: int = 256 << 10
    replayed: int = 8 << 20


@dataclass(frozen=True)
class Commit:
    """What is to be written: an edit with its `patch`, or without one a move to `cursor`, as the history counts."""

    seq: int
    time: float
    cursor: int
    text: str = ""
    patch: bytes | None = None


class OtherShape(JournalError):
    """A journal of an image that had another `shape` (H, W)."""

    def __init__(self, shape: tuple[int, int]) -> None:
        super().__init__(f"a journal of {shape[1]} x {shape[0]}")
        self.shape = shape


@dataclass(frozen=True, eq=False)
class Replay:
    """What a journal says of its image: both planes, uint8 (H, W), the caller's own, and how it came to that."""

    label_map: np.ndarray
    provenance: np.ndarray
    scan: Contents


def replay(path: Path, shape: tuple[int, int]) -> Replay:
    """Read a journal without changing it. Raises JournalError when it is damaged or of another shape; OSError."""
    found = scan(path)
    if found.shape != tuple(shape):
        raise OtherShape(found.shape)
    story = found.story
    with open(path, "rb") as file:
        planes = base_of(payload_at(file, *story.base), found.shape)
        for offset, size in story.toggled.items():
            patch_of(payload_at(file, offset, size), found.shape).apply(*planes)
    return Replay(*planes, found)


def values_in_history(path: Path, shape: tuple[int, int]) -> set[int]:
    """The label values of every state that undo and redo can reach. Raises as `replay` does."""
    found = replay(path, shape)
    story, used = found.scan.story, values_in(found.label_map)
    ways = (story.steps[: story.cursor][::-1], story.steps[story.cursor :])
    with open(path, "rb") as file:
        for way in ways:
            planes = found.label_map.copy(), found.provenance.copy()
            for step in way:
                patch = patch_of(payload_at(file, step.offset, step.size), shape)
                patch.apply(*planes)
                for x, y, w, h in patch.boxes():
                    used |= values_in(np.ascontiguousarray(planes[0][y : y + h, x : x + w]))
    return used


def payload_at(file: BinaryIO, offset: int, size: int) -> bytes:
    """What the record at `offset` holds. Raises JournalError."""
    record = read_record(file, offset, offset + size)
    if record is None:
        raise JournalError("a record that can no longer be read")
    return record.payload


def patch_of(payload: bytes, shape: tuple[int, int]) -> MaskPatch:
    """The patch of an EDIT. Raises JournalError."""
    try:
        return MaskPatch.from_bytes(edit_of(payload)[1], shape)
    except PatchError as error:
        raise JournalError(str(error)) from error
