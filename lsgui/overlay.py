"""From a label map or provenance plane to the colours that lie on the image. Pure numpy: no Qt."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lsgui.rendering import Rect, View, indices, positions, strips, take
from model.provenance import ACCEPTED, HUMAN, MODEL

_FIRST = 0 if sys.byteorder == "little" else 1
_ON_LINE = 128
PROVENANCE: Mapping[int, tuple[int, int, int]] = {
    MODEL: (0x5B, 0x9D, 0xFF),
    ACCEPTED: (0x5F, 0xD3, 0x8D),
    HUMAN: (0xE8, 0xB0, 0x4C),
}
"""The colour of whoever set a pixel; untouched ones have none."""


@dataclass(frozen=True)
class OverlayColors:
    """Premultiplied 0xAARRGGBB for each of the 256 values: `fill` inside, `line` on the outline."""

    fill: np.ndarray
    line: np.ndarray
    highest: int
    """Of the values there may be, but for untouched."""

    @cached_property
    def both(self) -> np.ndarray:
        """uint32 (512,): `fill`, then `line`."""
        return np.concatenate((self.fill, self.line))

    @cached_property
    def pairs(self) -> np.ndarray | None:
        """The colours of two neighbours at once, by both as one uint16: half the look-ups.

        A value on the outline has the highest bit set; None where values have it themselves, or would become that of
        untouched, which alone may have it: it has no colour in any case.
        """
        if self.highest >= _ON_LINE - 1:
            return None
        single = np.where(np.arange(256) < _ON_LINE, self.fill, np.roll(self.line, _ON_LINE))
        pairs = np.empty((256, 256, 2), np.uint32)
        pairs[..., _FIRST] = single  # the neighbour that is first in memory is the low byte, or the high one
        pairs[..., 1 - _FIRST] = single[:, None]
        return pairs.reshape(-1).view(np.uint64)

    @classmethod
    def of(cls, colors: Mapping[int, tuple[int, int, int]], opacity: float, hidden: Iterable[int]) -> OverlayColors:
        """`opacity` 0..1 is that of the fill; the outline fades with it only below 20 %."""
        fill, line = np.zeros(256, np.uint32), np.zeros(256, np.uint32)
        shown = set(colors) - set(hidden)
        for value in shown:
            fill[value] = premultiplied(colors[value], opacity)
            line[value] = premultiplied(colors[value], min(1.0, opacity * 5))
        return cls(fill, line, max(colors, default=0))


@dataclass(frozen=True)
class Tint:
    """Shows which measured values lie from `low` to `high`, in one premultiplied colour; of colours, their mean."""

    pixels: np.ndarray
    low: float
    high: float
    argb: int


def premultiplied(color: tuple[int, int, int], alpha: float) -> int:
    red, green, blue = (round(channel * alpha) for channel in color)
    return round(alpha * 255) << 24 | red << 16 | green << 8 | blue


def render_overlay(
    plane: np.ndarray,
    colors: OverlayColors,
    view: View,
    rect: Rect,
    out: np.ndarray | None = None,
    tint: Tint | None = None,
) -> np.ndarray:
    """The device rectangle `rect` of the overlay of `plane` (H, W), uint32 (h, w) premultiplied ARGB; into `out`.

    The outline is one device pixel wide whatever the zoom: a pixel whose neighbour on the screen shows another value.
    """
    out = np.empty((rect[3], rect[2]), np.uint32) if out is None else out
    for part, target in strips(rect, out):
        x, y, width, height = part
        columns = indices(positions(x - 1, width + 2, view.x, view.scale), plane.shape[1])
        rows = indices(positions(y - 1, height + 2, view.y, view.scale), plane.shape[0])
        _colour(take(plane, columns, rows), colors, target)
        if tint is not None:
            target[_in_range(take(tint.pixels, columns[1:-1], rows[1:-1]), tint)] = tint.argb
    return out


def _colour(labels: np.ndarray, colors: OverlayColors, out: np.ndarray) -> None:
    """`labels` has a border of one pixel more than `out`. Pixels of outlines are looked up in the same go."""
    core, edge = labels[1:-1, 1:-1], _edges(np.ascontiguousarray(labels))
    argb = out if out.flags.c_contiguous else np.empty(out.shape, np.uint32)
    if colors.pairs is None or core.size % 2:
        np.take(colors.both, np.left_shift(edge, 8, dtype=np.uint16) | core, mode="clip", out=argb)
    else:
        twos = (np.left_shift(edge.view(np.uint8), 7) | core).reshape(-1).view(np.uint16)
        np.take(colors.pairs, twos, mode="clip", out=argb.reshape(-1).view(np.uint64))
    if argb is not out:
        out[:] = argb


def _edges(labels: np.ndarray) -> np.ndarray:
    """bool (h - 2, w - 2) of uint8 (h, w): which pixels have another value above, below, left or right of them.

    All rows as one, in which the neighbours are a fixed way off: what crosses their ends lies on the border.
    """
    width, flat = labels.shape[1], labels.reshape(-1)
    down, right = flat[width:] != flat[:-width], flat[1:] != flat[:-1]
    edge = down[width:] | down[:-width]
    edge |= right[width - 1 : -width]
    edge |= right[width : len(flat) - width]
    return edge.reshape(-1, width)[:, 1:-1]


def _in_range(pixels: np.ndarray, tint: Tint) -> np.ndarray:
    values = pixels.mean(axis=2) if pixels.ndim == 3 else pixels
    return (values >= tint.low) & (values <= tint.high)
