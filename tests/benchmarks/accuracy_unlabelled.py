"""Other ways to learn from images without a label than the product's mean teacher, to compare it with, in the same time."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from model.augment import Augmentation
from model.dataset import Example, Kept, bare_example
from model.labels import UNTOUCHED
from model.learner import KEPT_OTHERS
from model.optimiser import Optimiser
from model.plan import Plan
from model.schedule import Clock
from model.segmenter import Segmenter
from model.survey import Survey
from model.teacher import SURE
from model.truth import Truth
from tests.benchmarks.accuracy_data import Fold
from tests.benchmarks.accuracy_recipe import Simple, rehearse
from tests.benchmarks.accuracy_run import MASKED, SELF_TRAINING, Run
from tests.benchmarks.accuracy_training import FEWEST_REHEARSED, Trained, load, prepared, take_steps, train
from tests.benchmarks.timing import finish

FIRST_HALF, FIRST_THIRD = 1 / 2, 1 / 3
"""Of the time: until self-training says what the others show, and that of the pre-training."""
MASKS, MASKED_SHARE = 8, 0.6
"""Blocks along a view's side, of which so many are masked: the share of Xie et al. 2022."""


def self_trained(run: Run, fold: Fold, device: torch.device) -> Trained:
    """Half of the time from the labels alone; what that network is sure of then counts as the others' labels (Lee 2013,
    Pseudo-Label), and it goes on with both, the person's in every second view at most.
    """
    before = train(run.part(FIRST_HALF), dataclasses.replace(fold, others={}), device)
    finish(device)
    clock = Clock()
    told = _told(before, fold, device)
    spent = clock.seconds
    rest = 1 - FIRST_HALF - (spent / run.seconds if run.seconds else 0)
    both = dataclasses.replace(fold, train={**fold.train, **told}, others={})
    after = train(run.part(max(rest, 0.01)), both, device, before.checkpoint.tensors, tuple(fold.train))
    return _together(before.steps, before.seconds + spent, before.memory, after)


def pretrained(run: Run, fold: Fold, device: torch.device) -> Trained:
    """A third of the time it paints what is masked of all images (Xie et al. 2022, SimMIM); then it learns from the labels,
    with a new head.
    """
    _, plan, network = prepared(run, fold, device)
    first = {name: tensor.numpy().copy() for name, tensor in network.state_dict().items()}
    painter = Painter(network, plan, fold.survey(), device)
    try:
        rehearse(painter, max(FEWEST_REHEARSED, math.ceil((len(fold.train) + len(fold.others)) / plan.batch)))
        seconds = take_steps(painter, run.part(FIRST_THIRD).schedule, device)
        painted = painter.averaged().tensors
    finally:
        painter.close()
    begun = {name: first[name] if "head" in name.split(".") else tensor for name, tensor in painted.items()}
    after = train(run.part(1 - FIRST_THIRD), dataclasses.replace(fold, others={}), device, begun)
    return _together(painter.steps, seconds, None, after)


OTHER_WAYS: Mapping[str, Callable[[Run, Fold, torch.device], Trained]] = {
    SELF_TRAINING: self_trained,
    MASKED: pretrained,
}


class Painter(Simple):
    """Learns to give masked blocks of a view their colours, in the first channels of its logits; by the product's optimiser."""

    def __init__(self, network: nn.Module, plan: Plan, found: Survey, device: torch.device) -> None:
        images = [*found.train, *found.others]
        size, coloured = plan.network.size, found.coloured

        def look(number: int) -> Example:
            image = found.read(images[number]).image if number < len(found.train) else found.look(images[number])
            return bare_example(image, plan.input, size, coloured)

        change = Augmentation.wide(coloured, plan.classes.mirror)
        examples = Kept(look, len(images), KEPT_OTHERS)
        super().__init__(network, plan, examples, 3 if coloured else 1, change, device)

    def _begin(self) -> None:
        super()._begin()
        self._optimiser = Optimiser(self._network, self._device, self._plan.learning_rate, scaled=False)

    def _controls(self, progress: float) -> np.ndarray:
        """The learning rate, and that nothing is averaged."""
        return np.array([self._plan.learning_rate * self._plan.schedule.rate(progress), 1.0], np.float32)

    def _forget_gradients(self) -> None:
        self._optimiser.forget_gradients()

    def _compute(
        self, views: torch.Tensor, looks: torch.Tensor, channels: torch.Tensor, controls: torch.Tensor
    ) -> torch.Tensor:
        self._forget_gradients()
        seen = self._develop(views, looks)
        chosen = torch.rand(len(seen), 1, MASKS, MASKS, device=seen.device) < MASKED_SHARE
        masked = functional.interpolate(chosen.float(), size=seen.shape[2:])
        with self._precision.autocast():
            painted = self._network(torch.where(masked > 0, seen.mean((2, 3), keepdim=True), seen))
        painted = painted[:, : seen.shape[1]].float()
        wrong = (painted - seen[:, : painted.shape[1]]).abs() * masked
        loss = wrong.mean() / masked.mean().clamp(min=1e-3)
        loss.backward()
        self._optimiser.apply(controls)
        return loss.detach()


def _told(trained: Trained, fold: Fold, device: torch.device) -> dict[str, Truth]:
    """What it is sure of in the fold's other images, by their names; 255 elsewhere, and none where it is sure of nothing."""
    load(trained.network, trained.checkpoint.tensors)
    segmenter = Segmenter(trained.network, trained.checkpoint, trained.checkpoint.classes.classes, device)
    told = {}
    for (name, image), found in zip(fold.others.items(), segmenter.predict_many(fold.others.values()), strict=True):
        if isinstance(found, Exception):
            raise found
        label = np.where(found.confidence >= round(255 * SURE), found.label_map, np.uint8(UNTOUCHED))
        if (label != UNTOUCHED).any():
            told[name] = Truth(image, label)
    return told


def _together(steps: int, seconds: float, memory: float | None, after: Trained) -> Trained:
    """What came of both parts."""
    peaks = [one for one in (memory, after.memory) if one is not None]
    return dataclasses.replace(
        after, steps=steps + after.steps, seconds=seconds + after.seconds, memory=max(peaks, default=None)
    )
