"""The journal of an image that is being edited: appended to, read from, and written anew when much of it is useless."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import BinaryIO

from model import disk
from model.files import atomic_write, copy_file
from model.journal import Commit, Limits, patch_of, payload_at
from model.journal_batch import Batch, image_record, saved_record
from model.journal_compaction import Retelling, is_worth_it
from model.journal_records import HEADER, JournalError, Kind, Record, edit_payload, header, move_payload, with_cursor
from model.journal_story import Contents, Saved, Story
from model.patches import MaskPatch
from model.plane_source import PlaneSource
from model.records import free_name


class JournalFile:
    """The journal of an image that is being edited. Its methods may be called from any thread."""

    def __init__(
        self,
        path: Path,
        name: str,
        shape: tuple[int, int],
        base: bytes = b"",
        past: Contents | None = None,
        keep_old: bool = True,
        limits: Limits | None = None,
        surpassed: Saved | None = None,
        ensure: Callable[[], None] = lambda: None,
    ) -> None:
        """`past` is what was read of an existing file; without it the first edit makes one that starts at `base`.

        A file in its place is kept aside then, unless `keep_old` says that it is outdated. `ensure` makes its folder
        where that was removed. `surpassed`: a map holds edits that `past` lacks, and this is to be noted of it. With the
        next record the journal gets another number, so that its edits are not taken for those.
        """
        self.path = path
        self._surpassed = surpassed
        self.number = past.number if past is not None else os.urandom(8)
        self._name, self._shape, self._base, self._keep_old = name, shape, base, keep_old
        self._limits = limits or Limits()
        self._ensure = ensure
        self._guard = threading.RLock()
        self._file: BinaryIO | None = None
        self._held: BinaryIO | None = None
        """To read, open after `hold`: whoever removes the file does not remove what is in it."""
        self._end = past.end if past is not None else 0
        self._story = past.story if past is not None else None
        self._damaged = past is not None and past.damaged
        self._ended = self._closed = False
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
            self._ensure()
            self.put_back()
            story = self._story.copy() if self._story is not None else Story()
            new = Batch(story, self._end)
            if self._story is None:
                self._begin(new, commits[0], classes)
            elif any(story.uids.get(value) != uid for value, uid in classes.items()):
                new.add(image_record(self._name, story.seq, commits[0].time, classes))
            lag, shift = self._lag, self._shift
            for commit in commits:
                lag, shift = self._add(new, commit, lag, shift)
            if self._surpassed is not None:
                new.add(saved_record(self._surpassed, story.seq, story.last_edit))
            self._put(new)
            self._lag, self._shift = lag, shift

    def saved(self, kind: str, sha256: str, seq: int, human: bool, planes: PlaneSource | None = None) -> bool:
        """A file, `work` or `label`, holds the edits up to `seq`, and `planes` are the same. Raises OSError.

        The journal says so, or False when it cannot; if much of it has become useless, it is written anew.
        """
        with self._guard:
            story = self._story
            if story is None or self._ended:
                return False
            note = Saved(kind, sha256, seq + self._shift, human)
            if note.seq > story.seq:  # what the map holds could not be written here: the map's own mark tells
                if self._surpassed is not None:
                    self._surpassed = note
                return False
            may_compact = planes is not None and self._surpassed is None
            worth_it = may_compact and is_worth_it(story, self._end, self._limits, self._forgotten)
        if worth_it and self._compact(planes, note):
            return True
        with self._guard:
            new = Batch(self._story.copy(), self._end)
            new.add(saved_record(note, self._story.seq, self._story.last_edit))
            self._put(new)
        return True

    def hold(self) -> None:
        """The image is shown from now on: keep the file open until `close`, as `put_back` needs it."""
        with self._guard:
            if self._story is not None:
                self._hold()

    def put_back(self) -> None:
        """Write the file anew where somebody has removed it. Raises OSError, or JournalError when it cannot be."""
        with self._guard:
            if self._story is None or self._ended or not self._removed():
                return
            if self._held is None:
                raise JournalError("this journal was removed")
            source, self._held = self._held, None
            self._let_go()
            try:
                if os.path.exists(self.path):
                    disk.rename(self.path, free_name(self.path))
                atomic_write(self.path, lambda file: _copy(source, file, self._end))
            except BaseException:
                self._held = source
                raise
            source.close()
            self._hold()

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
            with ExitStack() as opened:
                if self._held is not None and self._removed():  # to put it back is for a lane: undo waits for this
                    file = self._held
                else:
                    file = opened.enter_context(open(self.path, "rb"))
                return patch_of(payload_at(file, step.offset, step.size), self._shape)

    def end(self) -> None:
        """The file is about to be removed or moved: what is appended from now on is refused with JournalError."""
        with self._guard:
            self._let_go()
            self._release()
            self._ended = True

    def close(self) -> None:
        """Nobody edits the image any more. What is written all the same, as by a map that is late, leaves no file open."""
        with self._guard:
            self._closed = True
            self._let_go()
            self._release()

    def _begin(self, new: Batch, first: Commit, classes: Mapping[int, str]) -> None:
        seq = first.seq - 1
        new.add(image_record(self._name, seq, first.time, classes))
        new.add(Record(Kind.BASE, seq, first.time, with_cursor(self._base, 0)))

    def _add(self, new: Batch, commit: Commit, lag: int, shift: int) -> tuple[int, int]:
        seq = new.story.seq + 1
        if commit.patch is None:
            new.add(Record(Kind.MOVE, seq, commit.time, move_payload(commit.cursor + lag)))
        else:
            new.add(Record(Kind.EDIT, seq, commit.time, edit_payload(commit.text, commit.patch)), commit.seq)
            lag = new.story.cursor - commit.cursor
        return lag, seq - commit.seq

    def _put(self, new: Batch) -> None:
        """Write the batch and take over its story."""
        if self._story is None:
            if self._keep_old and os.path.exists(self.path):
                disk.rename(self.path, free_name(self.path))
            content = header(self.number, self._shape) + new.content
            atomic_write(self.path, lambda file: file.write(content))
            self._hold()
        elif self._surpassed is not None:
            self._renumber(new.content)
        else:
            self._extend(new.content)
        self._story, self._end = new.story, new.end

    def _renumber(self, content: bytes) -> None:
        """Not before the file says so: a map that is saved while it cannot names the number that is there."""
        copy_file(self.path, free_name(self.path))
        number = os.urandom(8)

        def write(file: BinaryIO) -> None:
            file.write(header(number, self._shape))
            with open(self.path, "rb") as source:
                _copy(source, file, self._end, HEADER.size)
            file.write(content)
            self._release()  # Windows puts nothing in the place of a file that is open

        try:
            atomic_write(self.path, write)
        finally:
            self._hold()
        self.number, self._surpassed, self._damaged = number, None, False

    def _extend(self, content: bytes) -> None:
        try:
            if self._file is None:
                self._open()
            disk.write(self._file, content)
            disk.sync(self._file)
            if self._closed:
                self._let_go()
        except OSError:
            self._let_go()
            with suppress(OSError):  # else it is cut before the next record is written
                disk.truncate(self.path, self._end)
            raise

    def _open(self) -> None:
        """Whatever lies behind the last sound record goes; what may still be worth something is kept beside it."""
        if self.path.stat().st_size != self._end:
            if self._damaged:
                copy_file(self.path, free_name(self.path))
            disk.truncate(self.path, self._end)
        self._damaged = False
        self._file = disk.append(self.path)

    def _removed(self) -> bool:
        if not os.path.exists(self.path):
            return True
        held = self._held and os.fstat(self._held.fileno())
        return held is not None and not held.st_nlink and not os.path.samestat(held, os.stat(self.path))

    def _hold(self) -> None:
        """What lies at the path from now on."""
        self._release()
        if not self._closed:
            with suppress(OSError):
                self._held = open(self.path, "rb")

    def _release(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            held.close()

    def _let_go(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError):
                file.close()

    def _compact(self, planes: PlaneSource, note: Saved) -> bool:
        """Write the journal anew around `planes`. False when it turns out that this cannot be.

        Edits go on meanwhile: they wait only while what they added is copied.
        """
        with self._guard:
            keys = self._keys()
            retelling = Retelling(self.path, self._name, note, self._limits, self._forgotten)
        held = ExitStack()

        def write(file: BinaryIO) -> None:
            file.write(header(self.number, self._shape))
            with open(self.path, "rb") as source:
                retelling.begin(file, source, planes, keys)
                disk.sync(file)
                held.enter_context(self._guard)
                retelling.finish(file, source, self._end, self._keys())
            self._let_go()
            self._release()
            held.callback(self._hold)

        with held:
            try:
                atomic_write(self.path, write)
            except JournalError:
                return False
            self._story, self._end = retelling.new.story, retelling.new.end
            self._lag -= retelling.dropped
        return True

    @property
    def _forgotten(self) -> int:
        """How many of the oldest steps here the program's history has let go: it will never go back to them."""
        return max(0, self._lag)

    def _keys(self) -> dict[int, int]:
        """What the program's history calls the step at each offset."""
        return {step.offset: step.key for step in self._story.steps}


def _copy(source: BinaryIO, target: BinaryIO, end: int, start: int = 0) -> None:
    """The bytes from `start` up to `end`, in parts, since there may be hundreds of MB."""
    source.seek(start)
    while start < end and (part := source.read(min(end - start, 1 << 20))):
        target.write(part)
        start += len(part)
