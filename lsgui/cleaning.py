"""Tidying a label map: fill holes, remove islands, keep the largest; and all six ways by name. numpy and cv2, no Qt.

Every function takes uint8 (H, W) that it does not change, and returns another. The border of the image is no edge of a
class: what lies beyond is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from lsgui.mask import Box
from lsgui.morphology import BACKGROUND, EMPTY, Step, grown, shrunk, smoothed
from lsgui.stretches import Stretches
from model.opencv import cv2

_ROWS = 64
"""Looked at at once: few enough to stay in a core's cache."""
_FEW_STRETCHES = 1 / 16
"""Of the pixels: with more stretches of equal pixels in its rows, a map is worked on pixel by pixel, class by class."""


@dataclass(frozen=True)
class Cleaned:
    """A part of the label map and what it becomes, uint8 (h, w)."""

    box: Box
    after: np.ndarray


def holes_filled(label: np.ndarray, value: int) -> np.ndarray:
    """Empty pixels that the class encloses become the class: those not reached from outside over shared edges."""
    own = cv2.copyMakeBorder((label == value).view(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    cv2.floodFill(own, None, (0, 0), 2)
    after = np.array(label, order="C")
    free = np.isin(np.arange(256), [empty for empty in EMPTY if empty != value])
    for top in range(0, len(after), _ROWS):
        rows, inside = after[top : top + _ROWS], own[top + 1 : top + 1 + _ROWS, 1:-1]
        enclosed = np.flatnonzero(inside[: len(rows)] == 0)
        rows.reshape(-1)[enclosed[free[rows.reshape(-1)[enclosed]]]] = value
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
    stretches = Stretches.of(part, int(part.size * _FEW_STRETCHES))
    if stretches is not None:
        for number, value in enumerate(values):
            step(number / len(values))
            _clean_stretches(stretches, what, value, size)
        return Cleaned(box, stretches.map())
    after = np.array(part, order="C")
    for number, value in enumerate(values):
        step(number / len(values))
        own = around(after, (value,), 1)
        if own is not None:
            x, y, w, h = own
            after[y : y + h, x : x + w] = _cleaned_of(after[y : y + h, x : x + w], what, value, size, step)
    return Cleaned(box, after)


def _cleaned_of(part: np.ndarray, what: str, value: int, size: int, step: Step) -> np.ndarray:
    if what == "fill-holes":
        return holes_filled(part, value)
    if what == "remove-islands":
        return islands_removed(part, value, size, step)
    if what == "keep-largest":
        return largest_kept(part, value, step)
    raise ValueError(f"expected a way to clean up, got {what!r}")


def _clean_stretches(stretches: Stretches, what: str, value: int, size: int) -> None:
    """The same to stretches, whose values become others."""
    if what == "fill-holes":
        _fill_holes(stretches, value)
        return
    own = np.flatnonzero(stretches.values == value)
    lines = stretches.lines[own]
    parts = lines.parts(corners=True)
    areas = np.bincount(parts, lines.stops - lines.starts, len(own))
    if what == "remove-islands":
        goes = areas[parts] < size
    elif what == "keep-largest":
        goes = parts != np.argmax(areas) if len(own) else np.zeros(0, bool)
    else:
        raise ValueError(f"expected a way to clean up, got {what!r}")
    firsts, numbers = np.unique(parts[goes], return_inverse=True)
    if len(firsts):
        stretches.values[own[goes]] = stretches.around(own[goes], numbers, len(firsts))[numbers]


def _fill_holes(stretches: Stretches, value: int) -> None:
    others = np.flatnonzero(stretches.values != value)
    beyond, whose = stretches.lines[others].merged()
    parts, (height, width) = beyond.parts(corners=False), stretches.shape
    outside = (beyond.rows == 0) | (beyond.rows == height - 1) | (beyond.starts == 0) | (beyond.stops == width)
    reached = np.zeros(len(parts), bool)
    reached[parts[outside]] = True
    enclosed = ~reached[parts][whose]
    stretches.values[others[enclosed & np.isin(stretches.values[others], EMPTY)]] = value


def around(label: np.ndarray, values: Iterable[int], margin: int) -> Box | None:
    """The box of the pixels with one of `values`, and `margin` more to each side within the image; None without any."""
    table = np.zeros(256, np.uint8)
    table[list(values)] = 255
    x, y, w, h = cv2.boundingRect(cv2.LUT(np.ascontiguousarray(label), table)) if label.size else (0, 0, 0, 0)
    if w == 0:
        return None
    left, top = max(0, x - margin), max(0, y - margin)
    return left, top, min(label.shape[1], x + w + margin) - left, min(label.shape[0], y + h + margin) - top


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
