"""Tidying the label map of the open image: previewed, kept by Enter, taken back by Esc."""

from __future__ import annotations

import numpy as np

from lsgui.cleaning import cleaned
from lsgui.mask import Box, Edit, MaskPatch, as_mask, whole_patch
from lsgui.painting import BACKGROUND
from lsgui.previewed import Previewed
from lsgui.rules import Rules
from lsgui.snapshot import Snapshot
from lsgui.tools import ToolBox
from model.labels import UNTOUCHED
from model.messages import Message
from model.opencv import cv2
from model.progress import Progress, Report
from model.provenance import HUMAN, UNSET

TITLES = {
    "smooth": Message("Smooth"),
    "fill-holes": Message("Fill holes"),
    "remove-islands": Message("Remove islands"),
    "keep-largest": Message("Keep the largest"),
    "grow": Message("Grow"),
    "shrink": Message("Shrink"),
}
_ADDS = ("fill-holes", "grow")


class CleanUp(Previewed):
    """New settings show at once what they do, also where the ones before found nothing to change."""

    def __init__(self, tools: ToolBox) -> None:
        super().__init__(tools)
        self.what = ""
        """Which of the six is shown."""
        self._done_with: tuple[object, ...] = ()
        self.painting.changed.connect(self._look_again)
        self.selection.changed.connect(self._look_again)

    @property
    def title(self) -> Message:
        return TITLES[self.what]

    def start(self, what: str) -> None:
        """Show what one of `TITLES` does. The same once more keeps what is shown, and goes on from there."""
        if what not in TITLES:
            raise ValueError(f"expected one of {', '.join(TITLES)}, got {what!r}")
        if self.active and self.what == what:
            self.finish()
        elif self.active:
            self.cancel()
        if self.document.image is None or not (self.painting.clean.classes == "all" or self.may_paint()):
            return
        if self._tools.borrow(self):
            self.what = what
            self._show()
            self.ask()

    def _look_again(self) -> None:
        if self.waiting and self._settings() != self._done_with:
            self._show()

    def _settings(self) -> tuple[object, ...]:
        rules = self._rules()
        limits = rules.protected, rules.over, rules.low, rules.high, id(rules.selection)
        return self.what, self.painting.clean, self._values(), limits

    def _rules(self) -> Rules:
        """What only takes away is not limited to empty pixels."""
        return self.rules(erasing=self.what not in _ADDS)

    def _values(self) -> tuple[int, ...]:
        if self.painting.clean.classes == "current":
            return (self.painting.class_value,)
        return tuple(v for v in self.painting.values if v != BACKGROUND and v not in self.painting.protected)

    def _show(self) -> None:
        self._found_nothing = False
        self._done_with = self._settings()
        what, how, values, _ = self._done_with
        pixels, rules = self.document.image.pixels, self._rules()

        def work(snapshot: Snapshot, report: Report) -> MaskPatch | None:
            def step(done: float) -> None:
                report(Progress(done))

            found = cleaned(
                snapshot.labels(0, snapshot.shape[0]), what, values, how.size, how.radius, rules.protected, step
            )
            if found is None:
                return None
            return whole_patch(snapshot, tidied(found.after, found.box, rules, pixels), found.box)

        self.compute(TITLES[what].template, work, commit=False)


def tidied(after: np.ndarray, box: Box, rules: Rules, pixels: np.ndarray) -> Edit:
    """The edit that makes `after` of a box: what changes is a person's, what becomes untouched is nobody's."""
    x, y, w, _ = box
    who = np.full(256, HUMAN, np.uint8)
    who[UNTOUCHED] = UNSET

    def edit(label: np.ndarray, origin: np.ndarray, rows: slice) -> tuple:
        new = np.ascontiguousarray(after[rows])
        where = as_mask(new != label)
        band = (x, y + rows.start, w, rows.stop - rows.start)
        allowed = rules.allowed(label, pixels[band[1] : band[1] + band[3], x : x + w], band)
        return new, cv2.LUT(new, who), where if allowed is None else cv2.bitwise_and(where, allowed)

    return edit
