"""Learner: takes optimiser steps on a survey's training images, with as large a batch as memory allows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import torch

from model.adapt import network_from_checkpoint
from model.augment import Augmentation
from model.batches import BatchFeed, ViewPlan
from model.checkpoint import Checkpoint
from model.dataset import Example, Kept, make_example
from model.device import device_name, is_out_of_memory
from model.errors import OutOfMemory
from model.losses import class_weights
from model.messages import Message
from model.network import LightningUnet
from model.plan import Plan
from model.survey import Survey
from model.trainer import Trainer

KEPT_EXAMPLES = 2 << 30
"""Bytes of decoded images kept for training; what does not fit is read again when its turn comes."""


class Learner:
    """`close` it in the end: its batches come from a thread. `notice` hears of images and memory that were lost."""

    def __init__(
        self,
        plan: Plan,
        found: Survey,
        start: Checkpoint | None,
        device: torch.device,
        notice: Callable[[Message], None],
    ) -> None:
        """Without a `start`, a saved state must be restored before the first step."""
        self._plan, self._found, self._device, self._notice = plan, found, device, notice
        self._trainer = Trainer(_network(plan, start), device, plan.learning_rate)
        self._pixels = list(found.training_pixels().values())
        self._examples = Kept(self._read, len(found.train), KEPT_EXAMPLES)
        self._drawn = 0
        self._feed: BatchFeed | None = None
        self.batch = plan.batch

    @property
    def steps(self) -> int:
        return self._trainer.steps

    def step(self, progress: float) -> float:
        """One step, `progress` (0..1) of the training being done; returns its loss.

        Raises OutOfMemory when not even one view fits, and what makes the images or the training useless.
        """
        rate = self._plan.schedule.rate(progress)
        emphasis = self._plan.schedule.emphasis(progress) if self._plan.unfamiliar else 0.0
        weights = class_weights(self._pixels, emphasis)
        while True:
            self._feed = self._feed or self._open()
            batch = self._feed.next()
            for problem in batch.problems:
                self._notice(problem.message)
            try:
                loss = self._trainer.step(batch.pixels, batch.channels, rate, weights)
                self._drawn = batch.drawn
                return loss
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
            self._halve()

    def averaged(self) -> Checkpoint:
        """The averaged weights as they are now, without a name."""
        return self._plan.checkpoint(self._trainer.averaged_tensors())

    def save(self, path: Path, extra: Mapping[str, object]) -> None:
        """All that `restore` needs to go on, and the caller's own `extra`. Raises OSError."""
        self._trainer.save(path, {"drawn": self._drawn, "batch": self.batch} | dict(extra))

    def restore(self, path: Path) -> dict[str, object]:
        """Go on where `save` stood; returns its `extra`. Raises TrainingError for a damaged file."""
        extra = self._trainer.restore(path)
        self._drawn, self.batch = int(extra["drawn"]), int(extra["batch"])
        return extra

    def close(self) -> None:
        if self._feed is not None:
            self._feed.close()
            self._feed = None

    def _halve(self) -> None:
        self.close()
        self._trainer.release()
        if self.batch == 1:
            raise OutOfMemory(
                "There is not enough memory on {device} to train this network; close other programs, "
                "use smaller crops, or start from a smaller network.",
                device=device_name(self._device),
            )
        self.batch //= 2
        self._notice(Message("Memory ran out; the training goes on with batches of {batch}.", {"batch": self.batch}))

    def _open(self) -> BatchFeed:
        augmentation = Augmentation(mirror=self._plan.classes.mirror)
        planes = 3 if any(label.colour for label in self._found.train) else 1
        views = ViewPlan(self._plan.crop, planes, augmentation, self._plan.options.seed)
        return BatchFeed(self._examples, views, self.batch, self._drawn)

    def _read(self, number: int) -> Example:
        truth = self._found.read(self._found.train[number])
        return make_example(truth, self._plan.classes, self._plan.input, self._plan.network.size)


def _network(plan: Plan, start: Checkpoint | None) -> LightningUnet:
    return LightningUnet(plan.network) if start is None else network_from_checkpoint(start)
