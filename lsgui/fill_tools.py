"""Fill, wand and picker: a press takes the pixels that are like the one under it."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from PySide6.QtCore import Qt

from lsgui.computed_tool import ComputedTool
from lsgui.fills import Seed, flood, flood_values, same_label, seed
from lsgui.mask import AnyRegion, MaskPatch, patch_of
from lsgui.snapshot import Snapshot
from lsgui.tool import NO_MODIFIER, Idle, Kit
from model.messages import Message
from model.progress import Progress, Report

LEFT = Qt.MouseButton.LeftButton
_DRAG = 100.0
"""Screen pixels to the right that double the wand's tolerance."""
_LEAST, _MOST = 0.5, 8.0
SECONDS_OF_GRACE = 1.0


class RegionTool(ComputedTool):
    """One that paints a region which takes its time to find, as the rules allow when the hand asks for it."""

    def paint(self, text: str, find: Callable[[Snapshot], AnyRegion | None], commit: bool) -> None:
        """`find` is called in the lane, and must not look at what may change meanwhile."""
        pixels, ink, rules = self.document.image.pixels, self.ink(), self.rules()

        def work(snapshot: Snapshot, report: Report) -> MaskPatch | None:
            report(Progress(None))
            region = find(snapshot)
            report(Progress(None))
            return None if region is None else patch_of(snapshot, pixels, region, ink, rules)

        self.compute(text, work, commit)


class KeptOnRelease(RegionTool):
    """Letting go keeps what is shown. Other tools need an Enter for that: one right after it accepts no image."""

    def __init__(self, kit: Kit) -> None:
        super().__init__(kit)
        self._kept: tuple[float, int] | None = None
        """When it was, and the document's revision then."""

    def committed(self) -> None:
        self._kept = time.monotonic(), self.document.revision

    def key(self, key: int) -> bool:
        if super().key(key):
            return True
        if key not in (Qt.Key.Key_Return, Qt.Key.Key_Enter) or self._kept is None:
            return False
        (when, revision), self._kept = self._kept, None
        if revision != self.document.revision or time.monotonic() - when > SECONDS_OF_GRACE:
            return False
        self.kit.say(Message("It is painted already; Enter once more accepts the image."))
        return True


class Fill(KeptOnRelease):
    """A press shows in the current class what has the label, or about the value, of the pixel under it.

    Letting go keeps it.
    """

    def __init__(self, kit: Kit) -> None:
        super().__init__(kit)
        self._pressed = False

    @property
    def active(self) -> bool:
        return self._pressed or super().active

    def press(
        self, x: float, y: float, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier, pressure: float = 1.0
    ) -> bool:
        at = self.pixel(x, y)
        if button != LEFT or at is None:
            return self._pressed
        if not self._pressed and self.may_paint():
            self._pressed = True
            self.paint("Fill", self._by_values(at) if self.painting.fill_by == "values" else self._by_label(at), False)
        return True

    def release(self, x: float, y: float, button: Qt.MouseButton) -> None:
        if button == LEFT and self._pressed:
            self._pressed = False
            self.finish()

    def cancel(self) -> None:
        self._pressed = False
        super().cancel()

    def _by_label(self, at: tuple[int, int]) -> Callable[[Snapshot], AnyRegion]:
        if self.painting.fill_contiguous:
            return lambda snapshot: flood(snapshot.labels, snapshot.shape, *at)
        return lambda snapshot: same_label(snapshot.labels(0, snapshot.shape[0]), *at)

    def _by_values(self, at: tuple[int, int]) -> Callable[[Snapshot], AnyRegion]:
        pixels, painting = self.document.image.pixels, self.painting
        tolerance, contiguous = painting.tolerance, painting.fill_contiguous
        return lambda snapshot: flood_values(pixels, *at, tolerance, contiguous)


class Wand(KeptOnRelease):
    """A press takes what looks alike around it; dragging right takes more, left less, and letting go keeps it."""

    def __init__(self, kit: Kit) -> None:
        super().__init__(kit)
        self._from: float | None = None
        self._tolerance = 0.0
        self._find: Callable[[float], Callable[[Snapshot], AnyRegion]] | None = None

    @property
    def active(self) -> bool:
        return self._from is not None or super().active

    def press(
        self, x: float, y: float, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier, pressure: float = 1.0
    ) -> bool:
        at = self.pixel(x, y)
        if button != LEFT or (at is None and self._from is None):
            return self._from is not None
        if self._from is None and self.may_paint():
            self._from, self._tolerance = x, self.painting.wand_tolerance
            self._find = growing(self.document.image.pixels, at)
            self.paint("Wand", self._find(self._tolerance), commit=False)
        return True

    def move(self, x: float, y: float, modifiers: Qt.KeyboardModifier = NO_MODIFIER, pressure: float = 1.0) -> None:
        if self._from is None or not super().active:  # taken back meanwhile
            return
        doublings = (x - self._from) * self.kit.scale() / _DRAG
        tolerance = min(max(self._tolerance * 2**doublings, _LEAST), _MOST)
        if tolerance != self.painting.wand_tolerance:
            self.painting.wand_tolerance = tolerance
            self.paint("Wand", self._find(tolerance), commit=False)

    def release(self, x: float, y: float, button: Qt.MouseButton) -> None:
        if button == LEFT and self._from is not None:
            self._from = self._find = None
            self.finish()

    def cancel(self) -> None:
        if self._from is not None:
            self.painting.wand_tolerance = self._tolerance
        self._from = self._find = None
        super().cancel()


class Picker(Idle):
    """A click makes the class under the pointer the current one."""

    def press(
        self, x: float, y: float, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier, pressure: float = 1.0
    ) -> bool:
        at = self.pixel(x, y)
        if at is None or button != LEFT:
            return False
        self.painting.class_value = int(self.document.label_map[at[1], at[0]])
        return True


def growing(pixels: np.ndarray, at: tuple[int, int]) -> Callable[[float], Callable[[Snapshot], AnyRegion]]:
    """For every tolerance the work of the wand's lane; what does not depend on it is found once."""
    found: list[Seed] = []

    def grown(tolerance: float) -> AnyRegion:
        if not found:
            found.append(seed(pixels, *at))
        return found[0].grown(tolerance)

    return lambda tolerance: lambda snapshot: grown(tolerance)
