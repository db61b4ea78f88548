"""Batches: random views of the examples, cut ahead of the training in a thread of their own."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass
from typing import Self

import numpy as np

from model.augment import Augmentation, warp_label, warp_pixels
from model.dataset import Example, Kept
from model.errors import ModelError
from model.input_range import to_unit


@dataclass(frozen=True, eq=False)
class Batch:
    """`pixels` (B, 1|3, S, S) float32 in 0..1, `channels` (B, S, S) uint8; `drawn` counts the views cut so far.

    `problems` are images that could not be read again and were left out.
    """

    pixels: np.ndarray
    channels: np.ndarray
    drawn: int
    problems: tuple[ModelError, ...] = ()


@dataclass(frozen=True)
class ViewPlan:
    """How views are drawn: `size` pixels a side, 3 `planes` when any image has colour, reproducibly from `seed`."""

    size: int
    planes: int
    augmentation: Augmentation
    seed: int

    def draw(self, example: Example, number: int) -> tuple[np.ndarray, np.ndarray]:
        """The view with this running number: (planes, size, size) float32 and (size, size) uint8.

        All chance comes from the seed and the number, so that a resumed training sees what it would have seen.
        """
        rng = np.random.default_rng((self.seed, 1, number))
        matrix = self.augmentation.geometry(self._centre(example, rng), self.size, rng)
        view = to_unit(warp_pixels(example.pixels, matrix, self.size), example.limits)
        view = self.augmentation.intensity(view, rng)
        stacked = view[None] if view.ndim == 2 else view.transpose(2, 0, 1)
        pixels = np.broadcast_to(stacked, (self.planes, self.size, self.size))
        return pixels, warp_label(example.channels, matrix, self.size)

    def order(self, turn: int, count: int) -> np.ndarray:
        """The order in which `count` examples come up the `turn`-th time round."""
        return np.random.default_rng((self.seed, 0, turn)).permutation(count)

    def _centre(self, example: Example, rng: np.random.Generator) -> tuple[float, float]:
        """Where to look: near a labelled pixel of a random class, but not beyond an image that fits into the view."""
        height, width = example.channels.shape
        places = example.anchors[int(rng.choice(list(example.anchors)))]
        x, y = places[rng.integers(len(places))] + rng.uniform(-0.25, 0.25, 2) * self.size
        return _within(x, width, self.size), _within(y, height, self.size)


class BatchFeed:
    """An endless supply of batches, starting after `drawn` views. `close` it, or use it in a `with`."""

    def __init__(self, examples: Kept[Example], plan: ViewPlan, batch: int, drawn: int = 0, ahead: int = 2) -> None:
        self._examples, self._plan, self._batch, self._drawn = examples, plan, batch, drawn
        self._ready: queue.Queue[Batch | Exception] = queue.Queue(ahead)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="batches", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: object) -> None:
        self.close()

    def next(self) -> Batch:
        """The next batch; raises what went wrong in the thread, such as the ModelError of the last usable image."""
        item = self._ready.get()
        if isinstance(item, Exception):
            raise item
        return item

    def close(self) -> None:
        """Stop the thread and wait for it: the examples may be used again afterwards."""
        self._closed.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._closed.is_set():
                self._put(self._make())
        except Exception as error:  # noqa: BLE001 - whatever it is, the training thread shall hear of it
            self._put(error)

    def _put(self, item: Batch | Exception) -> None:
        while not self._closed.is_set():
            try:
                return self._ready.put(item, timeout=0.1)
            except queue.Full:
                continue

    def _make(self) -> Batch:
        views, problems = [], []
        while len(views) < self._batch:
            try:
                example = self._examples.get(self._choose())
            except ModelError as error:
                if not self._examples.usable:
                    raise
                problems.append(error)
                continue
            views.append(self._plan.draw(example, self._drawn))
            self._drawn += 1
        pixels, channels = (np.stack(parts) for parts in zip(*views, strict=True))
        return Batch(pixels, channels, self._drawn, tuple(problems))

    def _choose(self) -> int:
        """Every usable example once, then again in a new random order."""
        usable = self._examples.usable
        turn, place = divmod(self._drawn, len(usable))
        return usable[self._plan.order(turn, len(usable))[place]]


def _within(position: float, extent: int, size: int) -> float:
    """The nearest centre whose view of `size` stays inside, or the image's own centre when it is no larger."""
    if extent <= size:
        return (extent - 1) / 2
    return float(np.clip(position, (size - 1) / 2, extent - 1 - (size - 1) / 2))
