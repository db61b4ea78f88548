"""Shapes that are not finished: corners and boxes that are still moved, and whose every change can be taken back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lsgui.mask import Point
from model.opencv import cv2

Box = tuple[float, float, float, float]
"""Left, top, right and bottom, in image pixels."""
_FRESH = 64
"""Points of a line that are not thinned out yet."""
_HANDLES = ((-1, -1), (0, -1), (1, -1), (1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0))
"""Which sides each handle of a box moves: -1 is left or top, 1 right or bottom."""


class Corners:
    """A line of corners, or once it is `closed` a polygon. One of them, or all, can be in the hand."""

    def __init__(self) -> None:
        self.points: tuple[Point, ...] = ()
        self.closed = False
        self.held: int | None = None
        self._from: Point | None = None
        self._all = self._moved = False
        self._past: list[tuple[tuple[Point, ...], bool]] = []

    @property
    def in_hand(self) -> bool:
        return self._from is not None

    def add(self, point: Point) -> None:
        self._change((*self.points, point))

    def insert(self, index: int, point: Point) -> None:
        """A new corner, before that of this index, which is in the hand at once."""
        self._change((*self.points[:index], point, *self.points[index:]))
        self.held, self._from = index, point
        self._moved = True

    def remove(self, index: int) -> None:
        """Whatever is in the hand is let go: it has another index now, or is gone. Two corners are a line again."""
        self.drop()
        self._change(self.points[:index] + self.points[index + 1 :])
        self.closed = self.closed and len(self.points) > 2

    def replace(self, points: Sequence[Point], closed: bool) -> None:
        """Another shape altogether."""
        self._past.append((self.points, self.closed))
        self.points, self.closed = tuple(points), closed

    def take(self, index: int | None, at: Point) -> None:
        """Take a corner, or with None all of them, into the hand."""
        self.held, self._all, self._from, self._moved = index, index is None, at, False

    def move(self, to: Point) -> None:
        """Move what is in the hand."""
        if self._from is None or to == self._from:
            return
        if not self._moved:
            self._past.append((self.points, self.closed))
            self._moved = True
        dx, dy = to[0] - self._from[0], to[1] - self._from[1]
        self.points = tuple(
            (x + dx, y + dy) if self._all or index == self.held else (x, y) for index, (x, y) in enumerate(self.points)
        )
        self._from = to

    def drop(self) -> int | None:
        """Let go; the index of a corner that was taken but not moved."""
        clicked = self.held if self._from is not None and not self._moved else None
        self.held, self._from, self._all = None, None, False
        return clicked

    def undo(self) -> bool:
        """Take back the last change; False when there is none."""
        if not self._past:
            return False
        self.drop()
        self.points, self.closed = self._past.pop()
        return True

    def clear(self) -> None:
        self.drop()
        self.points, self.closed, self._past = (), False, []

    def near(self, at: Point, reach: float) -> int | None:
        """The nearest corner within `reach`."""
        if not self.points:
            return None
        away = np.hypot(*(np.asarray(self.points) - at).T)
        index = int(away.argmin())
        return index if away[index] <= reach else None

    def edge_near(self, at: Point, reach: float) -> int | None:
        """Where in the line a corner at this point belongs, when it is within `reach` of an edge."""
        ends = (*self.points[1:], self.points[0]) if self.closed else self.points[1:]
        if not ends:
            return None
        start, end = np.asarray(self.points[: len(ends)]), np.asarray(ends)
        along, to = end - start, np.asarray(at) - start
        length = np.maximum((along * along).sum(axis=1), 1e-12)
        share = np.clip((along * to).sum(axis=1) / length, 0, 1)
        away = np.hypot(*(to - share[:, None] * along).T)
        index = int(away.argmin())
        return index + 1 if away[index] <= reach else None

    def holds(self, at: Point) -> bool:
        """Whether a point lies inside, by the even-odd rule."""
        if len(self.points) < 3:
            return False
        x, y = np.asarray(self.points).T
        next_x, next_y = np.roll(x, -1), np.roll(y, -1)
        crosses = (y <= at[1]) != (next_y <= at[1])
        with np.errstate(divide="ignore", invalid="ignore"):
            left = x + (at[1] - y) * (next_x - x) / (next_y - y) < at[0]
        return bool(np.count_nonzero(crosses & left) % 2)

    def _change(self, points: tuple[Point, ...]) -> None:
        self._past.append((self.points, self.closed))
        self.points = points


class FreeLine:
    """A line drawn by hand. It is thinned out as it grows, so that a long one is drawn as quickly as a short one."""

    def __init__(self) -> None:
        self.points: tuple[Point, ...] = ()
        self._thinned = 0

    def add(self, point: Point, tolerance: float) -> None:
        """None of the points that go is further than `tolerance` from what stays."""
        self.points = (*self.points, point)
        if len(self.points) - self._thinned > _FRESH:
            head, fresh = self.points[: self._thinned], self.points[self._thinned :]
            self.points = (*head, *simplified(fresh, tolerance, closed=False))
            self._thinned = len(self.points) - 1

    def clear(self) -> None:
        self.points, self._thinned = (), 0


def simplified(points: Sequence[Point], tolerance: float, closed: bool = True) -> tuple[Point, ...]:
    """The line by fewer corners, none of the others further than `tolerance` from it."""
    corners = np.asarray(points, np.float32).reshape(-1, 1, 2)
    return tuple((float(x), float(y)) for x, y in cv2.approxPolyDP(corners, tolerance, closed).reshape(-1, 2))


def handles(box: Box) -> tuple[Point, ...]:
    """The eight places at which a box is taken: corners and middles of its sides, from the upper left."""
    left, top, right, bottom = box
    places = {-1: (left, top), 0: ((left + right) / 2, (top + bottom) / 2), 1: (right, bottom)}
    return tuple((places[x][0], places[y][1]) for x, y in _HANDLES)


def dragged(anchor: Point, to: Point, square: bool, from_middle: bool) -> Box:
    """The box from `anchor` to `to`: its opposite corner, or its middle."""
    dx, dy = to[0] - anchor[0], to[1] - anchor[1]
    if square:
        side = max(abs(dx), abs(dy))
        dx, dy = float(np.copysign(side, dx)), float(np.copysign(side, dy))
    start = (anchor[0] - dx, anchor[1] - dy) if from_middle else anchor
    return ordered((*start, anchor[0] + dx, anchor[1] + dy))


def pulled(box: Box, handle: int, to: Point, square: bool, from_middle: bool) -> Box:
    """A box of which one handle was moved to a point: the other side stays, or the middle."""
    sides = _HANDLES[handle]
    middle = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    opposite = tuple(box[i] if sides[i] > 0 else box[i + 2] for i in (0, 1))
    anchor = middle if from_middle else opposite
    made = dragged(anchor, to, square and 0 not in sides, from_middle)
    return tuple(made[i] if sides[i % 2] else box[i] for i in range(4))


def ordered(box: Box) -> Box:
    """With left before right and top above bottom."""
    return min(box[0], box[2]), min(box[1], box[3]), max(box[0], box[2]), max(box[1], box[3])
