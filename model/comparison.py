"""Comparison: what a run's weights score beside the model that they must not fall below, both on the same held-out images."""

from __future__ import annotations

from collections.abc import Callable

from model.checkpoint import Checkpoint, load
from model.errors import CheckpointError
from model.events import Baseline
from model.interpolation import costs_too_much
from model.judge import Judge
from model.plan import Plan
from model.run_log import RunLog
from model.scoring import Scores
from model.training_notices import nothing_known, start_dropped


class Comparison:
    """Keeps the earlier model's scores in the run's log, and tells it what becomes of held-out images."""

    def __init__(self, judge: Judge, log: RunLog, plan: Plan) -> None:
        self._judge, self._log = judge, log
        self._earlier = plan.options.weights or plan.options.baseline
        self._compared = judge.images
        self.start_share = plan.start_share
        """How much of the start's weights is in what is published, as `settle` leaves it."""

    def score_earlier(self) -> None:
        """Once: a run that goes on with the same labels has it."""
        if self._log.run.baseline_mean is None and self._earlier is not None and self._judge.can_judge:
            try:
                self._compare_with(load(self._earlier))
            except CheckpointError as error:  # it is gone or damaged: nothing to compare with
                self._log.notice(error.message)
        self._compared = self._judge.images
        if self._log.run.baseline_mean is not None:
            self._log.say(Baseline(self._log.run.baseline_mean, self._log.run.baseline))

    def score(self, checkpoint: Checkpoint) -> Scores:
        """Raises CheckpointError for weights that are no numbers."""
        scores = self._judge.score(checkpoint)
        while self._judge.notices:
            self._log.notice(self._judge.notices.pop(0))
        return scores

    def score_beside(self, checkpoint: Checkpoint) -> Scores:
        """Its scores over the images that the earlier model has: both lose an image that has gone meanwhile."""
        scores = self.score(checkpoint)
        while self._judge.images != self._compared:
            self._log.update(baseline_mean=None, baseline={})
            self.score_earlier()
            scores = self.score(checkpoint)
        return scores

    def settle(self, averaged: Callable[[float], Checkpoint], scores: Scores) -> tuple[Checkpoint, Scores]:
        """What to publish of weights `averaged` with a share of the start's, and its scores: those with the plan's share, which
        `scores` are of, unless it costs the held-out images too much.
        """
        kept, scored = averaged(self.start_share), self._judge.images
        if not (self.start_share and scored):
            return kept, scores
        free = averaged(0.0)
        without = self.score(free)
        if self._judge.images != scored:  # one has gone meanwhile
            scores = self.score(kept)
        if not costs_too_much(scores.mean_dice, without.mean_dice, len(scored)):
            return kept, scores
        self.start_share = 0.0
        self._log.notice(start_dropped(scores.mean_dice or 0.0, without.mean_dice))
        return free, without

    def _compare_with(self, earlier: Checkpoint) -> None:
        if not self._judge.knows_any(earlier):
            self._log.notice(nothing_known(earlier.name))
            return
        scores = self.score(earlier)
        self._log.update(baseline_mean=scores.mean_dice, baseline=scores.dice)
