"""Survey: which labels of a workspace can be used, read and checked once before a training or an evaluation."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from model.classes import ClassTable
from model.counting import count_values
from model.errors import ModelError, TrainingError
from model.images import MAX_PIXELS, Image, read_image
from model.labelled_images import LabelledImage
from model.labels import UNTOUCHED
from model.messages import Message
from model.outside_changes import told_of
from model.progress import Progress, Report, silent
from model.scoring import Scores, count_pairs
from model.truth import Truth, read_truth
from model.unlabelled import unlabelled
from model.workspace import Split, Workspace


@dataclass(frozen=True)
class Usable:
    """A label that fits its image. `place` is the image's in the folder's order, `pixels` how many each value has."""

    item: LabelledImage
    place: int
    shape: tuple[int, int]
    colour: bool
    hounsfield: bool
    pixels: Mapping[int, int]


@dataclass(frozen=True)
class Survey:
    """`problems` say which labels were left out, and why, and that the class table is damaged if it is; `notices` what else
    there is to know.

    `others` are images without a label that a training may look at; nobody has read them yet. `model_labels` is how
    much pixels weigh in training that only the model has set; nothing is ever judged by them.
    """

    classes: ClassTable
    labels: tuple[Usable, ...]
    problems: tuple[Message, ...]
    max_pixels: int = MAX_PIXELS
    others: tuple[Path, ...] = ()
    model_labels: float = 0.0
    notices: tuple[Message, ...] = ()

    @cached_property
    def train(self) -> tuple[Usable, ...]:
        return tuple(label for label in self.labels if label.item.split is Split.TRAIN)

    @cached_property
    def held_out(self) -> tuple[Usable, ...]:
        return tuple(label for label in self.labels if label.item.split is Split.HELD_OUT)

    def training_pixels(self) -> dict[int, int]:
        """How many training pixels each class of the table has, by value, in the table's order."""
        return {value: sum(label.pixels.get(value, 0) for label in self.train) for value in self.classes.values}

    @property
    def coloured(self) -> bool:
        """Whether any training image has colours; the others are then seen in three planes, too."""
        return any(label.colour for label in self.train)

    @property
    def known(self) -> float:
        """The share of the training images' pixels that are labelled."""
        pixels = sum(label.shape[0] * label.shape[1] for label in self.train)
        return sum(self.training_pixels().values()) / max(pixels, 1)

    def read(self, label: Usable) -> Truth:
        """Raises ModelError when the files have changed for the worse since."""
        return read_truth(label.item, self.classes, self.max_pixels, _weight(label.item, self.model_labels))

    def look(self, other: Path) -> Image:
        """One of the `others`. Raises ImageError."""
        return read_image(other, self.max_pixels)

    def require_training_labels(self) -> None:
        """Raises TrainingError when there is too little to learn from."""
        if not self.train:
            if self.problems:
                raise TrainingError(
                    "There is no usable label to train on ({reason}); save an image as label first.",
                    reason=self.problems[0],
                )
            raise TrainingError("There is no usable label to train on; save an image as label first.")
        values = [value for value, count in self.training_pixels().items() if count]
        if len(values) < 2:
            raise TrainingError(
                "The labels hold only the class {name}, so there is nothing to tell it from; "
                "label the background too, or another class.",
                name=[self.classes.by_value(values[0]).name],
            )


def survey(
    workspace: Workspace,
    report: Report = silent,
    max_pixels: int = MAX_PIXELS,
    others: bool = False,
    model_labels: float = 0.0,
) -> Survey:
    """Read every label of the workspace with its image, and list the `others`. `report` may raise Cancelled."""
    places = {entry.name: place for place, entry in enumerate(workspace.entries())}
    usable, problems = [], list(workspace.notices)
    changed: tuple[list[str], list[str]] = [], []
    labelled = workspace.labelled()
    for number, item in enumerate(labelled):
        report(Progress(number / len(labelled)))
        try:
            truth = read_truth(item, workspace.classes, max_pixels, _weight(item, model_labels))
            _note_changes(item, *changed)
        except ModelError as error:
            reason = {"name": item.image_path.name, "reason": error.message}
            problems.append(Message("The label of {name} is left out: {reason}", reason))
            continue
        usable.append(_describe(item, places[item.image_path.name], truth))
    free = tuple(unlabelled(workspace)) if others else ()
    told = (*told_of(*changed), *_on_both_sides([label.item for label in usable]))
    return Survey(workspace.classes, tuple(usable), tuple(problems), max_pixels, free, model_labels, told)


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


def _note_changes(item: LabelledImage, images: list[str], labels: list[str]) -> None:
    with contextlib.suppress(OSError):  # gone since it was read, which the training will find
        name = item.image_path.name
        if item.saved.image_changed(item.image_path):
            images.append(name)
        if item.saved.label_changed(item.label_path):
            labels.append(name)


def _on_both_sides(items: Sequence[LabelledImage]) -> list[Message]:
    """Labels of before copies of an image followed it keep their split, as every label does: only a person can mend that."""
    taught = {
        item.saved.image: item.image_path.name for item in items if item.split is Split.TRAIN and item.saved.image
    }
    judging = [item for item in items if item.split is Split.HELD_OUT and item.saved.image in taught]
    pairs = [f"{taught[item.saved.image]} = {item.image_path.name}" for item in judging]
    if not pairs:
        return []
    return [
        Message(
            "The same image is learned from and held out, under two names: {names}. That makes the scores too good; withdraw one "
            "of the two labels.",
            {"names": pairs},
        )
    ]


def _weight(item: LabelledImage, model_labels: float) -> float:
    return model_labels if item.split is Split.TRAIN else 0.0


def _describe(item: LabelledImage, place: int, truth: Truth) -> Usable:
    counts = count_values(truth.label_map).sum(axis=0)[:UNTOUCHED]
    present = {int(value): int(counts[value]) for value in np.flatnonzero(counts)}
    pixels = truth.image.pixels
    return Usable(item, place, pixels.shape[:2], pixels.ndim == 3, truth.image.unit == "HU", present)
