"""The smart outline: what in a dragged box is the thing, by a watershed or by GrabCut. numpy and cv2, no Qt."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lsgui.superpixels import join_lines
from model.opencv import cv2

WATERSHED, GRABCUT = "watershed", "grabcut"
LARGEST = 2048
"""A box with longer sides is looked at in half the size, again and again."""
_GRABCUT_PIXELS = 1 << 16
"""GrabCut takes 2.5 s for 640 x 640 pixels; so many take a quarter of a second."""
_ROUNDS = 3
_BLUR = 1.5
_REFINED = 2
"""Coarse pixels to either side of GrabCut's edge within which the watershed finds the exact one."""
_FLAT = 3
"""Grey levels between the darkest and the brightest part of a box below which there is nothing in it to be outlined."""
_THING, _REST = 1, 2

Step = Callable[[float], None]
"""Told how far it is, from 0 to 1; may raise Cancelled."""


def outline(
    rgb: np.ndarray,
    belongs: np.ndarray | None = None,
    does_not: np.ndarray | None = None,
    by: str = WATERSHED,
    step: Step = lambda done: None,
) -> np.ndarray:
    """bool (h, w): the thing in a box of an image, uint8 (h, w) or (h, w, 3).

    Its middle belongs to it and its rim does not, except as the strokes say: `belongs` and `does_not` are bool (h, w).
    Where a stroke says that the middle does not belong to it, only strokes say what does. Without a stroke that says
    what does, nothing is found where all is alike.
    """
    height, width = rgb.shape[:2]
    rgb = cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_GRAY2RGB) if rgb.ndim == 2 else np.ascontiguousarray(rgb)
    known = _markers((height, width), belongs, does_not)
    while max(rgb.shape[:2]) > LARGEST:
        rgb, known = _halved(rgb, known)
    if belongs is None and _flat(rgb):
        return np.zeros((height, width), bool)
    if by == GRABCUT:
        known = _narrowed(rgb, known, step)
    found = _grown(rgb, known) == _THING
    if found.shape != (height, width):
        found = cv2.resize(found.view(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) != 0
    if belongs is not None:
        found = found | belongs
    return found if does_not is None else found & ~does_not


def _markers(shape: tuple[int, int], belongs: np.ndarray | None, does_not: np.ndarray | None) -> np.ndarray:
    """int32 (h, w): what is known to be the thing, and the rest; 0 where nothing is known."""
    height, width = shape
    known, middle = np.zeros(shape, np.int32), np.zeros(shape, np.uint8)
    cv2.ellipse(middle, (width // 2, height // 2), (width // 8, height // 8), 0, 0, 360, 1, -1)
    wrong = does_not is not None and (does_not & (middle != 0)).any()
    if not (wrong and belongs is not None and belongs.any()):
        known[middle != 0] = _THING
    if min(shape) > 2:
        known[[0, -1]] = known[:, [0, -1]] = _REST
    for strokes, value in ((belongs, _THING), (does_not, _REST)):
        if strokes is not None:
            known[strokes] = value
    return known


def _flat(rgb: np.ndarray) -> bool:
    even = cv2.GaussianBlur(rgb, (0, 0), _BLUR).reshape(-1, 3)
    return bool((np.ptp(even, axis=0) < _FLAT).all())


def _halved(rgb: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    size = -(-rgb.shape[1] // 2), -(-rgb.shape[0] // 2)
    marks = [cv2.resize((known == value).astype(np.uint8), size, interpolation=cv2.INTER_AREA) for value in (1, 2)]
    smaller = np.zeros((size[1], size[0]), np.int32)
    for value, mark in enumerate(marks, start=1):
        smaller[mark != 0] = value
    return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), smaller


def _grown(rgb: np.ndarray, known: np.ndarray) -> np.ndarray:
    """What is known, flooded over the rest up to where the colours change most: int32 (h, w)."""
    even = cv2.copyMakeBorder(cv2.GaussianBlur(rgb, (0, 0), _BLUR), 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    found = np.zeros(even.shape[:2], np.int32)
    found[1:-1, 1:-1] = known
    cv2.watershed(even, found)
    inner = found[1:-1, 1:-1]
    join_lines(inner, even[1:-1, 1:-1].astype(np.int16))
    return inner


def _narrowed(rgb: np.ndarray, known: np.ndarray, step: Step) -> np.ndarray:
    """What is known and what GrabCut finds in a smaller picture, except near its edge."""
    coarse, marks, scale = rgb, known, 1
    while coarse.shape[0] * coarse.shape[1] > _GRABCUT_PIXELS:
        coarse, marks = _halved(coarse, marks)
        scale *= 2
    mask = np.full(marks.shape, cv2.GC_PR_FGD, np.uint8)
    mask[marks == _THING], mask[marks == _REST] = cv2.GC_FGD, cv2.GC_BGD
    if not (marks == _THING).any() or not (marks == _REST).any():
        return known
    colours = np.zeros((1, 65)), np.zeros((1, 65))
    for round_ in range(_ROUNDS):
        step(round_ / _ROUNDS)
        how = cv2.GC_EVAL if round_ else cv2.GC_INIT_WITH_MASK
        cv2.grabCut(coarse, mask, None, *colours, 1, how)
    thing = ((mask == cv2.GC_FGD) | (mask == cv2.GC_PR_FGD)).astype(np.uint8)
    sides = []
    for side in (thing, 1 - thing):
        sure = cv2.erode(side, np.ones((2 * _REFINED + 1,) * 2, np.uint8))
        size = (sure.shape[1] * scale, sure.shape[0] * scale)
        large = cv2.resize(sure, size, interpolation=cv2.INTER_NEAREST)
        sides.append(large[: known.shape[0], : known.shape[1]])
    found = known.copy()
    for value, sure in zip((_THING, _REST), sides, strict=True):
        found[(sure != 0) & (known == 0)] = value
    return found
