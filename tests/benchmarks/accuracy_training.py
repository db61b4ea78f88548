"""One training of the accuracy benchmark: the product's Learner, or the old recipe's, for some seconds or steps.

Everything is the product's own: the batches and their augmentation, the loss, the optimiser, the schedule, the averaged
weights and the recording as a CUDA graph. The clock leaves out, for every network alike, what is done once: before it starts,
as many steps as meet every image once are taken and undone, which decodes the images, compiles kernels and lets libraries
choose their algorithms. Recording the step, waiting for views and all else is on the clock.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from unittest import mock

import numpy as np
import torch
from torch import nn

from model.checkpoint import Checkpoint
from model.network import LightningUnet
from model.options import FineTuneOptions
from model.plan import Plan
from model.presets import PRESETS
from model.schedule import Clock, Schedule
from model.start import starting_checkpoint
from tests.benchmarks.accuracy_data import Fold
from tests.benchmarks.accuracy_networks import Variant
from tests.benchmarks.accuracy_recipe import Learns, adapted, learner, rehearse
from tests.benchmarks.accuracy_run import Run
from tests.benchmarks.timing import finish, memory_of

FEWEST_REHEARSED = 8
"""The step is launched some times before it is recorded, and both have to have happened."""


@dataclass(frozen=True, eq=False)
class Trained:
    """The `checkpoint` of what was averaged, and the `network` with its last weights; `memory` is a peak in
    bytes, and None on a CPU."""

    checkpoint: Checkpoint
    network: nn.Module
    plan: Plan
    steps: int
    seconds: float
    memory: float | None


def train(
    run: Run,
    fold: Fold,
    device: torch.device,
    first: Mapping[str, np.ndarray] | None = None,
    often: tuple[str, ...] = (),
) -> Trained:
    """Learn from the fold's labels, and from its other images if the run looks at them; from the `first` weights if given. Images
    named in `often` come up more often, as BatchFeed's `newer`.
    """
    found = fold.survey()
    start, plan, network = prepared(run, fold, device)
    plan = dataclasses.replace(plan, newer=often)
    if first is not None:
        load(network, first)
    with memory_of(device) as peak:
        learns = learner(run.recipe, network, plan, found, start, device)
        try:
            rehearse(learns, max(FEWEST_REHEARSED, math.ceil(len(fold.train) / plan.batch)))
            if device.type == "cuda":
                torch.cuda.reset_peak_memory_stats(device)
            seconds = take_steps(learns, plan.schedule, device)
            return Trained(learns.averaged(), network, plan, learns.steps, seconds, peak())
        finally:
            learns.close()


def prepared(run: Run, fold: Fold, device: torch.device) -> tuple[Checkpoint, Plan, nn.Module]:
    """What the product starts from, what it settles, and the network with its first weights."""
    found, variant = fold.survey(), Variant.named(run.network, len(fold.classes.classes))
    hounsfield = all(label.hounsfield for label in found.train)
    options = FineTuneOptions(
        seed=run.seed,
        batch=run.batch,
        crop=run.crop,
        preset=run.network,
        unlabelled=run.unlabelled,
        learning_rate=run.rate,
    )
    with mock.patch.dict(PRESETS, {run.network: lambda classes: variant.config}):
        start, unfamiliar = starting_checkpoint(options, found.classes, hounsfield)
    plan = Plan.make(options, start, unfamiliar, device, len(found.train), found.coloured, 0.0)
    plan = plan if run.hidden is None else plan.hiding(run.hidden)
    plan = adapted(run.recipe, dataclasses.replace(plan, schedule=_as_in(plan.schedule, run.schedule)))
    torch.manual_seed(run.seed)
    own = LightningUnet(variant.config)
    own.load_state_dict({name: torch.from_numpy(tensor) for name, tensor in start.tensors.items()})
    return start, plan, variant.complete(own)


def _as_in(settled: Schedule, wanted: Schedule) -> Schedule:
    """As long as wanted, and in all else as the product has settled."""
    return dataclasses.replace(settled, epochs=1, steps=wanted.steps, seconds=wanted.seconds)


def take_steps(learns: Learns, schedule: Schedule, device: torch.device) -> float:
    """Seconds until the device is done with the last step."""
    finish(device)
    clock = Clock()
    while (progress := schedule.progress(learns.steps, clock.seconds, learns.views)) < 1:
        learns.step(progress)
    finish(device)
    return clock.seconds


def load(network: nn.Module, tensors: Mapping[str, np.ndarray]) -> None:
    network.load_state_dict({name: torch.from_numpy(np.array(tensor)) for name, tensor in tensors.items()})
