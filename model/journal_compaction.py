"""Writing a journal anew: the steps still of use around the planes as they are, in as little room as can be."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from model.journal import Limits, payload_at
from model.journal_batch import Batch, image_record, saved_record
from model.journal_records import JournalError, Kind, Record, base_payload, move_of, move_payload, read_record
from model.journal_story import Saved, Step, Story, scan
from model.plane_source import PlaneSource


def is_worth_it(story: Story, size: int, limits: Limits, forgotten: int) -> bool:
    """Whether a journal of `size` bytes holds too much that can be `forgotten`, is useless, or slow to open.

    A tenth more than it may hold is let pass, or a full one would be written anew with every map.
    """
    live, replayed = story.live(), sum(story.toggled.values())
    over = len(story.steps) > limits.steps * 1.1 or live > limits.size * 1.1
    return (
        (over and forgotten > 0)
        or size - live > max(limits.idle, size // 4)
        or replayed > max(limits.replayed, size // 8)
    )


class Retelling:
    """`begin` tells the journal at `path` anew up to the edit that `note` names, `finish` what was appended since.

    `new` is what the new file holds, `dropped` how many of the oldest steps it lacks.
    """

    def __init__(self, path: Path, name: str, note: Saved, limits: Limits, forgotten: int) -> None:
        """`forgotten` of the oldest steps are out of the history's reach; to the others it may still go.

        Raises JournalError or OSError when the old file cannot be read.
        """
        self.new = Batch(Story(), 0)
        self._old = scan(path, until=note.seq)
        self._name, self._note = name, note
        self._kept = _kept(self._old.story, limits, forgotten)
        self.dropped = len(self._old.story.steps) - len(self._kept)

    def begin(self, file: BinaryIO, source: BinaryIO, planes: PlaneSource, keys: Mapping[int, int]) -> None:
        """The steps before the cursor, the planes there, the steps that redo would do, and back to the cursor."""
        new, story, note = self.new, self._old.story, self._note
        cursor = story.cursor - self.dropped
        before, after = self._kept[:cursor], self._kept[cursor:]
        seq, time = note.seq - len(self._kept) - bool(after), story.last_edit
        new.add(image_record(self._name, seq, time, story.uids))
        for step in (*before, None, *after):
            if step is None:
                new.add(Record(Kind.BASE, seq, time, base_payload(len(before), planes)))
            else:
                seq += 1
                edit = Record(Kind.EDIT, seq, step.time, payload_at(source, step.offset, step.size))
                new.add(edit, keys.get(step.offset, step.key))
            new.pour(file)
        if after:
            new.add(Record(Kind.MOVE, seq + 1, time, move_payload(len(before))))
        new.add(saved_record(note, note.seq, time))
        new.pour(file)

    def finish(self, file: BinaryIO, source: BinaryIO, end: int, keys: Mapping[int, int]) -> None:
        """Raises JournalError when one of them goes to a step that was dropped."""
        offset = self._old.end
        while offset < end:
            record = read_record(source, offset, end)
            if record is None:
                raise JournalError("a record that was written and cannot be read")
            payload = record.payload
            if record.kind is Kind.MOVE and self.dropped:
                cursor = move_of(payload) - self.dropped
                if cursor < 0:
                    raise JournalError("a move to a step that would be dropped")
                payload = move_payload(cursor)
            self.new.add(Record(record.kind, record.seq, record.time, payload), keys.get(offset))
            self.new.pour(file)
            offset += record.size


def _kept(story: Story, limits: Limits, forgotten: int) -> list[Step]:
    """The newest steps that fit; what redo would do is never dropped, nor what is not `forgotten`."""
    room, kept = limits.size, []
    for number, step in enumerate(reversed(story.steps)):
        droppable = len(story.steps) - number <= min(story.cursor, forgotten)
        room -= step.size
        if droppable and (room < 0 or len(kept) >= limits.steps):
            break
        kept.append(step)
    return kept[::-1]
