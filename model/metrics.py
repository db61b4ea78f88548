"""How well label maps agree with the truth: confusion counts, and Dice and IoU from them."""

from __future__ import annotations

import numpy as np

from model.counting import strips
from model.labels import UNTOUCHED


def confusion(prediction: np.ndarray, label: np.ndarray, n: int) -> np.ndarray:
    """Pixel counts (n, n) int64, rows by true value and columns by predicted value, both in 0..n-1.

    Pixels whose label is 255 (untouched) are left out. Raises ValueError for maps of different shape, or for a value
    outside 0..n-1 at a pixel that counts.
    """
    if prediction.shape != label.shape:
        raise ValueError(f"expected maps of one shape, got {prediction.shape} and {label.shape}")
    counts = np.zeros((n, n), np.int64)
    for rows in strips(label):  # each pixel takes up to 20 bytes meanwhile
        counts += _counted(prediction[rows], label[rows], n)
    return counts


def dice(counts: np.ndarray) -> np.ndarray:
    """Dice (n,) in 0..1 of each value from its `confusion`: 2 TP / (2 TP + FP + FN); nan where the truth has none."""
    hit, truth, predicted = _marginals(counts)
    return _ratio(2 * hit, truth + predicted, truth)


def iou(counts: np.ndarray) -> np.ndarray:
    """Intersection over union (n,) in 0..1: TP / (TP + FP + FN); nan where the truth has none."""
    hit, truth, predicted = _marginals(counts)
    return _ratio(hit, truth + predicted - hit, truth)


def _counted(prediction: np.ndarray, label: np.ndarray, n: int) -> np.ndarray:
    known = label != UNTOUCHED
    truth, said = label[known], prediction[known]
    if truth.size and (truth.max() >= n or said.max() >= n):
        raise ValueError(f"expected values below {n}, got {truth.max()} and {said.max()}")
    return np.bincount(truth.astype(np.intp) * n + said, minlength=n * n).reshape(n, n)


def _marginals(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return counts.diagonal(), counts.sum(axis=1), counts.sum(axis=0)


def _ratio(part: np.ndarray, whole: np.ndarray, truth: np.ndarray) -> np.ndarray:
    return np.where(truth > 0, part / np.maximum(whole, 1), np.nan)
