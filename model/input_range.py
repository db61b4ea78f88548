"""InputRange: how measured pixel values become the network's input, the same in training and in prediction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_SAMPLES_PER_SIDE = 1024
"""Percentiles look at no more than this many rows and columns, evenly spread: exact to a fraction of a grey level."""


@dataclass(frozen=True)
class InputRange:
    """The values that become 0 and 1: `fixed` ones (-160..240 HU), or `percentile`s of each image (0.5..99.5).

    Two kinds of pixels do not carry the values that a fixed range speaks of. 8-bit pixels are taken as already
    windowed: 0..255 becomes 0..1. And when the range reaches below zero it means Hounsfield units, so that an image
    without a unit and without any negative value (16-bit counts) is taken by its percentiles 0.5 to 99.5 instead, as are
    CT values that are known to lack theirs.
    """

    kind: str
    low: float
    high: float

    def __post_init__(self) -> None:
        if self.kind not in ("fixed", "percentile") or not self.low < self.high:
            raise ValueError(f"expected fixed or percentile and low < high, got {self.kind} {self.low} {self.high}")

    def limits(self, pixels: np.ndarray, unit: str = "") -> tuple[float, float]:
        """The values (low, high) of this image that become 0 and 1; `unit` is the image's, "HU", "raw" or ""."""
        if not self.applies_to(pixels, unit):
            if pixels.dtype == np.uint8:
                return 0.0, 255.0
            return _percentiles(pixels, 0.5, 99.5)
        if self.kind == "percentile":
            return _percentiles(pixels, self.low, self.high)
        return self.low, self.high

    def applies_to(self, pixels: np.ndarray, unit: str = "") -> bool:
        """False where the class text's exceptions hold, so that a caller can tell the user."""
        if self.kind == "percentile" or unit == "HU":
            return True
        if unit:
            return False
        return pixels.dtype != np.uint8 and not (self.low < 0 and not (pixels < 0).any())


def to_unit(pixels: np.ndarray, limits: tuple[float, float]) -> np.ndarray:
    """Pixels of any type and shape as float32 in 0..1 between `limits` = (low, high); what is not a number is 0."""
    low, high = limits
    scaled = (pixels.astype(np.float32) - np.float32(low)) * np.float32(1 / (high - low))
    return np.nan_to_num(np.clip(scaled, 0, 1, out=scaled), copy=False, nan=0.0)


def _percentiles(pixels: np.ndarray, low: float, high: float) -> tuple[float, float]:
    """Percentiles of the finite values; one apart where the image is flat, so that a flat image becomes 0."""
    step = [max(1, -(-side // _SAMPLES_PER_SIDE)) for side in pixels.shape[:2]]
    sample = pixels[:: step[0], :: step[1]]
    sample = sample[np.isfinite(sample)]
    if sample.size == 0:
        return 0.0, 1.0
    bottom, top = (float(value) for value in np.percentile(sample, (low, high)))
    return bottom, top if top > bottom else bottom + 1.0
