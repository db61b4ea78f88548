"""Pixel padding: what a DICOM image has around its measured values, to fill the rectangle."""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset

from model.readers.rescale import first_number


def set_aside(pixels: np.ndarray, stored: np.ndarray, data: Dataset) -> float | None:
    """By which value `pixels` (H, W), the measured ones of `stored`, now mark what the file calls padding; None without any.

    DICOM PS3.3 C.7.5.1.1.2: one stored value, or all up to the limit of a range on either side of it.
    """
    value = _stored(data, "PixelPaddingValue")
    if value is None:
        return None
    limit = _stored(data, "PixelPaddingRangeLimit")
    low, high = sorted((value, value if limit is None else limit))
    padding = (stored >= low) & (stored <= high)
    if not padding.any():
        return None
    pixels[padding] = pixels[padding].min()
    return float(pixels[padding][0])


def _stored(data: Dataset, keyword: str) -> float | None:
    """Some files write a negative value as an unsigned one of as many bits."""
    value, bits = first_number(data, keyword), int(data.BitsAllocated)
    return value - 2**bits if value is not None and data.PixelRepresentation and value >= 2 ** (bits - 1) else value
