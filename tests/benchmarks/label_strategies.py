"""Ways to choose which images to label next, given a model that was trained on those that have a label."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np

from model.images import Image
from model.review import most_useful_first
from model.segmenter import Segmenter
from model.truth import Truth

GAMMA = 1.4
"""How much darker the second look is whose disagreement with the first counts."""


@dataclass(frozen=True, eq=False)
class Pool:
    """All `images` by name, in the folder's order, some of which are `labelled`, and the model that predicts the others."""

    images: Mapping[str, Truth]
    labelled: Collection[str]
    segmenter: Segmenter
    seed: int

    @property
    def free(self) -> list[str]:
        return [name for name in self.images if name not in self.labelled]

    def unsure(self, name: str) -> float:
        """One minus the mean confidence, which the program stores with each prediction."""
        return 1 - self.segmenter.predict(self.images[name].image).mean_confidence

    def wavering(self, name: str) -> float:
        """How many pixels change their class when the picture gets darker."""
        image = self.images[name].image
        first, second = (self.segmenter.predict(one).label_map for one in (image, _darker(image)))
        return float((first != second).mean())


def in_order(pool: Pool) -> list[str]:
    return pool.free


def at_random(pool: Pool) -> list[str]:
    return np.random.default_rng(pool.seed).permutation(pool.free).tolist()


def by_doubt(pool: Pool) -> list[str]:
    """The least sure first."""
    doubts = {name: pool.unsure(name) for name in pool.free}
    return sorted(doubts, key=lambda name: -doubts[name])


def by_disagreement(pool: Pool) -> list[str]:
    """Those first whose prediction wavers most."""
    doubts = {name: pool.wavering(name) for name in pool.free}
    return sorted(doubts, key=lambda name: -doubts[name])


def by_review(pool: Pool) -> list[str]:
    """As the program lists them: the least sure first, but apart from each other and from what is labelled."""
    names, free = list(pool.images), set(pool.free)
    confidence = [1 - pool.unsure(name) if name in free else None for name in names]
    return [names[place] for place in most_useful_first(confidence, [name not in free for name in names])]


STRATEGIES: Mapping[str, Callable[[Pool], list[str]]] = {
    "order": in_order,
    "random": at_random,
    "doubt": by_doubt,
    "disagreement": by_disagreement,
    "review": by_review,
}
"""Each gives the images without a label, those first that are to be labelled first."""


def _darker(image: Image) -> Image:
    """Of 8 bits, as street scenes are."""
    table = (255 * (np.arange(256) / 255) ** GAMMA).round().astype(np.uint8)
    return dataclasses.replace(image, pixels=table[image.pixels])
