"""When the map of the open image is written to its file: rarely, since its journal holds every edit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer, Signal

from lsgui.context import Context
from lsgui.history import Commit
from lsgui.jobs import Failure, Job
from lsgui.journal_writer import JournalWriter
from lsgui.journalling import Journalling
from lsgui.snapshot import Snapshot
from model.images import Image
from model.messages import Message
from model.progress import Report
from model.workspace import Entry, Held, Workspace

MAP_MS = 5000
"""After the last edit the map is written."""
MAP_BYTES = 32 << 20
"""So much of edits is not left to the journal alone."""
SECONDS_TO_CLOSE = 5


@dataclass(frozen=True)
class Shot:
    """What a job writes: the map as it was when the edit number `seq` was the last one."""

    workspace: Workspace
    name: str
    image: Image
    planes: Snapshot
    writer: JournalWriter | None

    @property
    def seq(self) -> int:
        return self.planes.seq

    @property
    def held(self) -> Held | None:
        return Held(self.writer.journal, self.seq) if self.writer is not None else None


class MapWriting(QObject):
    """Maps are written in the files lane; only the newest write decides what is in the file."""

    written = Signal()
    failed = Signal(object, bool)
    """A Failure, and whether nobody had asked for that write. `failure` is kept until a write succeeds."""
    left_behind = Signal(object, object)
    """The Shot of an image that is not open any more, and the Failure for which its map could not be written."""

    def __init__(self, context: Context, journalling: Journalling, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.failure: Failure | None = None
        self._context = context
        self._document = context.document
        self._journalling = journalling
        self._writing: Job | None = None
        self._writing_seq = 0
        self._mapped = self._weight = 0
        self._recovered = False
        self._timer = QTimer(self, singleShot=True, interval=MAP_MS)
        self._timer.timeout.connect(self.write)
        self._document.committed.connect(self._committed)
        self._document.loaded.connect(self._loaded)

    @property
    def is_mapped(self) -> bool:
        """The map's file holds every edit."""
        return self._mapped >= self._document.seq

    @property
    def is_writing(self) -> bool:
        return self._writing is not None

    def write(self) -> None:
        """Write the map now; when a gesture or a write is running, after it."""
        if self._document.image is None or self._writing is not None or (self.is_mapped and not self._recovered):
            return
        if self._document.gesture_active:
            self._context.when_idle(self.write)
            return
        shot, mine = self.snapshot(), self._recovered

        def work(report: Report) -> Entry:
            if mine:
                return shot.workspace.edits.write_mine(shot.name, shot.image, shot.planes, shot.held)
            return shot.workspace.write_work(shot.name, shot.planes, shot.held)

        self.submit(shot, Message("Saving {name}", {"name": shot.name}), work, quiet=True)

    def leave(self) -> None:
        """Before another image is loaded: what the map's file lacks is written behind what is being read."""
        under_way = self._writing is not None and self._writing_seq >= self._document.seq
        if self._document.image is not None and not (under_way or self.is_mapped) and self._journalling.is_synced:
            self._writing = None
            self.write()

    def snapshot(self) -> Shot:
        """The map as it is now, for `submit`."""
        document = self._document
        return Shot(
            self._context.workspace, document.name, document.image, document.snapshot(), self._journalling.writer
        )

    def submit(
        self,
        shot: Shot,
        title: Message,
        work: Callable[[Report], Entry],
        then: Callable[[], None] = lambda: None,
        quiet: bool = False,
    ) -> None:
        """Write in the files lane. Only the newest write decides what is saved; an older one's outcome is the past."""

        def write(report: Report) -> Entry:
            try:
                if shot.writer is not None:  # the journal first, or it could not say what the map holds
                    shot.writer.wait_for(shot.seq, SECONDS_TO_CLOSE)
                return work(report)
            finally:
                shot.planes.close()

        def done(entry: Entry) -> None:
            if self._context.workspace is shot.workspace:
                self._context.show_entry(entry)
            if self._writing is job:
                self._written(shot)
                self._context.when_idle(then)

        def failed(failure: Failure) -> None:
            if self._writing is job:
                self._failed(failure, quiet)
            elif not quiet:
                self._context.tell_failure(failure)
            elif (shot.workspace, shot.name) != (self._context.workspace, self._document.name):
                self.left_behind.emit(shot, failure)

        self._timer.stop()
        self._weight = 0
        job = self._context.jobs.submit("files", title, write, done, failed, quiet=quiet, cancellable=False)
        self._writing, self._writing_seq = job, shot.seq

    def take_up(self, unsaved: int) -> None:
        """After an image was loaded of whose edits only the journal holds so many.

        Its map's file stays as it is until somebody edits, saves or restores: they may still be discarded.
        """
        self._recovered = unsaved > 0

    def write_again(self) -> None:
        """Write the map's file although it holds every edit: another program has changed it."""
        self._recovered = True
        self.write()

    def write_and_wait(self) -> Failure | None:
        """Write the map in the files lane while this thread waits."""
        running, self._writing = self._writing, None
        if running is not None:
            running.finished.wait(SECONDS_TO_CLOSE)
        self.write()
        job = self._writing
        if job is None:
            return None
        self._writing = None
        if not job.finished.wait(SECONDS_TO_CLOSE):
            return Failure(Message("The disk does not answer."), "", TimeoutError())
        if job.failure is None:
            self._mapped = max(self._mapped, self._writing_seq)
        return job.failure

    def give_up(self) -> None:
        """Leave without what could not be written."""
        self._timer.stop()
        self._mapped = self._document.seq

    def _committed(self, commit: Commit) -> None:
        self._weight += commit.patch.nbytes if commit.patch is not None else 0
        self._timer.start()
        if self._weight > MAP_BYTES:
            self.write()

    def _loaded(self) -> None:
        self._timer.stop()
        self._writing = self.failure = None
        self._recovered = False
        self._mapped, self._weight = self._document.seq, 0

    def _written(self, shot: Shot) -> None:
        self._writing = self.failure = None
        self._recovered = False
        self._mapped = max(self._mapped, shot.seq)
        if not self.is_mapped and not self._timer.isActive():
            self._timer.start()
        self.written.emit()

    def _failed(self, failure: Failure, quiet: bool) -> None:
        """No stroke is in danger as long as the journal holds it; the map is tried again later."""
        self._writing, self.failure = None, failure
        self._timer.start()
        self.failed.emit(failure, quiet)
