"""Scores: how a model, or a copied label, agrees with the labels of whole images, pooled over their pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from model import metrics
from model.calibration import LEVELS, calibration_error, count_confidence
from model.classes import ClassTable
from model.images import Image
from model.labels import UNTOUCHED
from model.prediction import Prediction
from model.progress import Progress, Report, silent
from model.truth import Truth


class Predicts(Protocol):
    """What scoring needs of a segmenter: the very same door that the window predicts through."""

    def predict(self, image: Image, report: Report = silent) -> Prediction: ...


@dataclass(frozen=True, eq=False)
class Scores:
    """`counts` is the confusion of all pixels, by class value. Classes absent from the truth have no score.

    `sureness` is what `count_confidence` gives, of predictions that have a confidence.
    """

    counts: np.ndarray
    classes: ClassTable
    sureness: np.ndarray = field(default_factory=lambda: np.zeros((2, LEVELS), np.int64))

    @staticmethod
    def none(classes: ClassTable) -> Scores:
        """Of no image yet."""
        side = max(classes.values) + 1
        return Scores(np.zeros((side, side), np.int64), classes)

    @property
    def dice(self) -> dict[str, float]:
        """Dice (0..1) by class uid, without a background that is nothing."""
        return self._named(metrics.dice)

    @property
    def iou(self) -> dict[str, float]:
        """Intersection over union (0..1) by class uid, of the same classes."""
        return self._named(metrics.iou)

    @property
    def mean_dice(self) -> float | None:
        """Over the classes that have a score; None when there is none."""
        return mean(self.dice)

    @property
    def mean_iou(self) -> float | None:
        return mean(self.iou)

    @property
    def calibration_error(self) -> float | None:
        """How far (0..1) the confidence is from the share of right pixels; None when there was none."""
        return calibration_error(self.sureness)

    @property
    def pixels(self) -> dict[str, int]:
        """How many labelled pixels each class present has, by uid."""
        truth = self.counts.sum(axis=1)
        return {item.uid: int(truth[item.value]) for item in self.classes.classes if truth[item.value]}

    def _named(self, measure: Callable[[np.ndarray], np.ndarray]) -> dict[str, float]:
        scores = measure(self.counts)
        return {i.uid: float(scores[i.value]) for i in self.classes.scored if not np.isnan(scores[i.value])}


def mean(scores: Mapping[str, float]) -> float | None:
    return sum(scores.values()) / len(scores) if scores else None


def score(segmenter: Predicts, truths: Iterable[Truth], classes: ClassTable, report: Report = silent) -> Scores:
    """Predict every image and compare. `report` is called within and between images, and may raise Cancelled."""
    scores = Scores.none(classes)
    for truth in truths:
        report(Progress(None))
        found = segmenter.predict(truth.image, report)
        scores = count_pairs(scores, found.label_map, truth.label_map, found.confidence)
    return scores


def count_pairs(
    scores: Scores, label_map: np.ndarray, truth: np.ndarray, confidence: np.ndarray | None = None
) -> Scores:
    """The scores with one more image, whose predicted `label_map` and `truth` are (H, W) class values."""
    sureness = scores.sureness
    if confidence is not None:
        sureness = sureness + count_confidence(confidence, label_map == truth, truth != UNTOUCHED)
    counts = scores.counts + metrics.confusion(label_map, truth, len(scores.counts))
    return Scores(counts, scores.classes, sureness)
