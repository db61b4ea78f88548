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

    @cached_property
    def pairs(self) -> np.ndarray:
        """`fill` of two neighbours at once, by their values as one uint16: half the look-ups."""
        both = np.empty((256, 256, 2), np.uint32)
        both[..., _FIRST] = self.fill  # the neighbour that is first in memory is the low byte, or the high one
        both[..., 1 - _FIRST] = self.fill[:, None]
        return both.reshape(-1).view(np.uint64)

    @classmethod
    def of(cls, colors: Mapping[int, tuple[int, int, int]], opacity: float, hidden: Iterable[int]) -> OverlayColors:
        """`opacity` 0..1 is that of the fill; the outline fades with it only below 20 %."""
        fill, line = np.zeros(256, np.uint32), np.zeros(256, np.uint32)
        shown = set(colors) - set(hidden)
        for value in shown:
            fill[value] = premultiplied(colors[value], opacity)
            line[value] = premultiplied(colors[value], min(1.0, opacity * 5))
        return cls(fill, line)


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
    """`labels` has a border of one pixel more than `out`. Few pixels are edges: those alone are set again."""
    core = np.ascontiguousarray(labels[1:-1, 1:-1])
    edge = core != labels[:-2, 1:-1]
    edge |= core != labels[2:, 1:-1]
    edge |= core != labels[1:-1, :-2]
    edge |= core != labels[1:-1, 2:]
    at = np.flatnonzero(edge)
    argb = out if out.flags.c_contiguous else np.empty(out.shape, np.uint32)
    if core.size % 2:
        np.take(colors.fill, core, mode="clip", out=argb)
    else:
        twos = core.reshape(-1).view(np.uint16)
        np.take(colors.pairs, twos, mode="clip", out=argb.reshape(-1).view(np.uint64))
    argb.reshape(-1)[at] = colors.line[core.reshape(-1)[at]]
    if argb is not out:
        out[:] = argb


def _in_range(pixels: np.ndarray, tint: Tint) -> np.ndarray:
    values = pixels.mean(axis=2) if pixels.ndim == 3 else pixels
    return (values >= tint.low) & (values <= tint.high)
