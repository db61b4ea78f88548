"""What the fine-tuning panel says about each state, in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtCore import QCoreApplication

from lsgui.training_state import TrainingState
from lsgui.translation import device_text
from model.messages import Message
from model.split import Grouping


def headline(state: TrainingState) -> str:
    """One line: where it stands."""
    translate = QCoreApplication.translate
    if state.pending is not None:
        if state.pending.verdict == "cannot_judge":
            return _not_compared(state, state.pending.mean)
        if not state.pending.mean:
            return translate("training", "Done, but it finds nothing on the held-out images: you decide.")
        return translate("training", "Done, but Dice fell from {old:.1f} to {new:.1f}: you decide.").format(
            old=100 * (state.pending.baseline_mean or 0), new=100 * (state.pending.mean or 0)
        )
    if state.state == "running" and state.epochs:
        text = translate("training", "Epoch {epoch} of {epochs}").format(epoch=state.epoch, epochs=state.epochs)
        return text if state.remaining is None else _both(text, time_left(state.remaining))
    texts = {
        "idle": "",
        "starting": translate("training", "Starting"),
        "running": translate("training", "Reading labels"),
        "finishing": translate("training", "Finishing: it winds down and is scored"),
        "stopping": translate("training", "Stopping"),
        "finished": translate("training", "Done"),
        "stopped": translate("training", "Stopped"),
        "failed": translate("training", "Failed"),
    }
    return texts[state.state]


def _not_compared(state: TrainingState, mean: float | None) -> str:
    """Of a finished run without a score, or without one of the earlier model beside it."""
    translate = QCoreApplication.translate
    if mean is None and state.held_out:
        return translate(
            "training",
            "Done. The held-out images give no score, so nobody can say whether it is better: you decide.",
        )
    if mean is None:
        return translate("training", "Done. Without held-out images nobody can say whether it is better: you decide.")
    if state.began_elsewhere:
        text = translate(
            "training",
            "Done. The earlier model knows none of these classes, so there is nothing to compare with; the new one has Dice "
            "{new:.1f} on the held-out images: you decide.",
        )
    else:
        text = translate(
            "training",
            "Done. There is no earlier score to compare with; the new model has Dice {new:.1f} on the held-out images: you "
            "decide.",
        )
    return text.format(new=100 * mean)


class Labelled(NamedTuple):
    """How many images have a label, are held out, and have newer work: their label is learned from as it was saved.

    `too_few` is how many units of what grouping there are, where they are the reason that none is held out.
    """

    all: int
    held_out: int
    corrected: int
    too_few: tuple[Grouping, int] | None = None


def details(
    state: TrainingState,
    labelled: Labelled,
    trained: bool,
    resumable: bool,
    predicts: bool,
    sentence: Callable[[Message], str],
) -> list[str]:
    """The lines below it. `trained` says that the folder has runs, `resumable` that the last of them can go on, `predicts` that
    what was trained last predicts here.
    """
    translate = QCoreApplication.translate
    if state.failure is not None and state.state == "failed":
        return [sentence(state.failure)]
    if state.state == "idle":
        return _advice(labelled, trained)
    lines = []
    if state.state == "stopped" and state.gone and state.run and not (state.epoch or resumable):
        lines.append(translate("training", "It cannot be resumed: its first epoch was not over."))
    if state.train:
        text = translate("training", "{train} to train on, {held_out} held out")
        lines.append(text.format(train=state.train, held_out=state.held_out))
        if not state.held_out:
            lines += _why_none(labelled)
    if state.unlabelled:
        lines.append(translate("training", "{count} without a label are looked at").format(count=state.unlabelled))
    if state.device:
        lines.append(
            translate("training", "{device}, batch {batch}").format(device=device_text(state.device), batch=state.batch)
        )
    if predicts and state.finished.verdict == "better" and state.finished.mean is not None:
        text = translate("training", "Dice {old:.1f} before, {new:.1f} now: it predicts from here on.")
        lines.append(text.format(old=100 * (state.finished.baseline_mean or 0), new=100 * state.finished.mean))
    return lines


def _why_none(labelled: Labelled) -> list[str]:
    """Why no image is held out, where that is not plain from their number."""
    translate = QCoreApplication.translate
    if labelled.too_few is None:
        return []
    grouping, units = labelled.too_few
    texts = {
        Grouping.SERIES: translate("training", "Series so far: {units}. The fifth is the first that can be held out."),
        Grouping.PREFIX: translate("training", "Groups so far: {units}. The fifth is the first that can be held out."),
    }
    blocks = translate("training", "Blocks of 10 mm so far: {units}. The fifth is the first that can be held out.")
    return [texts.get(grouping, blocks).format(units=units)]


def _both(first: str, second: str) -> str:
    return QCoreApplication.translate("training", "{first}, {second}").format(first=first, second=second)


def time_left(seconds: float) -> str:
    translate = QCoreApplication.translate
    if seconds < 55:
        return translate("training", "about {seconds} s left").format(seconds=max(1, round(seconds)))
    return translate("training", "about {minutes} min left").format(minutes=round(seconds / 60))


def _advice(labelled: Labelled, trained: bool) -> list[str]:
    translate = QCoreApplication.translate
    if not labelled.all:
        text = translate(
            "training",
            "No labels yet. Predict an image, correct it, and press Ctrl+S or Enter: "
            "then there is something to learn from.",
        )
        return [text]
    counted = translate("training", "labelled: {labelled}, held out: {held_out}").format(
        labelled=labelled.all, held_out=labelled.held_out
    )
    if labelled.corrected:
        text = translate("training", "{count} corrected since (Ctrl+S saves it)")
        counted = _both(counted, text.format(count=labelled.corrected))
    why = _why_none(labelled)
    if trained or labelled.corrected or why:  # a narrow window has two lines for it
        return [counted, *why]
    return [counted, translate("training", "No training yet. Fine-tune (Ctrl+T) teaches the model what you corrected.")]
