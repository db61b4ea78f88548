"""What every reader returns, and the checks every reader makes."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from model.errors import ImageError
from model.messages import Message
from model.readers import memory

_NOTED = 16_000_000
"""Pixels from which the memory an image takes is looked at before it is read."""
_PLANES = 2
"""Bytes a pixel of label map and provenance."""
_HALVES = 4 / 3
"""An image and its halves, of which zoomed-out views are made, to the image alone."""


@dataclass(frozen=True)
class Window:
    """The range of values that is shown from black to white: `level` in the middle, `width` from end to end."""

    level: float
    width: float

    @property
    def low(self) -> float:
        return self.level - self.width / 2

    @property
    def high(self) -> float:
        return self.level + self.width / 2


@dataclass(frozen=True)
class Image:
    """The measured values, upright as displayed.

    `pixels` is (H, W) grey or (H, W, 3) red, green, blue; uint8, uint16, int16 or float32, finite and read-only.
    `spacing` is (row, column) in millimetres. `unit` is "HU" or "". `window` is the file's own suggestion, or
    else an automatic one; None for 8-bit. `notices` say what of the file is not shown. `series` identifies the
    stack this slice comes from. `nodata` is the value of pixels that are no measurement, None where all are.
    """

    name: str
    pixels: np.ndarray
    spacing: tuple[float, float] | None = None
    unit: str = ""
    window: Window | None = None
    notices: tuple[Message, ...] = field(default=())
    series: str | None = None
    nodata: float | None = None


def check_size(name: str, width: int, height: int, max_pixels: int, pixel_bytes: int = 3) -> None:
    """Refuse, from the header alone, an image whose pixels would not fit. Raises ImageError."""
    if width < 1 or height < 1:
        raise ImageError("{name} has no pixels; copy it again from its source.", name=name)
    if width * height > max_pixels:
        raise ImageError(
            "{name} is {width} x {height}, which is more than the limit of {limit:g} megapixels; "
            "cut it into smaller images, or start with --max-megapixels {needed}.",
            name=name,
            width=width,
            height=height,
            limit=max_pixels / 1e6,
            needed=-(-width * height // 1_000_000),
        )
    if width * height > _NOTED:
        _check_memory(name, width, height, pixel_bytes)


def _check_memory(name: str, width: int, height: int, pixel_bytes: int) -> None:
    needed, free = width * height * (pixel_bytes * _HALVES + _PLANES), memory.available()
    if free is not None and needed > free:
        raise ImageError(
            "{name} is {width} x {height} and takes {needed:.1f} GB of memory, but only {free:.1f} GB are free; "
            "close other programs or cut it into smaller images.",
            name=name,
            width=width,
            height=height,
            needed=needed / 1e9,
            free=free / 1e9,
        )


def truncated(name: str) -> ImageError:
    return ImageError("{name} is truncated: its end is missing; copy it again from its source.", name=name)


def measured(pixels: np.ndarray, name: str) -> tuple[np.ndarray, tuple[Message, ...]]:
    """`pixels` as one of the four types of `Image`, without loss, and what had to be replaced."""
    if pixels.dtype == bool:
        return pixels.astype(np.uint8) * 255, ()
    if pixels.dtype.newbyteorder("=") in (np.uint8, np.uint16, np.int16):
        return np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder("=")), ()
    if pixels.dtype == np.int8:
        return pixels.astype(np.int16), ()
    if pixels.dtype.kind not in "iuf":
        raise ImageError(
            "{name} holds numbers of the type {type}, which are neither grey values nor colours; "
            "export it as whole numbers or as real ones.",
            name=name,
            type=str(pixels.dtype),
        )
    with np.errstate(over="ignore"):
        values = pixels.astype(np.float32)
    return finite(values, name)


def finite(values: np.ndarray, name: str) -> tuple[np.ndarray, tuple[Message, ...]]:
    """float32 `values` with NaN and infinities replaced by the nearest finite value of the image, and a notice."""
    good = np.isfinite(values)
    if good.all():
        return values, ()
    if not good.any():
        raise ImageError("{name} holds no finite number; export it again from its source.", name=name)
    low, high = float(values[good].min()), float(values[good].max())
    count = int(values.size - good.sum())
    notice = Message(
        "{name} has {count} values that are no finite numbers; they are shown as the darkest or the brightest.",
        {"name": name, "count": count},
    )
    return np.nan_to_num(values, nan=low, neginf=low, posinf=high), (notice,)
