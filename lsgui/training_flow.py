"""From labels to a better model: starting the child, following what it says, and whose weights predict afterwards."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from lsgui.context import Context
from lsgui.failures import failure_of
from lsgui.finetune_child import Ended, FineTuneChild
from lsgui.jobs import SegmenterKeeper
from lsgui.model_choice import ModelChoice
from lsgui.notices import Answer, Question
from lsgui.saving import Saving
from lsgui.training_state import TrainingState
from model import events
from model.events import Event
from model.layout import Layout
from model.messages import Message
from model.options import FineTuneOptions
from model.runs import Run, list_runs, read_events, read_run, set_active
from model.split import Split

FEWEST_LABELS = 1
"""Labelled training images without which there is nothing to learn from."""
MODEL_WEIGHT = 0.5
"""Of a pixel that only the model has set, once it is asked for: less than one that a person has looked at, 0.8."""


class TrainingFlow(QObject):
    """`state` is what the panel shows; the child process does the work. `unlabelled` says whether the trainings begun from
    here learn from what has no label, too, and `model_labels` how much labels weigh that only the model has set.
    """

    changed = Signal()

    def __init__(
        self,
        context: Context,
        saving: Saving,
        model: ModelChoice,
        keeper: SegmenterKeeper,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.state = TrainingState()
        self.unlabelled = FineTuneOptions.unlabelled
        self.model_labels = FineTuneOptions.model_labels
        self.child = FineTuneChild(self)
        self._context = context
        self._saving = saving
        self._model = model
        self._keeper = keeper
        self._folder: Path | None = None
        self._root: Path | None = None
        self._next: FineTuneOptions | None = None
        self._resuming = False
        self.child.event.connect(self._take)
        self.child.ended.connect(self._ended)

    def start(self, options: FineTuneOptions | None = None) -> None:
        """Fine-tune the active model on the saved labels, or as `options` say. Unsaved work is saved first."""
        workspace = self._context.workspace
        if workspace is None or self.state.active:
            return
        self._model.look_again()
        if options is None and self._model.info is None:
            self._context.tell(
                "warning", Message("There is no model to fine-tune; open weights, or train a new model.")
            )
            return
        # By what the list knows: to look at labels without a record may take many headers, and the child does so anyway.
        found = sum(entry.has_label and entry.split != Split.HELD_OUT for entry in workspace.entries())
        if found < FEWEST_LABELS:
            self._context.tell(
                "warning",
                Message(
                    "Fine-tuning learns from saved labels, and this folder has none yet: correct an image and press "
                    "Ctrl+S (Save as label), best on four images or more."
                ),
            )
            return
        chosen = options or self._options(weights=self._model.info.path)
        self._saving.flush(lambda saved: self._launch(chosen) if saved else None)

    def resume(self) -> None:
        """Go on with the last run that was interrupted."""
        self.start(FineTuneOptions(resume=True))

    def new_model(self, preset: str) -> None:
        """Train a model from scratch, compared with the one that predicts now."""
        self._model.look_again()
        model = self._model.info
        baseline = model.path if model else None
        self.start(self._options(preset=preset, baseline=baseline))

    def finish(self) -> None:
        """Have what it has learned so far, without the rest."""
        if self.child.running and self.state.can_finish:
            self.state.state = "finishing"
            self.child.finish()
            self.changed.emit()

    def stop(self) -> None:
        if self.child.running:
            self.state.state = "stopping"
            self.child.cancel()
            self.changed.emit()

    def use(self, weights: Path) -> None:
        """Predict with any finished run's weights, or those that the program came with, which answers a question about a run.
        When they cannot be read, the question stays.
        """
        if self._model.load_weights(weights):
            self._decided()

    def keep(self) -> None:
        """Leave the model as it is: the finished run stays in its folder."""
        self._decided()

    def runs(self) -> list[Run]:
        """This workspace's runs, oldest first."""
        return [] if self._context.workspace is None else list_runs(self._context.workspace.root)

    def may_end(self) -> bool:
        """Whether the program may end, which ends a training: the user is asked while there is one."""
        running = self.state.active and self.child.running
        return not running or self._context.ask(_training_ends(self._can_be_resumed())) == "quit"

    def _can_be_resumed(self) -> bool:
        return any(run.resume_path.exists() for run in self._runs_of_child())

    def _runs_of_child(self) -> list[Run]:
        """The one that the child works at, or worked at; before it has said which, any where it shall go on with one."""
        said = self.state.run
        return [run for run in list_runs(self._root) if run.number == said or (said is None and self._resuming)]

    def shut_down(self, seconds: float) -> bool:
        self._next = None
        return self.child.stop(seconds)

    def use_folder(self) -> None:
        """Another workspace: a running child belongs to the old one and goes on; its result does not come here, nor does a
        training begin here that was asked for there.

        The same one read again changes nothing: a finished run may still wait for an answer."""
        if not self.state.active and self._context.workspace.root != self._root:
            self.state, self._next = TrainingState(), None
            self.changed.emit()

    def _options(self, **chosen: object) -> FineTuneOptions:
        return FineTuneOptions(unlabelled=self.unlabelled, model_labels=self.model_labels, **chosen)

    def _launch(self, options: FineTuneOptions) -> None:
        workspace = self._context.workspace
        if workspace is None or self.state.active:
            return
        if self.child.running:  # it has said its last word, and is about to end
            self._next = options
            return
        self.state = TrainingState(state="starting")
        self._folder, self._root, self._resuming = workspace.folder, workspace.root, options.resume
        self._context.jobs.submit(
            "predict", Message("Making room on the GPU"), lambda report: self._keeper.release(), quiet=True
        )
        options = replace(options, max_pixels=self._context.max_pixels)
        self.child.start(workspace.folder, workspace.root, options)
        self.changed.emit()

    def _take(self, event: Event) -> None:
        self.state.take(event)
        match event:
            case events.Started() if self._resuming:
                self._recall(event.run)
            case events.Notice():
                self._context.tell("info", event.message)
            case events.Failed():
                self._context.tell("error", event.message)
            case events.Finished():
                self._finish(event)
        self.changed.emit()

    def _recall(self, number: int) -> None:
        run = read_run(Layout(self._root).run(number))
        if run is not None:
            self.state.recall(read_events(run))

    def _finish(self, event: events.Finished) -> None:
        here = self._context.workspace is not None and self._context.workspace.root == self._root
        if event.verdict != "better":
            if here:
                self.state.pending = event
            else:
                self._tell_elsewhere(event)
            return
        if not here:  # another folder was opened meanwhile: the model waits for its own
            try:
                set_active(self._root, Path(event.weights))
            except OSError as error:
                self._context.tell_failure(failure_of(error))
            return
        if not self._model.load_weights(Path(event.weights)):
            return
        self._context.tell(
            "info",
            Message(
                "Run {run} is at least as good on the held-out images (Dice {old} before, {new} now), "
                "and predicts from now on.",
                {"run": event.run, "old": _percent(event.baseline_mean), "new": _percent(event.mean)},
            ),
        )

    def _tell_elsewhere(self, event: events.Finished) -> None:
        """No question about a folder that is not on screen: its model stays until its user goes back there."""
        self._context.tell(
            "warning",
            Message(
                "Run {run} in {folder} has finished and is not in use yet: to predict with it, open that folder and press "
                "Use beside it under Runs.",
                {"run": event.run, "folder": str(self._folder)},
            ),
        )

    def _ended(self, ended: Ended) -> None:
        self.state.gone = True
        if self.state.active:
            if ended.cancelled:
                self.state.state = "stopped"
            else:
                self._died(ended)
        self.changed.emit()
        options, self._next = self._next, None
        if options is not None:
            self._launch(options)

    def _died(self, ended: Ended) -> None:
        self.state.state = "failed"
        self.state.failure = Message(
            "Fine-tuning ended unexpectedly (code {code}). Labels and the model are as they were; "
            "resume the run, or start it again with a smaller batch."
            if any(run.resumable for run in self._runs_of_child())
            else "Fine-tuning ended unexpectedly (code {code}). Labels and the model are as they were; "
            "start it again with a smaller batch.",
            {"code": ended.exit_code},
        )
        self._context.tell("error", self.state.failure, ended.output)

    def _decided(self) -> None:
        self.state.pending = None
        self.changed.emit()


def _training_ends(resumable: bool) -> Question:
    saved = Message("It can be resumed from where it was the last time that its state was saved.")
    lost = Message("Its state has not been saved yet: what it has learned so far is lost.")
    return Question(
        "training_ends",
        Message("Fine-tuning is still running. Quit, and end it?"),
        saved if resumable else lost,
        (Answer("quit", Message("Quit"), destructive=True), Answer("stay", Message("Go on"))),
        default="stay",
        cancel="stay",
    )


def _percent(dice: float | None) -> str:
    return "-" if dice is None else f"{100 * dice:.1f}"
