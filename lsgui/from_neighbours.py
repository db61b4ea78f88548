"""The open image's label map from its neighbours': copied from the one before or after, or interpolated."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lsgui.computed_tool import Work as Computation
from lsgui.context import Context
from lsgui.jobs import Failure
from lsgui.mask import MaskPatch, whole_patch
from lsgui.neighbours import between, copied, placed
from lsgui.painting import BACKGROUND
from lsgui.previewed import Previewed
from lsgui.rules import Rules
from lsgui.slices import Stack, Work, label_of_neighbour, stack_around, write_between
from lsgui.snapshot import Snapshot
from lsgui.tools import ToolBox
from model.messages import Message
from model.progress import Progress, Report
from model.slice_headers import series_of


class FromNeighbours:
    """Neighbours are read in the files lane, and what they say is placed in the lane of the tools."""

    def __init__(self, context: Context, tools: ToolBox) -> None:
        self._context = context
        self._tools = tools
        self._placing = _Placing(tools)

    def copy_from(self, step: int, only_current: bool = False) -> None:
        """Of the next (1) or previous (-1) image of the folder; all classes, or the one in the hand."""
        entries, row = self._context.folder.entries, self._row
        if row is None:
            return
        if not 0 <= row + step < len(entries):
            nothing = Message("There is no image after this one.")
            self._tell(nothing if step > 0 else Message("There is no image before this one."))
            return
        entry, work = entries[row + step], self._work(only_current, background=True)
        if work is None:
            return

        def read(report: Report) -> tuple[np.ndarray, bool] | None:
            label = label_of_neighbour(work, entry)
            if label is None:
                return None
            return copied(label, work.values), series_of(work.path) != series_of(entry.path)

        def done(found: tuple[np.ndarray, bool] | None) -> None:
            if found is None:
                self._tell(Message("{name} has no label yet.", {"name": entry.name}))
                return
            if found[1]:
                self._tell(Message("{name} is from another series; check what was copied.", {"name": entry.name}))
            title = Message("Copy from the previous") if step < 0 else Message("Copy from the next")
            self._place(title, found[0], work.rules, True)

        self._read(Message("Reading the label of {name}", {"name": entry.name}), read, done)

    def interpolate(self, all_between: bool = False, only_current: bool = False) -> None:
        """From the nearest labelled images before and after; `all_between` does the other ones there are, too.

        Those are written once what is shown of this one is kept.
        """
        work, entries, row = self._work(only_current, background=False), self._context.folder.entries, self._row
        if work is None or row is None:
            return

        def read(report: Report) -> tuple[Stack, tuple[np.ndarray, np.ndarray], np.ndarray] | None:
            stack = stack_around(entries, row)
            if stack is None:
                return None
            first, last = label_of_neighbour(work, stack.before), label_of_neighbour(work, stack.after)
            if first is None or last is None:
                return None
            return stack, (first, last), between(first, last, stack.share, work.values)

        def done(found: tuple[Stack, tuple[np.ndarray, np.ndarray], np.ndarray] | None) -> None:
            if found is None:
                self._tell(
                    Message("Interpolating needs a labelled image before and one after this one, of the same stack.")
                )
                return
            stack, ends, said = found
            kept = (lambda: self._write_between(work, stack, ends),) if all_between else ()
            self._place(Message("Interpolate"), said, work.rules, False, *kept)

        self._read(Message("Interpolating"), read, done)

    def _write_between(self, work: Work, stack: Stack, ends: tuple[np.ndarray, np.ndarray]) -> None:
        """Goes on when another image is opened meanwhile: that is read in the same lane, after it."""
        context, written = self._context, []

        def show() -> None:
            """Also those before it was cancelled or failed."""
            if context.workspace is work.workspace:
                for entry in written:
                    context.show_entry(entry)
                    context.edited_elsewhere.emit(entry.name)

        def done(nothing: None) -> None:
            show()
            if context.workspace is work.workspace:
                self._tell(Message("Interpolated in other images: {count}", {"count": len(written)}))

        def failed(failure: Failure) -> None:
            show()
            context.tell_failure(failure)

        def write(report: Report) -> None:
            written.extend(write_between(work, stack, ends, report))

        context.jobs.submit("files", Message("Interpolating"), write, done, failed, show)

    @property
    def _row(self) -> int | None:
        return self._context.folder.row_of(self._context.document.name) if self._context.document.image else None

    def _work(self, only_current: bool, background: bool) -> Work | None:
        """None, and said why, when there is no class to place."""
        document, painting = self._context.document, self._context.painting
        values = (painting.class_value,) if only_current else painting.values
        values = tuple(v for v in values if v not in painting.locked and (background or v != BACKGROUND))
        entry = self._context.folder.entry(document.name)
        if entry is None:
            return None
        if not values:
            self._tell(Message("This class is locked; unlock it to paint with it."))
            return None
        rules = painting.rules(self._tools.selection.region)
        return Work(self._context.workspace, entry.path, document.shape, values, rules, self._context.max_pixels)

    def _read(self, title: Message, read: Callable, done: Callable) -> None:
        """In the files lane; `done` once no gesture is running, unless another image is open by then."""
        document, name = self._context.document, self._context.document.name
        workspace = self._context.workspace

        def here(found: object) -> None:
            if document.name == name and self._context.workspace is workspace:
                done(found)

        def failed(failure: Failure) -> None:
            self._context.update_entries()
            self._context.tell_failure(failure)

        self._tools.drop_preview()
        self._context.jobs.submit(
            "files",
            title,
            read,
            lambda found: self._context.when_idle(lambda: here(found)),
            failed,
            self._context.update_entries,
            quiet=True,
        )

    def _place(
        self, title: Message, said: np.ndarray, rules: Rules, over_human: bool, kept: Callable[[], None] = lambda: None
    ) -> None:
        pixels = self._context.document.image.pixels

        def work(snapshot: Snapshot, report: Report) -> MaskPatch | None:
            report(Progress(None))
            return whole_patch(snapshot, placed(said, rules, pixels, over_human))

        self._placing.show(title, work, kept)

    def _tell(self, message: Message) -> None:
        self._context.tell("info", message)


class _Placing(Previewed):
    """Shows what neighbours say; `kept` is called when it stays, or when this image says that already."""

    def __init__(self, tools: ToolBox) -> None:
        super().__init__(tools)
        self._title = Message("")
        self._kept: Callable[[], None] | None = None

    @property
    def title(self) -> Message:
        return self._title

    def show(self, title: Message, work: Computation, kept: Callable[[], None]) -> None:
        if self._tools.borrow(self):
            self.cancel()
            self._title, self._kept = title, kept
            self.compute(title.template, work, commit=False)
            self.ask()

    def nothing_changes(self) -> None:
        self.kit.say(Message("The neighbours say nothing new about this image."))
        self._stays()

    def committed(self) -> None:
        self._stays()

    def _stays(self) -> None:
        kept, self._kept = self._kept, None
        if kept is not None:
            kept()
