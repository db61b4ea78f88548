"""Prediction: what the segmenter says about one image, small enough to keep for 8192 x 8192 pixels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from model.counting import count_together
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
        self._check(rect)
        top, bottom, down = _neighbours(y, height, self.scores.shape[1])
        left, right, across = _neighbours(x, width, self.scores.shape[2])
        patch = self.scores[:, top[0] : bottom[-1] + 1, left[0] : right[-1] + 1].astype(np.float32)
        patch = _blend(patch, top - top[0], bottom - top[0], down[:, None], axis=1)
        patch = _blend(patch, left - left[0], right - left[0], across, axis=2)
        return patch / np.maximum(patch.sum(axis=0), 1e-6)

    def deciding(self, rect: tuple[int, int, int, int], value: int) -> np.ndarray:
        """How clearly class `value` wins inside `rect`: uint8 (h, w), 128 for a draw, more where it wins, 255 = certain.

        The sign is that of its `probabilities` less the largest of the others', and never rounded to a draw.
        """
        return self.contest(rect, value)[0]

    def contest(self, rect: tuple[int, int, int, int], value: int) -> tuple[np.ndarray, np.ndarray]:
        """`deciding`, and the value of the most probable of the other classes, both uint8 (h, w)."""
        x, y, width, height = rect
        self._check(rect)
        rows, columns = (_span(*axis) for axis in ((y, height, self.scores.shape[1]), (x, width, self.scores.shape[2])))
        patch = self.scores[:, rows, columns]
        corner = slice(y - rows.start * SCORE_STRIDE, None), slice(x - columns.start * SCORE_STRIDE, None)
        own, best, total = (np.zeros((height, width), np.uint16) for _ in range(3))
        rival = np.full((height, width), next((other for other in self.values if other != value), 0), np.uint8)
        for other, scores in zip(self.values, patch, strict=True):
            if not scores.any():
                continue
            plane = _enlarged(scores)[corner][:height, :width]
            cv2.add(total, plane, dst=total)  # as probabilities add up to 1, this is a quarter of what fits, at most
            if other == value:
                own = plane
            else:
                wins = cv2.compare(plane, best, cv2.CMP_GT)
                cv2.copyTo(np.full_like(rival, other), wins, rival)
                cv2.max(best, plane, dst=best)
        lead = np.subtract(own, best, dtype=np.float32) * (127 / np.maximum(total, 1).astype(np.float32))
        away = np.minimum(np.ceil(np.abs(lead)), 127)
        return (128 + np.copysign(away, lead)).astype(np.uint8), rival

    @cached_property
    def mean_confidence(self) -> float:
        """The mean probability of the winning class over all pixels, in 0..1."""
        return float(self._counts.sum(axis=0) @ np.arange(256)) / self.label_map.size / 255

    def class_confidence(self) -> dict[int, float]:
        """The mean winning probability (0..1) of each class value that occurs in the label map."""
        pixels, total = self._counts.sum(axis=1), self._counts @ np.arange(256)
        return {int(value): float(total[value] / pixels[value] / 255) for value in np.flatnonzero(pixels)}

    def _check(self, rect: tuple[int, int, int, int]) -> None:
        x, y, width, height = rect
        rows, columns = self.label_map.shape
        if x < 0 or y < 0 or width < 1 or height < 1 or x + width > columns or y + height > rows:
            raise ValueError(f"expected a rectangle inside {columns} x {rows} pixels, got {rect}")

    @cached_property
    def _counts(self) -> np.ndarray:
        """How many pixels have value i and confidence j."""
        return count_together(self.label_map, self.confidence)


def _neighbours(start: int, length: int, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For pixels start..start+length-1 of one axis: the score before, the score after, and the weight of the latter."""
    centre = (np.arange(start, start + length, dtype=np.float32) + 0.5) / SCORE_STRIDE - 0.5
    centre = np.clip(centre, 0, count - 1)
    before = np.floor(centre).astype(np.intp)
    return before, np.minimum(before + 1, count - 1), centre - before.astype(np.float32)


def _blend(patch: np.ndarray, before: np.ndarray, after: np.ndarray, weight: np.ndarray, axis: int) -> np.ndarray:
    first = patch.take(before, axis=axis)
    return first + (patch.take(after, axis=axis) - first) * weight


def _span(start: int, length: int, count: int) -> slice:
    """The scores that decide about pixels start..start+length-1 of one axis, and one more on either side."""
    return slice(max(0, start // SCORE_STRIDE - 1), min(count, (start + length - 1) // SCORE_STRIDE + 2))


def _enlarged(scores: np.ndarray) -> np.ndarray:
    """uint16, bilinear, 64 times the scores: OpenCV's phase is that of `probabilities`, and all weights are 64ths."""
    height, width = scores.shape
    size = width * SCORE_STRIDE, height * SCORE_STRIDE
    return cv2.resize(np.left_shift(scores, 6, dtype=np.uint16), size, interpolation=cv2.INTER_LINEAR)
