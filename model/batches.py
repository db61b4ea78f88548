"""Batches: random views of the examples, cut ahead of the training in threads of their own."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self

import numpy as np

from model.augment import Augmentation, thinned, warp_label, warp_pixels
from model.dataset import Example, Kept
from model.development import LOOK
from model.errors import ModelError
from model.labels import UNTOUCHED

MORE_OFTEN = 12
"""How many times as often as others a label comes up that is new to the model: five among 127 in every second view, which is what
was measured (see Plan); one among 127 in every eleventh.
"""


@dataclass(frozen=True, eq=False)
class Batch:
    """`pixels` (B, S, S, 1|3) int16 are measured values, and `looks` (B, LOOK) float32 what Development makes of them;
    `channels` (B, S, S) uint8; `drawn` counts the views of all ranks so far.

    `problems` are images that could not be read again and were left out.
    """

    pixels: np.ndarray
    channels: np.ndarray
    looks: np.ndarray
    drawn: int
    problems: tuple[ModelError, ...] = ()


@dataclass(frozen=True)
class ViewPlan:
    """How views are drawn: `size` pixels a side, 3 `planes` when any image has colour, reproducibly from `seed`; what lies
    `beyond` an image has this channel.
    """

    size: int
    planes: int
    augmentation: Augmentation
    seed: int
    beyond: int = UNTOUCHED

    def draw(self, example: Example, number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The view with this running number: (size, size, planes), (size, size) uint8, and its look (LOOK,).

        All chance comes from the seed and the number, so that a resumed training sees what it would have seen.
        """
        rng = np.random.default_rng((self.seed, 1, number))
        matrix = self.augmentation.geometry(self._centre(example, rng), self.size, rng)
        view = warp_pixels(example.pixels, matrix, self.size)
        look = self.augmentation.look(example.limits, view.ndim == 3, rng)
        whole = (self.size, self.size, self.planes)
        pixels = view if view.shape == whole else np.broadcast_to(view.reshape(self.size, self.size, -1), whole)
        channels = warp_label(example.channels, matrix, self.size, self.beyond)
        if example.levels is not None:
            channels = thinned(channels, warp_label(example.levels, matrix, self.size), rng)
        return pixels, channels, look.numbers()

    def order(self, turn: int, count: int) -> np.ndarray:
        """The order in which `count` examples come up the `turn`-th time round."""
        return np.random.default_rng((self.seed, 0, turn)).permutation(count)

    def _centre(self, example: Example, rng: np.random.Generator) -> tuple[float, float]:
        """Where to look: near a labelled pixel of a random class, but not beyond an image that fits into the view.

        Anywhere in an image without a label.
        """
        height, width = example.channels.shape
        which, place, right, down = rng.random(4).tolist()
        if example.anchors:
            places = list(example.anchors.values())[int(which * len(example.anchors))]
            x, y = places[int(place * len(places))].tolist()
            x, y = x + (right - 0.5) / 2 * self.size, y + (down - 0.5) / 2 * self.size
        else:
            x, y = right * width, down * height
        return _within(x, width, self.size), _within(y, height, self.size)


class BatchFeed:
    """An endless supply of batches, starting after `drawn` views. `close` it, or use it in a `with`.

    While `mixed`, every second view is of one of the `others`, images without a label that can be read. Of the `examples`
    the `newer` ones come up MORE_OFTEN than the others, but not in more than every second view. Of `ranks` that train
    together each gets another batch; `drawn` counts the views of all. `threads` cut views, `ahead` batches at a time: 512 x
    512 pixels take one thread 2.3 ms, 256 x 256 0.7, of which 0.1 ms is Python.
    """

    def __init__(
        self,
        examples: Kept[Example],
        plan: ViewPlan,
        batch: int,
        drawn: int = 0,
        ahead: int = 2,
        threads: int = 1,
        rank: int = 0,
        ranks: int = 1,
        allocate: Callable[[tuple[int, ...], np.dtype], np.ndarray] = np.empty,
        others: Kept[Example] | None = None,
        mixed: bool = True,
        newer: Collection[int] = (),
    ) -> None:
        """`allocate` gives the memory of a batch's pixels and channels."""
        self.mixed = mixed
        """Whether the others take part in the batches that are begun from now on."""
        self._plan, self._batch, self._drawn = plan, batch, drawn
        new = set(newer).intersection(examples.usable)
        rest = set(examples.usable) - new
        self._labelled = _Source(examples, plan, rest or new)
        self._newer = _Source(examples, plan, new) if new and rest else None
        self._every = max(round(len(examples.usable) / (MORE_OFTEN * max(len(new), 1))), 2)
        self._others = None if others is None else _Source(others, plan, others.usable)
        self._ahead, self._rank, self._ranks, self._allocate = ahead, rank, ranks, allocate
        self._pool = ThreadPoolExecutor(threads, "views")
        self._coming: deque[_Coming] = deque()
        self._told: list[ModelError] = []
        self._fill()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: object) -> None:
        self.close()

    def next(self) -> Batch:
        """The next batch; raises what went wrong in a thread, such as the ModelError of the last usable image."""
        self._fill()
        coming = self._coming.popleft()
        problems: list[ModelError] = []
        for place, (view, source) in enumerate(coming.views):
            problems += self._finish(view, source, coming, place)
        return Batch(coming.pixels, coming.channels, coming.looks, coming.drawn, tuple(problems))

    def close(self) -> None:
        """Stop the threads and wait for them: the examples may be used again afterwards."""
        self._pool.shutdown(cancel_futures=True)

    def _fill(self) -> None:
        while len(self._coming) < self._ahead:
            size, first = self._plan.size, self._drawn
            pixels = self._allocate((self._batch, size, size, self._plan.planes), np.dtype(np.int16))
            channels = self._allocate((self._batch, size, size), np.dtype(np.uint8))
            looks = np.empty((self._batch, LOOK), np.float32)
            self._drawn += self._batch * self._ranks
            coming = _Coming(pixels, channels, looks, first, self._drawn, [])
            for place in range(self._batch):
                coming.views.append(self._start(coming, place))
            self._coming.append(coming)

    def _start(self, coming: _Coming, place: int) -> tuple[Future[None], _Source]:
        number = coming.first + self._rank * self._batch + place
        source, turn = self._choose(number)
        return self._pool.submit(self._cut, source.examples, source.choose(turn), number, coming, place), source

    def _choose(self, number: int) -> tuple[_Source, int]:
        """Where the view with this running number comes from, and which it is among those that do."""
        if self.mixed and self._others is not None:
            number, other = divmod(number, 2)
            if other and self._others.usable:
                return self._others, number
        if self._newer is None or not self._newer.usable:
            return self._labelled, number
        if not self._labelled.usable:
            return self._newer, number
        number, place = divmod(number, self._every)
        older = self._every - 1
        return (self._newer, number) if place == older else (self._labelled, number * older + place)

    def _cut(self, examples: Kept[Example], image: int, number: int, coming: _Coming, place: int) -> None:
        view = self._plan.draw(examples.get(image), number)
        coming.pixels[place], coming.channels[place], coming.looks[place] = view

    def _finish(self, view: Future[None], source: _Source, coming: _Coming, place: int) -> list[ModelError]:
        """Wait for the view, or for one of another image; returns what has not been told of those that are gone.

        Images without a label go silently: nobody has said that they matter.
        """
        problems = []
        while True:
            try:
                view.result()
                return problems
            except ModelError as error:
                if not self._labelled.examples.usable:
                    raise
                if source is not self._others and error not in self._told:
                    problems.append(error)
                    self._told.append(error)
                view, source = self._start(coming, place)


class _Source:
    """The examples with these `numbers`, and the order in which they come up."""

    def __init__(self, examples: Kept[Example], plan: ViewPlan, numbers: Collection[int]) -> None:
        self.examples, self._plan = examples, plan
        self._numbers, self._readable = tuple(sorted(numbers)), len(examples.usable)
        self._turn: tuple[int, int, np.ndarray] = (-1, 0, np.empty(0, int))

    @property
    def usable(self) -> tuple[int, ...]:
        """Those that could be read so far."""
        if len(self.examples.usable) != self._readable:
            known = set(self.examples.usable)
            self._numbers, self._readable = tuple(one for one in self._numbers if one in known), len(known)
        return self._numbers

    def choose(self, number: int) -> int:
        """Every usable example once, then again in a new random order."""
        usable = self.usable
        if not usable:
            return 0  # whose own error is then raised
        turn, place = divmod(number, len(usable))
        if self._turn[:2] != (turn, len(usable)):
            self._turn = (turn, len(usable), self._plan.order(turn, len(usable)))
        return usable[self._turn[2][place]]


@dataclass(frozen=True, eq=False)
class _Coming:
    """A batch whose views are being cut: `first` is the number of its first view, `drawn` as in the Batch."""

    pixels: np.ndarray
    channels: np.ndarray
    looks: np.ndarray
    first: int
    drawn: int
    views: list[tuple[Future[None], _Source]]


def _within(position: float, extent: int, size: int) -> float:
    """The nearest centre whose view of `size` stays inside, or the image's own centre when it is no larger."""
    if extent <= size:
        return (extent - 1) / 2
    return min(max(position, (size - 1) / 2), extent - 1 - (size - 1) / 2)
