"""Prediction: what the segmenter says about one image, small enough to keep for 8192 x 8192 pixels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from model.messages import Message

SCORE_STRIDE = 4
"""Scores are kept for every fourth row and column; score (i, j) covers pixels 4i..4i+3 by 4j..4j+3."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """The most probable class of every pixel, and how sure the model is.

    `label_map` (H, W) uint8 holds class values; `confidence` (H, W) uint8 the winner's probability, 255 = certain;
    `scores` (C, ceil(H/4), ceil(W/4)) uint8 the probabilities (255 = 1) of the classes whose values are `values`.
    """

    label_map: np.ndarray
    confidence: np.ndarray
    scores: np.ndarray
    values: tuple[int, ...]
    model: str
    notices: tuple[Message, ...] = ()

    def probabilities(self, rect: tuple[int, int, int, int]) -> np.ndarray:
        """Probabilities (C, h, w) float32 inside `rect` = (x, y, w, h) in image pixels, bilinear from the scores.

        They sum to 1 at every pixel. Raises ValueError for a rectangle that leaves the image.
        """
        x, y, width, height = rect
        rows, columns = self.label_map.shape
        if x < 0 or y < 0 or width < 1 or height < 1 or x + width > columns or y + height > rows:
            raise ValueError(f"expected a rectangle inside {columns} x {rows} pixels, got {rect}")
        top, bottom, down = _neighbours(y, height, self.scores.shape[1])
        left, right, across = _neighbours(x, width, self.scores.shape[2])
        patch = self.scores[:, top[0] : bottom[-1] + 1, left[0] : right[-1] + 1].astype(np.float32)
        patch = _blend(patch, top - top[0], bottom - top[0], down[:, None], axis=1)
        patch = _blend(patch, left - left[0], right - left[0], across, axis=2)
        return patch / np.maximum(patch.sum(axis=0), 1e-6)

    @cached_property
    def mean_confidence(self) -> float:
        """The mean probability of the winning class over all pixels, in 0..1."""
        return float(self.confidence.mean()) / 255

    def class_confidence(self) -> dict[int, float]:
        """The mean winning probability (0..1) of each class value that occurs in the label map."""
        return dict(self._class_confidence)

    @cached_property
    def _class_confidence(self) -> dict[int, float]:
        pixels, total = np.zeros(256), np.zeros(256)
        for labels, confidence in zip(self.label_map, self.confidence, strict=True):  # by row: bincount widens to int64
            pixels += np.bincount(labels, minlength=256)
            total += np.bincount(labels, weights=confidence, minlength=256)
        return {int(value): float(total[value] / pixels[value] / 255) for value in np.flatnonzero(pixels)}


def _neighbours(start: int, length: int, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For pixels start..start+length-1 of one axis: the score before, the score after, and the weight of the latter."""
    centre = (np.arange(start, start + length, dtype=np.float32) + 0.5) / SCORE_STRIDE - 0.5
    centre = np.clip(centre, 0, count - 1)
    before = np.floor(centre).astype(np.intp)
    return before, np.minimum(before + 1, count - 1), centre - before.astype(np.float32)


def _blend(patch: np.ndarray, before: np.ndarray, after: np.ndarray, weight: np.ndarray, axis: int) -> np.ndarray:
    first = patch.take(before, axis=axis)
    return first + (patch.take(after, axis=axis) - first) * weight
