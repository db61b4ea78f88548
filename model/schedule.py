"""Schedule: when a training ends, when its epochs end, and the learning rate in between."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Schedule:
    """`epochs` of equal length: of `steps` optimiser steps each, or of equal time when `seconds` is given.

    With a time limit the learning rate follows the clock, so that it is wound down when the time is up, on a fast card
    as on a busy laptop.
    """

    epochs: int
    steps: int = 1
    seconds: float | None = None
    warm_up: float = 0.05

    def progress(self, steps: int, seconds: float) -> float:
        """The share (0..1) of the training that `steps` steps in `seconds` seconds have used up."""
        used = seconds / self.seconds if self.seconds else steps / (self.epochs * self.steps)
        return min(1.0, used)

    def epoch_is_over(self, epoch: int, progress: float) -> bool:
        """Whether epoch 1, 2, ... `epochs` ends at this progress."""
        return progress >= epoch / self.epochs - 1e-9

    def rate(self, progress: float) -> float:
        """The learning rate as a share of its peak: a linear warm-up, then half a cosine down to 1 %."""
        if progress < self.warm_up:
            return max(progress / self.warm_up, 0.1)
        fraction = (progress - self.warm_up) / (1 - self.warm_up)
        return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * fraction))
