"""Review: in which order images are best looked at and labelled, given how sure the model is of each."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

APART = 10
"""Places in the folder's order within which an image that is, or will be, labelled makes another less useful."""


def most_useful_first(confidence: Sequence[float | None], labelled: Sequence[bool]) -> list[int]:
    """The places of the images that have no label yet, the most useful first.

    `confidence` (0..1) is a prediction's mean, None without one. An image teaches the more the less sure the model is of it,
    and the further it lies from those that were labelled before it, since neighbours show nearly the same. What has no
    prediction comes last.
    """
    nearest = [APART] * len(labelled)

    def note_label(place: int) -> None:
        for near in range(max(0, place - APART), min(len(nearest), place + APART)):
            nearest[near] = min(nearest[near], abs(near - place))

    def worth(place: int) -> float:
        return (1.0 - confidence[place] + 1e-6) * nearest[place]

    for place, one in enumerate(labelled):
        if one:
            note_label(place)
    left = [place for place, one in enumerate(labelled) if not one]
    waiting = [(-worth(place), place) for place in left if confidence[place] is not None]
    heapq.heapify(waiting)
    order: list[int] = []
    while waiting:
        said, place = heapq.heappop(waiting)
        if said != -worth(place):  # something beside it was chosen since
            heapq.heappush(waiting, (-worth(place), place))
        else:
            order.append(place)
            note_label(place)
    return order + [place for place in left if confidence[place] is None]
