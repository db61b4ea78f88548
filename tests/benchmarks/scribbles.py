"""Partial labels as an analyst would leave them: a few brush strokes in each class, or a few images of each series."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from model.labels import UNTOUCHED
from model.opencv import cv2
from model.split import prefix_of

STROKES = 3
"""Of a class in an image, as long as its region lets them be; what they could not fill is left to a few more."""
MOST_STROKES = 12
BRUSH = 1 / 60
"""The brush's width as a share of the image's shorter side: 6 pixels of 360."""
MOST_OF_A_REGION = 0.5
"""No class is painted further than this: that would be a full label of what is small."""
STEP = 2.0
"""Pixels of a walk between two turns."""


def scribbled(truth: np.ndarray, share: float, seed: int) -> np.ndarray:
    """The label map `truth` (H, W) uint8, kept where brush strokes went over about `share` of its pixels, else 255.

    Each class gets strokes by the root of its area, always within its own pixels; the same seed gives the same.
    """
    rng = np.random.default_rng(seed)
    width = max(1, round(BRUSH * min(truth.shape)))
    drawn = np.full_like(truth, UNTOUCHED)
    for value, budget in _budgets(truth, share).items():
        region = truth == value
        drawn[_strokes(region, budget, width, rng)] = value
    return drawn


def evenly(names: Sequence[str], share: float) -> list[str]:
    """About `share` of the images, at least one of each series or drive, evenly spread over it."""
    groups: dict[str, list[str]] = defaultdict(list)
    for name in sorted(names):
        groups[prefix_of(name) or ""].append(name)
    chosen = []
    for group in groups.values():
        count = max(1, round(share * len(group)))
        places = (np.arange(count) + 0.5) * len(group) / count
        chosen += [group[int(place)] for place in places]
    return chosen


def _budgets(truth: np.ndarray, share: float) -> dict[int, float]:
    """How many pixels of each value to paint. What small classes cannot take goes to the others."""
    areas = np.bincount(truth.ravel(), minlength=256)[:UNTOUCHED].astype(float)
    left, budgets = share * truth.size, np.zeros_like(areas)
    for _ in range(4):
        room = MOST_OF_A_REGION * areas - budgets
        weights = np.sqrt(areas) * (room > 0)
        budgets += np.minimum(left * weights / max(weights.sum(), 1e-9), np.maximum(room, 0))
        left = share * truth.size - budgets.sum()
    return {int(value): float(budgets[value]) for value in np.flatnonzero(budgets >= 1)}


def _strokes(region: np.ndarray, budget: float, width: int, rng: np.random.Generator) -> np.ndarray:
    """(H, W) bool: where strokes of this `width` went, within the region."""
    painted = np.zeros(region.shape, bool)
    room = np.pad(region, 1).astype(np.uint8)
    depth = cv2.distanceTransform(room, cv2.DIST_L2, 3)[1:-1, 1:-1]
    for _ in range(MOST_STROKES):
        missing = budget - painted.sum()
        if missing < 1:
            break
        length = max(min(missing, budget / STROKES) / width / STEP, 1)
        painted |= _stroke(depth, painted, length, width, rng)
    return painted


def _stroke(depth: np.ndarray, painted: np.ndarray, length: float, width: int, rng: np.random.Generator) -> np.ndarray:
    """One walk that begins where there is room and nothing is painted yet, as wide as the brush."""
    chances = np.minimum(depth, width).ravel().astype(float) ** 2 * ~painted.ravel()
    start = rng.choice(chances.size, p=chances / chances.sum()) if chances.any() else int(depth.argmax())
    path = _walk(depth, divmod(start, depth.shape[1]), round(length), rng)
    line = np.zeros(depth.shape, np.uint8)
    cv2.polylines(line, [path[:, ::-1].round().astype(np.int32)], False, 1, width)
    return (line > 0) & (depth > 0)


def _walk(depth: np.ndarray, start: tuple[int, int], steps: int, rng: np.random.Generator) -> np.ndarray:
    """Points (n, 2) of rows and columns: a hand that goes on smoothly and turns where the region ends."""
    place, heading = np.array(start, float), rng.uniform(0, 2 * math.pi)
    path = [place]
    for _ in range(steps):
        heading += rng.normal(0, 0.15)
        side = rng.choice((-1, 1))
        for turn in (0.0, 0.4, -0.4, 0.9, -0.9, 1.6, -1.6, 2.4, -2.4, math.pi):
            angle = heading + side * turn
            ahead = place + STEP * np.array([math.sin(angle), math.cos(angle)])
            if _inside(depth, ahead):
                place, heading = ahead, angle
                path.append(place)
                break
        else:
            break
    return np.array(path)


def _inside(depth: np.ndarray, place: np.ndarray) -> bool:
    row, column = (round(one) for one in place.tolist())
    return 0 <= row < depth.shape[0] and 0 <= column < depth.shape[1] and depth[row, column] > 0
