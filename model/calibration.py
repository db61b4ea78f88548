"""Calibration: how far the confidence is from the share of right pixels, and the temperature that brings them together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model.counting import count_together
from model.labels import UNTOUCHED

if TYPE_CHECKING:
    from torch import nn

BINS = 15
LEVELS = 256
"""A Prediction's confidence has 8 bits, so that counting its levels loses nothing."""
RANGE = 0.1, 10.0
"""Temperatures outside of this say that the samples are odd (all of them right, say), not that the network is."""
_STEPS, _CLOSE = 50, 1e-6


def count_confidence(confidence: np.ndarray, right: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Pixel counts (2, LEVELS) int64: wrong and right ones of each `confidence` (H, W) uint8, where `known`."""
    return count_together(right.view(np.uint8), confidence, known)[:2]


def count_softmax(logits: np.ndarray, channels: np.ndarray) -> np.ndarray:
    """`count_confidence` of predictions from `logits` (N, C) whose truth is `channels` (N,), 255 left out."""
    chances = np.exp(logits - logits.max(axis=1, keepdims=True))
    confidence = (255 * chances.max(axis=1) / chances.sum(axis=1)).round().astype(np.uint8)
    return count_confidence(confidence, logits.argmax(axis=1) == channels, channels != UNTOUCHED)


def calibration_error(counts: np.ndarray) -> float | None:
    """The expected calibration error (0..1) of `count_confidence`, in BINS of equal width; None without a pixel.

    The mean over pixels of how far their bin's confidence is from its share of right ones (Guo et al. 2017).
    """
    total = counts.sum()
    if not total:
        return None
    confidence = np.arange(LEVELS) / (LEVELS - 1)
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    right = np.bincount(bins, counts[1], BINS)
    sure = np.bincount(bins, counts.sum(axis=0) * confidence, BINS)
    return float(np.abs(right - sure).sum() / total)


def fit_temperature(logits: np.ndarray, channels: np.ndarray) -> float | None:
    """The temperature T by which to divide `logits` (N, C) so that softmax gives `channels` (N,) the highest likelihood.

    255 is left out, and what has a logit that is no number; None when nothing else is there. By Newton's method in 1 / T,
    where the likelihood is concave, kept within the bounds between which the maximum must lie.
    """
    known = (channels != UNTOUCHED) & np.isfinite(logits).all(axis=1)
    logits, channels = logits[known].astype(np.float64), channels[known].astype(np.intp)
    if not len(channels):
        return None
    low, high = 1 / RANGE[1], 1 / RANGE[0]
    given = np.take_along_axis(logits, channels[:, None], 1).mean()
    inverse = 1.0
    for _ in range(_STEPS):
        slope, bend = _derivatives(logits, inverse)
        slope -= given
        low, high = (low, inverse) if slope > 0 else (inverse, high)
        step = inverse - slope / max(bend, 1e-12)
        step = step if low <= step <= high else (low + high) / 2
        if abs(step - inverse) < _CLOSE:
            break
        inverse = step
    return float(1 / step)


def fold(head: nn.Linear, temperature: float) -> None:
    """Divide by the temperature what the layer gives, at no cost: it is linear."""
    for parameter in (head.weight, head.bias):
        parameter.data /= temperature


def _derivatives(logits: np.ndarray, inverse: float) -> tuple[float, float]:
    """The first two of the mean log-sum-exp of `inverse` * logits: the mean logit under the softmax, and its variance."""
    weights = logits * inverse
    weights = np.exp(weights - weights.max(axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True)
    mean = (weights * logits).sum(axis=1)
    square = (weights * logits**2).sum(axis=1)
    return float(mean.mean()), float((square - mean**2).mean())
