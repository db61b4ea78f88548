"""Recipes of the accuracy benchmark: the product's own Learner, and the one that the first measurements were made with.

The old one stands here by itself, so that it stays what it was while the product's gets better.
"""

from __future__ import annotations

import dataclasses
import math
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol
from unittest import mock

import numpy as np
import torch
from torch import nn

from model.augment import Augmentation
from model.batches import BatchFeed, ViewPlan
from model.checkpoint import Checkpoint
from model.dataset import Example, Kept, make_example
from model.development import Development
from model.learner import AHEAD, KEPT_EXAMPLES, MOST_THREADS, Learner
from model.losses import segmentation_loss
from model.plan import Plan
from model.precision import Precision
from model.recording import Recording
from model.survey import Survey
from model.transfers import Transfers, pinned

RECIPES = OURS, MEASURED = "product", "measured"
RATE, DECAY, BATCH = 1e-3, 0.05, 16
EAGER = 3


class Learns(Protocol):
    """What a run needs of a recipe; both kinds have it."""

    @property
    def steps(self) -> int: ...

    @property
    def views(self) -> int: ...

    def step(self, progress: float) -> float: ...

    def averaged(self) -> Checkpoint: ...

    def save(self, path: Path, extra: Mapping[str, object]) -> None: ...

    def restore(self, path: Path) -> Mapping[str, object]: ...

    def close(self) -> None: ...


def learner(
    recipe: str, network: nn.Module, plan: Plan, found: Survey, start: Checkpoint, device: torch.device
) -> Learns:
    """`network` is what trains, with the weights it has; for the old recipe they are drawn as they were then."""
    if recipe == MEASURED:
        torch.manual_seed(plan.options.seed)
        network.apply(_draw)
        return Measured(network, plan, found, device)
    with mock.patch("model.learner._network", lambda plan, start: network):
        return Learner(plan, found, start, device, lambda message: print(f"    {message}", flush=True))


def adapted(recipe: str, plan: Plan) -> Plan:
    """The plan with what the old recipe settles; the product's own stays."""
    if recipe == OURS:
        return plan
    options = dataclasses.replace(plan.options, batch=plan.options.batch or BATCH)
    schedule = dataclasses.replace(plan.schedule, enough_views=None)
    return dataclasses.replace(plan, options=options, batch=options.batch, learning_rate=RATE, schedule=schedule)


class Simple:
    """What a training needs that is not the product's: batches of its own views, a step as a CUDA graph, and going back to the
    first weights. How it learns is `_compute`.
    """

    def __init__(
        self,
        network: nn.Module,
        plan: Plan,
        examples: Kept[Example],
        planes: int,
        change: Augmentation,
        device: torch.device,
    ) -> None:
        self._network, self._plan, self._device = network.to(device).train(), plan, device
        self._precision, self._transfers = Precision(device), Transfers(device)
        self._develop = Development(device)
        self._recorded, self.steps = device.type == "cuda", 0
        views = ViewPlan(plan.crop, planes, change, plan.options.seed)
        ahead, threads = (AHEAD, MOST_THREADS) if self._recorded else (2, 1)
        allocate: Callable = pinned if self._recorded else np.empty
        self._feed = BatchFeed(examples, views, plan.batch, 0, ahead, threads, allocate=allocate)
        self._begin()

    @property
    def views(self) -> int:
        return self.steps * self._plan.batch

    def step(self, progress: float) -> float:
        batch = self._feed.next()
        with self._transfers.beside():
            given = batch.pixels, batch.looks, batch.channels, self._controls(progress)
            inputs = [self._transfers.upload(one) for one in given]
            if self._recorded and self._recording is None and self.steps >= EAGER:
                self._forget_gradients()
                self._recording = Recording(self._compute, inputs, None)
            loss = (self._recording or self._compute)(*inputs)
            value = self._transfers.fetch(loss)
        self.steps += 1
        return value

    def averaged(self) -> Checkpoint:
        """The weights as they are: nothing is averaged."""
        tensors = {name: tensor.detach().cpu().numpy() for name, tensor in self._network.state_dict().items()}
        return self._plan.checkpoint(tensors)

    def save(self, path: Path, extra: Mapping[str, object]) -> None:
        torch.save(self._network.state_dict(), path)

    def restore(self, path: Path) -> Mapping[str, object]:
        """The weights of then, and everything else as at the start."""
        self._transfers.forget()
        self._network.load_state_dict(torch.load(path, weights_only=True))
        self.steps = 0
        self._begin()
        return {}

    def close(self) -> None:
        self._feed.close()

    def _begin(self) -> None:
        """Everything but the weights as at the start."""
        self._recording: Recording | None = None

    def _controls(self, progress: float) -> np.ndarray:
        """What `_compute` gets of the progress, float32."""
        raise NotImplementedError

    def _forget_gradients(self) -> None:
        raise NotImplementedError

    def _compute(
        self, views: torch.Tensor, looks: torch.Tensor, channels: torch.Tensor, controls: torch.Tensor
    ) -> torch.Tensor:
        """A whole step, which only launches work; the loss ()."""
        raise NotImplementedError


class Measured(Simple):
    """AdamW at 1e-3 with weight decay 0.05 and half a cosine; 16 views by scale, crop, flip and brightness."""

    def __init__(self, network: nn.Module, plan: Plan, found: Survey, device: torch.device) -> None:
        size = plan.network.size
        examples = Kept(
            lambda number: make_example(found.read(found.train[number]), plan.classes, plan.input, size),
            len(found.train), KEPT_EXAMPLES,
        )  # fmt: skip
        change = Augmentation((0.8, 1.25), 0.0, 0.06, 0.0, 0.08, 0.0, plan.classes.mirror)
        super().__init__(network, plan, examples, 3 if found.coloured else 1, change, device)

    def _begin(self) -> None:
        super()._begin()
        self._optimiser = torch.optim.AdamW(
            self._network.parameters(), RATE, weight_decay=DECAY, fused=True, capturable=self._recorded
        )

    def _controls(self, progress: float) -> np.ndarray:
        return np.array(RATE * 0.5 * (1 + math.cos(math.pi * progress)), np.float32)

    def _forget_gradients(self) -> None:
        self._optimiser.zero_grad(set_to_none=True)

    def _compute(
        self, views: torch.Tensor, looks: torch.Tensor, channels: torch.Tensor, controls: torch.Tensor
    ) -> torch.Tensor:
        self._forget_gradients()
        pixels = self._develop(views, looks)
        with self._precision.autocast():
            logits = self._network(pixels)
        loss = segmentation_loss(logits, channels)
        loss.backward()
        for group in self._optimiser.param_groups:
            group["lr"] = controls
        self._optimiser.step()
        return loss.detach()


def rehearse(learns: Learns, steps: int) -> None:
    """Take these steps and undo them: what they leave is what is computed once, for every network alike."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "start")
        learns.save(path, {})
        for _ in range(steps):
            learns.step(0.0)
        learns.restore(path)


def _draw(module: nn.Module) -> None:
    """The first weights of then."""
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        module.reset_parameters()
