"""The base of tools whose pixels take their time: computed in a lane, shown when they are there."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from lsgui.mask import MaskPatch
from lsgui.snapshot import Snapshot
from lsgui.tool import Idle, Kit, Outline
from model.messages import Message
from model.progress import Report, silent

if TYPE_CHECKING:
    from lsgui.jobs import Failure, Job

Work = Callable[[Snapshot, Report], MaskPatch | None]
"""In the lane: the patch, for the planes as the snapshot has them. Each report may raise Cancelled."""

LANE = "tools"
_PATIENCE = 0.3
"""Seconds after which a preview that is still computed gives way to a newer one; sooner, and none would ever be seen
while the hand moves."""


@dataclass(eq=False)
class _Request:
    text: str
    value: int
    """The class in the hand when it was asked for."""
    work: Work
    commit: bool
    """It will stay. What was a preview becomes so when the hand lets go before it is there."""


class ComputedTool(Idle):
    """One held gesture at a time. Every preview replaces the one before; Esc takes it back, `finish` makes it stay."""

    def __init__(self, kit: Kit) -> None:
        super().__init__(kit)
        self._waiting: deque[_Request] = deque()
        self._running: _Request | None = None
        self._job: Job | None = None
        self._since = 0.0
        self._snapshot: Snapshot | None = None
        self.document.gesture_ended.connect(self._gesture_ended)

    @property
    def active(self) -> bool:
        """While it computes or shows what is not committed yet."""
        return self._snapshot is not None

    @property
    def busy(self) -> bool:
        return self._running is not None

    @property
    def committing(self) -> bool:
        """What it computes will stay, whatever tool is in the hand by then."""
        return any(request.commit for request in (self._running, *self._waiting) if request is not None)

    def compute(self, text: str, work: Work, commit: bool) -> None:
        """Have `work` done and show it; with `commit` it is one undo step called `text`.

        What is to be committed is done in order; of previews only the newest is.
        """
        if self.document.image is None:
            return
        kept = (request for request in self._waiting if request.commit)
        self._waiting = deque((*kept, _Request(text, self.painting.class_value, work, commit)))
        if not self.busy:
            self._next()
        elif not self._running.commit and time.monotonic() - self._since > _PATIENCE and self._job is not None:
            self._job.cancel()

    def finish(self) -> None:
        """What is shown stays, as one undo step; what is still computed, as soon as it is there."""
        newest = self._waiting[-1] if self._waiting else self._running
        if newest is not None:
            newest.commit = True
        elif self._snapshot is not None:
            self._commit()

    def complete(self, deadline: float) -> None:
        """Have what will stay there before time.monotonic() is `deadline`, while this thread stands still."""
        while self.committing and self._job is not None:
            request, job = self._running, self._job
            if not request.commit:  # a preview, before what will stay
                job.cancel()
            if not job.finished.wait(max(0.0, deadline - time.monotonic())):
                return
            if job.failure is not None:
                self._failed(request, job.failure)
            elif job.cancelled.is_set():
                self._cancelled(request)
            else:
                self._done(request, job.result)

    def cancel(self) -> None:
        """Take back what is shown, and compute no more."""
        held = self._forget()
        if held is not None and not held.closed:
            self.document.restore()
        self.kit.redraw()

    def key(self, key: int) -> bool:
        if not self.active:
            return False
        if key == Qt.Key.Key_Escape:
            self.cancel()
            return True
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.finish()
            return True
        return False

    def outline(self) -> Outline | None:
        return Outline(busy=True) if self.busy else None

    def arrived(self, patch: MaskPatch | None) -> None:
        """What was computed last is shown now; for tools that have something to say about it."""

    def committed(self) -> None:
        """What was shown stays."""

    def _next(self) -> None:
        if not self._waiting:
            self.kit.redraw()
            return
        request = self._waiting.popleft()
        if self._snapshot is None:
            self._snapshot = self.document.hold(request.text, request.value)
        snapshot, self._running, self._since = self._snapshot, request, time.monotonic()
        if self.kit.jobs is None:
            self._done(request, request.work(snapshot, silent))
            return
        self._job = self.kit.jobs.submit(
            LANE,
            Message("Computing what the tool paints"),
            lambda report: request.work(snapshot, report),
            lambda patch: self._done(request, patch),
            lambda failure: self._failed(request, failure),
            lambda: self._cancelled(request),
            quiet=True,
        )
        self.kit.redraw()

    def _done(self, request: _Request, patch: MaskPatch | None) -> None:
        if request is not self._running:
            return
        self._running = self._job = None
        self.document.show(patch, request.value)
        if request.commit:
            self._commit()
        self.arrived(patch)
        self._next()

    def _failed(self, request: _Request, failure: Failure) -> None:
        if request is self._running:
            self.cancel()
            self.kit.jobs.failed.emit(failure)

    def _cancelled(self, request: _Request) -> None:
        """For a newer preview; or by what ends the program."""
        if request is not self._running:
            return
        self._running = self._job = None
        if self._waiting:
            self._next()
        else:
            self.cancel()

    def _commit(self) -> None:
        self._snapshot = None
        self.document.commit()
        self.kit.redraw()
        self.committed()

    def _forget(self) -> Snapshot | None:
        held, self._snapshot = self._snapshot, None
        if self._job is not None:
            self._job.cancel()
        self._waiting.clear()
        self._running = self._job = None
        return held

    def _gesture_ended(self) -> None:
        """By an undo, or because another image is open."""
        if self._snapshot is not None and self._snapshot.closed:
            self._forget()
            self.kit.redraw()
