"""The smart outline: drag a box around a thing, correct what is found by strokes, keep it with Enter."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt

from lsgui.computed_tool import ComputedTool
from lsgui.mask import AnyRegion, Box, MaskPatch, Point, Region, patch_of
from lsgui.shapes import stroke
from lsgui.smart_outline import outline
from lsgui.snapshot import Snapshot
from lsgui.tool import NO_MODIFIER, Kit, Outline
from model.images import apply_window
from model.messages import Message
from model.progress import Progress, Report

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
_SMALLEST = 3
"""Pixels of a box's side; below, it was a click."""
_STROKE = 2.0
"""Half the width of a stroke, in screen pixels."""

Stroke = tuple[bool, list[Point]]
"""Whether what it touches belongs to the thing, and its points."""


class SmartOutline(ComputedTool):
    """In the box, the left button marks what belongs to the thing, the right one what does not.

    A press outside the box keeps what is found, and begins the next one.
    """

    def __init__(self, kit: Kit) -> None:
        super().__init__(kit)
        self._from: Point | None = None
        self._to: Point = (0.0, 0.0)
        self._box: Box | None = None
        self._strokes: list[Stroke] = []
        self._button: Qt.MouseButton | None = None
        self._done_with: tuple[object, ...] = ()
        self._found: list[bool] = []
        """Whether the newest look has found something, once it is done."""
        self.painting.changed.connect(self._look_again)
        self.document.loaded.connect(self._forget_box)

    @property
    def active(self) -> bool:
        return self._from is not None or self._box is not None or super().active

    @property
    def waiting(self) -> bool:
        return self._box is not None and self._button is None

    def press(
        self, x: float, y: float, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier, pressure: float = 1.0
    ) -> bool:
        if self._button is not None or self.document.image is None or button not in (LEFT, RIGHT):
            return self._button is not None
        if self._box is not None and self._inside((x, y)):
            self._button = button
            self._strokes.append((button == LEFT, [(x, y)]))
            return True
        if button == RIGHT:
            return self._box is not None
        if self._box is not None:
            self.finish()
        if self.may_paint():
            self._button, self._from, self._to = button, (x, y), (x, y)
        return True

    def move(self, x: float, y: float, modifiers: Qt.KeyboardModifier = NO_MODIFIER, pressure: float = 1.0) -> None:
        if self._from is not None:
            self._to = x, y
        elif self._button is not None:
            self._strokes[-1][1].append((x, y))

    def release(self, x: float, y: float, button: Qt.MouseButton) -> None:
        if button != self._button:
            return
        self.move(x, y)
        self._button = None
        if self._from is not None:
            self._box = self._dragged()
            self._from = None
        if self._box is not None:
            self._find()

    def undo(self) -> bool:
        """Take back the last stroke, then the box."""
        if not self.active or self._button is not None:
            return self.active
        if self._strokes:
            self._strokes.pop()
            self._find()
        else:
            self.cancel()
        return True

    def finish(self) -> None:
        super().finish()
        self._forget_box()

    def cancel(self) -> None:
        self._forget_box()
        super().cancel()

    def arrived(self, patch: MaskPatch | None) -> None:
        if self._box is not None and self._found == [False]:
            self.kit.say(Message("Found nothing: all in this box looks alike. Mark what belongs, or drag another box."))

    def outline(self) -> Outline | None:
        if self._from is not None:
            (x0, y0), (x1, y1) = self._from, self._to
        elif self._box is not None:
            x0, y0 = self._box[:2]
            x1, y1 = x0 + self._box[2], y0 + self._box[3]
        else:
            return super().outline()
        ring = ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
        if self._button is None or not self._strokes:
            return Outline(points=ring, closed=True, busy=self.busy)
        belongs, points = self._strokes[-1]
        return Outline(points=tuple(points), erases=not belongs, rings=(ring,), busy=self.busy)

    def _find(self) -> None:
        """Show what is found with the strokes so far."""
        self._done_with = self._settings()
        x, y, w, h = box = self._box
        image, ink, rules, by = self.document.image, self.ink(), self.rules(), self.painting.outline_by
        belongs, does_not = (self._marked(kind) for kind in (True, False))
        part = image.pixels[y : y + h, x : x + w]
        found_any = self._found = []

        def work(snapshot: Snapshot, report: Report) -> MaskPatch | None:
            def step(done: float) -> None:
                report(Progress(done))

            found = outline(apply_window(part, image.window), belongs, does_not, by, step)
            found_any.append(bool(found.any()))
            return patch_of(snapshot, image.pixels, Region(box, found), ink, rules)

        self.compute("Smart outline", work, commit=False)

    def _marked(self, belongs: bool) -> np.ndarray | None:
        """What the strokes of one kind touch: bool (h, w) of the box; None without any."""
        lines = [points for kind, points in self._strokes if kind == belongs]
        if not lines:
            return None
        x, y, w, h = self._box
        marked, radius = np.zeros((h, w), bool), max(_STROKE / self.kit.scale(), 0.5)
        for points in lines:
            places = [(px - x, py - y) for px, py in points]
            for start, end in zip(places, places[1:] or places, strict=False):
                _mark(marked, stroke(start, end, radius, (h, w)))
        return marked

    def _settings(self) -> tuple[object, ...]:
        return self.painting.class_value, self.painting.outline_by

    def _look_again(self) -> None:
        if self.waiting and self._settings() != self._done_with and self.may_paint():
            self._find()

    def _inside(self, at: Point) -> bool:
        x, y, w, h = self._box
        return x <= at[0] < x + w and y <= at[1] < y + h

    def _dragged(self) -> Box | None:
        """The box that was dragged, within the image; None for a click."""
        height, width = self.document.shape
        sides = []
        for i, length in ((0, width), (1, height)):
            first, last = sorted((self._from[i], self._to[i]))
            sides.append((max(0, int(np.floor(first))), min(length, int(np.ceil(last)))))
        (left, right), (top, bottom) = sides
        large = right - left >= _SMALLEST and bottom - top >= _SMALLEST
        return (left, top, right - left, bottom - top) if large else None

    def _forget(self) -> Snapshot | None:
        """Also when an undo or another image has ended the gesture."""
        self._forget_box()
        return super()._forget()

    def _forget_box(self) -> None:
        self._from = self._box = self._button = None
        self._strokes = []


def _mark(mask: np.ndarray, region: AnyRegion | None) -> None:
    if region is not None:
        x, y, w, h = region.box
        mask[y : y + h, x : x + w] |= region.band(0, h) != 0
