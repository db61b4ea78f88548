"""Records on their way into a journal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO

from model.journal_records import HEADER, Kind, Record, json_payload
from model.journal_story import Saved, Story


class Batch:
    """Records on their way to the file, and the story with them."""

    def __init__(self, story: Story, end: int) -> None:
        self.story = story
        self.end = end or HEADER.size
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


def saved_record(note: Saved, seq: int, time: float) -> Record:
    data = {"kind": note.kind, "sha256": note.sha256, "seq": note.seq, "human": note.human}
    return Record(Kind.SAVED, seq, time, json_payload(data))


def image_record(name: str, seq: int, time: float, classes: Mapping[int, str]) -> Record:
    """Says whose journal it is, and what the values mean: `classes` is value -> uid."""
    facts = {"image": name, "classes": {str(value): uid for value, uid in classes.items()}}
    return Record(Kind.IMAGE, seq, time, json_payload(facts))
