"""InputRange: how measured pixel values become the network's input, the same in training and in prediction."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np

from model.spread import spread


@dataclass(frozen=True)
class InputRange:
    """The values that become 0 and 1: `fixed` ones (-160..240 HU), or `percentile`s of each image (0.5..99.5).

    Two kinds of pixels do not carry the values that a fixed range speaks of. 8-bit pixels are taken as already
    windowed: 0..255 becomes 0..1. And when the range reaches below zero it means Hounsfield units, so that an image
    without a unit and without any negative value (16-bit counts) is taken by its percentiles 0.5 to 99.5 instead.
    """

    kind: str
    low: float
    high: float

    def __post_init__(self) -> None:
        if self.kind not in ("fixed", "percentile") or not self.low < self.high:
            raise ValueError(f"expected fixed or percentile and low < high, got {self.kind} {self.low} {self.high}")
        least, most = (0, 100) if self.kind == "percentile" else (-sys.float_info.max, sys.float_info.max)
        if self.low < least or self.high > most:
            raise ValueError(f"expected percentiles of 0 to 100, or finite values, got {self.low} to {self.high}")

    def limits(self, pixels: np.ndarray, unit: str = "", nodata: float | None = None) -> tuple[float, float]:
        """The values (low, high) of this image that become 0 and 1; `unit` and `nodata` are the image's.

        Percentiles are one apart where the image is flat, so that a flat image becomes 0.
        """
        if not self.applies_to(pixels, unit, nodata):
            if pixels.dtype == np.uint8:
                return 0.0, 255.0
            return _apart(*spread(pixels, 0.5, 99.5, nodata))
        if self.kind == "percentile":
            return _apart(*spread(pixels, self.low, self.high, nodata))
        return self.low, self.high

    def applies_to(self, pixels: np.ndarray, unit: str = "", nodata: float | None = None) -> bool:
        """False where the class text's exceptions hold, so that a caller can tell the user."""
        if self.kind == "percentile" or unit == "HU":
            return True
        return pixels.dtype != np.uint8 and not (self.low < 0 and not _any_below_zero(pixels, nodata))


def to_unit(pixels: np.ndarray, limits: tuple[float, float]) -> np.ndarray:
    """Pixels of any type and shape as float32 in 0..1 between `limits` = (low, high); what is not a number is 0."""
    low, high = limits
    scaled = (pixels.astype(np.float32) - np.float32(low)) * np.float32(1 / (high - low))
    return np.nan_to_num(np.clip(scaled, 0, 1, out=scaled), copy=False, nan=0.0)


def _apart(low: float, high: float) -> tuple[float, float]:
    return low, high if high > low else low + 1.0


def _any_below_zero(pixels: np.ndarray, nodata: float | None) -> bool:
    below = pixels < 0
    return bool((below if nodata is None else below & (pixels != nodata)).any())
