"""From a path to the list of images: opening a folder and its workspace, and letting go of the one before."""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from lsgui.context import Context
from lsgui.jobs import Failure
from lsgui.journalling import Journalling
from lsgui.notices import Answer, Question
from lsgui.opening import Opening
from lsgui.saving import Saving
from model.errors import ImageError
from model.images import folder_notice
from model.layout import WORKSPACE_FOLDER, Layout, workspace_around
from model.messages import Message
from model.progress import Report
from model.workspace import Entry, Workspace, WorkspaceLocked, WorkspaceNotWritable
from model.workspace_copy import begin_with, holds_work

_SECONDS_TO_UNLOCK = 10
_SECONDS_BETWEEN_TRIES = 0.05


@dataclass(frozen=True)
class _Request:
    """`image` is the one to open there; empty: the one that was edited last, or the first. `start` is a workspace whose copy
    `root` begins with; `notice` is told when the folder is open.
    """

    path: Path
    root: Path | None = None
    image: str = ""
    start: Path | None = None
    notice: Message | None = None


@dataclass(frozen=True)
class _Folder:
    workspace: Workspace
    entries: list[Entry]
    notice: Message | None


class FolderOpening(QObject):
    """The workspace is opened in the files lane; the folder before stays until then."""

    leaving = Signal()
    """As `Opening.leaving`: another folder is about to be shown."""
    opened = Signal()
    refreshed = Signal()
    """The folder that was open has been read again."""

    def __init__(
        self,
        context: Context,
        journalling: Journalling,
        saving: Saving,
        opening: Opening,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._journalling = journalling
        self._saving = saving
        self._opening = opening
        self._wanted: _Request | None = None
        self._held: list[Workspace] = []
        """Those opened here and not closed yet: a folder that was left a moment ago is still locked."""

    def open_folder(self, path: Path, root: Path | None = None) -> None:
        """Open a folder of images; `root` is where its workspace lies when not inside it."""
        self._open(_Request(Path(path).absolute(), root))

    def open_file(self, path: Path) -> None:
        """Open the folder of a file, at that file."""
        path = Path(path).absolute()
        workspace = self._context.workspace
        if path.is_dir():
            self.open_folder(path)
        elif workspace is not None and path.parent == workspace.folder:
            self._wanted = None
            self._opening.open_image(path.name)
        else:
            self._open(_Request(path.parent, image=path.name))

    def _open(self, request: _Request) -> None:
        """Of several requests only the newest wins; the same one twice, as by a double click, is one."""
        if request != self._wanted:
            self._wanted = request
            self._saving.flush(lambda saved: self._read(request) if saved else self._take(request))

    def _take(self, request: _Request) -> bool:
        """Whether this is still what is wanted; from now on nothing is."""
        wanted = request is self._wanted
        if wanted:
            self._wanted = None
        return wanted

    def _read(self, request: _Request) -> None:
        if request is not self._wanted:
            return
        current = self._context.workspace
        if current is not None and current.folder == request.path and request.root in (None, current.root):
            self._wanted = None
            self._refresh(current, request)
            return
        self._context.jobs.submit(
            "files",
            Message("Opening {name}", {"name": request.path.name}),
            lambda report: self._read_when_unlocked(request, report),
            lambda folder: self._context.when_idle(lambda: self._arrived(folder, request)),
            lambda failure: self._failed(request, failure),
            cancellable=False,
        )

    def _read_when_unlocked(self, request: _Request, report: Report) -> _Folder:
        """In the files lane. A lock of our own is about to go; another program's is an error at once."""
        deadline = time.monotonic() + _SECONDS_TO_UNLOCK
        while True:
            try:
                folder = _read_folder(request, report)
            except WorkspaceLocked:
                ours = any(held.folder == request.path for held in tuple(self._held))
                if not ours or time.monotonic() > deadline:
                    raise
                time.sleep(_SECONDS_BETWEEN_TRIES)
            else:
                self._held.append(folder.workspace)
                return folder

    def _refresh(self, workspace: Workspace, request: _Request) -> None:
        def read(report: Report) -> list[Entry]:
            workspace.refresh()
            return workspace.entries()

        def done(entries: list[Entry]) -> None:
            if workspace is self._context.workspace:
                self._context.folder.set_entries(entries)
                self.refreshed.emit()
                if request.image:
                    self._opening.open_image(request.image)

        self._context.jobs.submit("files", Message("Reading the folder"), read, done)

    def _arrived(self, folder: _Folder, request: _Request) -> None:
        """Strokes made meanwhile are saved before the folder they belong to goes."""

        def flushed(saved: bool) -> None:
            if self._take(request) and saved:
                self._show(folder, request)
            else:
                self._close_later(folder.workspace)

        if request is self._wanted:
            self.leaving.emit()
            self._saving.flush(flushed)
        else:
            self._close_later(folder.workspace)

    def _show(self, folder: _Folder, request: _Request) -> None:
        context = self._context
        context.jobs.cancel_all()
        self._journalling.begin(None)
        context.document.close()
        self._opening.forget()
        if context.workspace is not None:
            self._close_later(context.workspace)
        context.workspace = folder.workspace
        context.painting.set_classes(folder.workspace.classes, anew=True)
        context.folder.set_entries(folder.entries)
        self.opened.emit()
        if request.image or folder.entries:
            last = folder.workspace.last_edited()
            self._opening.open_image(request.image or last or folder.entries[0].name)
        if request.notice is not None:
            context.tell("info", request.notice)
        for notice in (folder.notice, *folder.workspace.notices):
            if notice is not None:
                context.tell("warning", notice)

    def _close_later(self, workspace: Workspace) -> None:
        """Behind a prediction that is being cancelled and may still write."""

        def close(report: Report) -> None:
            workspace.close()
            self._held.remove(workspace)

        self._context.jobs.submit("predict", Message("Closing the folder"), close, quiet=True, cancellable=False)

    def _failed(self, request: _Request, failure: Failure) -> None:
        if not self._take(request):
            return
        if not isinstance(failure.error, WorkspaceNotWritable):
            self._context.tell_failure(failure)
            return
        place = hashlib.sha256(os.fsencode(request.path)).hexdigest()[:8]
        elsewhere = self._context.data_folder / f"{request.path.name}-{place}"
        if request.root == elsewhere:
            self._context.tell_failure(failure)
        elif Layout(elsewhere).classes.exists():  # that is where they went the last time
            notice = _kept_elsewhere(request.path, elsewhere)
            self._open(_Request(request.path, elsewhere, request.image, notice=notice))
        else:
            own = request.path / WORKSPACE_FOLDER
            start = own if holds_work(own) else None
            if self._context.ask(_not_writable(request.path, elsewhere, start is not None)) == "elsewhere":
                self._open(_Request(request.path, elsewhere, request.image, start))


def _read_folder(request: _Request, report: Report) -> _Folder:
    if not request.path.is_dir():  # the workspace would make it
        raise ImageError("The folder {name} does not exist; open another one.", name=str(request.path))
    inside = workspace_around(request.path)
    if inside is not None:
        raise ImageError("{folder} is a workspace; open the folder above it.", folder=str(inside))
    if request.start is not None and request.root is not None:
        begin_with(request.start, request.root, report)
    workspace = Workspace.open(request.path, request.root)
    entries = workspace.entries()
    return _Folder(workspace, entries, None if entries else folder_notice(request.path))


def _kept_elsewhere(path: Path, elsewhere: Path) -> Message:
    return Message(
        "{folder} cannot be written; its labels are kept in {place}.", {"folder": path.name, "place": str(elsewhere)}
    )


def _not_writable(path: Path, elsewhere: Path, copied: bool) -> Question:
    place = {"place": str(elsewhere)}
    detail = Message("They would go to {place}; the images stay where they are.", place)
    if copied:
        detail = Message(
            "They would go to {place}, beginning with a copy of those that are there; the images stay where they are.",
            place,
        )
    return Question(
        "workspace_elsewhere",
        Message("{folder} cannot be written. Keep labels and models for it elsewhere?", {"folder": str(path)}),
        detail,
        (Answer("elsewhere", Message("Keep them there")), Answer("cancel", Message("Cancel"))),
        default="elsewhere",
        cancel="cancel",
    )
