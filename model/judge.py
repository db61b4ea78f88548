"""Judge: scores checkpoints on the held-out images of a workspace, old and new ones alike."""

from __future__ import annotations

import time

import torch

from model.checkpoint import Checkpoint
from model.dataset import Kept
from model.progress import Report
from model.scoring import Scores, score
from model.segmenter import Segmenter
from model.survey import Survey, score_nearest_label

KEPT_TRUTHS = 1 << 30
"""Bytes of decoded images kept between two scorings; what does not fit is read again."""


class Judge:
    """Predicts by the very door that the window predicts through, so that its numbers are those of real predictions."""

    def __init__(self, found: Survey, device: torch.device, report: Report) -> None:
        self._found, self._report = found, report
        self.device = device
        self._truths = Kept(lambda number: found.read(found.held_out[number]), len(found.held_out), KEPT_TRUTHS)

    @property
    def can_judge(self) -> bool:
        return bool(self._found.held_out)

    def score(self, checkpoint: Checkpoint) -> Scores:
        """Of no image when nothing is held out. Raises CheckpointError for one that knows none of the classes."""
        if not self.can_judge:
            return Scores.none(self._found.classes)
        segmenter = Segmenter.load(checkpoint, str(self.device), self._found.classes)
        truths = (self._truths.get(number) for number in range(len(self._found.held_out)))
        return score(segmenter, truths, self._found.classes, self._report)

    def score_nearest_label(self) -> Scores:
        """What copying the nearest training label would score."""
        return score_nearest_label(self._found, self._found.held_out)

    def seconds_to_score(self, checkpoint: Checkpoint) -> float:
        """How long one `score` will take, judged by one image; 0 when nothing is held out."""
        if not self.can_judge:
            return 0.0
        segmenter = Segmenter.load(checkpoint, str(self.device), self._found.classes)
        image = self._truths.get(0).image
        started = time.monotonic()
        segmenter.predict(image, self._report)
        return (time.monotonic() - started) * len(self._found.held_out)
