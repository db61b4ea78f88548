"""The edits of a whole image, each as what becomes of a band of rows: see `lsgui.mask.Edit`."""

from __future__ import annotations

import numpy as np

from lsgui.mask import Edit, as_mask
from model.labels import UNTOUCHED
from model.opencv import cv2
from model.provenance import HUMAN, KEPT, MODEL, UNSET, set_by


def predicted(label_map: np.ndarray) -> Edit:
    """The model's result beneath what a person has set or accepted."""
    free = np.full(256, 255, np.uint8)
    free[list(KEPT)] = 0
    return lambda label, origin, rows: (label_map[rows], MODEL, cv2.LUT(origin, free))


def reverted(label_map: np.ndarray) -> Edit:
    """The model's result everywhere, over a person's pixels too."""
    return lambda label, origin, rows: (label_map[rows], MODEL, None)


def imported(label_map: np.ndarray) -> Edit:
    """A map from elsewhere everywhere: what it says is a person's word, and what it leaves open is untouched."""
    return lambda label, origin, rows: (label_map[rows], set_by(label_map[rows], HUMAN), None)


def cleared() -> Edit:
    """Everything untouched again."""
    return lambda label, origin, rows: (UNTOUCHED, UNSET, None)


def rest_is_background() -> Edit:
    """Every untouched pixel becomes background, set by a person."""
    return lambda label, origin, rows: (0, HUMAN, as_mask(label == UNTOUCHED))
