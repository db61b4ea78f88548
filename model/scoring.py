"""Scores: how a model, or a copied label, agrees with the labels of whole images, pooled over their pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from model import metrics
from model.classes import ClassTable
from model.images import Image
from model.prediction import Prediction
from model.progress import Progress, Report, silent
from model.truth import Truth


class Predicts(Protocol):
    """What scoring needs of a segmenter: the very same door that the window predicts through."""

    def predict(self, image: Image, report: Report = silent) -> Prediction: ...


@dataclass(frozen=True, eq=False)
class Scores:
    """`counts` is the confusion of all pixels, by class value. Classes absent from the truth have no score."""

    counts: np.ndarray
    classes: ClassTable

    @staticmethod
    def none(classes: ClassTable) -> Scores:
        """Of no image yet."""
        side = max(classes.values) + 1
        return Scores(np.zeros((side, side), np.int64), classes)

    @property
    def dice(self) -> dict[str, float]:
        """Dice (0..1) by class uid, without the background."""
        return {uid: score for uid, score in self._named(metrics.dice).items() if uid != self.classes.background.uid}

    @property
    def iou(self) -> dict[str, float]:
        """Intersection over union (0..1) by class uid, without the background."""
        return {uid: score for uid, score in self._named(metrics.iou).items() if uid != self.classes.background.uid}

    @property
    def mean_dice(self) -> float | None:
        """Over the classes present, without the background; None when there is none."""
        return mean(self.dice)

    @property
    def mean_iou(self) -> float | None:
        return mean(self.iou)

    @property
    def pixels(self) -> dict[str, int]:
        """How many labelled pixels each class present has, by uid."""
        truth = self.counts.sum(axis=1)
        return {item.uid: int(truth[item.value]) for item in self.classes.classes if truth[item.value]}

    def _named(self, measure: Callable[[np.ndarray], np.ndarray]) -> dict[str, float]:
        scores = measure(self.counts)
        return {i.uid: float(scores[i.value]) for i in self.classes.classes if not np.isnan(scores[i.value])}


def mean(scores: Mapping[str, float]) -> float | None:
    return sum(scores.values()) / len(scores) if scores else None


def score(segmenter: Predicts, truths: Iterable[Truth], classes: ClassTable, report: Report = silent) -> Scores:
    """Predict every image and compare. `report` is called within and between images, and may raise Cancelled."""
    scores = Scores.none(classes)
    for truth in truths:
        report(Progress(None))
        scores = count_pairs(scores, segmenter.predict(truth.image, report).label_map, truth.label_map)
    return scores


def count_pairs(scores: Scores, label_map: np.ndarray, truth: np.ndarray) -> Scores:
    """The scores with one more image, whose predicted `label_map` and `truth` are (H, W) class values."""
    return Scores(scores.counts + metrics.confusion(label_map, truth, len(scores.counts)), scores.classes)
