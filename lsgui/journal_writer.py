"""What is committed on its way to the journal: a queue that a lane empties, and that loses nothing if it cannot."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lsgui.history import Commit
from model.journal import Commit as Written
from model.journal_file import JournalFile

SECONDS_BETWEEN_SYNCS = 0.2
"""The first stroke of a burst is written at once, the next ones together: a sync costs the disk some milliseconds."""


@dataclass
class _Item:
    commit: Commit
    packed: bytes | None = None


class JournalWriter:
    """Of one image. `put` is for the window's thread, `drain` for the lane."""

    def __init__(self, journal: JournalFile, uids: Callable[[], Mapping[int, str]], seq: int) -> None:
        """`uids` gives value -> uid of the class table; `seq` is the number of the last edit that is in the file."""
        self.journal = journal
        self.written = seq
        """Every edit up to this one would survive a power cut."""
        self._uids = uids
        self._items: deque[_Item] = deque()
        self._guard = threading.Condition()
        self._hurry = threading.Event()
        self._draining = False
        self._last_sync = 0.0

    def put(self, commit: Commit) -> bool:
        """Whether somebody has to call `drain` now: nobody is doing it."""
        with self._guard:
            self._items.append(_Item(commit))
            return self._claim()

    def wants_draining(self) -> bool:
        with self._guard:
            return bool(self._items) and self._claim()

    def hurry(self) -> None:
        """Somebody waits: sync what there is without gathering more."""
        self._hurry.set()

    def wait_for(self, seq: int, seconds: float) -> bool:
        """In another lane: until every edit up to `seq` is in the file. False when it cannot be written."""
        self.hurry()
        with self._guard:
            self._guard.wait_for(lambda: self.written >= seq or not self._draining, seconds)
            return self.written >= seq

    def drain(self, synced: Callable[[int, float], None]) -> None:
        """Until nothing is left. Raises OSError, JournalError or MemoryError; then everything is still there."""
        while (items := self._next()) is not None:
            try:
                commits = [_written(item) for item in items]
                self.journal.append(commits, self._uids())
            except BaseException:
                with self._guard:
                    self._draining = False
                    self._guard.notify_all()
                raise
            self._last_sync = time.monotonic()
            with self._guard:
                for _ in items:
                    self._items.popleft()
                self.written = commits[-1].seq
                self._guard.notify_all()
            synced(self.written, time.time())

    def _claim(self) -> bool:
        claimed, self._draining = not self._draining, True
        return claimed

    def _next(self) -> list[_Item] | None:
        """What is to be written together, after a pause that lets more of it gather."""
        with self._guard:
            if not self._items:
                self._draining = False
                self._hurry.clear()
                return None
        self._hurry.wait(max(0.0, self._last_sync + SECONDS_BETWEEN_SYNCS - time.monotonic()))
        with self._guard:
            if self._items:
                return list(self._items)
            self._draining = False
            return None


def _written(item: _Item) -> Written:
    commit = item.commit
    if commit.patch is not None and item.packed is None:
        item.packed = commit.patch.to_bytes()
    return Written(commit.seq, commit.time, commit.cursor, commit.text, item.packed)
