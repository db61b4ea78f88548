"""Schedule: when a training ends, when its epochs end, and the learning rate in between."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

WIND_DOWN, FEWEST_WINDING = 0.15, 8
"""A training that is to end early takes this share of the time that it has already had, and as long as so many steps."""
MANY_STEPS, FORESEEN_AT = 5_000, 0.2
"""A training is long when its pace by this progress promises so many steps."""
STEADY_FROM, STEADY_RATE = 0.6, 0.3
"""In a long one the rate stays at this share of its peak from this progress on, and all weights that it passes count alike in
what is published (Cha et al. 2021, SWAD); in others it winds down to LOWEST_RATE, and the last hundred steps are averaged. On
street scenes held out, mIoU: of 20,000 steps +0.9 +- 0.4 points (three drives, two seeds each; none was below), of 10,000 +0.5
and +1.8, of 2,500 -1.2 and -0.7, of 250 with one view each, on a CPU, -1.8 and +0.5 with another seed.
"""
LOWEST_RATE = 0.01
TRUST_FROM, TRUST_FULLY = 0.1, 0.3
"""The progress between which what the averaged weights say of unlabelled pixels gains its weight."""


@dataclass(frozen=True)
class Schedule:
    """`epochs` of equal length: of `steps` optimiser steps each, or of equal time when `seconds` is given.

    With a time limit the learning rate follows the clock, so that it is where it should end when the time is up, on a fast
    card as on a busy laptop; or earlier, once `enough_views` were seen.
    """

    epochs: int
    steps: int = 1
    seconds: float | None = None
    warm_up: float = 0.05
    enough_views: int | None = None

    def progress(self, steps: int, seconds: float, views: int = 0) -> float:
        """The share (0..1) of the training that `steps` steps of so many views in `seconds` seconds have used up."""
        if not self.seconds:
            return min(1.0, steps / (self.epochs * self.steps))
        return min(1.0, max(seconds / self.seconds, views / self.enough_views if self.enough_views else 0.0))

    def is_enough(self, views: int) -> bool:
        """Whether a training by the clock ends because of its views, not of its time."""
        return bool(self.seconds and self.enough_views and views >= self.enough_views)

    def epoch_is_over(self, epoch: int, progress: float) -> bool:
        """Whether epoch 1, 2, ... `epochs` ends at this progress."""
        return progress >= epoch / self.epochs - 1e-9

    def is_over(self, epochs: int, steps: int, progress: float) -> bool:
        """Whether a training that has done so many epochs and steps ends: with the last epoch, or when its time is up.

        One step is taken even without any time.
        """
        return epochs >= self.epochs or (steps > 0 and progress >= 1)

    def steps_of_epoch(self, epoch: int, done: int, progress: float, winding: WindDown | None = None) -> int:
        """How many steps epoch 1, 2, ... will have, when `done` of its steps have brought us to `progress`. What is `winding`
        down does so within that epoch.
        """
        if winding is not None and winding.begun:
            progress = winding.reaching(epoch / self.epochs, progress)
        elif not self.seconds:
            return max(done, self.steps)
        share = progress * self.epochs - (epoch - 1)
        return max(done, round(done / max(share, 1e-3)))

    @staticmethod
    def foresees_many(steps: int, progress: float) -> bool | None:
        """Whether a training that has come to this progress in `steps` steps will be a long one; None while none can tell."""
        return None if progress < FORESEEN_AT else steps >= MANY_STEPS * progress - 1e-9

    def rate(self, progress: float, long: bool = False) -> float:
        """The learning rate as a share of its peak: a linear warm-up, then half a cosine down to its end, or to where a long
        training keeps it.
        """
        if progress < self.warm_up:
            return max(progress / self.warm_up, 0.1)
        end, lowest = (STEADY_FROM, STEADY_RATE) if long else (1.0, LOWEST_RATE)
        fraction = min(1.0, (progress - self.warm_up) / (end - self.warm_up))
        return lowest + (1 - lowest) * 0.5 * (1 + math.cos(math.pi * fraction))

    def trust(self, progress: float) -> float:
        """How much the averaged weights are believed: not at first, fully after a good quarter."""
        return min(max((progress - TRUST_FROM) / (TRUST_FULLY - TRUST_FROM), 0.0), 1.0)

    def emphasis(self, progress: float) -> float:
        """How much rare classes are favoured in the loss: fully at first, not at all in the last third."""
        return max(0.0, 1 - 1.5 * progress)


class WindDown:
    """What is left of a training that shall end early, in so much less time that the learning rate still comes down."""

    def __init__(self, asked: Callable[[], bool] = lambda: False) -> None:
        """`asked` says whether it shall end, from then on."""
        self._asked = asked
        self._start: tuple[float, float, float] | None = None

    @property
    def begun(self) -> bool:
        return self._start is not None

    def progress(self, planned: float, seconds: float, steps: int) -> float:
        """What progress (0..1) to go by after so many seconds and steps, instead of the one that was `planned`."""
        if self._start is None and self._asked():
            share = max(WIND_DOWN, FEWEST_WINDING / steps) if steps else 0.0
            self._start = planned, seconds, max(share * seconds, 1e-3)
        if self._start is None:
            return planned
        progress, before, length = self._start
        wound = progress + (1 - progress) * (seconds - before) / length
        return min(1.0, max(planned, wound))

    def reaching(self, end: float, progress: float) -> float:
        """The same progress, once it has begun, if it went as evenly to this `end` (0..1) as it goes to 1."""
        start, _, _ = self._start
        return end if start >= 1 else start + (end - start) * (progress - start) / (1 - start)


class Clock:
    """The time a training has spent, in this process and before it was interrupted."""

    def __init__(self, earlier: float = 0.0) -> None:
        """`earlier` is in seconds."""
        self._earlier = earlier
        self._start = time.monotonic()

    @property
    def seconds(self) -> float:
        return self._earlier + time.monotonic() - self._start

    def remaining(self, progress: float) -> float:
        """Seconds until the end, when the rest goes at the pace so far."""
        return self.seconds * (1 - progress) / max(progress, 1e-3)


class Rationed:
    """Work that should be done whenever there is an occasion, but take no more than a `share` of the time."""

    def __init__(self, share: float) -> None:
        self._share = share
        self._not_before = 0.0

    @contextmanager
    def turn(self) -> Iterator[bool]:
        """Yields whether to do it now, and measures how long it takes."""
        started = time.monotonic()
        due = started >= self._not_before
        yield due
        if due:
            now = time.monotonic()
            self._not_before = now + (now - started) / self._share
