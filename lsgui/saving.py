"""When the open image is safe, and when its map's file is written: rarely, since its journal holds every edit."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer, Signal

from lsgui.context import Context
from lsgui.history import Commit
from lsgui.jobs import Failure, Job
from lsgui.journal_writer import JournalWriter
from lsgui.journalling import Journalling
from lsgui.notices import Answer, Question
from lsgui.snapshot import Snapshot
from model.images import Image
from model.messages import Message
from model.progress import Report
from model.workspace import Entry, Held, Workspace

MAP_MS = 5000
"""After the last edit the map is written."""
MAP_BYTES = 32 << 20
"""So much of edits is not left to the journal alone."""
_SECONDS_TO_CLOSE = 5


@dataclass(frozen=True)
class SavedState:
    """`kind` is clean, unsaved or failed; `since` the time.time() it became so (None: nothing has been edited).

    Clean: every edit would survive a power cut. `reason` says in a sentence why it failed.
    """

    kind: str = "clean"
    since: float | None = None
    reason: Message | None = None


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


class Saving(QObject):
    """Maps are written in the files lane; an edit is safe when the journal, or else a map, holds it."""

    changed = Signal()

    def __init__(self, context: Context, journalling: Journalling, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state = SavedState()
        self._context = context
        self._document = context.document
        self._journalling = journalling
        self._writing: Job | None = None
        self._writing_seq = 0
        self._waiting: list[tuple[Callable[[bool], None], bool]] = []
        self._mapped = self._weight = 0
        self._map_failure: Failure | None = None
        self._told = self._row_shown = self._recovered = self._asking = False
        self._timer = QTimer(self, singleShot=True, interval=MAP_MS)
        self._timer.timeout.connect(self.write)
        self._document.committed.connect(self._committed)
        self._document.loaded.connect(self._loaded)
        journalling.synced.connect(self._synced)
        journalling.failed.connect(self._journal_failed)

    @property
    def is_mapped(self) -> bool:
        """The map's file holds every edit."""
        return self._mapped >= self._document.seq

    @property
    def is_safe(self) -> bool:
        return self._journalling.is_synced or self.is_mapped

    def write(self) -> None:
        """Write the map now; when a gesture or a write is running, after it."""
        if self._document.image is None or self._writing is not None or (self.is_mapped and not self._recovered):
            return
        if self._document.gesture_active:
            self._context.when_idle(self.write)
            return
        shot = self.snapshot()
        self.submit(
            shot,
            Message("Saving {name}", {"name": shot.name}),
            lambda report: shot.workspace.write_work(shot.name, shot.planes, shot.held),
            quiet=True,
        )

    def leave(self) -> None:
        """Before another image is loaded: what the map's file lacks is written behind what is being read."""
        under_way = self._writing is not None and self._writing_seq >= self._document.seq
        if self._document.image is not None and not (under_way or self.is_mapped) and self._journalling.is_synced:
            self._writing = None
            self.write()

    def flush(self, then: Callable[[bool], None], maps: bool = True) -> None:
        """When every edit is safe, and with `maps` in its map's file, call `then`.

        With False when it cannot be made safe and the user chose to stay.
        """
        self._document.restore()
        self._waiting.append((then, maps))
        self._map_failure = None
        self._journalling.write()
        self._go_on()

    def flush_now(self) -> bool:
        """The same for closing: waits, and asks when it fails. False when the user chose to stay."""
        self._document.restore()
        while not self.is_safe:
            failure = self._journalling.wait(_SECONDS_TO_CLOSE)
            if failure is None or self._write_and_wait() is None:
                break
            self._set("failed", reason=failure.message)
            answer = self._context.ask(_cannot_save(self._document.name, failure))
            if answer != "again":
                self._forget(answer == "leave")
                return answer == "leave"
        if not self.is_mapped:
            self._write_and_wait()
        self._set("clean")
        return True

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
                    shot.writer.wait_for(shot.seq, _SECONDS_TO_CLOSE)
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
            self._told = self._told and quiet  # what was asked for is answered each time
            if self._writing is job:
                self._map_failed(failure)
            elif not quiet:
                self._context.tell_failure(failure)

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

    def _committed(self, commit: Commit) -> None:
        if self.state.kind != "failed":
            self._set("unsaved")
        self._weight += commit.patch.nbytes if commit.patch is not None else 0
        self._timer.start()
        if self._weight > MAP_BYTES:
            self.write()

    def _synced(self, seq: int, when: float) -> None:
        self._told = False
        self._show_as_corrected()
        if seq >= self._document.seq:
            self._set("clean", when)
        elif self.state.kind == "failed":
            self._set("unsaved")
        self._go_on()

    def _show_as_corrected(self) -> None:
        """With the first edit that is safe; every later one leaves the image's row as it is."""
        workspace, name = self._context.workspace, self._document.name
        if not self._row_shown and not self._context.jobs.busy("files"):
            self._row_shown = True

            def done(entry: Entry) -> None:
                if workspace is self._context.workspace:
                    self._context.show_entry(entry)

            title = Message("Looking at files")
            self._context.jobs.submit("files", title, lambda report: workspace.look_again(name), done, quiet=True)

    def _loaded(self) -> None:
        self._row_shown = self._recovered = False
        self._timer.stop()
        self._writing = self._map_failure = None
        self._told = False
        self._mapped, self._weight = self._document.seq, 0
        self.state = SavedState()
        self.changed.emit()

    def _written(self, shot: Shot) -> None:
        self._writing = self._map_failure = None
        self._recovered = False
        self._mapped = max(self._mapped, shot.seq)
        if self.is_mapped:
            self._told = False
            self._set("clean")
        elif not self._timer.isActive():
            self._timer.start()
        self._go_on()

    def _map_failed(self, failure: Failure) -> None:
        """No stroke is in danger as long as the journal holds it; the map is tried again later."""
        self._writing, self._map_failure = None, failure
        self._timer.start()
        self._tell(failure)
        self._go_on()

    def _journal_failed(self, failure: Failure) -> None:
        """The map's file may lie on a better part of the disk."""
        self._set("failed", reason=failure.message)
        self._tell(failure)
        if self._waiting and self._map_failure is None:
            self.write()
        elif self._waiting and self._writing is None:
            self._ask_about(failure)

    def _tell(self, failure: Failure) -> None:
        if not self._told and not self._waiting:
            self._told = True
            self._context.tell_failure(failure)

    def _go_on(self) -> None:
        """Whoever has waited for what has come about may go on; a gesture that was begun meanwhile is awaited."""
        if not self._waiting:
            return
        if self._document.gesture_active:
            self._context.when_idle(self._go_on)
        elif not self.is_safe:
            self._journalling.write()
            if self._map_failure is not None and self._writing is None and self.state.kind == "failed":
                self._ask_about(self._map_failure)
        else:
            ready = self.is_mapped or self._map_failure is not None
            waiting, self._waiting = self._waiting, []
            self._waiting = [(then, maps) for then, maps in waiting if maps and not ready]
            if self._waiting:
                self.write()
            for then, maps in waiting:
                if ready or not maps:
                    then(True)

    def _ask_about(self, failure: Failure) -> None:
        """A dialog runs an event loop, in which the next failure must not ask the same."""
        if self._asking:
            return
        self._asking = True
        try:
            answer = self._context.ask(_cannot_save(self._document.name, failure))
        finally:
            self._asking = False
        self._map_failure = None
        if answer == "again":
            self._journalling.write()
            return
        self._forget(answer == "leave")
        waiting, self._waiting = self._waiting, []
        for then, _ in waiting:
            then(answer == "leave")

    def _forget(self, leave: bool) -> None:
        if leave:
            self._journalling.give_up()
            self._timer.stop()
            self._mapped = self._document.seq

    def _write_and_wait(self) -> Failure | None:
        """Write the map in the files lane while this thread waits."""
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
        if job.failure is None:
            self._mapped = max(self._mapped, self._writing_seq)
        return job.failure

    def _set(self, kind: str, when: float | None = None, reason: Message | None = None) -> None:
        if kind != self.state.kind or kind == "clean":
            self.state = SavedState(kind, when or time.time(), reason)
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
