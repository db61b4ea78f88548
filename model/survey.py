"""Survey: which labels of a workspace can be used, read and checked once before a training or an evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from model.classes import ClassTable
from model.errors import ModelError, TrainingError
from model.images import MAX_PIXELS
from model.labels import UNTOUCHED
from model.messages import Message
from model.progress import Progress, Report, silent
from model.scoring import Scores, count_pairs
from model.truth import Truth, read_truth
from model.workspace import LabelledImage, Split, Workspace


@dataclass(frozen=True)
class Usable:
    """A label that fits its image. `place` is the image's in the folder's order, `values` the classes in the label."""

    item: LabelledImage
    place: int
    shape: tuple[int, int]
    colour: bool
    hounsfield: bool
    values: frozenset[int]


@dataclass(frozen=True)
class Survey:
    """`problems` say which labels were left out, and why."""

    classes: ClassTable
    labels: tuple[Usable, ...]
    problems: tuple[Message, ...]
    max_pixels: int = MAX_PIXELS

    @property
    def train(self) -> tuple[Usable, ...]:
        return tuple(label for label in self.labels if label.item.split is Split.TRAIN)

    @property
    def held_out(self) -> tuple[Usable, ...]:
        return tuple(label for label in self.labels if label.item.split is Split.HELD_OUT)

    def read(self, label: Usable) -> Truth:
        """Raises ModelError when the files have changed for the worse since."""
        return read_truth(label.item, self.classes, self.max_pixels)

    def require_training_labels(self) -> None:
        """Raises TrainingError when there is too little to learn from."""
        if not self.train:
            reason = f" ({self.problems[0]})" if self.problems else ""
            raise TrainingError(
                "There is no usable label to train on{reason}; save an image as label first.", reason=reason
            )
        values = frozenset[int]().union(*(label.values for label in self.train))
        if len(values) < 2:
            raise TrainingError(
                "The labels hold only the class {name}, so there is nothing to tell it from; "
                "label the background too, or another class.",
                name=self.classes.by_value(min(values)).name,
            )


def survey(workspace: Workspace, report: Report = silent, max_pixels: int = MAX_PIXELS) -> Survey:
    """Read every label of the workspace with its image. `report` may raise Cancelled."""
    places = {entry.name: place for place, entry in enumerate(workspace.entries())}
    usable, problems = [], []
    labelled = workspace.labelled()
    for number, item in enumerate(labelled):
        report(Progress(number / len(labelled)))
        try:
            truth = read_truth(item, workspace.classes, max_pixels)
        except ModelError as error:
            reason = {"name": item.image_path.name, "reason": str(error)}
            problems.append(Message("The label of {name} is left out: {reason}", reason))
            continue
        usable.append(_describe(item, places[item.image_path.name], truth))
    return Survey(workspace.classes, tuple(usable), tuple(problems), max_pixels)


def score_nearest_label(found: Survey, judged: Sequence[Usable]) -> Scores:
    """What copying the label of the nearest training image would score on `judged`: the least a model must beat.

    Nearest is by the folder's order, among the other training labels of the same size; images without one are left
    out. What is untouched in the copied label counts as background.
    """
    scores = Scores.none(found.classes)
    for label in judged:
        others = [one for one in found.train if one.shape == label.shape and one.place != label.place]
        if others:
            copied = found.read(min(others, key=lambda one: abs(one.place - label.place))).label_map
            copied = np.where(copied == UNTOUCHED, found.classes.background.value, copied)
            scores = count_pairs(scores, copied, found.read(label).label_map)
    return scores


def _describe(item: LabelledImage, place: int, truth: Truth) -> Usable:
    present = np.flatnonzero(np.bincount(truth.label_map.ravel(), minlength=256)[:UNTOUCHED])
    pixels = truth.image.pixels
    return Usable(
        item, place, pixels.shape[:2], pixels.ndim == 3, truth.image.unit == "HU", frozenset(present.tolist())
    )
