"""What the label maps of neighbouring images say about one between or beside them. numpy and cv2, no Qt.

A statement is uint8 (H, W): the class of every pixel, UNTOUCHED where nothing is said.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lsgui.cleaning import around
from lsgui.mask import Edit, as_mask
from lsgui.rules import Rules
from model.labels import UNTOUCHED
from model.opencv import cv2
from model.provenance import ACCEPTED, HUMAN

BACKGROUND = 0


def copied(other: np.ndarray, values: Sequence[int]) -> np.ndarray:
    """What a neighbour says about the classes `values`: they are where they are there."""
    table = np.full(256, UNTOUCHED, np.uint8)
    table[list(values)] = values
    return cv2.LUT(np.ascontiguousarray(other), table).reshape(other.shape)


def between(before: np.ndarray, after: np.ndarray, share: float, values: Sequence[int]) -> np.ndarray:
    """What two neighbours say about an image `share` of the way, from 0 to 1, between them.

    A pixel gets the class whose signed distances (positive inside, to the nearest pixel of the other side), weighed by
    how near each neighbour is, make the largest sum above 0; else background, where both neighbours are labelled.
    A class that only one of them has ends between them: the other counts as being as far from it as its middle is.
    """
    unsaid = (before == UNTOUCHED) | (after == UNTOUCHED)
    said = np.where(unsaid, np.uint8(UNTOUCHED), np.uint8(BACKGROUND))
    best = np.zeros(before.shape, np.float32)
    for value in values:
        boxes = [around(plane, (value,), 1) for plane in (before, after)]
        known = [box for box in boxes if box is not None]
        if not known:
            continue
        left, top = (min(box[i] for box in known) for i in (0, 1))
        right, bottom = (max(box[i] + box[i + 2] for box in known) for i in (0, 1))
        part = slice(top, bottom), slice(left, right)
        depth = _depth(before[part] == value, after[part] == value, np.float32(share))
        wins = depth > best[part]
        np.copyto(said[part], value, where=wins)
        np.copyto(best[part], depth, where=wins)
    return said


def placed(said: np.ndarray, rules: Rules, pixels: np.ndarray, over_human: bool = True) -> Edit:
    """The edit that makes a statement true for a whole image, as accepted; a person's pixels that agree stay theirs.

    Without `over_human` all pixels that a person has set stay as they are.
    """
    width = said.shape[1]

    def edit(label: np.ndarray, origin: np.ndarray, rows: slice) -> tuple:
        new = np.ascontiguousarray(said[rows])
        human = origin == HUMAN
        kept = human & (label == new) if over_human else human
        where = as_mask((new != UNTOUCHED) & ~kept)
        allowed = rules.allowed(label, pixels[rows], (0, rows.start, width, rows.stop - rows.start))
        return new, ACCEPTED, where if allowed is None else cv2.bitwise_and(where, allowed)

    return edit


def _depth(before: np.ndarray, after: np.ndarray, share: np.float32) -> np.ndarray:
    first, last = (_signed_distance(mask) for mask in (before, after))
    if first is None:
        first = np.float32(-last.max())
    if last is None:
        last = np.float32(-first.max())
    return (1 - share) * first + share * last


def _signed_distance(mask: np.ndarray) -> np.ndarray | None:
    """float32 (h, w): how deep inside a pixel is, negative outside; None when nothing is inside."""
    if not mask.any():
        return None
    inside = _distance(mask) if not mask.all() else np.full(mask.shape, float(sum(mask.shape)), np.float32)
    return inside - _distance(~mask)


def _distance(mask: np.ndarray) -> np.ndarray:
    """From every pixel inside to the nearest outside; 0 outside."""
    inside = np.ascontiguousarray(mask).view(np.uint8)
    return cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE).reshape(mask.shape)
