"""What the session's parts share: the open folder and document, the jobs, and the ways to tell and to ask."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from lsgui.document import Document
from lsgui.folder import FolderModel
from lsgui.jobs import Failure, JobRunner
from lsgui.notices import Ask, Notice
from lsgui.painting import PaintSettings
from model.messages import Message
from model.workspace import Entry, Workspace


class Context(QObject):
    """Holds, and decides nothing: each verb lives in the part that it is about."""

    notice = Signal(object)
    withdrawn = Signal(object)
    """The message of a notice that is not so any more."""
    entry_changed = Signal(str)
    edited_elsewhere = Signal(str)
    """The image of this name, which is not open, was edited: its history has one more step."""

    def __init__(self, ask: Ask, data_folder: Path, max_pixels: int, parent: QObject | None = None) -> None:
        """`data_folder` takes workspaces whose folder cannot be written; `max_pixels` is the largest image opened."""
        super().__init__(parent)
        self.ask = ask
        self.data_folder = data_folder
        self.max_pixels = max_pixels
        self.jobs = JobRunner(self)
        self.document = Document(self, background=self.jobs.background)
        self.painting = PaintSettings(self)
        self.folder = FolderModel(self)
        self.workspace: Workspace | None = None
        self._held: list[Callable[[], None]] = []
        self.jobs.failed.connect(self.tell_failure)
        self.document.gesture_ended.connect(self._release_held)

    def tell(self, level: str, message: Message, details: str = "") -> None:
        self.notice.emit(Notice(level, message, details))

    def withdraw(self, message: Message) -> None:
        """What was told is not so any more: nobody need read it."""
        self.withdrawn.emit(message)

    def tell_failure(self, failure: Failure) -> None:
        self.tell("error", failure.message, failure.details)

    def when_idle(self, call: Callable[[], None]) -> None:
        """Now, or when the running gesture has ended: nothing changes the document under the hand."""
        if self.document.gesture_active:
            self._held.append(call)
        else:
            call()

    def update_entry(self, name: str) -> None:
        """Read one image's row again, after its files changed."""
        if self.workspace is not None and self.folder.row_of(name) is not None:
            with suppress(KeyError):  # its own file has gone, and the row is about to go
                self.show_entry(self.workspace.entry(name))

    def update_entries(self) -> None:
        """Read every row again, after a job that changed some of them ended early."""
        for entry in self.workspace.entries() if self.workspace is not None else ():
            if entry != self.folder.entry(entry.name):
                self.show_entry(entry)

    def show_entry(self, entry: Entry) -> None:
        """The same, when a job has read it already."""
        self.folder.update_entry(entry)
        self.entry_changed.emit(entry.name)

    def _release_held(self) -> None:
        """One of them may begin a gesture: then the others wait for the end of that one."""
        while self._held and not self.document.gesture_active:
            self._held.pop(0)()
