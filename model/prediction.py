"""Prediction: what the segmenter says about one image, small enough to keep for 8192 x 8192 pixels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from model.messages import Message
from model.opencv import cv2

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
        return float(self._counts.sum(axis=0) @ np.arange(256)) / self.label_map.size / 255

    def class_confidence(self) -> dict[int, float]:
        """The mean winning probability (0..1) of each class value that occurs in the label map."""
        pixels, total = self._counts.sum(axis=1), self._counts @ np.arange(256)
        return {int(value): float(total[value] / pixels[value] / 255) for value in np.flatnonzero(pixels)}

    @cached_property
    def _counts(self) -> np.ndarray:
        """How many pixels have value i and confidence j. OpenCV leaves Python to other threads meanwhile."""
        planes = [self.label_map, self.confidence]
        return cv2.calcHist(planes, [0, 1], None, [256, 256], [0, 256, 0, 256]).astype(np.float64)


def _neighbours(start: int, length: int, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For pixels start..start+length-1 of one axis: the score before, the score after, and the weight of the latter."""
    centre = (np.arange(start, start + length, dtype=np.float32) + 0.5) / SCORE_STRIDE - 0.5
    centre = np.clip(centre, 0, count - 1)
    before = np.floor(centre).astype(np.intp)
    return before, np.minimum(before + 1, count - 1), centre - before.astype(np.float32)


def _blend(patch: np.ndarray, before: np.ndarray, after: np.ndarray, weight: np.ndarray, axis: int) -> np.ndarray:
    first = patch.take(before, axis=axis)
    return first + (patch.take(after, axis=axis) - first) * weight
