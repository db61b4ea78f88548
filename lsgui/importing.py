"""Masks that come from elsewhere: matched to images by name, asked about, and saved as labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject

from lsgui.class_changes import ClassChanges
from lsgui.context import Context
from lsgui.jobs import Failure, failure_of
from lsgui.label_saving import LabelSaving
from lsgui.notices import Answer, Question
from lsgui.opening import Opening
from lsgui.saving import Saving
from lsgui.translation import class_name
from model.classes import BACKGROUND_VALUE, HIGHEST_VALUE, Class, ClassTable
from model.errors import ClassTableError, ImageError, LabelError
from model.images import Image, read_image
from model.labels import UNTOUCHED
from model.layout import Layout
from model.mask_survey import (
    FoundMask,
    MaskSurvey,
    Unknown,
    are_binary,
    binary_ones,
    mask_files,
    nothing_in,
    says_nothing,
    survey_masks,
)
from model.masks import read_mask
from model.messages import Message
from model.plane_source import of_arrays
from model.progress import Progress, Report
from model.provenance import HUMAN, UNSET
from model.workspace import Workspace


@dataclass(frozen=True)
class _Wanted:
    """What to import, and the value of the class that 255 stands for there; None where nothing is known."""

    masks: list[FoundMask]
    white: int | None


@dataclass
class _Import:
    """Masks on their way into labels, and the images that they have come to so far, by name: its jobs fill it, and it is
    read when they have ended.
    """

    workspace: Workspace
    numbering: Mapping[str, int]
    white: int | None
    max_pixels: int
    imported: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    problems: list[Message] = field(default_factory=list)


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
        self._classes = classes

    def import_masks(self, paths: Path | Sequence[Path]) -> None:
        """Save mask files (or a folder of them) as labels of the images with the same name."""
        if self._context.workspace is not None:
            self._saving.flush(lambda saved: self._survey(mask_files(paths)) if saved else None)

    def _survey(self, files: list[Path]) -> None:
        workspace, max_pixels = self._context.workspace, self._context.max_pixels
        numbering = workspace.classes.numbering
        self._context.jobs.submit(
            "files",
            Message("Reading masks"),
            lambda report: survey_masks(workspace, files, max_pixels, report),
            lambda survey: self._surveyed(workspace, survey, numbering),
        )

    def _surveyed(self, workspace: Workspace, survey: MaskSurvey, numbering: Mapping[str, int]) -> None:
        if workspace is not self._context.workspace:
            return
        wanted = self._wanted(survey)
        if wanted is None:
            return
        numbering = {**numbering, **workspace.classes.numbering}  # with what was added for them
        given = workspace, numbering, wanted.white, self._context.max_pixels
        self._begin(_Import(*given, problems=survey.problems), wanted.masks)

    def _begin(self, batch: _Import, masks: list[FoundMask]) -> None:
        """The open image first: its journal is being written, and nobody but its document may change its map. No other is
        opened while the rest is imported, since that happens in the same lane.
        """
        if batch.workspace is not self._context.workspace:
            return
        if self._opening.under_way:
            again = lambda nothing: self._context.when_idle(lambda: self._begin(batch, masks))
            self._context.jobs.submit("files", Message("Importing masks"), lambda report: None, again, quiet=True)
            return
        name = self._context.document.name
        mine = next((mask for mask in masks if mask.entry.name == name), None)
        if mine is None:
            self._write(batch, masks)
            return
        rest = [mask for mask in masks if mask is not mine]
        self._context.jobs.submit(
            "files",
            Message("Importing masks"),
            lambda report: _read(batch, mine),
            lambda found: self._context.when_idle(lambda: self._take(batch, name, found, rest)),
            lambda failure: self._ended_early(batch, failure),
            lambda: self._ended_early(batch),
        )

    def _take(self, batch: _Import, name: str, found: _Found | None, rest: list[FoundMask]) -> None:
        """What was read for the open image becomes an edit of it, so that undo shows what was there before."""
        document = self._context.document
        if batch.workspace is not self._context.workspace:
            return
        if found is not None and name == document.name and found.label_map.shape == document.shape:
            self._labels.take_over(found.label_map)
            batch.imported.append(name)
        self._write(batch, rest)

    def _write(self, batch: _Import, masks: list[FoundMask]) -> None:
        self._context.jobs.submit(
            "files",
            Message("Importing masks"),
            lambda report: _import(batch, masks, report),
            lambda nothing: self._imported(batch),
            lambda failure: self._ended_early(batch, failure),
            lambda: self._ended_early(batch),
        )

    def _wanted(self, survey: MaskSurvey) -> _Wanted | None:
        """Ask what has to be asked; None when the user cancels."""
        masks, replacing = survey.masks, [mask for mask in survey.masks if mask.replaces]
        if replacing:
            answer = self._context.ask(_replace(len(replacing)))
            if answer == "cancel":
                return None
            if answer == "skip":
                masks = [mask for mask in masks if not mask.replaces]
        unknown = {item for mask in masks for item in mask.unknown}
        if unknown:
            answer = self._context.ask(_unknown(unknown))
            if answer == "cancel":
                return None
            if answer == "add" and not self._added(unknown):
                return None
        return self._with_white(masks) if binary_ones(masks) else _Wanted(masks, None)

    def _with_white(self, masks: list[FoundMask]) -> _Wanted | None:
        """Ask what 255 is in masks of one object; None when the user cancels, or there is no class for it, which is told."""
        chosen = self._context.workspace.classes.by_value(self._context.painting.class_value)
        answer = self._context.ask(_white(chosen, binary_ones(masks), are_binary(masks)))
        if answer == "chosen":
            return _Wanted(masks, chosen.value)
        if answer == "add" and (self._object() or self._added({UNTOUCHED})):
            return _Wanted(masks, self._object().value)
        return _Wanted(masks, None) if answer == "untouched" else None

    def _object(self) -> Class | None:
        """The class that an earlier import has made of 255."""
        classes = self._context.workspace.classes.classes
        return next((item for item in classes if item.name == _name_of(UNTOUCHED)), None)

    def _added(self, unknown: set[Unknown]) -> bool:
        """False when there is no class for each of them, which is told: without one, its pixels would be left out unasked."""
        try:
            return self._classes.store(_with_classes_for(self._context.workspace.classes, unknown))
        except ClassTableError as error:
            self._context.tell_failure(failure_of(error))
            return False

    def _imported(self, batch: _Import) -> None:
        if batch.workspace is not self._context.workspace:
            return
        self._context.update_entries()
        level = "warning" if batch.problems or batch.replaced else "info"
        self._context.tell(level, _told(batch), "\n".join(map(str, batch.problems)))

    def _ended_early(self, batch: _Import, failure: Failure | None = None) -> None:
        """What has been imported by then stays, and what that replaced must be found again, too."""
        if failure is not None:
            self._context.tell_failure(failure)
        if batch.imported:
            self._imported(batch)
        else:
            self._context.update_entries()


@dataclass(frozen=True, eq=False)
class _Found:
    """What a mask file says of its image: `label_map` is uint8 (H, W)."""

    image: Image
    label_map: np.ndarray


def _read(batch: _Import, mask: FoundMask) -> _Found | None:
    """None for what cannot be imported, which becomes one of the problems. What it is to replace is kept.

    With the classes that were asked about: without one of them, what it says would be left out unasked.
    """
    workspace = batch.workspace
    entry, classes = mask.entry, workspace.classes
    try:
        image = read_image(entry.path, batch.max_pixels)
        read = read_mask(mask.path, image.pixels.shape[:2], classes, batch.white)
    except (LabelError, ImageError) as error:  # changed since it was looked at
        batch.problems.append(error.message)
        return None
    if not batch.numbering.items() <= classes.numbering.items() or workspace.classes is not classes:
        raise LabelError("The classes have changed meanwhile; import the masks again.")
    if says_nothing(read):
        batch.problems.append(nothing_in(mask.path))
        return None
    if workspace.edits.keep(entry.name):
        batch.replaced.append(entry.name)
    return _Found(image, read.label_map)


def _import(batch: _Import, masks: list[FoundMask], report: Report) -> None:
    for number, mask in enumerate(masks):
        report(Progress(number / len(masks), Message("{name}", {"name": mask.entry.name})))
        found = _read(batch, mask)
        if found is not None:
            provenance = np.where(found.label_map == UNTOUCHED, UNSET, HUMAN).astype(np.uint8)
            planes = of_arrays(found.label_map, provenance)
            batch.workspace.save_label(mask.entry.name, found.image, planes, accepted=True)
            batch.imported.append(mask.entry.name)


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


def _with_classes_for(table: ClassTable, unknown: Iterable[Unknown]) -> ClassTable:
    """A class per unknown value (with that value) or colour (with the lowest free one, as for 255, which none can have).

    Raises ClassTableError when they do not all fit, or a name that one would get is taken.
    """
    unknown, room = list(unknown), HIGHEST_VALUE + 1 - len(table.classes)
    if len(unknown) > room:
        raise ClassTableError(
            "The masks hold {count} values or colours that no class has, but the class table has room for {room} more. "
            "Nothing was changed. Leave those pixels untouched, or use masks with fewer values or colours.",
            count=len(unknown),
            room=room,
        )
    for item in sorted(unknown, key=lambda item: (isinstance(item, tuple), str(item))):  # values are not free to choose
        value = item if isinstance(item, int) and item <= HIGHEST_VALUE else None
        name = _name_of(item)
        fresh = table.new_class(name, item if isinstance(item, tuple) else None)
        table = table.with_class(Class(fresh.uid, fresh.value if value is None else value, name, fresh.color))
    return table


def _name_of(item: Unknown) -> str:
    return f"class {item}" if isinstance(item, int) else "class #%02x%02x%02x" % item


def _white(chosen: Class | None, count: int, alone: bool) -> Question:
    """Beside masks of classes, 255 is more likely to be what nobody knows."""
    answers = (
        Answer("add", Message("An object: add a class")),
        Answer("untouched", Message("Unknown: leave it untouched")),
        Answer("cancel", Message("Cancel")),
    )
    if chosen is not None and chosen.value != BACKGROUND_VALUE:
        answers = (Answer("chosen", Message("The chosen class, {name}", {"name": class_name(chosen)})), *answers)
    return Question(
        "white",
        Message("Masks that hold only the values 0 and 255: {count}. What is 255 in them?", {"count": count}),
        Message("Untouched pixels are never trained on."),
        answers,
        default="add" if alone else "untouched",
        cancel="cancel",
    )


def _unknown(unknown: set[Unknown]) -> Question:
    listed = [str(item) if isinstance(item, int) else "#%02x%02x%02x" % item for item in sorted(unknown, key=str)]
    shown = ", ".join(listed[:10]) + (", ..." if len(listed) > 10 else "")
    return Question(
        "unknown_values",
        Message("The masks hold values that no class has: {values}.", {"values": shown}),
        Message("Untouched pixels are never trained on."),
        (
            Answer("untouched", Message("Leave those pixels untouched")),
            Answer("add", Message("Add classes for them")),
            Answer("cancel", Message("Cancel")),
        ),
        default="untouched",
        cancel="cancel",
    )


def _replace(count: int) -> Question:
    return Question(
        "replace_labels",
        Message("Some of these images have been corrected or labelled already: {count}.", {"count": count}),
        Message("Each label that is replaced is copied into the folder kept/ first."),
        (
            Answer("skip", Message("Keep their labels")),
            Answer("replace", Message("Replace them"), destructive=True),
            Answer("cancel", Message("Cancel")),
        ),
        default="skip",
        cancel="cancel",
    )
