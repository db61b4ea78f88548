"""The open image's label map from its neighbours': copied from the one before or after, or interpolated."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lsgui.computed_tool import ComputedTool
from lsgui.context import Context
from lsgui.jobs import Failure
from lsgui.mask import MaskPatch, whole_patch
from lsgui.neighbours import between, copied, placed
from lsgui.painting import BACKGROUND
from lsgui.rules import Rules
from lsgui.slices import Work, label_of_neighbour, stack_around, write_between
from lsgui.snapshot import Snapshot
from lsgui.tools import ToolBox
from model.messages import Message
from model.progress import Progress, Report
from model.split import series_of
from model.workspace import Entry


class FromNeighbours:
    """Neighbours are read in the files lane, and what they say is placed in the lane of the tools."""

    def __init__(self, context: Context, tools: ToolBox) -> None:
        self._context = context
        self._tools = tools
        self._placing = _Placing(tools.kit)

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

        def read(report: Report) -> tuple[np.ndarray, bool]:
            label = label_of_neighbour(work, entry)
            return copied(label, work.values), series_of(work.path) != series_of(entry.path)

        def done(found: tuple[np.ndarray, bool]) -> None:
            if found[1]:
                self._tell(Message("{name} is from another series; check what was copied.", {"name": entry.name}))
            self._place(
                "Copy from the previous" if step < 0 else "Copy from the next", found[0], work.rules, over_human=True
            )

        self._read(Message("Reading the label of {name}", {"name": entry.name}), read, done)

    def interpolate(self, all_between: bool = False, only_current: bool = False) -> None:
        """From the nearest labelled images before and after; `all_between` does the other ones there are, too."""
        work, entries, row = self._work(only_current, background=False), self._context.folder.entries, self._row
        if work is None or row is None:
            return

        def read(report: Report) -> tuple[np.ndarray, list[Entry]] | None:
            stack = stack_around(entries, row)
            if stack is None:
                return None
            first, last = label_of_neighbour(work, stack.before), label_of_neighbour(work, stack.after)
            written = write_between(work, stack, (first, last), report) if all_between else []
            return between(first, last, stack.share, work.values), written

        def done(found: tuple[np.ndarray, list[Entry]] | None) -> None:
            if found is None:
                self._tell(
                    Message("Interpolating needs a labelled image before and one after this one, of the same stack.")
                )
                return
            for entry in found[1]:
                self._context.show_entry(entry)
            if all_between:
                self._tell(Message("Interpolated in other images: {count}", {"count": len(found[1])}))
            self._place("Interpolate", found[0], work.rules, over_human=False)

        self._read(Message("Interpolating"), read, done, quiet=not all_between)

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

    def _read(self, title: Message, read: Callable, done: Callable, quiet: bool = True) -> None:
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
            quiet=quiet,
        )

    def _place(self, text: str, said: np.ndarray, rules: Rules, over_human: bool) -> None:
        pixels = self._context.document.image.pixels

        def work(snapshot: Snapshot, report: Report) -> MaskPatch | None:
            report(Progress(None))
            return whole_patch(snapshot, placed(said, rules, pixels, over_human))

        if self._tools.borrow(self._placing):
            self._placing.compute(text, work, commit=True)

    def _tell(self, message: Message) -> None:
        self._context.tell("info", message)


class _Placing(ComputedTool):
    """In the hand while what neighbours say is placed."""

    def arrived(self, patch: MaskPatch | None) -> None:
        if patch is None:
            self.kit.say(Message("The neighbours say nothing new about this image."))
