"""What a run of the accuracy benchmark measures: it trains on a fold, is judged by the product's Segmenter, and this is the
content of its result file.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import nn

from model import metrics
from model.calibration import calibration_error
from model.checkpoint import Checkpoint
from model.device import device_name
from model.opencv import cv2
from model.scoring import Scores, count_pairs
from model.segmenter import Segmenter
from tests.benchmarks.accuracy_calibration import calibrated
from tests.benchmarks.accuracy_data import Fold
from tests.benchmarks.accuracy_run import Run
from tests.benchmarks.accuracy_training import load, train
from tests.benchmarks.accuracy_unlabelled import OTHER_WAYS
from tests.benchmarks.timing import clocked


def measure(run: Run, fold: Fold, device: torch.device) -> dict[str, object]:
    """Train, judge, and return what the result file holds, but for the state of the code."""
    torch.backends.cudnn.benchmark = True
    cv2.setNumThreads(1)  # as the product's commands do
    fold = fold.labelled(run.labelled).stroked(run.strokes)
    way = OTHER_WAYS.get(run.way, train) if run.unlabelled else train
    trained = way(run, fold, device)
    network = trained.network
    scores, prediction = judge(trained.checkpoint, network, fold, device)
    return _result(run, fold, scores) | calibrated(network, trained.checkpoint, fold, device) | {
        "card": device_name(device), "torch": torch.__version__,
        "steps": trained.steps, "seconds": round(trained.seconds, 4), "memory": trained.memory,
        "parameters": sum(one.numel() for one in network.parameters()), "prediction": prediction,
        "batch": trained.plan.batch, "crop": trained.plan.crop, "train": len(fold.train), "test": len(fold.test),
    }  # fmt: skip


def judge(trained: Checkpoint, network: nn.Module, fold: Fold, device: torch.device) -> tuple[Scores, float]:
    """By the product's Segmenter, at the images' own size; `network` is left with these weights, to predict only.

    The scores, and the seconds of a whole prediction of one image, from pixels to label map.
    """
    load(network, trained.tensors)
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
