"""Fill, wand, threshold and picker: the tools that take pixels which are alike."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import Qt

from lsgui.computed_tool import ComputedTool
from lsgui.fills import Between, Seed, flood, flood_values, foreground, same_label, seed, usual
from lsgui.mask import AnyRegion, MaskPatch, Point, patch_of
from lsgui.snapshot import Snapshot
from lsgui.tool import NO_MODIFIER, Idle, Kit, Outline
from model.progress import Progress, Report

LEFT = Qt.MouseButton.LeftButton
_DRAG = 100.0
"""Screen pixels to the right that double the wand's tolerance."""
_LEAST, _MOST = 0.5, 8.0
_CLICK = 2
"""Pixels around a click whose values the threshold takes."""


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


class Fill(RegionTool):
    """A click gives the current class to what has the label, or about the value, of the pixel that was clicked."""

    def press(
        self, x: float, y: float, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier, pressure: float = 1.0
    ) -> bool:
        at = self.pixel(x, y)
        if at is None or button != LEFT:
            return False
        if self.may_paint():
            self.paint("Fill", self._by_values(at) if self.painting.fill_by == "values" else self._by_label(at), True)
        return True

    def _by_label(self, at: tuple[int, int]) -> Callable[[Snapshot], AnyRegion]:
        fill = flood if self.painting.fill_contiguous else same_label
        return lambda snapshot: fill(label_of(snapshot), *at)

    def _by_values(self, at: tuple[int, int]) -> Callable[[Snapshot], AnyRegion]:
        pixels, painting = self.document.image.pixels, self.painting
        tolerance, contiguous = painting.tolerance, painting.fill_contiguous
        return lambda snapshot: flood_values(pixels, *at, tolerance, contiguous)


class Wand(RegionTool):
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


class Threshold(RegionTool):
    """What is in `painting.threshold` is tinted; Enter paints it. A drag sets it by the values in a box."""

    def __init__(self, kit: Kit) -> None:
        super().__init__(kit)
        self._drawn: tuple[Point, Point] | None = None
        self.document.loaded.connect(self._loaded)

    @property
    def active(self) -> bool:
        return self.document.image is not None and self.painting.threshold is not None

    def chosen(self) -> None:
        """Begin with what is bright."""
        if self.document.image is not None and self.painting.threshold is None:
            self.painting.threshold = foreground(self.document.image.pixels)

    def press(
        self, x: float, y: float, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier, pressure: float = 1.0
    ) -> bool:
        if self.document.image is None or button != LEFT:
            return False
        if self.busy:
            return self.refuse()
        self._drawn = (x, y), (x, y)
        return True

    def move(self, x: float, y: float, modifiers: Qt.KeyboardModifier = NO_MODIFIER, pressure: float = 1.0) -> None:
        if self._drawn is not None:
            self._drawn = self._drawn[0], (x, y)

    def release(self, x: float, y: float, button: Qt.MouseButton) -> None:
        if button != LEFT or self._drawn is None:
            return
        (rows, columns), self._drawn = self._part(*self._drawn), None
        part = self.document.image.pixels[rows, columns]
        if part.size:
            self.painting.threshold = usual(part)

    def key(self, key: int) -> bool:
        if self.busy:
            return super().key(key)
        if not self.active or key not in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape):
            return False
        if key != Qt.Key.Key_Escape:
            if not self.may_paint():
                return True
            self._paint()
        self._drawn = None
        self.painting.threshold = None
        return True

    def cancel(self) -> None:
        self._drawn = None
        super().cancel()

    def outline(self) -> Outline | None:
        if self._drawn is None:
            return super().outline()
        (x0, y0), (x1, y1) = self._drawn
        return Outline(points=((x0, y0), (x1, y0), (x1, y1), (x0, y1)), closed=True)

    def _loaded(self) -> None:
        self._drawn = None
        if self.painting.tool == "threshold":
            self.chosen()

    def _paint(self) -> None:
        """In the selection, or in the whole image."""
        height, width = self.document.shape
        selected = self.selection.region
        box = selected.box if selected is not None else (0, 0, width, height)
        region = Between(box, self.document.image.pixels, *self.painting.threshold)
        self.paint("Threshold", lambda snapshot: region, commit=True)

    def _part(self, a: Point, b: Point) -> tuple[slice, slice]:
        """Rows and columns of the box, or around a click."""
        ends = [sorted((int(np.floor(a[i])), int(np.floor(b[i])))) for i in (1, 0)]
        if all(first == last for first, last in ends):
            ends = [(first - _CLICK, last + _CLICK) for first, last in ends]
        return tuple(slice(max(0, first), max(0, last + 1)) for first, last in ends)


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


def label_of(snapshot: Snapshot) -> np.ndarray:
    """The label map of a snapshot, uint8 (H, W), that may be written; the other plane is never copied whole."""
    label, top = np.empty(snapshot.shape, np.uint8), 0
    for band, _ in snapshot.bands():
        label[top : top + len(band)] = band
        top += len(band)
    return label


def growing(pixels: np.ndarray, at: tuple[int, int]) -> Callable[[float], Callable[[Snapshot], AnyRegion]]:
    """For every tolerance the work of the wand's lane; what does not depend on it is found once."""
    found: list[Seed] = []

    def grown(tolerance: float) -> AnyRegion:
        if not found:
            found.append(seed(pixels, *at))
        return found[0].grown(tolerance)

    return lambda tolerance: lambda snapshot: grown(tolerance)
