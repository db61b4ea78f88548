"""From a path to the screen: folders, images, and moving between them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from lsgui.context import Context
from lsgui.folder import FolderFilter
from lsgui.jobs import Failure, Job
from lsgui.notices import Answer, Question
from lsgui.saving import Saving
from model.images import Image, folder_notice, read_image
from model.messages import Message
from model.progress import Report
from model.workspace import Entry, Maps, Status, Workspace, WorkspaceNotWritable

_SECONDS_TO_UNLOCK = 10


@dataclass(frozen=True)
class _Folder:
    workspace: Workspace
    entries: list[Entry]
    notice: Message | None


@dataclass(frozen=True)
class _Opened:
    image: Image
    maps: Maps


class Opening(QObject):
    """Reading happens in the files lane. Of several requests only the newest wins; what is open stays until then."""

    folder_opened = Signal()
    image_opened = Signal()
    failed = Signal(str)
    """The image of this name could not be opened: the one before is still there."""

    def __init__(self, context: Context, saving: Saving, shown: FolderFilter, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.wanted = ""
        self._context = context
        self._saving = saving
        self._shown = shown
        self._generation = 0
        self._reading: Job | None = None
        self._closing: Job | None = None

    def open_folder(self, path: Path, root: Path | None = None, then_image: str | None = None) -> None:
        """Open a folder of images; `root` is where its workspace lies when not inside it."""
        self._saving.flush(lambda saved: self._read_folder(Path(path), root, then_image) if saved else None)

    def open_file(self, path: Path) -> None:
        """Open the folder of a file, at that file."""
        path = Path(path)
        workspace = self._context.workspace
        if path.is_dir():
            self.open_folder(path)
        elif workspace is not None and path.parent.resolve() == workspace.folder.resolve():
            self.open_image(path.name)
        else:
            self.open_folder(path.parent, then_image=path.name)

    def open_image(self, name: str) -> None:
        """Open an image of the folder, once what is unsaved has been saved."""
        entry = self._context.folder.entry(name)
        if entry is None:
            self._context.tell("warning", Message("{name} is not an image of the open folder.", {"name": name}))
            return
        if self._reading is not None:
            self._reading.cancel()
        self.wanted = name
        self._generation += 1
        generation = self._generation
        if name == self._context.document.name:
            return
        self._saving.flush(lambda saved: self._flushed(entry, generation, saved))

    def step(self, step: int) -> None:
        """The next (1) or previous (-1) image that the filter shows; also past one that cannot be opened."""
        entries = self._context.folder.entries
        row = self._context.folder.row_of(self.wanted)
        row = -1 if row is None and step > 0 else row or 0
        self._open_first(entries[row + 1 :] if step > 0 else entries[:row][::-1], self._shown.accepts)

    def next_unreviewed(self) -> None:
        """The next image without a label, from here to the end and then from the start."""
        entries = self._context.folder.entries
        row = self._context.folder.row_of(self.wanted) or 0
        if not self._open_first(entries[row + 1 :] + entries[:row], lambda entry: entry.status != Status.LABELLED):
            self._context.tell("info", Message("Every image of this folder is labelled."))

    def reload(self) -> None:
        """Read the open image's maps from their files again."""
        name = self._context.document.name
        entry = self._context.folder.entry(name)
        if entry is not None:
            self._generation += 1
            self._read_image(entry, self._generation)

    def _open_first(self, entries: tuple[Entry, ...], accepts: Callable[[Entry], bool]) -> bool:
        entry = next((entry for entry in entries if accepts(entry)), None)
        if entry is not None:
            self.open_image(entry.name)
        return entry is not None

    def _flushed(self, entry: Entry, generation: int, saved: bool) -> None:
        if generation != self._generation:
            return
        if saved:
            self._read_image(entry, generation)
        else:
            self._give_up(entry.name)

    def _give_up(self, name: str) -> None:
        self.wanted = self._context.document.name
        self.failed.emit(name)

    def _read_image(self, entry: Entry, generation: int) -> None:
        workspace, max_pixels = self._context.workspace, self._context.max_pixels

        def read(report: Report) -> _Opened:
            image = read_image(entry.path, max_pixels)
            return _Opened(image, workspace.read_maps(entry.name, image.pixels.shape[:2]))

        def done(opened: _Opened) -> None:
            if generation == self._generation and workspace is self._context.workspace:
                self._show_image(entry, opened)

        def failed(failure: Failure) -> None:
            if generation == self._generation:
                self._context.tell_failure(failure)
                self.failed.emit(entry.name)

        title = Message("Opening {name}", {"name": entry.name})
        self._reading = self._context.jobs.submit("files", title, read, done, failed, quiet=True)

    def _show_image(self, entry: Entry, opened: _Opened) -> None:
        self._context.document.load(opened.image, opened.maps.label_map, opened.maps.provenance, entry.name)
        self.image_opened.emit()
        for notice in opened.image.notices:
            self._context.tell("info", notice)
        for notice in opened.maps.notices:
            self._context.tell("warning", notice)

    def _read_folder(self, path: Path, root: Path | None, then_image: str | None) -> None:
        current = self._context.workspace
        if current is not None and current.folder.resolve() == path.resolve() and root in (None, current.root):
            self._refresh(current, then_image)
            return

        closing = self._closing

        def read(report: Report) -> _Folder:
            if closing is not None:  # the folder may be the one that was left a moment ago, and still locked
                closing.finished.wait(_SECONDS_TO_UNLOCK)
            workspace = Workspace.open(path, root)
            entries = workspace.entries()
            return _Folder(workspace, entries, None if entries else folder_notice(path))

        self._context.jobs.submit(
            "files",
            Message("Opening {name}", {"name": path.name}),
            read,
            lambda folder: self._show_folder(folder, then_image),
            lambda failure: self._folder_failed(path, then_image, failure),
            cancellable=False,
        )

    def _refresh(self, workspace: Workspace, then_image: str | None) -> None:
        def read(report: Report) -> list[Entry]:
            workspace.refresh()
            return workspace.entries()

        def done(entries: list[Entry]) -> None:
            if workspace is self._context.workspace:
                self._context.folder.set_entries(entries)
                self.folder_opened.emit()
                if then_image:
                    self.open_image(then_image)

        self._context.jobs.submit("files", Message("Reading the folder"), read, done)

    def _show_folder(self, folder: _Folder, then_image: str | None) -> None:
        context = self._context
        context.jobs.cancel_all()
        context.document.close()
        if context.workspace is not None:
            self._close_later(context.workspace)
        self._generation += 1
        self.wanted = ""
        context.workspace = folder.workspace
        context.painting.set_classes(folder.workspace.classes)
        context.folder.set_entries(folder.entries)
        self.folder_opened.emit()
        if then_image is not None:
            self.open_image(then_image)
        elif folder.entries:
            self.open_image(folder.entries[0].name)
        for notice in (folder.notice, *folder.workspace.notices):
            if notice is not None:
                context.tell("warning", notice)

    def _close_later(self, workspace: Workspace) -> None:
        """Behind a prediction that is being cancelled and may still write."""
        self._closing = self._context.jobs.submit(
            "predict", Message("Closing the folder"), lambda report: workspace.close(), quiet=True, cancellable=False
        )

    def _folder_failed(self, path: Path, then_image: str | None, failure: Failure) -> None:
        if not isinstance(failure.error, WorkspaceNotWritable):
            self._context.tell_failure(failure)
            return
        elsewhere = (
            self._context.data_folder / f"{path.name}-{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:8]}"
        )
        answer = self._context.ask(_not_writable(path, elsewhere))
        if answer == "elsewhere":
            self._read_folder(path, elsewhere, then_image)


def _not_writable(path: Path, elsewhere: Path) -> Question:
    return Question(
        "workspace_elsewhere",
        Message("{folder} cannot be written. Keep labels and models for it elsewhere?", {"folder": str(path)}),
        Message("They would go to {place}; the images stay where they are.", {"place": str(elsewhere)}),
        (Answer("elsewhere", Message("Keep them there")), Answer("cancel", Message("Cancel"))),
        default="elsewhere",
        cancel="cancel",
    )
