"""One run of the accuracy benchmark: a network trained on a fold for some seconds or steps, judged, and its result file.

Everything is the product's own: the batches and their augmentation, the loss, the optimiser, the schedule, the averaged
weights, the recording as a CUDA graph, and the Segmenter that judges. The clock leaves out, for every network alike, what is
done once: before it starts, as many steps as meet every image once are taken and undone, which decodes the images, compiles
kernels and lets libraries choose their algorithms. Recording the step, waiting for views and all else is on the clock.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from unittest import mock

import numpy as np
import torch
from torch import nn

from model import metrics
from model.calibration import calibration_error
from model.checkpoint import Checkpoint
from model.device import device_name
from model.network import LightningUnet
from model.opencv import cv2
from model.options import FineTuneOptions
from model.plan import Plan
from model.presets import PRESETS
from model.schedule import Clock, Schedule
from model.scoring import Scores, count_pairs
from model.segmenter import Segmenter
from model.start import starting_checkpoint
from model.survey import Survey
from tests.benchmarks.accuracy_calibration import calibrated
from tests.benchmarks.accuracy_data import Fold
from tests.benchmarks.accuracy_networks import Variant
from tests.benchmarks.accuracy_recipe import OURS, Learns, adapted, learner, rehearse
from tests.benchmarks.timing import clocked, finish, memory_of

FEWEST_REHEARSED = 8
"""The step is launched some times before it is recorded, and both have to have happened."""


@dataclass(frozen=True)
class Run:
    """`seconds` or `steps` say how long, seconds at most until the recipe says that it is enough.

    Of the training images a share is `labelled`; the others are left out, unless the `unlabelled` are looked at, too. Of each
    labelled image `strokes` cover a share. Batch, crop and peak rate are the recipe's unless given, and so is how much of a
    view may be `hidden`.
    """

    network: str
    seed: int = 0
    recipe: str = OURS
    seconds: float | None = None
    steps: int | None = None
    labelled: float = 1.0
    unlabelled: bool = False
    strokes: float = 1.0
    batch: int | None = None
    crop: int | None = None
    rate: float | None = None
    hidden: float | None = None

    @property
    def name(self) -> str:
        """The network, and how its training is not the usual one."""
        recipe = "" if self.recipe == OURS else f", {self.recipe} recipe"
        share = "" if self.labelled == 1 else f", {100 * self.labelled:g}% labelled"
        share += "" if self.strokes == 1 else f", {100 * self.strokes:g}% by strokes"
        share += ", unlabelled too" if self.unlabelled else ""
        share += "" if self.batch is None else f", {self.batch} views"
        share += "" if self.crop is None else f", views of {self.crop}"
        share += "" if self.rate is None else f", rate {self.rate:g}"
        share += "" if self.hidden is None else f", {100 * self.hidden:g}% hidden"
        return self.network + recipe + share

    @property
    def budget(self) -> str:
        return f"{self.seconds:g} s" if self.seconds else f"{self.steps} steps"

    @property
    def schedule(self) -> Schedule:
        return Schedule(1, seconds=self.seconds) if self.seconds else Schedule(1, self.steps)

    def file_name(self, data: str, fold: str, state: Mapping[str, str]) -> str:
        """Readable, and no other run's: what a file's name cannot hold (drives in Chinese) and the `state` are in its end."""
        parts = data, fold, self.name, self.budget, f"seed{self.seed}"
        exact = hashlib.sha256(json.dumps([parts, dict(state)], sort_keys=True).encode()).hexdigest()[:12]
        readable = (re.sub(r"[^A-Za-z0-9.=-]+", "-", part).strip("-") for part in parts)
        return f"{'_'.join([*readable, exact])}.json"


def measure(run: Run, fold: Fold, device: torch.device) -> dict[str, object]:
    """Train, judge, and return what the result file holds, but for the state of the code."""
    torch.backends.cudnn.benchmark = True
    cv2.setNumThreads(1)  # as the product's commands do
    fold = fold.labelled(run.labelled).stroked(run.strokes)
    variant = Variant.named(run.network, len(fold.classes.classes))
    found = fold.survey()
    start, plan, network = _prepared(run, variant, found, device)
    parameters = sum(one.numel() for one in network.parameters())
    with memory_of(device) as peak:
        learns = learner(run.recipe, network, plan, found, start, device)
        try:
            rehearse(learns, max(FEWEST_REHEARSED, math.ceil(len(fold.train) / plan.batch)))
            if device.type == "cuda":
                torch.cuda.reset_peak_memory_stats(device)
            seconds = _train(learns, plan.schedule, device)
            memory, trained = peak(), learns.averaged()
        finally:
            learns.close()
    scores, prediction = judge(trained, network, fold, device)
    return _result(run, fold, scores) | calibrated(network, trained, fold, device) | {
        "card": device_name(device), "torch": torch.__version__,
        "steps": learns.steps, "seconds": round(seconds, 4), "memory": memory, "parameters": parameters,
        "prediction": prediction,
        "batch": plan.batch, "crop": plan.crop, "train": len(fold.train), "test": len(fold.test),
    }  # fmt: skip


def _prepared(run: Run, variant: Variant, found: Survey, device: torch.device) -> tuple[Checkpoint, Plan, nn.Module]:
    """What the product starts from, what it settles, and the network with its first weights."""
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


def _train(learns: Learns, schedule: Schedule, device: torch.device) -> float:
    """Seconds until the device is done with the last step."""
    finish(device)
    clock = Clock()
    while (progress := schedule.progress(learns.steps, clock.seconds, learns.views)) < 1:
        learns.step(progress)
    finish(device)
    return clock.seconds


def judge(trained: Checkpoint, network: nn.Module, fold: Fold, device: torch.device) -> tuple[Scores, float]:
    """By the product's Segmenter, at the images' own size; `network` is left with these weights, to predict only.

    The scores, and the seconds of a whole prediction of one image, from pixels to label map.
    """
    network.load_state_dict({name: torch.from_numpy(np.array(tensor)) for name, tensor in trained.tensors.items()})
    segmenter = Segmenter(network, trained, trained.classes.classes, device)
    scores = Scores.none(fold.classes)
    truths = list(fold.test.values())
    for truth, found in zip(truths, segmenter.predict_many(truth.image for truth in truths), strict=True):
        if isinstance(found, Exception):
            raise found
        scores = count_pairs(scores, found.label_map, truth.label_map, found.confidence)
    return scores, clocked(lambda: segmenter.predict(truths[0].image), device)


def _result(run: Run, fold: Fold, scores: Scores) -> dict[str, object]:
    iou, dice = (score(scores.counts)[list(fold.counting)] for score in (metrics.iou, metrics.dice))
    names = [fold.classes.by_value(value).name for value in fold.counting]
    named = lambda values: {name: _number(value) for name, value in zip(names, values, strict=True)}
    return {
        "name": run.name, "network": run.network, "recipe": run.recipe, "labelled": run.labelled,
        "unlabelled": run.unlabelled, "seed": run.seed, "budget": run.budget,
        "data": fold.data, "fold": fold.name, "counting": list(fold.counting), "classes": names,
        "iou": named(iou), "dice": named(dice), "miou": _number(np.nanmean(iou)), "mean_dice": _number(np.nanmean(dice)),
        "calibration_error": calibration_error(scores.sureness),
        "counts": scores.counts.tolist(), "sureness": scores.sureness.tolist(),
    }  # fmt: skip


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(float(value), 5)
