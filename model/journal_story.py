"""What the records of a journal add up to: the steps of the undo history, where in it the image is, what is saved."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from model.journal_records import (
    HEAD,
    HEADER,
    LONGEST_TEXT,
    JournalError,
    Kind,
    Record,
    edit_of,
    glance_at,
    json_of,
    move_of,
    read_header,
    read_record,
)

_LOOKS_LIKE_A_RECORD = re.compile(rb"[\x01-\x05]\x00\x00\x00")
BY_THE_MODEL = ("Predict", "Revert to prediction")
"""Edits that set no pixel in a person's name."""
TAKEN_BACK = "Taken back"
"""An edit that first takes up all that could be redone, and then takes it back: no record alone must redo it."""
_GLANCED = 2 + LONGEST_TEXT
"""Bytes of an edit that hold its text, after the length of that."""
_SEARCHED = 1 << 26
"""Bytes behind a damaged record that are searched for sound ones."""


@dataclass(frozen=True)
class Step:
    """One edit: its record lies at `offset`. `key` is what the program's own history calls it."""

    key: int
    text: str
    time: float
    offset: int
    size: int


@dataclass(frozen=True)
class Saved:
    """The file, `work` or `label`, that holds the edits up to `seq`; `human` when a person's pixels are in it."""

    kind: str = ""
    sha256: str = ""
    seq: int = 0
    human: bool = False


def saved_of(record: Record) -> Saved:
    data = json_of(record.payload)
    seq = data.get("seq")
    seq = seq if isinstance(seq, int) and 0 <= seq <= record.seq else 0
    return Saved(str(data.get("kind")), str(data.get("sha256")), seq, bool(data.get("human")))


@dataclass
class Story:
    """Follows a journal record by record. `toggled` are the steps by which the image now differs from the base."""

    uids: dict[int, str] = field(default_factory=dict)
    base: tuple[int, int] | None = None
    base_cursor: int = 0
    steps: list[Step] = field(default_factory=list)
    cursor: int = 0
    seq: int | None = None
    saved: Saved = field(default_factory=Saved)
    last_edit: float = 0.0
    toggled: dict[int, int] = field(default_factory=dict)

    @property
    def unsaved(self) -> int:
        """Edits, undos and redos since the last map was saved."""
        return max(0, (self.seq or 0) - self.saved.seq)

    def add(self, record: Record, key: int | None = None) -> None:
        """Raises JournalError for a record that does not follow from the ones before it."""
        counts = record.kind in (Kind.EDIT, Kind.MOVE)
        if self.seq is not None and record.seq != self.seq + counts:
            raise JournalError(f"record {record.seq} after {self.seq}")
        if self.seq is None and record.kind is not Kind.IMAGE:
            raise JournalError("no image is named")
        getattr(self, f"_{record.kind.name.lower()}")(record, key)
        self.seq = record.seq

    def copy(self) -> Story:
        return replace(self, uids=dict(self.uids), steps=list(self.steps), toggled=dict(self.toggled))

    def live(self) -> int:
        """Bytes of the records that are still of use."""
        return (self.base[1] if self.base else 0) + sum(step.size for step in self.steps)

    def _image(self, record: Record, key: int | None) -> None:
        data = json_of(record.payload)
        classes = data.get("classes")
        for value, uid in classes.items() if isinstance(classes, dict) else ():
            if value.isdecimal() and int(value) < 256 and isinstance(uid, str):
                self.uids[int(value)] = uid
        if self.seq is None:
            self.saved = Saved(seq=record.seq)

    def _base(self, record: Record, key: int | None) -> None:
        cursor = move_of(record.payload)
        if self.base is not None or cursor != self.cursor:
            raise JournalError("a second base, or one of another place")
        self.base, self.base_cursor = (record.offset, record.size), cursor
        self.toggled.clear()

    def _edit(self, record: Record, key: int | None) -> None:
        text, _ = edit_of(record.payload)
        if text == TAKEN_BACK:
            self._go(len(self.steps))
        del self.steps[self.cursor :]
        self.steps.append(Step(record.seq if key is None else key, text, record.time, record.offset, record.size))
        self._go(self.cursor + 1)
        self.last_edit = record.time

    def _move(self, record: Record, key: int | None) -> None:
        cursor = move_of(record.payload)
        if cursor > len(self.steps):
            raise JournalError("a move to where no step is")
        self._go(cursor)
        self.last_edit = record.time

    def _saved(self, record: Record, key: int | None) -> None:
        self.saved = saved_of(record)

    def _go(self, cursor: int) -> None:
        """A step that is gone over a second time cancels itself out, whatever came between: patches are XORs."""
        low, high = sorted((cursor, self.cursor))
        for step in self.steps[low:high]:
            if self.toggled.pop(step.offset, None) is None:
                self.toggled[step.offset] = step.size
        self.cursor = cursor


@dataclass(frozen=True)
class Contents:
    """A journal as its file tells it. Behind `end` nothing can be used; `damaged`: sound records lie there."""

    number: bytes
    shape: tuple[int, int]
    story: Story
    end: int
    damaged: bool = False


def scan(path: Path, until: int | None = None) -> Contents:
    """Read the whole journal, or up to the edit of this number. Raises JournalError, or OSError."""
    with open(path, "rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        number, shape = read_header(file)
        story, end = Story(), HEADER.size
        for record in _records(file, end, size):
            if until is not None and record.seq > until:
                return Contents(number, shape, story, end)
            try:
                story.add(record)
            except JournalError:
                break
            end += record.size
        if story.base is None:
            raise JournalError("no base")
        return Contents(number, shape, story, end, end < size and _sound_behind(file, end, size, story.seq or 0))


@dataclass(frozen=True)
class Facts:
    """What a list of images needs to know of a journal. `time` is that of the last edit, since 1970."""

    unsaved: int
    time: float
    human: bool


def skim(path: Path) -> Facts:
    """Read what the records are, and not what they hold. Raises JournalError, or OSError."""
    with open(path, "rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        read_header(file)
        offset, saved, seq, time, human, by_hand = HEADER.size, Saved(), None, 0.0, False, False
        while (glance := glance_at(file, offset, size)) is not None:
            kind, seq, moment, length = glance
            if offset == HEADER.size:
                saved = Saved(seq=seq)
            if kind is Kind.SAVED:
                record = read_record(file, offset, size)
                saved = saved_of(record) if record is not None else saved
                human = saved.human
            elif kind is Kind.EDIT:
                file.seek(offset + HEAD.size)
                painted = edit_of(file.read(_GLANCED))[0] not in BY_THE_MODEL
                human, by_hand = human or painted, by_hand or painted
            elif kind is Kind.MOVE:  # it may bring back what the last map lacks
                human = human or by_hand
            if kind in (Kind.EDIT, Kind.MOVE):
                time = moment
            offset += length
        return Facts(max(0, (seq or 0) - saved.seq), time, human)


def facts_of(path: Path) -> Facts:
    """What `skim` finds; none of it where there is no journal that can be read."""
    try:
        return skim(path)
    except (JournalError, OSError):
        return Facts(0, 0.0, False)


def newest_edit(path: Path) -> int:
    """The number of the last edit that can be read. Raises JournalError, or OSError."""
    with open(path, "rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        read_header(file)
        offset, newest = HEADER.size, 0
        while (glance := glance_at(file, offset, size)) is not None:
            _, newest, _, length = glance
            offset += length
        return newest


def _records(file: BinaryIO, offset: int, size: int) -> Iterator[Record]:
    while (record := read_record(file, offset, size)) is not None:
        yield record
        offset += record.size


def _sound_behind(file: BinaryIO, end: int, size: int, seq: int) -> bool:
    """Whether a later record is whole, so that what is lost was not merely the last second."""
    file.seek(end + 1)
    rest = file.read(min(size - end, _SEARCHED))
    for found in _LOOKS_LIKE_A_RECORD.finditer(rest):
        offset = end + 1 + found.start() - 4
        if offset <= end or offset + HEAD.size > size:
            continue
        record = read_record(file, offset, size)
        if record is not None and record.seq > seq:
            return True
    return False
