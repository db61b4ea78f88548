"""Judge: scores checkpoints on the held-out images of a workspace, old and new ones alike."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator

import torch

from model.adapt import missing_classes, network_from_checkpoint
from model.calibration import fit_temperature
from model.checkpoint import Checkpoint
from model.dataset import Kept
from model.errors import LabelError, ModelError
from model.foreign import stamp_of
from model.index import FileStamp
from model.logit_samples import sample_logits
from model.messages import Message
from model.progress import Report
from model.scoring import Scores, score
from model.segmenter import Segmenter
from model.survey import Survey, score_nearest_label
from model.truth import Truth

KEPT_TRUTHS = 1 << 30
"""Bytes of decoded images kept between two scorings; what does not fit is read again."""


class Judge:
    """Predicts by the very door that the window predicts through, so that its numbers are those of real predictions.

    An image that cannot be read any more, or is not what it was, is left out from then on, and `notices` says so: whoever
    compares two scores must see to it that `images` was the same for both.
    """

    def __init__(self, found: Survey, device: torch.device, report: Report) -> None:
        self._found, self._report = found, report
        self.device = device
        self.notices: list[Message] = []
        self._truths = Kept(self._read, len(found.held_out), KEPT_TRUTHS)
        self._stamps: dict[int, tuple[FileStamp | None, FileStamp | None]] = {}

    @property
    def images(self) -> tuple[str, ...]:
        """The names of those that are scored."""
        return tuple(self._found.held_out[number].item.image_path.name for number in self._truths.usable)

    @property
    def can_judge(self) -> bool:
        return bool(self._truths.usable)

    def score(self, checkpoint: Checkpoint) -> Scores:
        """Of no image when nothing is held out. Raises CheckpointError for one that knows none of the classes."""
        if not self.can_judge:
            return Scores.none(self._found.classes)
        segmenter = Segmenter.load(checkpoint, str(self.device), self._found.classes)
        return score(segmenter, self._readable(), self._found.classes, self._report)

    def knows_any(self, checkpoint: Checkpoint) -> bool:
        """Whether it knows one of the classes at least, without which it has no score."""
        return len(missing_classes(checkpoint, self._found.classes)) < len(self._found.classes.classes)

    def cannot_judge(self, scores: Scores) -> list[str]:
        """The names of learned classes that no held-out label shows: painted where none is, they cost these scores nothing.
        None of them where nothing is held out, so that there are no scores.
        """
        learned, classes = self._found.training_pixels(), self._found.classes
        known = [item for item in classes.scored if learned[item.value]]
        return [item.name for item in known if item.uid not in scores.dice] if self.can_judge else []

    def calibrated(self, checkpoint: Checkpoint, otherwise: float) -> Checkpoint:
        """The checkpoint with the temperature that the held-out images ask for, or the other when there are none.

        Images that were learned from would not do: there the network is right more often than elsewhere.
        """
        temperature = None
        if self.can_judge:
            network, images = network_from_checkpoint(checkpoint).to(self.device).eval(), len(self.images)
            samples = sample_logits(network, checkpoint, self._readable(), images, self.device, self._report)
            temperature = fit_temperature(*samples)
        return dataclasses.replace(checkpoint, temperature=temperature or otherwise)

    def score_nearest_label(self) -> Scores:
        """What copying the nearest training label would score."""
        return score_nearest_label(self._found, [self._found.held_out[number] for number in self._truths.usable])

    def seconds_to_score(self, checkpoint: Checkpoint) -> float:
        """How long one `score` will take, judged by one image; 0 when nothing is held out."""
        truth = next(self._readable(), None)
        if truth is None:
            return 0.0
        segmenter = Segmenter.load(checkpoint, str(self.device), self._found.classes)
        started = time.monotonic()
        segmenter.predict(truth.image, self._report)
        return (time.monotonic() - started) * len(self._truths.usable)

    def _read(self, number: int) -> Truth:
        """Raises ModelError, also for files that were changed since they were read first: a person may save the label anew."""
        label = self._found.held_out[number]
        stamps = stamp_of(label.item.image_path), stamp_of(label.item.label_path)
        truth = self._found.read(label)
        if self._stamps.setdefault(number, stamps) != stamps:
            raise LabelError("it or its label has been changed since the training began.")
        return truth

    def _readable(self) -> Iterator[Truth]:
        for number in tuple(self._truths.usable):
            try:
                truth = self._truths.get(number)
            except ModelError as error:
                lost = {"name": self._found.held_out[number].item.image_path.name, "reason": error.message}
                self.notices.append(Message("{name} is left out of the comparison: {reason}", lost))
                continue
            yield truth
