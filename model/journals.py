"""The journals of a workspace: what they say of an image, and where they go when they have had their time."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from model import disk
from model.classes import ClassTable, default_table
from model.files import is_newer, sha256
from model.foreign import place_in
from model.journal import OtherShape, Replay, replay, values_in_history
from model.journal_file import JournalFile
from model.journal_records import JournalError, base_payload, read_header
from model.journal_story import BY_THE_MODEL, Contents, Saved, Story, facts_of, newest_edit, scan
from model.labels import values_in
from model.layout import Layout
from model.map_files import read_note
from model.mark import Mark
from model.messages import Message
from model.plane_source import of_arrays
from model.provenance import HUMAN


@dataclass(frozen=True)
class Held:
    """The edits that a map holds: those of `journal` up to the history's number `seq`."""

    journal: JournalFile
    seq: int

    @property
    def mark(self) -> Mark:
        return Mark(self.journal.number.hex(), self.journal.number_of(self.seq))


@dataclass(frozen=True, eq=False)
class Told:
    """What a journal says of its image; without a `replay` it cannot be used, and `notice` says why.

    `outdated`: a map is newer, or it holds nothing but an older prediction. `unsaved` counts the edits that no map
    holds yet. `foreign` is the map that another program has changed since it was saved. `surpassed_by` is the kind of
    map, work or label, that holds edits which the journal lacks: it was cut off, or could not be written.
    """

    replay: Replay | None = None
    notice: Message | None = None
    outdated: bool = False
    unsaved: int = 0
    foreign: Path | None = None
    surpassed_by: str = ""


class Journals:
    """Knows which journals are being written. Its methods may be called from any thread."""

    def __init__(self, layout: Layout, ensure: Callable[[], None] = lambda: None) -> None:
        """`ensure` makes the folders of the workspace where they were removed."""
        self._layout = layout
        self._ensure = ensure
        self._open: dict[str, JournalFile] = {}
        self._guard = threading.Lock()

    def read(self, name: str, shape: tuple[int, int], classes: ClassTable) -> Told:
        """Changes nothing, whatever state the file is in."""
        path = self._layout.journal(name)
        if not os.path.exists(path):  # unlike Path's, no error for a name that is too long to exist
            return Told()
        try:
            found = replay(path, shape)
            lost = _lost(values_in(found.label_map), found.scan.story.uids, classes)
            if not lost and self._may_linger(found.scan.story.uids, classes):  # undo must not bring one back, either
                lost = _lost(values_in_history(path, shape), found.scan.story.uids, classes)
        except OtherShape as error:
            return Told(notice=_of_another_size(name, error.shape, shape))
        except (JournalError, OSError) as error:
            return Told(notice=_unusable(name, error))
        story, marks = found.scan.story, self._marks(name, found.scan.number)
        newest = max(marks, key=lambda kind: marks[kind].seq, default="")
        short = newest if newest and marks[newest].seq > story.seq else ""
        human = bool((found.provenance >= HUMAN).any())
        outdated = not (human or short) and is_newer(self._layout.prediction(name), path)
        if lost:
            return Told(notice=_lost_classes(name, lost) if human else None, outdated=not human)
        saved = max([story.saved.seq, *(mark.seq for mark in marks.values())])
        notice = _falls_short(name) if short else _damaged(name, story) if found.scan.damaged else None
        return Told(found, notice, outdated, story.seq - saved, self._foreign(name, story, marks), short)

    def open(
        self,
        name: str,
        shape: tuple[int, int],
        planes: tuple,
        past: Contents | None,
        keep_old: bool,
        surpassed: Saved | None = None,
    ) -> JournalFile:
        """To be written: its history goes on from `past`, or begins with `planes` at the first edit."""
        base = base_payload(0, of_arrays(*planes)) if past is None else b""
        path = self._layout.journal(name)
        journal = JournalFile(path, name, shape, base, past, keep_old, surpassed=surpassed, ensure=self._ensure)
        with self._guard:
            before, self._open[name] = self._open.get(name), journal
        if before is not None:
            before.close()
        return journal

    def put_back(self, name: str) -> None:
        """The journal of an image that is being edited, if somebody has removed it. Raises OSError or JournalError."""
        with self._guard:
            journal = self._open.get(name)
        if journal is not None:
            journal.put_back()

    def shape(self, name: str) -> tuple[int, int]:
        """(H, W). Raises JournalError or OSError."""
        with open(self._layout.journal(name), "rb") as file:
            return read_header(file)[1]

    def held(self, name: str) -> bool:
        """Whether a map says that it holds all the edits that can be read from the journal."""
        path = self._layout.journal(name)
        try:
            with open(path, "rb") as file:
                number, _ = read_header(file)
            newest = newest_edit(path)
        except (JournalError, OSError):
            return False
        return any(mark.seq >= newest for mark in self._marks(name, number).values())

    def values(self, name: str, history: bool) -> set[int]:
        """The values in the map, or in all that undo and redo can reach; empty when there is none that can be read."""
        path = self._layout.journal(name)
        try:
            shape = self.shape(name)
            return values_in_history(path, shape) if history else values_in(replay(path, shape).label_map)
        except (JournalError, OSError):
            return set()

    def set_aside(self, name: str) -> None:
        """Move the journal to `kept/`: something else has taken its place. Raises OSError."""
        path = self._layout.journal(name)
        if os.path.exists(path):
            self._end(name)
            disk.rename(path, place_in(self._layout.kept, path))
            disk.sync_folder(self._layout.kept)
            disk.sync_folder(path.parent)

    def drop(self, name: str) -> None:
        """Remove a journal that tells of the model alone. Raises OSError."""
        if self.tells_of_the_model(name):
            self._end(name)
            disk.remove(self._layout.journal(name))

    def tells_of_the_model(self, name: str) -> bool:
        """Whether there is a journal, and no stroke of a person in it: neither shown, nor within reach of undo and redo.

        One that cannot be read may hold some.
        """
        path = self._layout.journal(name)
        if not os.path.exists(path) or facts_of(path).human:
            return False
        try:
            return all(step.text in BY_THE_MODEL for step in scan(path).story.steps)
        except (JournalError, OSError):
            return False

    def keep_newest(self, name: str) -> None:
        """What has just been written to `predictions/` is an edit in the journal already, and may be undone there."""
        with suppress(OSError):
            disk.touch(self._layout.journal(name))

    def close(self) -> None:
        with self._guard:
            for journal in self._open.values():
                journal.close()
            self._open.clear()

    def _end(self, name: str) -> None:
        with self._guard:
            journal = self._open.pop(name, None)
        if journal is not None:
            journal.end()

    @staticmethod
    def _may_linger(uids: Mapping[int, str], classes: ClassTable) -> bool:
        """Whether a class was removed of which something was left: the others were nowhere."""
        return any(value in classes.retired and classes.by_uid(uid) is None for value, uid in uids.items())

    def _marks(self, name: str, number: bytes) -> dict[str, Mark]:
        """The maps that say that they hold edits of this journal."""
        found = {}
        for kind, path in (("work", self._layout.work(name)), ("label", self._layout.label(name))):
            mark = Mark.of_note(read_note(path)) if os.path.exists(path) else None
            if mark is not None and mark.journal == number.hex():
                found[kind] = mark
        return found

    def _foreign(self, name: str, story: Story, marks: Mapping[str, Mark]) -> Path | None:
        places = {"work": self._layout.work(name), "label": self._layout.label(name)}
        path = places.get(story.saved.kind)
        if path is None or not os.path.exists(path) or sha256(path) == story.saved.sha256:
            return None
        mark = marks.get(story.saved.kind)
        return None if mark is not None and mark.seq > story.saved.seq else path


def _lost(present: set[int], uids: Mapping[int, str], classes: ClassTable) -> list[str]:
    """The names of classes whose values occur and which no longer have the value they were painted with. A journal knows
    their uids alone, which tell nobody anything.
    """
    gone = []
    for value, uid in uids.items():
        item = classes.by_uid(uid)
        if value in present and (item is None or item.value != value):
            known = item or default_table().by_uid(uid)
            gone.append(f"class {value}" if known is None else known.name)
    return gone


def _unusable(name: str, error: Exception) -> Message:
    return Message(
        "The journal of {name} cannot be read ({reason}); what was saved last is shown, and the journal is kept.",
        {"name": name, "reason": getattr(error, "strerror", None) or str(error)},
    )


def _of_another_size(name: str, was: tuple[int, int], now: tuple[int, int]) -> Message:
    return Message(
        "{name} was {old_width} x {old_height} when it was painted and is {width} x {height} now; its journal is kept.",
        {"name": name, "old_width": was[1], "old_height": was[0], "width": now[1], "height": now[0]},
    )


def _falls_short(name: str) -> Message:
    return Message(
        "The journal of {name} lacks the last strokes, which its map holds: undo takes them back in one step. The journal "
        "is kept.",
        {"name": name},
    )


def _lost_classes(name: str, lost: list[str]) -> Message:
    return Message(
        "The journal of {name} uses classes that the table no longer has: {classes}. Add or import them again to use it.",
        {"name": name, "classes": lost},
    )


def _damaged(name: str, story: Story) -> Message:
    moment = datetime.fromtimestamp(story.last_edit).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    return Message(
        "The journal of {name} is damaged: strokes made after {time} may be missing. A copy of it is kept.",
        {"name": name, "time": moment},
    )
