"""From the document to files: autosave of every committed edit, and the label that training reads."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from lsgui.context import Context
from lsgui.jobs import Failure, Job
from lsgui.notices import Answer, Question
from model.images import Image
from model.labels import UNTOUCHED
from model.messages import Message
from model.plane_source import of_arrays
from model.progress import Report
from model.workspace import Entry, Workspace

AUTOSAVE_MS = 1000
_SECONDS_TO_CLOSE = 5


@dataclass(frozen=True)
class SavedState:
    """`kind` is clean, unsaved or failed; `since` the time.time() it became so (None: nothing has been edited)."""

    kind: str = "clean"
    since: float | None = None


@dataclass(frozen=True)
class Snapshot:
    """Copies that a job may read while painting goes on."""

    workspace: Workspace
    name: str
    image: Image
    label_map: np.ndarray
    provenance: np.ndarray
    edits: int


class Saving(QObject):
    """Writes in the files lane. An edit counts as unsaved until a write that holds it has succeeded."""

    changed = Signal()

    def __init__(self, context: Context, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state = SavedState()
        self._context = context
        self._document = context.document
        self._writing: Job | None = None
        self._copies: tuple[Job | None, np.ndarray] = None, np.empty((2, 0, 0), np.uint8)
        self._waiting: list[Callable[[bool], None]] = []
        self._told = False
        self._edits = 0
        self._timer = QTimer(self, singleShot=True, interval=AUTOSAVE_MS)
        self._timer.timeout.connect(self.write)
        self._document.edited.connect(self._edited)
        self._document.loaded.connect(self._loaded)

    def write(self) -> None:
        """Autosave now; when a gesture or a write is running, right after it."""
        if self._document.image is None or self.state.kind == "clean" or self._writing is not None:
            return
        if self._document.gesture_active:
            self._timer.start()
            return
        shot = self.snapshot()
        self.submit(
            shot,
            Message("Saving {name}", {"name": shot.name}),
            lambda report: shot.workspace.write_work(shot.name, of_arrays(shot.label_map, shot.provenance)),
            quiet=True,
        )

    def flush(self, then: Callable[[bool], None]) -> None:
        """Save what is unsaved, then call `then`: with False when the user chose to stay with what cannot be saved."""
        self._document.restore()
        if self.state.kind == "clean":
            then(True)
            return
        self._waiting.append(then)
        self.write()

    def flush_now(self) -> bool:
        """The same for closing: waits, and asks when it fails. False when the user chose to stay."""
        self._document.restore()
        while self.state.kind != "clean":
            failure = self._write_and_wait()
            if failure is None:
                break
            self._set("failed")
            answer = self._context.ask(_cannot_save(self._document.name, failure))
            if answer != "again":
                return answer == "leave"
        self._set("clean")
        return True

    def submit(
        self,
        shot: Snapshot,
        title: Message,
        work: Callable[[Report], Entry],
        then: Callable[[], None] = lambda: None,
        quiet: bool = False,
    ) -> None:
        """Write in the files lane. Only the newest write decides what is saved; an older one's outcome is the past."""

        def done(entry: Entry) -> None:
            if self._context.workspace is shot.workspace:
                self._context.show_entry(entry)
            if self._writing is job:
                self._written(shot)
                self._context.when_idle(then)

        def failed(failure: Failure) -> None:
            if self._writing is job:
                self._failed(failure)

        self._timer.stop()
        job = self._context.jobs.submit("files", title, work, done, failed, quiet=quiet, cancellable=False)
        self._writing = job
        self._copies = job, self._copies[1]

    def _edited(self) -> None:
        self._edits += 1
        if self.state.kind != "failed":
            self._set("unsaved")
        if not self._timer.isActive():
            self._timer.start()

    def _loaded(self) -> None:
        self._timer.stop()
        self._writing = None
        self._told = False
        self.state = SavedState()
        shape = self._document.shape
        self._context.jobs.background(lambda: self._make_room(shape))
        self.changed.emit()

    def _make_room(self, shape: tuple[int, int]) -> None:
        """In a lane: memory for a snapshot. Taken fresh it can hold the window's thread for 60 ms at 4096x4096."""
        if self._copies[1].shape[1:] != shape:
            self._copies = None, np.full((2, *shape), UNTOUCHED, np.uint8)

    def _written(self, shot: Snapshot) -> None:
        self._writing, self._told = None, False
        if self._edits == shot.edits:
            self._set("clean")
            self._context.when_idle(self._leave_if_clean)
        else:
            self._set("unsaved")
            self._timer.start()
            if self._waiting:
                self.write()

    def _leave_if_clean(self) -> None:
        """Those who wait to leave may; a stroke that was begun during the write is saved before that."""
        if self.state.kind == "clean":
            self._answer_waiting(True)
        else:
            self.write()

    def _failed(self, failure: Failure) -> None:
        self._writing = None
        self._set("failed")
        if self._waiting:
            self._ask_about(failure)
        elif not self._told:
            self._told = True
            self._context.tell_failure(failure)

    def _ask_about(self, failure: Failure) -> None:
        answer = self._context.ask(_cannot_save(self._document.name, failure))
        if answer == "again":
            self.write()
        else:
            self._answer_waiting(answer == "leave")

    def _answer_waiting(self, answer: bool) -> None:
        waiting, self._waiting = self._waiting, []
        for then in waiting:
            then(answer)

    def _write_and_wait(self) -> Failure | None:
        """Save in the files lane while this thread waits."""
        running, self._writing = self._writing, None
        if running is not None:
            running.finished.wait(_SECONDS_TO_CLOSE)
        self.write()
        job = self._writing
        if job is None:
            return None
        self._writing = None
        if not job.finished.wait(_SECONDS_TO_CLOSE):
            return Failure(Message("The disk does not answer."), "", TimeoutError())
        return job.failure

    def snapshot(self) -> Snapshot:
        """Copies of both planes, in the memory of the last ones once their write has finished."""
        document, (job, planes) = self._document, self._copies
        if planes.shape[1:] != document.shape or (job is not None and not job.finished.is_set()):
            planes = np.empty((2, *document.shape), np.uint8)
        self._copies = None, planes
        np.copyto(planes[0], document.label_map)
        np.copyto(planes[1], document.provenance)
        return Snapshot(self._context.workspace, document.name, document.image, *planes, self._edits)

    def _set(self, kind: str) -> None:
        if kind != self.state.kind or kind == "clean":
            self.state = SavedState(kind, time.time())
            self.changed.emit()


def _cannot_save(name: str, failure: Failure) -> Question:
    return Question(
        "cannot_save",
        Message("{name} could not be saved. Leave it all the same?", {"name": name}),
        failure.message,
        (
            Answer("again", Message("Try again")),
            Answer("leave", Message("Leave without saving"), destructive=True),
            Answer("stay", Message("Stay")),
        ),
        default="again",
        cancel="stay",
    )
