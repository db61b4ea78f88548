"""Whether the open image is safe: what waits until it is, and what is asked when it cannot be."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from lsgui.context import Context
from lsgui.history import Commit
from lsgui.jobs import Failure
from lsgui.journalling import Journalling
from lsgui.map_writing import SECONDS_TO_CLOSE, MapWriting
from lsgui.notices import Answer, Question
from model.messages import Message
from model.workspace import Entry


@dataclass(frozen=True)
class SavedState:
    """`kind` is clean, unsaved or failed; `since` the time.time() it became so (None: nothing has been edited).

    Clean: every edit would survive a power cut. `reason` says in a sentence why it failed.
    """

    kind: str = "clean"
    since: float | None = None
    reason: Message | None = None


class Saving(QObject):
    """An edit is safe when the journal, or else a map, holds it."""

    changed = Signal()

    def __init__(
        self, context: Context, journalling: Journalling, maps: MapWriting, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.state = SavedState()
        self._context = context
        self._document = context.document
        self._journalling = journalling
        self._maps = maps
        self._waiting: list[tuple[Callable[[bool], None], bool]] = []
        self._told = self._row_shown = self._asking = False
        self._document.committed.connect(self._committed)
        self._document.loaded.connect(self._loaded)
        journalling.synced.connect(self._synced)
        journalling.failed.connect(self._journal_failed)
        maps.written.connect(self._written)
        maps.failed.connect(self._map_failed)

    @property
    def is_safe(self) -> bool:
        return self._journalling.is_synced or self._maps.is_mapped

    def flush(self, then: Callable[[bool], None], maps: bool = True) -> None:
        """When every edit is safe, and with `maps` in its map's file, call `then`.

        With False when it cannot be made safe and the user chose to stay.
        """
        self._document.restore()
        self._waiting.append((then, maps))
        self._maps.failure = None
        self._journalling.write()
        self._go_on()

    def flush_now(self) -> bool:
        """The same for closing: waits, and asks when it fails. False when the user chose to stay."""
        self._document.restore()
        while not self.is_safe:
            failure = self._journalling.wait(SECONDS_TO_CLOSE)
            if failure is None or self._maps.write_and_wait() is None:
                break
            self._set("failed", reason=failure.message)
            answer = self._context.ask(_cannot_save(self._document.name, failure))
            if answer != "again":
                self._forget(answer == "leave")
                return answer == "leave"
        if not self._maps.is_mapped:
            self._maps.write_and_wait()
        self._set("clean")
        return True

    def _committed(self, commit: Commit) -> None:
        if self.state.kind != "failed":
            self._set("unsaved")

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
        self._row_shown = self._told = False
        self.state = SavedState()
        self.changed.emit()

    def _written(self) -> None:
        if self._maps.is_mapped:
            self._told = False
            self._set("clean")
        self._go_on()

    def _map_failed(self, failure: Failure, quiet: bool) -> None:
        self._told = self._told and quiet  # what was asked for is answered each time
        self._tell(failure, also_now=not quiet and self.is_safe)  # else whoever waits is asked about it
        self._go_on()

    def _journal_failed(self, failure: Failure) -> None:
        """The map's file may lie on a better part of the disk."""
        self._set("failed", reason=failure.message)
        self._tell(failure)
        if self._waiting and self._maps.failure is None:
            self._maps.write()
        elif self._waiting and not self._maps.is_writing:
            self._ask_about(failure)

    def _tell(self, failure: Failure, also_now: bool = False) -> None:
        """Unless somebody waits: what is safe by then is no matter for them."""
        if not self._told and (also_now or not self._waiting):
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
            if self._maps.failure is not None and not self._maps.is_writing and self.state.kind == "failed":
                self._ask_about(self._maps.failure)
        else:
            ready = self._maps.is_mapped or self._maps.failure is not None
            waiting, self._waiting = self._waiting, []
            self._waiting = [(then, maps) for then, maps in waiting if maps and not ready]
            if self._waiting:
                self._maps.write()
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
        self._maps.failure = None
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
            self._maps.give_up()

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
