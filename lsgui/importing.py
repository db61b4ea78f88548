"""Masks that come from elsewhere: matched to images by name, and saved as labels."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject

from lsgui.class_changes import ClassChanges
from lsgui.context import Context
from lsgui.jobs import Failure
from lsgui.label_saving import LabelSaving
from lsgui.mask_questions import MaskQuestions
from lsgui.opening import Opening
from lsgui.saving import Saving
from lsgui.translation import sentence
from model.classes import ClassTable
from model.errors import ImageError, LabelError
from model.images import Image, read_image
from model.layout import Layout
from model.mask_survey import FoundMask, MaskSurvey, mask_files, nothing_in, says_nothing, survey_masks
from model.masks import read_mask
from model.messages import Message
from model.plane_source import of_arrays
from model.progress import Progress, Report
from model.provenance import HUMAN, set_by
from model.workspace import Workspace


@dataclass(frozen=True, eq=False)
class _Found:
    """What a mask file says of its image: `label_map` is uint8 (H, W). `replaces` work of a person, which is kept."""

    image: Image
    label_map: np.ndarray
    replaces: bool


@dataclass
class _Import:
    """Masks on their way into labels, and the images that they have come to so far, by name: its jobs fill it, and it is
    told when they have ended. `read` is what is still to be placed.
    """

    workspace: Workspace
    numbering: Mapping[str, int]
    white: int | None
    max_pixels: int
    read: dict[str, _Found] = field(default_factory=dict)
    imported: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    problems: list[Message] = field(default_factory=list)
    ended_early: bool = False

    def check_classes(self, read_by: ClassTable | None = None) -> None:
        """Without one of the classes that were asked about, what it says would be left out unasked; nor may the table be
        another than a mask was `read_by`. Raises LabelError.
        """
        now = self.workspace.classes
        if not self.numbering.items() <= now.numbering.items() or (read_by or now) is not now:
            raise LabelError("The classes have changed meanwhile; import the masks again.")

    def save(self, name: str, found: _Found) -> None:
        """In the files lane: the label of an image that is not open."""
        planes = of_arrays(found.label_map, set_by(found.label_map, HUMAN))
        self.workspace.save_label(name, found.image, planes, accepted=True)
        self.note(name, found)

    def note(self, name: str, found: _Found) -> None:
        """Its label is on the disk."""
        self.imported.append(name)
        if found.replaces:
            self.replaced.append(name)


class Importing(QObject):
    """Files are read in the files lane; a first pass finds what has to be asked before anything is written."""

    def __init__(
        self,
        context: Context,
        saving: Saving,
        opening: Opening,
        labels: LabelSaving,
        classes: ClassChanges,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._saving = saving
        self._opening = opening
        self._labels = labels
        self._questions = MaskQuestions(context, classes)
        self._waiting: list[_Import] = []
        for signal in (opening.opened, opening.failed):
            signal.connect(lambda *ignored: context.jobs.post(self._settle_again))

    def import_masks(self, paths: Path | Sequence[Path]) -> None:
        """Save mask files (or a folder of them) as labels of the images with the same name."""
        if self._context.workspace is not None:
            self._saving.flush(lambda saved: self._survey(paths) if saved else None)

    def _survey(self, paths: Path | Sequence[Path]) -> None:
        workspace, max_pixels = self._context.workspace, self._context.max_pixels
        numbering = workspace.classes.numbering
        self._context.jobs.submit(
            "files",
            Message("Reading masks"),
            lambda report: survey_masks(workspace, mask_files(paths), max_pixels, report),
            lambda survey: self._surveyed(workspace, survey, numbering),
        )

    def _surveyed(self, workspace: Workspace, survey: MaskSurvey, numbering: Mapping[str, int]) -> None:
        if workspace is not self._context.workspace:
            return
        wanted = self._questions.wanted(survey)
        if wanted is None:
            return
        numbering = {**numbering, **workspace.classes.numbering}  # with what was added for them
        given = workspace, numbering, wanted.white, self._context.max_pixels
        self._write(_Import(*given, problems=survey.problems), wanted.masks)

    def _write(self, batch: _Import, masks: list[FoundMask]) -> None:
        """For the open image, and the one that is coming, masks are only read: a journal of theirs is being written, and
        nobody but the document may change what it tells of. Whatever is opened from now on is read after this job.
        """
        shown, post = {self._context.document.name, self._opening.wanted}, self._context.jobs.post
        masks = sorted(masks, key=lambda mask: mask.entry.name not in shown)
        self._context.jobs.submit(
            "files",
            Message("Importing masks"),
            lambda report: _import(batch, masks, shown, lambda: post(lambda: self._place_read(batch)), report),
            lambda nothing: self._settle(batch),
            lambda failure: self._ended_early(batch, failure),
            lambda: self._ended_early(batch),
        )

    def _place_read(self, batch: _Import) -> None:
        """What was read for images that were shown becomes an edit of the one that is, and a label of others."""
        if batch.workspace is not self._context.workspace:
            return
        coming = self._opening.wanted if self._opening.under_way else None
        for name in [name for name in list(batch.read) if name != coming]:
            found = batch.read.pop(name)
            self._context.when_idle(lambda name=name, found=found: self._place(batch, name, found))

    def _settle(self, batch: _Import) -> None:
        """All has been read: what is for an image that is still coming waits for it."""
        self._place_read(batch)
        if batch.workspace is not self._context.workspace:
            return
        if batch.read:
            self._waiting.append(batch)
        else:
            self._context.when_idle(lambda: self._end(batch))

    def _settle_again(self) -> None:
        """An image that was on its way is there, or is not wanted any more."""
        waiting, self._waiting = self._waiting, []
        for batch in waiting:
            self._settle(batch)

    def _place(self, batch: _Import, name: str, found: _Found) -> None:
        """As an edit, so that undo shows what was there before."""
        document = self._context.document
        if batch.workspace is not self._context.workspace:
            return
        try:
            batch.check_classes()
        except LabelError as error:
            batch.problems.append(error.message)
            return
        if name == document.name and found.label_map.shape == document.shape:
            self._labels.take_over(found.label_map, lambda: batch.note(name, found))
            return

        def save(report: Report) -> None:
            batch.save(name, found)

        def again(nothing: None) -> None:
            """Its file has another size than when it was opened."""
            if name == document.name and batch.workspace is self._context.workspace:
                self._opening.reload()

        self._context.jobs.submit("files", Message("Importing masks"), save, again)

    def _end(self, batch: _Import) -> None:
        """Once all that was asked for is on the disk, or told why it is not."""
        done = lambda nothing: self._imported(batch)
        self._context.jobs.submit("files", Message("Importing masks"), lambda report: None, done, quiet=True)

    def _imported(self, batch: _Import) -> None:
        if batch.workspace is not self._context.workspace:
            return
        self._context.update_entries()
        if batch.ended_early and not batch.imported:
            return
        level = "warning" if batch.problems or batch.replaced else "info"
        self._context.tell(level, _told(batch), "\n".join(map(sentence, batch.problems)))

    def _ended_early(self, batch: _Import, failure: Failure | None = None) -> None:
        """What has been imported by then stays, and what that replaced must be found again, too."""
        batch.ended_early = True
        if failure is not None:
            self._context.tell_failure(failure)
        self._settle(batch)


def _read(batch: _Import, mask: FoundMask) -> _Found | None:
    """None for what cannot be imported, which becomes one of the problems. What it is to replace is kept."""
    workspace = batch.workspace
    entry, classes = mask.entry, workspace.classes
    try:
        image = read_image(entry.path, batch.max_pixels)
        read = read_mask(mask.path, image.pixels.shape[:2], classes, batch.white)
    except (LabelError, ImageError) as error:  # changed since it was looked at
        batch.problems.append(error.message)
        return None
    batch.check_classes(classes)
    if says_nothing(read):
        batch.problems.append(nothing_in(mask.path))
        return None
    return _Found(image, read.label_map, workspace.edits.keep(entry.name))


def _import(
    batch: _Import, masks: list[FoundMask], shown: Collection[str], arrived: Callable[[], None], report: Report
) -> None:
    """`arrived` is called with each that is for an image that is `shown`."""
    for number, mask in enumerate(masks):
        name = mask.entry.name
        report(Progress(number / len(masks), Message("{name}", {"name": name})))
        found = _read(batch, mask)
        if found is not None and name in shown:
            batch.read[name] = found
            arrived()
        elif found is not None:
            batch.save(name, found)


def _told(batch: _Import) -> Message:
    """What has become of the masks, and of the labels that they replaced."""
    told = Message("Masks imported as labels: {count}.", {"count": len(batch.imported)})
    if batch.problems:
        told = Message(
            "Masks imported as labels: {count}; skipped: {skipped}, the first because {reason}",
            {"count": len(batch.imported), "skipped": len(batch.problems), "reason": batch.problems[0]},
        )
    if not batch.replaced:
        return told
    return Message(
        "{told} Labels replaced: {count}. They are kept in {folder}, each under its image's name and the time.",
        {"told": told, "count": len(batch.replaced), "folder": str(Layout(batch.workspace.root).kept)},
    )
