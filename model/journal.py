"""The journal of an image: every edit on the disk within a second, its undo history, and what a crash left behind."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from model import disk
from model.files import atomic_write
from model.journal_records import (
    JournalError,
    Kind,
    Record,
    base_of,
    base_payload,
    edit_of,
    edit_payload,
    header,
    json_payload,
    move_payload,
    read_record,
    with_cursor,
)
from model.journal_story import Saved, Scan, Step, Story, scan
from model.labels import values_in
from model.patches import MaskPatch, PatchError
from model.plane_source import PlaneSource
from model.records import free_name

HEADER_SIZE = 24


@dataclass(frozen=True)
class Limits:
    """What a journal may hold: `steps` and `size` of the history, and dead or undone bytes that are not worth a
    compaction. Oldest steps go first."""

    steps: int = 1000
    size: int = 300_000_000
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
    scan: Scan


def replay(path: Path, shape: tuple[int, int]) -> Replay:
    """Read a journal without changing it. Raises JournalError when it is damaged or of another shape; OSError."""
    found = scan(path)
    if found.shape != tuple(shape):
        raise OtherShape(found.shape)
    story = found.story
    with open(path, "rb") as file:
        planes = base_of(_payload(file, *story.base), found.shape)
        for offset, size in story.toggled.items():
            _patch(_payload(file, offset, size), found.shape).apply(*planes)
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
                patch = _patch(_payload(file, step.offset, step.size), shape)
                patch.apply(*planes)
                for x, y, w, h in patch.boxes():
                    used |= values_in(np.ascontiguousarray(planes[0][y : y + h, x : x + w]))
    return used


class JournalFile:
    """The journal of an image that is being edited. Its methods may be called from any thread."""

    def __init__(
        self,
        path: Path,
        name: str,
        shape: tuple[int, int],
        base: bytes = b"",
        past: Scan | None = None,
        keep_old: bool = True,
        limits: Limits | None = None,
    ) -> None:
        """`past` is what was read of an existing file; without it the first edit makes one that starts at `base`.

        A file in its place is kept aside then, unless `keep_old` says that it is outdated.
        """
        self.path = path
        self.number = past.number if past is not None else os.urandom(8)
        self._name, self._shape, self._base, self._keep_old = name, shape, base, keep_old
        self._limits = limits or Limits()
        self._guard = threading.RLock()
        self._file: BinaryIO | None = None
        self._end = past.end if past is not None else 0
        self._story = past.story if past is not None else None
        self._damaged = past is not None and past.damaged
        self._ended = False
        self._lag = self._shift = 0
        """What this file's cursors and numbers are ahead of the history's."""

    @property
    def size(self) -> int:
        return self._end

    def append(self, commits: Sequence[Commit], classes: Mapping[int, str]) -> None:
        """Write, and return when it would survive a power cut. `classes` is value -> uid.

        Raises OSError, and then the file holds what it held before: append the same again.
        """
        with self._guard:
            if self._ended:
                raise JournalError("this journal is no longer written")
            story = self._story.copy() if self._story is not None else Story()
            new = _Batch(story, self._end)
            if self._story is None:
                self._begin(new, commits[0], classes)
            elif any(story.uids.get(value) != uid for value, uid in classes.items()):
                new.add(self._image(story.seq, commits[0].time, classes))
            lag, shift = self._lag, self._shift
            for commit in commits:
                lag, shift = self._add(new, commit, lag, shift)
            self._put(new)
            self._lag, self._shift = lag, shift

    def saved(self, kind: str, sha256: str, seq: int, human: bool, planes: PlaneSource | None = None) -> None:
        """A file, `work` or `label`, holds the edits up to `seq`, and `planes` are the same. Raises OSError.

        The journal says so; if much of it has become useless, it is written anew.
        """
        with self._guard:
            story = self._story
            if story is None or self._ended or seq + self._shift > story.seq:
                return  # what the map holds could not be written here: the map's own mark tells
            note = Saved(kind, sha256, seq + self._shift, human)
        if planes is not None and self._is_worth_compacting(story) and self._compact(planes, note):
            return
        with self._guard:
            new = _Batch(self._story.copy(), self._end)
            new.add(_saved_record(note, self._story.seq, self._story.last_edit))
            self._put(new)

    def number_of(self, seq: int) -> int:
        """What this file calls the history's edit `seq`: the number that a map's mark names."""
        return seq + self._shift

    def read(self, key: int) -> MaskPatch:
        """The patch of a step of the history. Raises JournalError or OSError."""
        with self._guard:
            steps = self._story.steps if self._story is not None else ()
            step = next((step for step in reversed(steps) if step.key == key), None)
            if step is None:
                raise JournalError(f"no step {key}")
            with open(self.path, "rb") as file:
                return _patch(_payload(file, step.offset, step.size), self._shape)

    def end(self) -> None:
        """The file is about to be removed or moved: what is appended from now on is refused with JournalError."""
        with self._guard:
            self._let_go()
            self._ended = True

    def close(self) -> None:
        with self._guard:
            self._let_go()

    def _begin(self, new: _Batch, first: Commit, classes: Mapping[int, str]) -> None:
        seq = first.seq - 1
        new.add(self._image(seq, first.time, classes))
        new.add(Record(Kind.BASE, seq, first.time, with_cursor(self._base, 0)))

    def _add(self, new: _Batch, commit: Commit, lag: int, shift: int) -> tuple[int, int]:
        seq = new.story.seq + 1
        if commit.patch is None:
            new.add(Record(Kind.MOVE, seq, commit.time, move_payload(commit.cursor + lag)))
        else:
            new.add(Record(Kind.EDIT, seq, commit.time, edit_payload(commit.text, commit.patch)), commit.seq)
            lag = new.story.cursor - commit.cursor
        return lag, seq - commit.seq

    def _image(self, seq: int, time: float, classes: Mapping[int, str]) -> Record:
        facts = {"image": self._name, "classes": {str(value): uid for value, uid in classes.items()}}
        return Record(Kind.IMAGE, seq, time, json_payload(facts))

    def _put(self, new: _Batch) -> None:
        """Write the batch and take over its story."""
        if self._story is None:
            if self._keep_old and os.path.exists(self.path):
                disk.rename(self.path, free_name(self.path))
            content = header(self.number, self._shape) + new.content
            atomic_write(self.path, lambda file: file.write(content))
        else:
            self._extend(new.content)
        self._story, self._end = new.story, new.end

    def _extend(self, content: bytes) -> None:
        try:
            if self._file is None:
                self._open()
            disk.write(self._file, content)
            disk.sync(self._file)
        except OSError:
            self._let_go()
            with suppress(OSError):  # else it is cut before the next record is written
                disk.truncate(self.path, self._end)
            raise

    def _open(self) -> None:
        """Whatever lies behind the last sound record goes; what may still be worth something is kept beside it."""
        if self.path.stat().st_size != self._end:
            if self._damaged:
                _copy(self.path, free_name(self.path))
            disk.truncate(self.path, self._end)
        self._damaged = False
        self._file = disk.append(self.path)

    def _let_go(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError):
                file.close()

    def _is_worth_compacting(self, story: Story) -> bool:
        idle = self._end - story.live()
        undone = sum(story.toggled.values())
        over = len(story.steps) > self._limits.steps or story.live() > self._limits.size
        return over or idle > max(self._limits.idle, self._end // 4) or undone > self._limits.replayed

    def _compact(self, planes: PlaneSource, note: Saved) -> bool:
        """Write the journal anew around `planes`. False when it turns out that this cannot be.

        Edits go on meanwhile: only what they added is copied while they have to wait.
        """
        old = scan(self.path, until=note.seq)
        kept = _kept(old.story, self._limits)
        dropped = len(old.story.steps) - len(kept)
        new, held = _Batch(Story(), 0), ExitStack()

        def write(file: BinaryIO) -> None:
            file.write(header(self.number, self._shape))
            with open(self.path, "rb") as source:
                self._retell(new, file, source, old, kept, planes, note)
                disk.sync(file)
                held.enter_context(self._guard)
                self._copy_tail(new, file, source, old.end, dropped)
            self._let_go()

        with held:
            try:
                atomic_write(self.path, write)
            except JournalError:
                return False
            self._story, self._end, self._lag = new.story, new.end, self._lag - dropped
        return True

    def _retell(
        self,
        new: _Batch,
        file: BinaryIO,
        source: BinaryIO,
        old: Scan,
        kept: Sequence[Step],
        planes: PlaneSource,
        note: Saved,
    ) -> None:
        """The steps before the cursor, the planes there, the steps that redo would do, and back to the cursor."""
        with self._guard:
            keys = {step.offset: step.key for step in self._story.steps}
        story, time = old.story, old.story.last_edit
        cursor = story.cursor - (len(story.steps) - len(kept))
        before, after = kept[:cursor], kept[cursor:]
        seq = note.seq - len(kept) - bool(after)
        new.add(self._image(seq, time, story.uids))
        for step in (*before, None, *after):
            if step is None:
                new.add(Record(Kind.BASE, seq, time, base_payload(len(before), planes)))
            else:
                seq += 1
                edit = Record(Kind.EDIT, seq, step.time, _payload(source, step.offset, step.size))
                new.add(edit, keys.get(step.offset, step.key))
            new.pour(file)
        if after:
            new.add(Record(Kind.MOVE, seq + 1, time, move_payload(len(before))))
        new.add(_saved_record(note, note.seq, time))
        new.pour(file)

    def _copy_tail(self, new: _Batch, file: BinaryIO, source: BinaryIO, offset: int, dropped: int) -> None:
        keys = {step.offset: step.key for step in self._story.steps}
        while offset < self._end:
            record = read_record(source, offset, self._end)
            if record is None:
                raise JournalError("a record that was written and cannot be read")
            payload = record.payload
            if record.kind is Kind.MOVE and dropped:
                cursor = int.from_bytes(payload, "little") - dropped
                if cursor < 0:
                    raise JournalError("a move to a step that would be dropped")
                payload = move_payload(cursor)
            new.add(Record(record.kind, record.seq, record.time, payload), keys.get(offset))
            new.pour(file)
            offset += record.size


class _Batch:
    """Records on their way to the file, and the story with them."""

    def __init__(self, story: Story, end: int) -> None:
        self.story = story
        self.end = end or HEADER_SIZE
        self._parts: list[bytes] = []

    @property
    def content(self) -> bytes:
        return b"".join(self._parts)

    def add(self, record: Record, key: int | None = None) -> None:
        content = record.to_bytes()
        placed = Record(record.kind, record.seq, record.time, record.payload, self.end, len(content))
        self.story.add(placed, key)
        self._parts.append(content)
        self.end += len(content)

    def pour(self, file: BinaryIO) -> None:
        file.write(self.content)
        self._parts.clear()


def _saved_record(note: Saved, seq: int, time: float) -> Record:
    data = {"kind": note.kind, "sha256": note.sha256, "seq": note.seq, "human": note.human}
    return Record(Kind.SAVED, seq, time, json_payload(data))


def _kept(story: Story, limits: Limits) -> list[Step]:
    """The newest steps that fit; what redo would do is never dropped."""
    room, kept = limits.size, []
    for number, step in enumerate(reversed(story.steps)):
        before_cursor = len(story.steps) - number <= story.cursor
        room -= step.size
        if before_cursor and (room < 0 or len(kept) >= limits.steps):
            break
        kept.append(step)
    return kept[::-1]


def _payload(file: BinaryIO, offset: int, size: int) -> bytes:
    """Raises JournalError."""
    record = read_record(file, offset, offset + size)
    if record is None:
        raise JournalError("a record that can no longer be read")
    return record.payload


def _patch(payload: bytes, shape: tuple[int, int]) -> MaskPatch:
    try:
        return MaskPatch.from_bytes(edit_of(payload)[1], shape)
    except PatchError as error:
        raise JournalError(str(error)) from error


def _copy(path: Path, target: Path) -> None:
    """In parts: a journal may be large."""

    def write(file: BinaryIO) -> None:
        with open(path, "rb") as source:
            while part := source.read(1 << 20):
                file.write(part)

    atomic_write(target, write)
