"""From a committed edit to the disk, within a second: the journal of the open image, written in a lane of its own."""

from __future__ import annotations

import errno
from dataclasses import replace

from PySide6.QtCore import QObject, QTimer, Signal

from lsgui.context import Context
from lsgui.history import Commit, Past, Step
from lsgui.jobs import Failure, Job
from lsgui.journal_writer import JournalWriter
from lsgui.step_texts import PAINTING, joined, parted
from model.journal_file import JournalFile
from model.journal_story import Contents
from model.journal_story import Step as WrittenStep
from model.messages import Message

RETRY_MS = 1000
_FULL = (errno.ENOSPC, errno.EDQUOT)


class Journalling(QObject):
    """What cannot be written stays in memory, and is tried again every second."""

    synced = Signal(int, float)
    """Every edit of the open image up to this number is safe, since this time.time()."""
    failed = Signal(object)

    def __init__(self, context: Context, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._document = context.document
        self._writer: JournalWriter | None = None
        self._job: Job | None = None
        self._retry = QTimer(self, singleShot=True, interval=RETRY_MS)
        self._retry.timeout.connect(self.write)
        self._document.committed.connect(self._committed)
        self._document.unreadable.connect(self._unreadable)

    @property
    def writer(self) -> JournalWriter | None:
        """That of the open image."""
        return self._writer

    @property
    def is_synced(self) -> bool:
        return self._writer is None or self._writer.written >= self._document.seq

    def begin(self, journal: JournalFile | None, past: Contents | None = None) -> Past | None:
        """Before another image is loaded: what its document has to know of its history."""
        self._retry.stop()
        self._job = None
        if self._writer is not None:
            self._context.jobs.background(self._writer.journal.close)
        if journal is None:
            self._writer = None
            return None
        self._context.jobs.background(journal.hold)
        story = past.story if past is not None else None
        seq = story.seq if story is not None else 0
        workspace = self._context.workspace
        self._writer = JournalWriter(journal, lambda: {item.value: item.uid for item in workspace.classes.classes}, seq)
        steps = tuple(_step(step) for step in story.steps) if story else ()
        return Past(steps, story.cursor if story else 0, seq + 1, journal.read)

    def write(self) -> None:
        """Write what waits, now."""
        if self._writer is not None:
            self._writer.hurry()
            if self._writer.wants_draining():
                self._submit(self._writer)

    def wait(self, seconds: float) -> Failure | None:
        """Write what waits while this thread stands still; None when it is safe."""
        if self.is_synced:
            return None
        self.write()
        job = self._job
        if job is None or not job.finished.wait(seconds):
            return Failure(Message("The disk does not answer."), "", TimeoutError())
        return None if self.is_synced else job.failure

    def give_up(self) -> None:
        """Leave without what could not be written. It stays there: an edit after it means nothing without it."""
        self._retry.stop()

    def _committed(self, commit: Commit) -> None:
        if self._writer is not None:
            named = replace(commit, text=joined(commit.text, self._uid_of(commit)))
            if self._writer.put(named):
                self._submit(self._writer)

    def _uid_of(self, commit: Commit) -> str:
        """Of the class that it was painted with; "" for what paints with none."""
        if commit.text not in PAINTING or commit.value is None:
            return ""
        found = self._context.workspace.classes.by_value(commit.value)
        return found.uid if found is not None else ""

    def _submit(self, writer: JournalWriter) -> None:
        def synced(seq: int, when: float) -> None:
            self._context.jobs.post(lambda: self._synced(writer, seq, when))

        def failed(failure: Failure) -> None:
            if writer is self._writer:
                self._retry.start()
                self.failed.emit(_worded(failure, self._document.name))

        self._job = self._context.jobs.submit(
            "journal",
            Message("Saving {name}", {"name": self._document.name}),
            lambda report: writer.drain(synced),
            failed=failed,
            quiet=True,
            cancellable=False,
        )

    def _synced(self, writer: JournalWriter, seq: int, when: float) -> None:
        if writer is self._writer:
            self._retry.stop()
            self._document.history.stored(seq)
            self.synced.emit(seq, when)

    def _unreadable(self, error: Exception) -> None:
        self._context.tell(
            "error",
            Message(
                "This step cannot be read from the journal ({reason}); it was neither undone nor redone.",
                {"reason": getattr(error, "strerror", None) or str(error) or type(error).__name__},
            ),
        )


def _step(written: WrittenStep) -> Step:
    text, uid = parted(written.text)
    return Step(text, written.time, written.size, written.key, uid)


def _worded(failure: Failure, name: str) -> Failure:
    """What a failed write means for the strokes."""
    error = failure.error
    if isinstance(error, OSError) and error.errno in _FULL:
        message = Message("The disk is full: strokes are kept in memory and written as soon as there is room.")
    else:
        reason = getattr(error, "strerror", None) or str(error)
        message = Message(
            "The journal of {name} could not be saved ({reason}): strokes are kept in memory and written as soon as "
            "that is possible.",
            {"name": name, "reason": reason},
        )
    return Failure(message, failure.details, error)
