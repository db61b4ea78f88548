"""Trainings of the benchmarks of few labels: as the program trains on some images of a fold, looking at others."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from model.checkpoint import Checkpoint
from model.commands.numbers import count, positive
from model.device import choose_device
from model.learner import Learner
from model.lineage import Lineage
from model.metrics import iou
from model.options import FineTuneOptions
from model.plan import Plan
from model.schedule import Clock
from model.scoring import score
from model.segmenter import Segmenter
from model.start import starting_checkpoint
from tests.benchmarks.accuracy_data import Fold
from tests.benchmarks.timing import finish


def add_arguments(parser: argparse.ArgumentParser, counts: Sequence[int]) -> None:
    parser.add_argument("path", type=Path, help="CamVid's folder")
    parser.add_argument("--counts", type=count, nargs="+", default=list(counts), help="images with a label")
    parser.add_argument("--seconds", type=positive, default=20.0, help="of each training, at most")
    parser.add_argument("--preset", default="lightning-unet")
    parser.add_argument("--crop", type=int)
    parser.add_argument("--lr", type=float, help="peak learning rate where a model goes on learning; the product's own")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="auto")


def tuned(
    fold: Fold,
    names: Sequence[str],
    chosen: argparse.Namespace,
    start: Checkpoint | None,
    newer: Sequence[str] = (),
    weights: Path | None = None,
) -> Checkpoint:
    """As the program trains on these images of the fold, and looks at the rest of those to train on, never at those that
    judge: from the checkpoint, which has not learned from the `newer` ones, or else from the file of `weights`, matched to the
    fold's classes, or from scratch; for so many seconds or until it has seen enough. Nothing of the start is mixed in.
    """
    others = {name: truth.image for name, truth in fold.train.items() if name not in names}
    found = dataclasses.replace(fold, train={name: fold.train[name] for name in names}, others=others).survey()
    device = choose_device(chosen.device)
    rate = chosen.lr if start or weights else None
    options = FineTuneOptions(
        preset=chosen.preset, seed=chosen.seed, crop=chosen.crop, learning_rate=rate, weights=weights
    )
    begun, unfamiliar = (start, False) if start else starting_checkpoint(options, fold.classes, False)
    lineage = Lineage(newer=tuple(newer))
    plan = Plan.make(options, begun, unfamiliar, device, len(names), found.coloured, 0.0, lineage=lineage)
    plan = dataclasses.replace(plan, schedule=dataclasses.replace(plan.schedule, epochs=1, seconds=chosen.seconds))
    learner = Learner(plan, found, begun, device, print)
    try:
        clock = Clock()
        while (progress := plan.schedule.progress(learner.steps, clock.seconds, learner.views)) < 1:
            learner.step(progress)
        finish(device)
        told = f"{len(names)} labels: {learner.steps} steps, {learner.views} views, {clock.seconds:.1f} s"
        print(told, file=sys.stderr, flush=True)
        return learner.averaged()
    finally:
        learner.close()


def accuracy(checkpoint: Checkpoint, fold: Fold, device: str) -> float:
    """mIoU in percent over the classes of the held-out images."""
    found = score(Segmenter.load(checkpoint, device), fold.test.values(), fold.classes)
    return 100 * float(np.nanmean(iou(found.counts)[list(fold.counting)]))
