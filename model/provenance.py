"""Who set a pixel of a label map: the four values of the provenance plane."""

from __future__ import annotations

import numpy as np

from model.labels import UNTOUCHED

UNSET = 0
"""Untouched: nobody has said anything about this pixel."""

MODEL = 1
"""Set by a prediction, and free to be set again by the next one."""

HUMAN = 2
"""Set by a person: no prediction may change it."""

ACCEPTED = 3
"""The model's or a neighbouring image's, confirmed by a person: no prediction may change it either."""

KEPT = (HUMAN, ACCEPTED)
"""What no prediction may change."""

LOSS_WEIGHTS = {HUMAN: 1.0, ACCEPTED: 0.8, MODEL: 0.0}
"""How much a pixel weighs in training. A person who only nods overlooks more than one who paints."""


def set_by(label_map: np.ndarray, who: int) -> np.ndarray:
    """Both uint8 (H, W): the provenance of a map all of whose pixels, but the untouched ones, are set by `who`."""
    return np.where(label_map == UNTOUCHED, np.uint8(UNSET), np.uint8(who))
