"""Fine-tuning: from a workspace's label files to a new checkpoint, scored beside the one it started from.

What is published are the averaged weights of the last step, with a share of those that a model of other folders began with.
Choosing the epoch that scored best would choose on the very images that are to judge the result; a learning rate that comes
down and the averaging make the last one good. Only whether that share stays is chosen on them.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from model import disk
from model.checkpoint import Checkpoint, save
from model.comparison import Comparison
from model.device import choose_device, device_name
from model.distributed import Order, Team
from model.errors import CheckpointError, ModelError, TrainingError
from model.events import Epoch, Started, Step
from model.judge import Judge
from model.layout import Layout
from model.learner import Learner, names_of
from model.lineage import ELSEWHERE, lineage_of
from model.messages import Message
from model.options import FineTuneOptions
from model.plan import Plan
from model.progress import Cancelled, Progress, Report, silent
from model.records import read_json
from model.run_log import Emit, RunLog, as_model_error, failed, hashed_labels, last_resumable, only_one
from model.runs import Run, list_runs, read_events
from model.schedule import Clock, Rationed, WindDown
from model.scoring import Scores
from model.start import half_precision, starting_checkpoint
from model.survey import Survey, survey
from model.training_notices import enough, other_batch, unjudged, unsaved
from model.unlabelled import remember_seen
from model.workspace import Workspace
from model.workspace_lock import not_writable

__all__ = ["FineTuneOptions", "assist", "fine_tune"]

STEP_SECONDS = 0.25
"""Steps are told no more often than this."""
SAVING_SHARE = 0.1
"""The state for resuming is saved after an epoch, but takes no more of the time than this."""


def fine_tune(
    workspace: Workspace,
    options: FineTuneOptions,
    emit: Emit,
    stop: Callable[[], bool] = lambda: False,
    team: Team | None = None,
    finish: Callable[[], bool] = lambda: False,
) -> Run:
    """Train on the workspace's labels, tell `emit` all that happens, and return the run, done or cancelled.

    `stop` is asked between steps and between predictions, and `finish` whether to wind down now and publish what has been
    learned. Of a `team` this is rank 0, and the others `assist`. Raises ModelError after a Failed event, and Cancelled when
    stopped before the run had begun.
    """
    team = team or Team(device=options.device)

    def report(progress: Progress) -> None:
        if stop():
            raise Cancelled

    with team.leading(), contextlib.ExitStack() as held:
        try:
            _refuse_nothing(workspace, options)
            held.enter_context(only_one(workspace.root))
            goes_on = options.resume or _was_restarted(workspace, options, team)
            run = last_resumable(workspace.root) if goes_on else None
            plan = None if run is None else Plan.from_json(read_json(run.config_path))
            found = _survey(workspace, options if plan is None else plan.options, report)
            found.require_training_labels()
            if run is None:
                training = _begin(workspace, found, options, emit, report, team)
            else:
                training = _go_on(workspace, found, run, plan, emit, report, team)
        except Cancelled:
            raise
        except Exception as error:  # noqa: BLE001 - whoever waits for events hears of every end, a full disk's too
            known = as_model_error(error)
            emit(failed(known))
            raise known from (None if known is error else error)
        return training.run(finish)


def assist(workspace: Callable[[], Workspace], options: FineTuneOptions, team: Team) -> None:
    """Take part in the training that rank 0 of the team leads, until it ends. `workspace` opens it, here so that rank 0
    hears why it cannot. Raises TeamError when the training fails there, and what went wrong here.
    """
    try:
        goes_on = options.resume or team.rank.restarts  # and then by the options with which it began
        opened = workspace()
        found = None if goes_on else _survey(opened, options, silent)
        if team.meet()[0] is Order.END:
            return
        shared = json.loads(team.share())
        plan, device = Plan.from_json(shared["plan"]), choose_device(team.device_name)
        found = found or _survey(opened, plan.options, silent)
        looked_at = set(shared["images"]["others"])  # of which rank 0 has left out what was labelled since
        others = tuple(entry.path for entry in opened.entries() if entry.name in looked_at)
        found = dataclasses.replace(found, others=others)
        if shared["images"] != names_of(found):
            raise TrainingError("This process finds other labels in the folder than process 0 does.")
        with contextlib.closing(Learner(plan, found, None, device, lambda _: None, team)) as one:
            going = one.receive()
            while going:
                going = one.follow()
    except Exception as error:
        team.report(error)
        raise


def _refuse_nothing(workspace: Workspace, options: FineTuneOptions) -> None:
    """A folder in which nothing was ever trained, and nothing can be, is left as it is. Raises TrainingError."""
    if Layout(workspace.root).runs.exists():
        return
    if options.resume:
        last_resumable(workspace.root)
    elif not workspace.labelled():
        _survey(workspace, options, silent).require_training_labels()


def _survey(workspace: Workspace, options: FineTuneOptions, report: Report) -> Survey:
    return survey(workspace, report, options.max_pixels, options.unlabelled, options.model_labels)


def _note_looks(workspace: Workspace, found: Survey, plan: Plan) -> Survey:
    """So that no image that this training sees will judge another one; without those that have come to judge since it was
    found. Raises WorkspaceNotWritable.
    """
    if not (plan.options.unlabelled and found.others):
        return found
    try:
        return dataclasses.replace(found, others=tuple(remember_seen(workspace, found.others)))
    except OSError as error:
        raise not_writable(workspace.root, error) from error


def _was_restarted(workspace: Workspace, options: FineTuneOptions, team: Team) -> bool:
    """Whether torchrun has lost a process of this very training, which can go on."""
    last = list_runs(workspace.root)[-1:] if team.rank.restarts else []
    return any(run.resumable and Plan.from_json(read_json(run.config_path)).options == options for run in last)


def _begin(
    workspace: Workspace, found: Survey, options: FineTuneOptions, emit: Emit, report: Report, team: Team
) -> Training:
    if options.publish and not options.publish.absolute().parent.is_dir():
        raise TrainingError("{path} cannot be written: there is no such folder.", path=str(options.publish))
    if options.publish and options.publish.is_dir():
        raise TrainingError("{path} is a folder; name the file to publish.", path=str(options.publish))
    start, unfamiliar = starting_checkpoint(options, found.classes, all(label.hounsfield for label in found.train))
    judge = Judge(found, choose_device(team.device_name), report)
    facts = len(found.train), found.coloured, judge.seconds_to_score(start)
    labels = hashed_labels([label.item for label in found.labels])
    lineage = lineage_of(workspace.root, options.weights, labels, found.classes)
    plan = Plan.make(options, start, unfamiliar, judge.device, *facts, team.size, lineage)
    found = _note_looks(workspace, found, plan)
    log = RunLog.begin(workspace.root, start.parent, labels, plan.to_json(), emit)
    return Training(log, plan, found, judge, start, report, team)


def _go_on(
    workspace: Workspace, found: Survey, run: Run, plan: Plan, emit: Emit, report: Report, team: Team
) -> Training:
    """The run that was interrupted, as its plan says; only the device is today's choice."""
    if [item.uid for item in plan.classes.classes] != [item.uid for item in found.classes.classes]:
        raise TrainingError("The classes have changed since the training was interrupted; start a new training.")
    plan = dataclasses.replace(plan, classes=found.classes)  # their values may have moved
    judge = Judge(found, choose_device(team.device_name), report)
    found = _note_looks(workspace, found, plan)
    log = RunLog.go_on(run, [label.item for label in found.labels], emit)
    return Training(log, plan, found, judge, None, report, team)


class Training:
    """One run: its plan, its log, and how far it is."""

    def __init__(
        self, log: RunLog, plan: Plan, found: Survey, judge: Judge, start: Checkpoint | None, report: Report, team: Team
    ) -> None:
        """`start` is None for a run that goes on from its saved state."""
        self._log, self._plan, self._found, self._judge, self._report = log, plan, found, judge, report
        self._start, self._team = start, team
        self._comparison = Comparison(judge, log, plan)
        self._epochs, self._earlier = 0, 0.0
        self._unscored: float | None = None
        self._clock = Clock()
        self._saving = Rationed(SAVING_SHARE)
        self._winding = WindDown()
        self._telling = 0.0
        self._loss = 0.0
        """Of the last step that saw a label."""

    def run(self, finish: Callable[[], bool]) -> Run:
        """To the end, to an early one once `finish` says so, or to what stops it. Raises ModelError, after the run was marked
        as failed.
        """
        self._winding = WindDown(finish)
        with self._log.ending():
            learner = Learner(self._plan, self._found, self._start, self._judge.device, self._log.notice, self._team)
            with contextlib.closing(learner):
                if self._start is None:
                    self._restore(learner)
                self._announce()
                learner.share()
                self._comparison.score_earlier()
                scores = self._train(learner)
                trained, scores = self._comparison.settle(learner.averaged, scores)
                if not trained.is_finite:
                    raise self._diverged()
                checkpoint = self._judge.calibrated(trained, self._plan.temperature)
                self._publish(learner, checkpoint, scores)
        return self._log.run

    def _restore(self, learner: Learner) -> None:
        extra = learner.restore(self._log.run.resume_path)
        self._epochs, self._earlier = int(extra["epochs"]), float(extra["seconds"])
        self._loss = extra.get("loss", 0.0)  # until a step sees a label: the first one may see none
        told = {event.epoch for event in read_events(self._log.run) if isinstance(event, Epoch)}
        self._unscored = None if self._epochs in told else extra.get("loss")  # a state of before does not say it

    def _announce(self) -> None:
        plan, found = self._plan, self._found
        uids = [item.uid for item in plan.classes.classes]
        counts = len(found.train), len(found.held_out)
        others = len(found.others) if plan.options.unlabelled else 0
        device, ranks = device_name(self._judge.device), self._team.size
        device = f"{ranks} x {device}" if ranks > 1 else device
        batch = plan.batch * plan.options.accumulate * ranks
        before = [event.batch for event in read_events(self._log.run) if isinstance(event, Started)][-1:]
        self._log.say(Started(self._log.run.number, device, batch, plan.schedule.epochs, *counts, uids, others))
        for message in (*found.problems, *found.notices):
            self._log.notice(message)
        if before and before != [batch]:
            self._log.notice(other_batch(batch, before[0], ranks))

    def _train(self, learner: Learner) -> Scores:
        """All epochs that there is time for; returns the scores of the weights as they are then."""
        self._clock = Clock(self._earlier)
        # The epoch after which it was stopped while it was being scored.
        scores = None if self._unscored is None else self._score_epoch(learner, self._unscored)
        while not self._is_over(learner):
            loss = self._train_epoch(learner)
            self._epochs += 1
            self._save_state(learner, loss)  # before it is scored, which may fail or be stopped
            scores = self._score_epoch(learner, loss)
        if self._plan.options.seconds and self._plan.schedule.is_enough(learner.views):
            self._log.notice(enough(learner.steps))
        return scores or self._comparison.score(learner.averaged())

    def _score_epoch(self, learner: Learner, loss: float) -> Scores:
        try:
            scores = self._comparison.score(learner.averaged())
        except CheckpointError:  # of weights that nobody else has touched
            raise self._diverged() from None
        self._tell_epoch(learner, loss, scores)
        return scores

    def _diverged(self) -> TrainingError:
        """Its state goes: it would only end like this again."""
        with contextlib.suppress(OSError):
            disk.remove(self._log.run.resume_path)
        return TrainingError(
            "The training diverged: its weights are no numbers. Start it again with a lower learning rate."
        )

    def _train_epoch(self, learner: Learner) -> float:
        """Its mean loss. With batches of one view every second has no label."""
        losses, steps = [], 0
        while not steps or not self._epoch_is_over(learner):
            progress = self._progress(learner)
            self._report(Progress(progress))
            loss, steps = learner.step(progress), steps + 1
            if learner.saw_label:
                self._loss = loss
                losses.append(loss)
            self._tell_step(steps, self._progress(learner))
        return float(np.mean(losses or [self._loss]))

    def _epoch_is_over(self, learner: Learner) -> bool:
        """One that is wound down is not cut into what is left of the epochs: each would be scored."""
        progress = self._progress(learner)
        return progress >= 1 if self._winding.begun else self._plan.schedule.epoch_is_over(self._epochs + 1, progress)

    def _is_over(self, learner: Learner) -> bool:
        return self._plan.schedule.is_over(self._epochs, learner.steps, self._progress(learner))

    def _progress(self, learner: Learner) -> float:
        seconds = self._clock.seconds
        planned = self._plan.schedule.progress(learner.steps, seconds, learner.views)
        return self._winding.progress(planned, seconds, learner.steps)

    def _tell_step(self, step: int, progress: float) -> None:
        if step > 1 and time.monotonic() - self._telling < STEP_SECONDS:
            return
        self._telling = time.monotonic()
        steps = self._plan.schedule.steps_of_epoch(self._epochs + 1, step, progress, self._winding)
        self._log.say(Step(self._epochs + 1, step, steps, self._loss))

    def _tell_epoch(self, learner: Learner, loss: float, scores: Scores) -> None:
        seconds, remaining = self._clock.seconds, self._clock.remaining(self._progress(learner))
        times = round(seconds, 1), round(remaining, 1)
        self._log.say(Epoch(self._epochs, self._plan.schedule.epochs, loss, scores.mean_dice, scores.dice, *times))

    def _save_state(self, learner: Learner, loss: float) -> None:
        with self._saving.turn() as due:
            if due or self._is_over(learner):  # where the disk has no room for the weights, they can be had from this
                try:
                    extra = {"epochs": self._epochs, "seconds": self._clock.seconds, "loss": loss}
                    learner.save(self._log.run.resume_path, extra)
                except OSError as error:
                    self._log.notice(unsaved(error))
        self._log.update()

    def _publish(self, learner: Learner, checkpoint: Checkpoint, uncalibrated: Scores) -> None:
        scores = self._comparison.score_beside(checkpoint)
        nearest = self._score_nearest_label()
        metrics = {
            "mean_dice": scores.mean_dice,
            "dice": scores.dice,
            "iou": scores.iou,
            "nearest_label_mean_dice": nearest.mean_dice,
            "nearest_label_dice": nearest.dice,
            "calibration_error": scores.calibration_error,
            "uncalibrated_error": uncalibrated.calibration_error,
            "baseline_mean_dice": self._log.run.baseline_mean,
            "train": [label.item.image_path.name for label in self._found.train],
            "held_out": list(self._judge.images),
            "start_share": self._comparison.start_share,
            **({} if self._plan.elsewhere is None else {ELSEWHERE: self._plan.elsewhere}),
            "steps": learner.steps,
            "seconds": round(self._clock.seconds, 1),
        }
        checkpoint = dataclasses.replace(checkpoint, metrics=metrics, name=self._log.run.name)
        if beyond := self._judge.cannot_judge(scores):
            self._log.notice(unjudged(beyond))
        if self._plan.options.publish:
            self._copy(self._plan.options.publish, checkpoint)
        self._log.publish(checkpoint, scores)

    def _copy(self, path: Path, checkpoint: Checkpoint) -> None:
        """A folder that has gone is no reason to lose a finished training."""
        try:
            save(path, half_precision(checkpoint, path.stem))
        except OSError as error:
            reason = error.strerror or str(error)
            self._log.notice(Message("{path} could not be written: {reason}", {"path": str(path), "reason": reason}))

    def _score_nearest_label(self) -> Scores:
        """Files that have gone since the start are no reason to lose a finished training."""
        try:
            return self._judge.score_nearest_label()
        except ModelError as error:
            self._log.notice(error.message)
            return Scores.none(self._found.classes)
