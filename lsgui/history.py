"""The steps that undo and redo walk over: the newest in memory, the others in the image's journal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Signal

from lsgui.mask import MaskPatch

MOST_STEPS = 1000
MEMORY_BYTES = 64_000_000
HOT_BYTES = 24_000_000
"""Of the memory: what stays unpacked, so that taking it back is quick."""
DISK_BYTES = 256_000_000

Read = Callable[[int], MaskPatch]
"""The patch of a step by its `seq`. Raises OSError or PatchError."""


@dataclass(frozen=True)
class Step:
    """One edit. `text` is its English key; `time` is time.time(), only to be shown: the order is that of `seq`.

    `uid` is that of the class it was painted with, as far as the journal says so.
    """

    text: str
    time: float
    nbytes: int
    seq: int
    uid: str = ""


@dataclass(frozen=True)
class Past:
    """What the journal knows of an image that is opened again."""

    steps: tuple[Step, ...]
    cursor: int
    next_seq: int
    read: Read


@dataclass(frozen=True)
class Commit:
    """What has just become true of the open image: `kind` is edit (with its patch) or move (undo, redo, jump).

    `value` is the class that an edit was begun with, if it was painted with one.
    """

    kind: str
    seq: int
    text: str
    time: float
    patch: MaskPatch | None
    cursor: int
    value: int | None = None


@dataclass
class _Entry:
    step: Step
    patch: MaskPatch | None
    hot: bool


class History(QObject):
    """`cursor` steps are in force. Steps after it can be redone, until the next edit cuts them off."""

    changed = Signal()
    _packed = Signal(object, object)

    def __init__(
        self, parent: QObject | None = None, background: Callable[[Callable[[], None]], None] = lambda work: work()
    ) -> None:
        """`background` runs what may take its time: packing what is kept."""
        super().__init__(parent)
        self.cursor = 0
        self.dropped = 0
        self.most_steps, self.memory_bytes, self.hot_bytes, self.disk_bytes = (
            MOST_STEPS, MEMORY_BYTES, HOT_BYTES, DISK_BYTES,
        )  # fmt: skip
        self._background = background
        self._entries: list[_Entry] = []
        self._read: Read | None = None
        self._stored = 0
        self._packing = 0
        self._packed.connect(self._take_packed)

    @property
    def steps(self) -> tuple[Step, ...]:
        """Oldest first."""
        return tuple(entry.step for entry in self._entries)

    @property
    def can_undo(self) -> bool:
        return self.cursor > 0

    @property
    def can_redo(self) -> bool:
        return self.cursor < len(self._entries)

    @property
    def nbytes(self) -> int:
        """Bytes of memory that all steps keep."""
        return sum(entry.patch.nbytes for entry in self._entries if entry.patch is not None)

    def push(self, text: str, patch: MaskPatch, time: float, seq: int) -> None:
        """A new step that is in force already. Those that could be redone are gone."""
        del self._entries[self.cursor :]
        self._entries.append(_Entry(Step(text, time, patch.nbytes, seq), patch, hot=True))
        self.cursor += 1
        self._stay_within(may_drop=True)
        self.changed.emit()

    def walk(self, cursor: int, do: Callable[[MaskPatch], None]) -> None:
        """Go to where `cursor` steps are in force, one by one: `do` what each asks for.

        Raises IndexError, OSError or PatchError, and what `do` raises; it has got then to where `cursor` says. Of steps
        that are read from the journal one at a time is in memory: all that are passed may take gigabytes.
        """
        if not 0 <= cursor <= len(self._entries):
            raise IndexError(f"step {cursor} of {len(self._entries)}")
        way = 1 if cursor > self.cursor else -1
        before = self.cursor
        try:
            while self.cursor != cursor:
                do(self._patch(self._entries[min(self.cursor, self.cursor + way)]))
                self.cursor += way
        finally:
            if self.cursor != before:
                self.changed.emit()

    def take_up(self) -> MaskPatch:
        """Count what could be redone as in force, without doing it: the patch that takes it back.

        Raises OSError or PatchError; then nothing has moved.
        """
        patches = [self._patch(entry) for entry in self._entries[self.cursor :]]
        self.cursor = len(self._entries)
        self.changed.emit()
        return MaskPatch([piece for patch in reversed(patches) for piece in patch.pieces])

    def load(self, steps: tuple[Step, ...], cursor: int, read: Read | None) -> None:
        """Start with the steps of a journal; `read` fetches those and all that `stored` is told of later.

        Steps too many are dropped by the next `push`: only there the journal hears how far its count is ahead.
        """
        self._entries = [_Entry(step, None, hot=False) for step in steps]
        self.cursor, self.dropped, self._read = cursor, 0, read
        self._stored = steps[-1].seq if steps else 0
        self._stay_within()
        self.changed.emit()

    def stored(self, seq: int) -> None:
        """The journal holds every step up to `seq`: they may leave the memory."""
        self._stored = max(self._stored, seq)
        self._stay_within()

    def clear(self) -> None:
        self.load((), 0, None)

    def _patch(self, entry: _Entry) -> MaskPatch:
        if entry.patch is not None:
            return entry.patch
        return self._read(entry.step.seq)

    def _stay_within(self, may_drop: bool = False) -> None:
        """Newest first: hot, packed, in the journal only, dropped."""
        memory = hot = disk = 0
        too_hot: list[_Entry] = []
        for place, entry in reversed(list(enumerate(self._entries))):
            disk += entry.step.nbytes
            if entry.patch is not None:
                memory += entry.patch.nbytes
                hot += entry.patch.nbytes if entry.hot else 0
                if entry.hot and hot > self.hot_bytes:
                    entry.hot = False
                    too_hot.append(entry)
                if memory > self.memory_bytes and self._read is not None and entry.step.seq <= self._stored:
                    memory -= entry.patch.nbytes
                    entry.patch = None
            full = memory > self.memory_bytes and self._read is None and not (self._packing or too_hot)
            if may_drop and (len(self._entries) - place > self.most_steps or disk > self.disk_bytes or full):
                self._drop(min(place + 1, self.cursor, len(self._entries) - 1))
                break
        self._packing += len(too_hot)
        for entry in too_hot:
            self._background(lambda entry=entry: self._pack(entry))

    def _drop(self, count: int) -> None:
        """The oldest steps go; the newest always stays, however large."""
        del self._entries[:count]
        self.cursor -= count
        self.dropped += count

    def _pack(self, entry: _Entry) -> None:
        """In a lane."""
        patch = entry.patch
        self._packed.emit(entry, patch and patch.packed())

    def _take_packed(self, entry: _Entry, patch: MaskPatch | None) -> None:
        if patch is not None:
            entry.step = replace(entry.step, nbytes=patch.nbytes)
            entry.patch = entry.patch and patch
        self._packing -= 1
        self._stay_within(may_drop=self._read is None)
        self.changed.emit()
