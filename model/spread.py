"""The values that an image spans, without the few that stick out: for the network's input and for the display alike."""

from __future__ import annotations

import numpy as np

_SAMPLES_PER_SIDE = 1024
"""Percentiles look at no more than this many rows and columns, evenly spread: exact to a fraction of a grey level."""


def spread(pixels: np.ndarray, low: float, high: float, nodata: float | None = None) -> tuple[float, float]:
    """The percentiles `low` and `high` of `pixels` (H, W, ...), of what is finite and not `nodata`.

    Where they are one value, as with a few bright spots on black, the least and the greatest value take their place.
    Twice the same value for a flat image, and 0 for one without any measurement.
    """
    step = [max(1, -(-side // _SAMPLES_PER_SIDE)) for side in pixels.shape[:2]]
    sample = _measured(pixels[:: step[0], :: step[1]], nodata)
    bottom, top = (float(value) for value in np.percentile(sample, (low, high))) if sample.size else (0.0, 0.0)
    if top > bottom:
        return bottom, top
    for left_out in dict.fromkeys((nodata, None)):  # a mask of ones differs from nothing but its missing values
        rest = _measured(pixels, left_out)
        if rest.size and rest.min() < rest.max():
            return float(rest.min()), float(rest.max())
    return bottom, bottom


def _measured(pixels: np.ndarray, nodata: float | None) -> np.ndarray:
    if pixels.dtype.kind == "f":
        pixels = pixels[np.isfinite(pixels)]
    return pixels if nodata is None else pixels[pixels != nodata]
