"""Which model predicts: the workspace's own, the one the program came with, or one the user opened."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from lsgui.context import Context
from lsgui.failures import failure_of
from model.checkpoint import CheckpointHeader, read_header
from model.classes import ClassTable
from model.errors import ModelError
from model.messages import Message
from model.runs import chosen_weights, set_active, weights_name


@dataclass(frozen=True)
class ModelInfo:
    """The model that predicts. `device` is empty until it is loaded; `missing` names classes of the table it lacks.
    `mean_dice` is None, too, where it is not `at_home`, lacking all but the background: its score would say nothing here.
    """

    name: str
    path: Path
    classes: ClassTable
    device: str = ""
    mean_dice: float | None = None
    missing: tuple[str, ...] = ()
    at_home: bool = True

    @property
    def is_lost_here(self) -> bool:
        """Whether it knows none of the table's classes but the background."""
        return bool(self.missing) and not self.at_home

    @property
    def shown_name(self) -> Message:
        """The name as it is told: that of a run has a word of the language in it."""
        return _shown(self.name)


class ModelChoice(QObject):
    """Reads headers only: the weights themselves are loaded with the first prediction."""

    changed = Signal()

    def __init__(self, context: Context, demo_weights: Path | None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.info: ModelInfo | None = None
        self.shipped = demo_weights
        """The weights that the program came with."""
        self._context = context
        self._warned: tuple[ModelInfo, Message] | None = None
        """What was said to be missing, and of which model."""
        self.changed.connect(self._withdraw_warning)

    def use_folder(self) -> None:
        """Another workspace: take its active model, else the one the program came with."""
        self.info = None
        chosen = chosen_weights(self._context.workspace.root)
        gone = chosen is not None and not chosen.is_file()
        if (chosen is None or gone or not self.use(chosen)) and self.shipped is not None:
            self.use(self.shipped)
        if gone:
            self._tell_removed(_shown(weights_name(chosen)))
        elif self.info is not None and self.info.is_lost_here:
            self._tell_missing()
        self.changed.emit()

    def use(self, weights: Path) -> bool:
        """Predict with these weights from now on; False and a notice when they cannot be used."""
        weights = weights.absolute()  # a training's process has another working directory
        try:
            header = read_header(weights)
        except ModelError as error:
            self._context.tell_failure(failure_of(error))
            return False
        device = self.info.device if self.info is not None and self.info.path == weights else ""
        self.info = _info(weights, header, self._context.workspace.classes, device)
        self.changed.emit()
        return True

    def load_weights(self, path: Path) -> bool:
        """Open a weights file, and remember it as this workspace's model; False and a notice when it cannot be used."""
        if self._context.workspace is None:
            self._context.tell("info", Message("Open a folder of images first; the weights are remembered with it."))
            return False
        if not self.use(path):
            return False
        try:
            set_active(self._context.workspace.root, path)
        except OSError as error:
            self._context.tell_failure(failure_of(error))
        if self.info.missing:
            self._tell_missing()
        return True

    def look_again(self) -> None:
        """Where the file of the weights is gone, go on with those that all began with, as opening the folder would."""
        gone = self.info
        if gone is None or gone.path.is_file() or gone.path == self.shipped:
            return
        self.info = None
        if self.shipped is None or not self.use(self.shipped):
            self.changed.emit()
        self._tell_removed(gone.shown_name)

    def _tell_missing(self) -> None:
        message = Message(
            "{name} does not know {classes}: it never predicts them until it has been fine-tuned on labels.",
            {"name": self.info.shown_name, "classes": list(self.info.missing)},
        )
        self._warned = self.info, message
        self._context.tell("warning", message)

    def _withdraw_warning(self) -> None:
        """Once another model predicts, or this one lacks other classes of another table."""
        if self._warned is None:
            return
        (of, message), now = self._warned, self.info
        if now is None or (now.path, now.missing) != (of.path, of.missing):
            self._warned = None
            self._context.withdraw(message)

    def _tell_removed(self, name: Message) -> None:
        removed = Message("The weights of {name} were removed; open others, or train a new model.", {"name": name})
        if self.info is not None:
            names = {"name": name, "other": self.info.shown_name}
            removed = Message("The weights of {name} were removed; {other} predicts from now on.", names)
        self._context.tell("warning", removed)

    def classes_changed(self) -> None:
        """The table is another one: the model may know more or less of it."""
        self.look_again()
        if self.info is not None:
            was_lost = self.info.is_lost_here
            if self.use(self.info.path) and self.info.is_lost_here and not was_lost:
                self._tell_missing()

    def learn_device(self, weights: Path, device: str) -> None:
        """What a prediction found out."""
        if self.info is not None and self.info.path == weights and self.info.device != device:
            self.info = replace(self.info, device=device)
            self.changed.emit()


def _shown(name: str) -> Message:
    run = re.fullmatch(r"run (\d+)", name)
    return Message("run {number}", {"number": run[1]}) if run else Message("{name}", {"name": name})


def _info(weights: Path, header: CheckpointHeader, classes: ClassTable, device: str) -> ModelInfo:
    missing = tuple(item.name for item in classes.classes if header.classes.by_uid(item.uid) is None)
    score = header.metrics.get("mean_dice")
    at_home = any(header.classes.by_uid(item.uid) for item in classes.scored)
    dice = float(score) if isinstance(score, int | float) and at_home else None
    return ModelInfo(header.name or weights.stem, weights, header.classes, device, dice, missing, at_home)
