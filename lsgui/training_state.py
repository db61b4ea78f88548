"""What a fine-tuning has said so far, in the form its panel draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from model import events
from model.events import Event
from model.messages import Message
from model.training_notices import nothing_known


@dataclass
class TrainingState:
    """`state` is idle, starting, running, finishing (early), stopping, finished, stopped or failed.

    `epoch` counts those that are done. `loss` and `dice` are points (epoch, value) with fractions of an epoch; Dice is in 0..1
    and keyed by class uid.
    `pending` is a finished run that waits for the user's decision, because it is worse or cannot be judged.
    """

    state: str = "idle"
    run: int | None = None
    device: str = ""
    batch: int = 0
    epochs: int = 0
    epoch: int = 0
    fraction: float | None = None
    train: int = 0
    held_out: int = 0
    unlabelled: int = 0
    remaining: float | None = None
    loss: list[tuple[float, float]] = field(default_factory=list)
    dice: list[tuple[float, float]] = field(default_factory=list)
    per_class: Mapping[str, float] = field(default_factory=dict)
    baseline_mean: float | None = None
    baseline: Mapping[str, float] = field(default_factory=dict)
    notices: list[Message] = field(default_factory=list)
    finished: events.Finished | None = None
    pending: events.Finished | None = None
    failure: Message | None = None
    last_step: tuple[int, int] = (0, 0)
    """The epoch and the step within it that were told last."""
    gone: bool = False
    """The process has ended, some time after its last word: until then its run counts as one at work."""

    @property
    def active(self) -> bool:
        """A child process is at work."""
        return self.state in ("starting", "running", "finishing", "stopping")

    @property
    def can_finish(self) -> bool:
        """Whether it has learned something that it could come to its end with."""
        return self.state == "running" and bool(self.loss)

    @property
    def began_elsewhere(self) -> bool:
        """Whether it has heard that the earlier model knows none of the classes, and so has no score."""
        return any(notice.template == nothing_known("").template for notice in self.notices)

    def recall(self, said: Sequence[Event]) -> None:
        """The curves of a run that goes on, from all that it has said. Its baseline is told anew, as it may be another one."""
        starts = [index for index, event in enumerate(said) if isinstance(event, events.Started)]
        for event in said[: starts[-1]] if starts else ():
            if isinstance(event, events.Step | events.Epoch):
                self.take(event)
        self.remaining = None

    def take(self, event: Event) -> None:
        """Add what one event says."""
        match event:
            case events.Started():
                self.state = "running" if self.state == "starting" else self.state
                self.run, self.device, self.batch, self.epochs = event.run, event.device, event.batch, event.epochs
                self.train, self.held_out, self.unlabelled = event.train, event.held_out, event.unlabelled
            case events.Baseline():
                self.baseline_mean, self.baseline = event.mean, event.dice
            case events.Step():
                self._take_step(event)
            case events.Epoch():
                self._take_epoch(event)
            case events.Notice():
                self.notices.append(event.message)
            case events.Finished():
                self.state, self.finished, self.fraction, self.remaining = "finished", event, 1.0, None
                self.per_class, self.baseline = event.dice, event.baseline
                self.baseline_mean = event.baseline_mean
            case events.Stopped():
                self.state = "stopped"
            case events.Failed():
                self.state, self.failure = "failed", event.message

    def _take_step(self, event: events.Step) -> None:
        done = event.epoch - 1
        if (event.epoch, event.step) <= self.last_step:
            self._go_back(done)
        self.last_step = event.epoch, event.step
        reached, self.epoch = done + event.step / max(event.steps, 1), max(self.epoch, done)
        self.loss.append((reached, event.loss))
        self.fraction = reached / self.epochs if self.epochs else None

    def _go_back(self, epoch: int) -> None:
        """A run goes on from the last state that was saved: what it said beyond it is done again."""
        self.loss = [point for point in self.loss if point[0] <= epoch]
        self.dice = [point for point in self.dice if point[0] <= epoch]
        self.epoch = epoch

    def _take_epoch(self, event: events.Epoch) -> None:
        self.epoch, self.epochs, self.remaining = event.epoch, event.epochs, event.remaining
        self.fraction = event.epoch / event.epochs if event.epochs else None
        if event.mean is not None:
            self.dice.append((float(event.epoch), event.mean))
            self.per_class = event.dice
