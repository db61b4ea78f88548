"""What painting may touch: protected classes, only over one class, only in a range of values, only in a selection."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lsgui.fills import between
from lsgui.mask import AnyRegion, Box
from model.labels import UNTOUCHED
from model.opencv import cv2

ANYTHING: int | None = None
EMPTY = -1
"""Untouched or background."""


@dataclass(frozen=True)
class Rules:
    """`low` and `high` are values of the image, both included; colour counts by the mean of its channels."""

    protected: frozenset[int]
    over: int | None = ANYTHING
    low: float | None = None
    high: float | None = None
    selection: AnyRegion | None = None

    @property
    def is_free(self) -> bool:
        """They forbid nothing."""
        return not self.protected and all(rule is None for rule in (self.over, self.low, self.high, self.selection))

    def allowed(self, label: np.ndarray, pixels: np.ndarray, box: Box) -> np.ndarray | None:
        """uint8 (h, w), 255 where `box` of the image may be painted; None for everywhere.

        `label` and `pixels` are those of the box.
        """
        masks = [
            mask for mask in (self._by_class(label), self._by_value(pixels), self._selected(box)) if mask is not None
        ]
        if not masks:
            return None
        return masks[0] if len(masks) == 1 else np.bitwise_and.reduce(masks)

    def _by_class(self, label: np.ndarray) -> np.ndarray | None:
        if not self.protected and self.over is None:
            return None
        table = np.zeros(256, np.uint8)
        table[[0, UNTOUCHED] if self.over == EMPTY else slice(None) if self.over is None else [self.over]] = 255
        table[list(self.protected)] = 0
        return cv2.LUT(label, table)

    def _by_value(self, pixels: np.ndarray) -> np.ndarray | None:
        if self.low is None and self.high is None:
            return None
        return between(pixels, self.low, self.high)

    def _selected(self, box: Box) -> np.ndarray | None:
        if self.selection is None:
            return None
        x, y, w, h = box
        mask = np.zeros((h, w), np.uint8)
        left, top, width, height = self.selection.box
        x0, x1, y0, y1 = max(x, left), min(x + w, left + width), max(y, top), min(y + h, top + height)
        if x0 < x1 and y0 < y1:
            mask[y0 - y : y1 - y, x0 - x : x1 - x] = self.selection.band(y0 - top, y1 - top)[:, x0 - left : x1 - left]
        return mask


FREE = Rules(frozenset())
