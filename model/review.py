"""Review: in which order images are best looked at and labelled, given how sure the model is of each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

APART = 10
"""Places in the folder's order within which an image that is, or will be, labelled makes another less useful."""


def most_useful_first(confidence: Sequence[float | None], labelled: Sequence[bool]) -> list[int]:
    """The places of the images that have no label yet, the most useful first.

    `confidence` (0..1) is a prediction's mean, None without one. An image teaches the more the less sure the model is of it,
    and the further it lies from those that were labelled before it, since neighbours show nearly the same. What has no
    prediction comes last.
    """
    doubt = np.array([-1.0 if one is None else 1.0 - one for one in confidence])
    places = np.arange(len(doubt))
    distance = np.full(len(doubt), float(APART))
    left = np.array([not one for one in labelled], bool)
    for place in np.flatnonzero(~left):
        distance = np.minimum(distance, np.abs(places - place))
    order: list[int] = []
    predicted = left & (doubt >= 0)
    for _ in range(int(predicted.sum())):
        worth = np.where(predicted, (doubt + 1e-6) * distance, -1.0)
        best = int(worth.argmax())
        order.append(best)
        predicted[best] = False
        distance = np.minimum(distance, np.abs(places - best))
    return order + np.flatnonzero(left & (doubt < 0)).tolist()
