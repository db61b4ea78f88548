"""From a row of the folder to the screen: opening images, and moving between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from lsgui.context import Context
from lsgui.folder import FolderFilter
from lsgui.jobs import Failure, Job
from lsgui.journalling import Journalling
from lsgui.map_writing import MapWriting
from lsgui.saving import Saving
from model.foreign import stamp_of
from model.images import Image, read_image
from model.index import FileStamp
from model.journal_file import JournalFile
from model.messages import Message
from model.progress import Report
from model.workspace import Entry, Maps, Status


@dataclass(frozen=True)
class _Opened:
    image: Image
    maps: Maps
    journal: JournalFile
    stamp: FileStamp | None


class Opening(QObject):
    """Reading happens in the files lane. Of several requests only the newest wins; what is open stays until then."""

    leaving = Signal()
    """The open image is about to be saved and left: whoever has drawn something on it should finish it now."""
    opened = Signal()
    failed = Signal(str)
    """The image of this name could not be opened: the one before is still there."""
    awaited_changed = Signal()

    def __init__(
        self,
        context: Context,
        journalling: Journalling,
        saving: Saving,
        maps: MapWriting,
        shown: FolderFilter,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.wanted = ""
        self.under_way = False
        """Another image than the open one is on its way to the screen."""
        self.stamp: FileStamp | None = None
        """Of the open image's file, when it was read."""
        self.foreign: Path | None = None
        """A map of the open image that another program had changed by then."""
        self.recovered = 0
        """Edits of the open image that only its journal held by then."""
        self._context = context
        self._journalling = journalling
        self._saving = saving
        self._maps = maps
        self._shown = shown
        self._place = 0
        """The row of the image that the user is at, or was at before it went."""
        self._generation = 0
        self._reading: Job | None = None
        self._waiting: list[Callable[[], None]] = []
        context.folder.modelAboutToBeReset.connect(self._keep_place)

    def open_image(self, name: str) -> None:
        """Open an image of the folder, once what is unsaved has been saved."""
        entry = self._context.folder.entry(name)
        if entry is None:
            self._context.tell("warning", Message("{name} is not an image of the open folder.", {"name": name}))
            self.failed.emit(name)
            return
        self.forget()
        self.wanted = name
        self.under_way = name != self._context.document.name
        if self.under_way:
            self.leaving.emit()
            self._when_saved(name, self._generation, lambda: self._read(entry, self._generation))

    def step(self, step: int) -> None:
        """The next (1) or previous (-1) image that the filter shows; also past one that cannot be opened."""
        before, after = self._around()
        self._open_first(after if step > 0 else before[::-1], self._shown.accepts)

    def next_unreviewed(self) -> None:
        """The next image without a label, from here to the end and then from the start; the next one when all have one."""
        before, after = self._around()
        if not self._open_first(after + before, lambda entry: entry.status != Status.LABELLED):
            self._context.tell("info", Message("Every image of this folder is labelled."))
            self.step(1)

    def _around(self) -> tuple[tuple[Entry, ...], tuple[Entry, ...]]:
        """The images before and behind the one that the user is at, or behind the place that it has gone from."""
        entries = self._shown.ordered()
        row = next((row for row, entry in enumerate(entries) if entry.name == self.wanted), None)
        return (entries[: self._place], entries[self._place :]) if row is None else (entries[:row], entries[row + 1 :])

    def _keep_place(self) -> None:
        """Before the folder is read again, from which the image may be gone."""
        row = self._context.folder.row_of(self.wanted)
        if row is not None or not self.wanted:
            self._place = row or 0

    def reload(self) -> None:
        """Read the open image and its maps from their files again."""
        entry = self._context.folder.entry(self._context.document.name)
        if entry is not None:
            self.forget()
            self._when_saved(entry.name, self._generation, lambda: self._read(entry, self._generation), maps=True)

    def forget(self) -> None:
        """Whatever is being opened is no longer wanted."""
        self._generation += 1
        self.await_nothing()
        self.wanted, self.under_way = self._context.document.name, False
        if self._reading is not None:
            self._reading.cancel()

    def when_there(self, call: Callable[[], None]) -> None:
        """Now, or when the image that is on its way is on the screen; never, when it does not get there."""
        if self.under_way:
            self._waiting.append(call)
            self.awaited_changed.emit()
        else:
            call()

    @property
    def is_awaited(self) -> bool:
        """Whether something is to be done when the image that is on its way is there."""
        return bool(self._waiting)

    def await_nothing(self) -> None:
        """The image that is on its way still comes."""
        self._waiting.clear()
        self.awaited_changed.emit()

    def _open_first(self, entries: tuple[Entry, ...], accepts: Callable[[Entry], bool]) -> bool:
        entry = next((entry for entry in entries if accepts(entry)), None)
        if entry is not None:
            self.open_image(entry.name)
        return entry is not None

    def _when_saved(self, name: str, generation: int, then: Callable[[], None], maps: bool = False) -> None:
        """Another image may follow when the journal is safe: the map is written behind its back."""

        def flushed(saved: bool) -> None:
            if generation != self._generation:
                return
            if saved:
                then()
            else:
                self.forget()
                self.failed.emit(name)

        self._saving.flush(flushed, maps)

    def _read(self, entry: Entry, generation: int) -> None:
        workspace, max_pixels = self._context.workspace, self._context.max_pixels
        document = self._context.document
        again, seq = entry.name == document.name, document.seq

        def read(report: Report) -> _Opened:
            stamp = stamp_of(entry.path)
            image = read_image(entry.path, max_pixels)
            maps = workspace.read_maps(entry.name, image.pixels.shape[:2])
            return _Opened(image, maps, workspace.journal(entry.name, maps), stamp)

        def done(opened: _Opened) -> None:
            # Strokes made while the file was being read are saved before their image goes.
            def leave() -> None:
                if generation == self._generation and not again:
                    self.leaving.emit()
                self._when_saved(entry.name, generation, lambda: show(opened))

            self._context.when_idle(leave)

        def show(opened: _Opened) -> None:
            if again and document.seq != seq:
                self.reload()  # what was read lacks them
            else:
                self._show(entry.name, opened)

        def failed(failure: Failure) -> None:
            if generation == self._generation:
                self.under_way = False
                self.await_nothing()
                self._context.tell_failure(failure)
                self.failed.emit(entry.name)

        def cancelled() -> None:
            """By what would have ended the program, had the user not stayed."""
            if generation == self._generation:
                self.forget()
                self.failed.emit(entry.name)

        title = Message("Opening {name}", {"name": entry.name})
        self._reading = self._context.jobs.submit("files", title, read, done, failed, cancelled, quiet=True)

    def _show(self, name: str, opened: _Opened) -> None:
        self.under_way = False
        maps, self.stamp, self.foreign = opened.maps, opened.stamp, opened.maps.foreign
        self.recovered = maps.unsaved
        self._maps.leave()
        past = self._journalling.begin(opened.journal, maps.past)
        document = self._context.document
        if maps.lacking is not None:  # an edit on top of the history, which ends before it
            maps.lacking.apply(maps.label_map, maps.provenance)
        document.load(opened.image, maps.label_map, maps.provenance, name, past)
        document.push_patch(maps.lacking_text, maps.lacking, keeps_undone=True)
        self._maps.take_up(maps.unsaved)
        self.opened.emit()
        for notice in opened.image.notices:
            self._context.tell("info", notice)
        for notice in maps.notices:
            self._context.tell("warning", notice)
        waiting = tuple(self._waiting)
        self.await_nothing()
        for call in waiting:
            call()
