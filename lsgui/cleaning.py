"""Tidying a label map: smooth, fill holes, remove islands, keep the largest, grow, shrink. numpy and cv2, no Qt.

Every function takes uint8 (H, W) that it does not change, and returns another. The border of the image is no edge of a
class: what lies beyond is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from lsgui.mask import Box
from model.labels import UNTOUCHED, values_in
from model.opencv import cv2

BACKGROUND = 0
EMPTY = (BACKGROUND, UNTOUCHED)
_BAND_PIXELS = 1 << 22
"""What depends on the neighbourhood only is worked out in bands: their floats take 16 MB instead of 270."""

Step = Callable[[float], None]
"""Told how far it is, from 0 to 1; may raise Cancelled."""


@dataclass(frozen=True)
class Cleaned:
    """A part of the label map and what it becomes, uint8 (h, w)."""

    box: Box
    after: np.ndarray


def smoothed(label: np.ndarray, values: Sequence[int], radius: float, step: Step = lambda done: None) -> np.ndarray:
    """Every pixel takes the most frequent value within `radius`, where that or its own is one of `values`.

    Its own wins a draw, else the smallest.
    """
    kernel = disk_of(radius)
    chosen = np.isin(np.arange(256), list(values))

    def local(part: np.ndarray) -> np.ndarray:
        most, best = np.full(part.shape, -1, np.float32), part.copy()
        for value in sorted(values_in(part)):
            own = (part == value).astype(np.float32)
            count = cv2.filter2D(own, cv2.CV_32F, kernel, borderType=cv2.BORDER_CONSTANT)
            count = np.rint(count.reshape(part.shape)) + 0.5 * own  # whole numbers: an own value's half settles draws
            np.copyto(best, value, where=count > most)
            np.maximum(most, count, out=most)
        return np.where(chosen[part] | chosen[best], best, part)

    return _in_bands(label, int(radius), local, step)


def holes_filled(label: np.ndarray, value: int) -> np.ndarray:
    """Empty pixels that the class encloses become the class: those not reached from outside over shared edges."""
    own = np.ascontiguousarray(np.pad(label == value, 1)).view(np.uint8)
    reached = np.zeros((own.shape[0] + 2, own.shape[1] + 2), np.uint8)
    cv2.floodFill(own, reached, (0, 0), 2)
    free = np.isin(np.arange(256), [empty for empty in EMPTY if empty != value])
    after = np.array(label, order="C")
    np.copyto(after, value, where=(own[1:-1, 1:-1] == 0) & free[after])
    return after


def islands_removed(label: np.ndarray, value: int, size: int, step: Step = lambda done: None) -> np.ndarray:
    """Parts of the class (touching over edges or corners) of less than `size` pixels become what is around them most.

    Of the pixels that touch it; background, when there are none. The smallest value wins a draw.
    """
    parts, stats = _parts(label, value)
    return _dissolved(label, parts, stats, np.flatnonzero(stats[1:, cv2.CC_STAT_AREA] < size) + 1, step)


def largest_kept(label: np.ndarray, value: int, step: Step = lambda done: None) -> np.ndarray:
    """All parts of the class but the largest become what is around them most; of equal ones the topmost stays."""
    parts, stats = _parts(label, value)
    if len(stats) < 3:
        return label.copy()
    areas = stats[1:, cv2.CC_STAT_AREA]
    equal = np.flatnonzero(areas == areas.max()) + 1
    largest = equal[0] if len(equal) == 1 else parts.ravel()[np.argmax(np.isin(parts, equal))]
    return _dissolved(label, parts, stats, np.flatnonzero(np.arange(len(stats)) != largest)[1:], step)


def grown(
    label: np.ndarray,
    values: Sequence[int],
    radius: float,
    kept: frozenset[int] = frozenset(),
    step: Step = lambda done: None,
) -> np.ndarray:
    """Pixels whose centre is within `radius` of a pixel's of the class become the class, except those of `kept`.

    Several classes grow over empty pixels only; the nearest gets them, the first of equally near ones.
    """
    free = np.isin(np.arange(256), EMPTY) if len(values) > 1 else ~np.isin(np.arange(256), list(values))
    free[list(kept)] = False

    def local(part: np.ndarray) -> np.ndarray:
        after, nearest = part.copy(), np.full(part.shape, _within(radius) + 1, np.float32)
        for value in values:
            away = _squared_distance(part == value)
            if away is not None:
                closer = free[part] & (away < nearest)
                np.copyto(after, value, where=closer)
                np.copyto(nearest, away, where=closer)
        return after

    return _in_bands(label, int(radius), local, step)


def shrunk(label: np.ndarray, values: Sequence[int], radius: float, step: Step = lambda done: None) -> np.ndarray:
    """Pixels of the class within `radius` of one that is not become background; those of background, untouched."""

    def local(part: np.ndarray) -> np.ndarray:
        after = part.copy()
        for value in values:
            away = _squared_distance(part != value)
            if away is not None:
                lost = UNTOUCHED if value == BACKGROUND else BACKGROUND
                np.copyto(after, lost, where=(part == value) & (away <= _within(radius)))
        return after

    return _in_bands(label, int(radius), local, step)


def cleaned(
    label: np.ndarray,
    what: str,
    values: Sequence[int],
    size: int,
    radius: float,
    kept: frozenset[int] = frozenset(),
    step: Step = lambda done: None,
) -> Cleaned | None:
    """One of the six, by name, where it can change anything; None when none of the classes is there."""
    box = around(label, values, {"smooth": 2 * int(radius), "grow": int(radius)}.get(what, 1))
    if box is None:
        return None
    x, y, w, h = box
    part = label[y : y + h, x : x + w]
    if what == "smooth":
        return Cleaned(box, smoothed(part, values, radius, step))
    if what == "grow":
        return Cleaned(box, grown(part, values, radius, kept, step))
    if what == "shrink":
        return Cleaned(box, shrunk(part, values, radius, step))
    for number, value in enumerate(values):
        step(number / len(values))
        if what == "fill-holes":
            part = holes_filled(part, value)
        elif what == "remove-islands":
            part = islands_removed(part, value, size, step)
        elif what == "keep-largest":
            part = largest_kept(part, value, step)
        else:
            raise ValueError(f"expected a way to clean up, got {what!r}")
    return Cleaned(box, part)


def around(label: np.ndarray, values: Iterable[int], margin: int) -> Box | None:
    """The box of the pixels with one of `values`, and `margin` more to each side within the image; None without any."""
    table = np.zeros(256, np.uint8)
    table[list(values)] = 255
    x, y, w, h = cv2.boundingRect(cv2.LUT(np.ascontiguousarray(label), table)) if label.size else (0, 0, 0, 0)
    if w == 0:
        return None
    left, top = max(0, x - margin), max(0, y - margin)
    return left, top, min(label.shape[1], x + w + margin) - left, min(label.shape[0], y + h + margin) - top


def disk_of(radius: float) -> np.ndarray:
    """float32 (n, n), 1 for the pixels whose centres are within `radius` of the middle one's."""
    reach = int(radius)
    steps = np.arange(-reach, reach + 1)
    return (steps[:, None] ** 2 + steps**2 <= radius * radius + 1e-9).astype(np.float32)


def _within(radius: float) -> float:
    """The largest squared distance that is within `radius`: those between pixels are whole numbers."""
    return float(np.floor(radius * radius + 1e-9))


def _squared_distance(where: np.ndarray) -> np.ndarray | None:
    """float32 (h, w), whole: how far the nearest pixel of a mask is; None when it has none."""
    if not where.any():
        return None
    away = cv2.distanceTransform((~where).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE).reshape(where.shape)
    return np.rint(away * away)


def _in_bands(label: np.ndarray, reach: int, local: Callable[[np.ndarray], np.ndarray], step: Step) -> np.ndarray:
    """`local` of the whole, where it looks no further than `reach`."""
    after = np.empty_like(label, order="C")
    rows = max(4 * reach + 1, _BAND_PIXELS // max(1, label.shape[1]))
    for top in range(0, label.shape[0], rows):
        step(top / label.shape[0])
        first, bottom = max(0, top - reach), min(label.shape[0], top + rows)
        part = np.ascontiguousarray(label[first : bottom + reach])
        after[top:bottom] = local(part)[top - first : bottom - first]
    return after


def _parts(label: np.ndarray, value: int) -> tuple[np.ndarray, np.ndarray]:
    """int32 (H, W): which part of the class a pixel belongs to, 0 for none; and OpenCV's statistics of each."""
    own = np.ascontiguousarray(label == value).view(np.uint8)
    _, parts, stats, _ = cv2.connectedComponentsWithStats(own, connectivity=8)
    return parts.reshape(label.shape), stats


def _dissolved(label: np.ndarray, parts: np.ndarray, stats: np.ndarray, chosen: np.ndarray, step: Step) -> np.ndarray:
    """The label map without some parts of a class."""
    after = label.copy()
    for done, number in enumerate(chosen.tolist()):
        if done % 256 == 0:
            step(done / len(chosen))
        x, y, w, h = stats[number, :4].tolist()
        rows, columns = slice(max(0, y - 1), y + h + 1), slice(max(0, x - 1), x + w + 1)
        own = parts[rows, columns] == number
        ring = (cv2.dilate(own.astype(np.uint8), np.ones((3, 3), np.uint8)).reshape(own.shape) != 0) & ~own
        near = np.bincount(label[rows, columns][ring], minlength=1)
        np.copyto(after[rows, columns], int(np.argmax(near)) if near.any() else BACKGROUND, where=own)
    return after
