"""From the document to a training label: what is offered first, what is refused, and what follows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QObject

from lsgui.context import Context
from lsgui.map_writing import MapWriting
from lsgui.notices import Answer, Question
from lsgui.whole_edits import WholeEdits
from model.labels import UNTOUCHED
from model.messages import Message
from model.progress import Report
from model.provenance import MODEL
from model.workspace import Entry


class LabelSaving(QObject):
    """Until a label is saved, no training reads the image."""

    def __init__(self, context: Context, maps: MapWriting, whole: WholeEdits, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._maps = maps
        self._whole = whole
        self._told = False

    def save(self, accepted: bool, then: Callable[[], None] = lambda: None) -> None:
        """Write the open map as a label, after offering that the rest is background; `then` when it is on disk."""
        document = self._context.document
        if document.image is None:
            return
        document.restore()
        self._whole.finish()
        if set(document.counts()) == {UNTOUCHED}:
            self._save_nothing()
            return
        answer = self._offer_background()
        if answer == "fill":
            self._whole.fill_rest(lambda: self._settle(accepted, then))
        elif answer != "cancel":
            self._settle(accepted, then)

    def take_over(self, label_map: np.ndarray, saved: Callable[[], None]) -> None:
        """Of the open image: a map from elsewhere as one edit, and as its label. Not during a gesture.

        `saved` is called in the files lane, when that is on disk.
        """
        self._whole.finish()
        self._context.document.take_over(label_map)
        self._write(True, lambda: None, saved)

    def withdraw(self) -> None:
        """The open image's label is training data no longer; the map stays as it is, to be corrected and saved again."""
        if self._context.document.image is None:
            return
        self._context.document.restore()
        self._whole.finish()
        shot, had = self._maps.snapshot(), []

        def work(report: Report) -> Entry:
            had.append(shot.workspace.has_label(shot.name))  # only here: a label may be on its way to the disk
            return shot.workspace.withdraw_label(shot.name, shot.planes, shot.held)

        title = Message("Withdrawing the label of {name}", {"name": shot.name})
        self._maps.submit(shot, title, work, lambda: self._context.tell("info", _withdrawn(shot.name, had[0])))

    def _save_nothing(self) -> None:
        """Whether there is a label is asked in the files lane: one may be on its way to the disk."""
        workspace, name = self._context.workspace, self._context.document.name

        def done(has_label: bool) -> None:
            if workspace is not self._context.workspace or name != self._context.document.name:
                return
            if not has_label:
                self._context.tell("info", Message("Nothing is labelled in this image yet; predict or paint first."))
            elif self._context.ask(_nothing_is_left(name)) == "withdraw":
                self.withdraw()

        title = Message("Looking at files")
        self._context.jobs.submit("files", title, lambda report: workspace.has_label(name), done, quiet=True)

    def _settle(self, accepted: bool, then: Callable[[], None]) -> None:
        if accepted:
            self._whole.accept(then=lambda: self._write(True, then))
        else:
            self._tell_of_the_model()
            self._write(False, then)

    def _write(self, accepted: bool, then: Callable[[], None], saved: Callable[[], None] = lambda: None) -> None:
        shot = self._maps.snapshot()

        def work(report: Report) -> Entry:
            entry = shot.workspace.save_label(shot.name, shot.image, shot.planes, accepted, shot.held)
            saved()
            return entry

        self._maps.submit(shot, Message("Saving the label of {name}", {"name": shot.name}), work, then)

    def _tell_of_the_model(self) -> None:
        """Once: a prediction that is saved without a look would otherwise seem to have been learned from."""
        counts = self._context.document.provenance_counts()
        if counts.get(MODEL) and not self._told:
            self._told = True
            share = 100 * counts[MODEL] / sum(counts.values())
            share = 100 if share == 100 else min(max(round(share), 1), 99)
            self._context.tell(
                "info",
                Message("{share} % of it is the model's and is not learned from; Enter accepts it.", {"share": share}),
            )

    def _offer_background(self) -> str:
        """fill, keep, or cancel when the user thinks better of saving."""
        counts = self._context.document.counts()
        if UNTOUCHED not in counts or 0 in counts or not self._context.workspace.classes.knows_nothing:
            return "keep"
        return self._context.ask(_rest_is_background())


def _withdrawn(name: str, had: bool) -> Message:
    if not had:
        return Message("This image has no label that could be withdrawn.")
    return Message("The label of {name} is withdrawn: nothing learns from it. A copy is in kept.", {"name": name})


def _nothing_is_left(name: str) -> Question:
    return Question(
        "nothing_is_left",
        Message("Nothing is labelled in {name} any more. Withdraw its label?", {"name": name}),
        Message("Fine-tuning learns from the label that was saved before, until it is withdrawn."),
        (Answer("withdraw", Message("Withdraw the label")), Answer("keep", Message("Keep the label"))),
        default="withdraw",
        cancel="keep",
    )


def _rest_is_background() -> Question:
    return Question(
        "rest_is_background",
        Message("Part of this image is untouched and nothing is background. Is the rest background?"),
        Message(
            "Untouched pixels are never trained on: without background the model sees no example of what is not it."
        ),
        (
            Answer("fill", Message("The rest is background")),
            Answer("keep", Message("Leave it untouched")),
            Answer("cancel", Message("Cancel")),
        ),
        default="fill",
        cancel="cancel",
    )
