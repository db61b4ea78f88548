"""Pixels that are no measurement though they hold a number: what geographers' TIFFs mark by GDAL's tag."""

from __future__ import annotations

import numpy as np

from model.messages import Message

_KEPT = (np.uint8, np.int8, np.uint16, np.int16)
"""Types whose values stay as they are. The -3.4e38 of real numbers would drown every mean and every histogram."""

LOWEST = float(np.finfo(np.float32).min)
"""-3.4e38, which geographers' programs put among real numbers where nothing was measured, often without a tag."""


def set_aside(pixels: np.ndarray, value: float) -> tuple[np.ndarray, float | None, int]:
    """`pixels`, by which value they now mark what has none, and how many they are; None where nothing equals `value`.

    Real numbers and wide integers become float32, with the least measured value in those places, as for NaN.
    """
    if pixels.dtype.kind not in "iuf":
        return pixels, None, 0
    with np.errstate(over="ignore"):
        alike = pixels.dtype.type(value) if pixels.dtype.kind == "f" else value
        missing = pixels != pixels if np.isnan(value) else pixels == alike
        count = int(np.count_nonzero(missing))
        if not count or pixels.dtype.newbyteorder("=") in _KEPT:
            return pixels, value if count else None, count
        values = pixels.astype(np.float32)
    measured = values[~missing & np.isfinite(values)]
    darkest = measured.min() if measured.size else np.float32(0)
    values[missing] = darkest
    return values, float(darkest), count


def notice(name: str, count: int, value: float) -> Message:
    return Message(
        "{name} marks {count} values as no measurement ({value}); its range of brightness leaves them out.",
        {"name": name, "count": count, "value": f"{value:g}"},
    )
