"""Learner: takes optimiser steps on a survey's training images, with as large a batch as memory allows."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch

from model.adapt import network_from_checkpoint
from model.augment import Augmentation
from model.batches import Batch, BatchFeed, ViewPlan
from model.checkpoint import Checkpoint
from model.cores import usable_cores
from model.dataset import Example, Kept, bare_example, make_example
from model.device import device_name
from model.distributed import Order, Team
from model.errors import OutOfMemory
from model.labels import BEYOND, UNTOUCHED
from model.losses import class_weights
from model.messages import Message
from model.mixing import CHANCES
from model.network import LightningUnet
from model.plan import Plan
from model.recording import ran_out
from model.schedule import STEADY_FROM
from model.survey import Survey
from model.teacher import Lesson
from model.trainer import Trainer
from model.transfers import pinned

KEPT_EXAMPLES = 2 << 30
"""Bytes of decoded images kept for training; what does not fit is read again when its turn comes."""
KEPT_OTHERS = 1 << 30
"""The same for images without a label, of which there may be any number."""
AHEAD = 3
"""Batches in work while a GPU learns from another."""
MOST_THREADS = 6
"""With views of 256 pixels more would only wait for each other: 0.1 of the 0.7 ms that one takes is Python."""

MOSTLY_KNOWN = 0.95
"""Share of labelled pixels from which there is nothing left in labelled images to be taught about."""


class Learner:
    """`close` it in the end: its batches come from threads. `notice` hears of images and memory that were lost.

    In a team every rank has one: that of rank 0 takes each `step`, the others `follow`.
    """

    def __init__(
        self,
        plan: Plan,
        found: Survey,
        start: Checkpoint | None,
        device: torch.device,
        notice: Callable[[Message], None],
        team: Team | None = None,
    ) -> None:
        """Without a `start`, a saved state must be restored, or one taken from rank 0, before the first step."""
        self._plan, self._found, self._device, self._notice = plan, found, device, notice
        self._team = team or Team()
        self._teaches = plan.options.unlabelled and (bool(found.others) or found.known < MOSTLY_KNOWN)
        self._trainer = Trainer(
            _network(plan, start),
            device,
            plan.learning_rate,
            self._team,
            notice,
            teaches=self._teaches,
            keeps_start=plan.start_share > 0,
        )
        self._pixels = list(found.training_pixels().values())
        self._examples = Kept(self._read, len(found.train), KEPT_EXAMPLES)
        others = found.others if plan.options.unlabelled else ()
        self._others = Kept(self._look, len(others), KEPT_OTHERS) if others else None
        self.saw_label = False
        """Whether a person has labelled any of what the last step saw; without, its loss says next to nothing."""
        self._drawn, self._progress = 0, 0.0
        self._long: bool | None = None
        """Whether there will be many steps, once that can be told."""
        self._feed: BatchFeed | None = None
        self._step_views = plan.batch * plan.options.accumulate
        self._use(plan.batch, plan.options.checkpointing)

    @property
    def steps(self) -> int:
        return self._trainer.steps

    @property
    def views(self) -> int:
        """How many views all ranks have learned from."""
        return self._drawn

    def step(self, progress: float) -> float:
        """One step, `progress` (0..1) of the training being done; returns a loss, as Trainer.step does.

        Raises OutOfMemory when not even one view fits, and what makes the images or the training useless.
        """
        return self._learn(*self._meet(progress))

    def follow(self) -> bool:
        """One step when rank 0 takes one; False once it takes no more. Raises as `step` does."""
        batch, progress = self._meet(0.0)
        if batch is not None:
            self._learn(batch, progress)
        return batch is not None

    def share(self) -> None:
        """Tell the others of the team the plan, and bring them to where this one, of rank 0, is; they `receive` that."""
        if self._team.size == 1:
            return
        facts = {"plan": self._plan.to_json(), "images": names_of(self._found)}
        for content in (json.dumps(facts).encode(), self._trainer.state(self._extra())):
            self._team.meet(Order.SHARE)
            self._team.share(content)

    def receive(self) -> bool:
        """Be where rank 0 is; False when it has ended the training instead."""
        order, _ = self._team.meet()
        if order is Order.SHARE:
            self._go_on(self._trainer.take(self._team.share()))
        return order is Order.SHARE

    def averaged(self, start_share: float | None = None) -> Checkpoint:
        """The averaged weights as they are now, without a name, with a share of the first ones, the plan's unless given."""
        share = self._plan.start_share if start_share is None else start_share
        return self._plan.checkpoint(self._trainer.averaged_tensors(share))

    def save(self, path: Path, extra: Mapping[str, object]) -> None:
        """All that `restore` needs to go on, and the caller's own `extra`. Raises OSError."""
        self._trainer.save(path, self._extra() | dict(extra))

    def restore(self, path: Path) -> dict[str, object]:
        """Go on where `save` stood; returns its `extra`. Raises TrainingError for a damaged file."""
        extra = self._trainer.restore(path)
        self._go_on(extra)
        return extra

    def close(self) -> None:
        if self._feed is not None:
            self._feed.close()
            self._feed = None

    def _meet(self, progress: float) -> tuple[Batch | None, float]:
        """The next batch once every rank has one, and the progress that rank 0 says; no batch when it has ended."""
        batch, failure = None, None
        self._progress = max(self._progress, progress)
        try:
            self._feed = self._feed or self._open()
            self._feed.mixed = self._mixed
            batch = self._feed.next()
        except Exception as error:  # noqa: BLE001 - the others wait, and shall hear of it
            failure = error
        order, progress = self._team.meet(Order.STEP, progress, failure)
        self._progress = max(self._progress, progress)
        return batch if order is Order.STEP else None, progress

    def _learn(self, batch: Batch, progress: float) -> float:
        rate = self._rate(progress)
        emphasis = self._plan.schedule.emphasis(progress) if self._plan.unfamiliar else 0.0
        weights = class_weights(self._pixels, emphasis)
        for problem in batch.problems:
            self._notice(problem.message)
        lesson = self._lesson(batch, progress) if self._teaches else None
        while True:
            try:
                loss = self._trainer.step(batch.pixels, batch.channels, rate, weights, lesson, batch.looks)
                self._drawn, self.saw_label = batch.drawn, bool(batch.channels.min() < BEYOND)
                return loss
            except (RuntimeError, MemoryError) as error:
                if not ran_out(error):
                    raise
            self._spare()

    def _rate(self, progress: float) -> float:
        """Of a training that will be long it stays in the end, and all weights from there on are kept in the average.

        One that was long is not any more once its pace, as when it shall end early, does not promise that.
        """
        if self._long is not False and progress < STEADY_FROM:
            self._long = self._plan.schedule.foresees_many(self.steps, progress)
        # One that was to end early may go on in full, and be further back again.
        self._trainer.keep_all(bool(self._long) and progress >= STEADY_FROM)
        return self._plan.schedule.rate(progress, bool(self._long))

    def _lesson(self, batch: Batch, progress: float) -> Lesson:
        """The same chances for the same views, whoever goes on with the training."""
        rng = np.random.default_rng((self._plan.options.seed, 2, batch.drawn, self._team.rank.number))
        return Lesson(rng.random((len(batch.pixels), CHANCES), np.float32), self._plan.schedule.trust(progress))

    def _spare(self) -> None:
        """Memory has run out: first keep less of what is inside the network, then let fewer views in at a time."""
        again = self._trainer.can_try_again
        if again and not self._checkpointing:
            self._use(self._at_once, True)
            self._notice(Message("Memory ran out; the training goes on more slowly, with less of it."))
            return
        if not again or self._at_once == 1:
            raise OutOfMemory(
                "There is not enough memory on {device} to train this network; close other programs, "
                "use smaller crops, or start from a smaller network.",
                device=device_name(self._device),
            )
        self._use(_divisor(self._step_views, self._at_once // 2), True)
        parts = {"batch": self._step_views, "views": self._at_once}
        self._notice(
            Message(
                "Memory ran out; the training goes on with its batches of {batch} cut into parts of {views}.", parts
            )
        )

    def _use(self, at_once: int, checkpointing: bool) -> None:
        self._at_once, self._checkpointing = at_once, checkpointing
        self._trainer.share_memory(at_once, checkpointing)

    def _extra(self) -> dict[str, object]:
        facts = {"drawn": self._drawn, "batch": self._at_once, "checkpointing": self._checkpointing}
        return facts | {"long": self._long}

    def _go_on(self, extra: Mapping[str, object]) -> None:
        self._drawn = int(extra["drawn"])
        self._long = extra.get("long", False)  # states of before lack it: theirs winds down
        self._use(_divisor(self._step_views, int(extra["batch"])), bool(extra.get("checkpointing", False)))

    def _open(self) -> BatchFeed:
        mirror = self._plan.classes.mirror
        coloured, wide = self._found.coloured, self._plan.wide
        augmentation = Augmentation.wide(coloured, mirror) if wide else Augmentation(mirror=mirror)
        augmentation = dataclasses.replace(augmentation, hidden=self._plan.hidden)
        planes = 3 if coloured else 1
        marked = self._teaches and len(self._plan.classes.classes) <= BEYOND
        beyond = BEYOND if marked else UNTOUCHED
        views = ViewPlan(self._plan.crop, planes, augmentation, self._plan.options.seed, beyond)
        rank = self._team.rank
        names = set(self._plan.newer)
        newer = [number for number, label in enumerate(self._found.train) if label.item.image_path.name in names]
        ranks = {"rank": rank.number, "ranks": rank.size}
        images = {"others": self._others, "mixed": self._mixed, "newer": newer}
        if self._device.type != "cuda":
            return BatchFeed(self._examples, views, self._step_views, self._drawn, **ranks, **images)
        threads = min(max(usable_cores() // rank.local_size - 1, 1), MOST_THREADS)
        return BatchFeed(
            self._examples, views, self._step_views, self._drawn, AHEAD, threads, **ranks, **images, allocate=pinned
        )

    def _read(self, number: int) -> Example:
        truth = self._found.read(self._found.train[number])
        return make_example(truth, self._plan.classes, self._plan.input, self._plan.network.size)

    def _look(self, number: int) -> Example:
        image = self._found.look(self._found.others[number])
        return bare_example(image, self._plan.input, self._plan.network.size, self._found.coloured)

    @property
    def _mixed(self) -> bool:
        """Whether images without a label can teach anything yet."""
        return self._plan.schedule.trust(self._progress) > 0


def names_of(found: Survey) -> dict[str, list[str]]:
    """The images that are trained on, with a label and without one, which must be the same on every rank."""
    labelled = [label.item.image_path.name for label in found.train]
    return {"labelled": labelled, "others": [path.name for path in found.others]}


def _network(plan: Plan, start: Checkpoint | None) -> LightningUnet:
    return LightningUnet(plan.network) if start is None else network_from_checkpoint(start)


def _divisor(number: int, most: int) -> int:
    return max(one for one in range(1, max(most, 1) + 1) if number % one == 0)
