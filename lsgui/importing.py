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
from lsgui.notices import Answer, Question
from lsgui.opening import Opening
from lsgui.saving import Saving
from model.classes import HIGHEST_VALUE, Class, ClassTable
from model.errors import ClassTableError, ImageError, LabelError
from model.images import read_image
from model.labels import UNTOUCHED, read_mask
from model.layout import Layout
from model.messages import Message
from model.plane_source import of_arrays
from model.progress import Progress, Report
from model.provenance import HUMAN, UNSET
from model.workspace import Entry, Status, Workspace

Unknown = int | tuple[int, int, int]
"""A mask value, or a colour, that no class has."""
Pair = tuple[Path, Entry]
"""A mask file and the image it is for."""
_SUFFIXES = (".png", ".tif", ".tiff", ".bmp")


@dataclass
class _Survey:
    """What a first reading of the masks found; `unknown_there` is what is unknown in those for labelled images."""

    pairs: list[Pair] = field(default_factory=list)
    unknown: set[Unknown] = field(default_factory=set)
    unknown_there: set[Unknown] = field(default_factory=set)
    problems: list[Message] = field(default_factory=list)
    labelled: set[str] = field(default_factory=set)


@dataclass
class _Outcome:
    """The images that an import has come to so far, by name: its job fills it, and it is read when that has ended."""

    imported: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    problems: list[Message] = field(default_factory=list)


class Importing(QObject):
    """Files are read in the files lane; a first pass finds what has to be asked before anything is written."""

    def __init__(
        self, context: Context, saving: Saving, opening: Opening, classes: ClassChanges, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._saving = saving
        self._opening = opening
        self._classes = classes

    def import_masks(self, paths: Path | Sequence[Path]) -> None:
        """Save mask files (or a folder of them) as labels of the images with the same name."""
        if self._context.workspace is not None:
            self._saving.flush(lambda saved: self._survey(_files(paths)) if saved else None)

    def _survey(self, files: list[Path]) -> None:
        workspace, max_pixels = self._context.workspace, self._context.max_pixels
        numbering = workspace.classes.numbering
        self._context.jobs.submit(
            "files",
            Message("Reading masks"),
            lambda report: _survey(workspace, files, max_pixels, report),
            lambda survey: self._surveyed(workspace, survey, numbering),
        )

    def _surveyed(self, workspace: Workspace, survey: _Survey, numbering: Mapping[str, int]) -> None:
        if workspace is not self._context.workspace:
            return
        pairs = self._wanted(survey)
        if pairs is None:
            return
        max_pixels, outcome = self._context.max_pixels, _Outcome(problems=survey.problems)
        self._context.jobs.submit(
            "files",
            Message("Importing masks"),
            lambda report: _import(workspace, pairs, numbering, max_pixels, outcome, report),
            lambda nothing: self._imported(workspace, outcome),
            lambda failure: self._ended_early(workspace, outcome, failure),
            lambda: self._ended_early(workspace, outcome),
        )

    def _wanted(self, survey: _Survey) -> list[Pair] | None:
        """Ask what has to be asked; None when the user cancels."""
        pairs, unknown = survey.pairs, survey.unknown | survey.unknown_there
        if survey.labelled:
            answer = self._context.ask(_replace(len(survey.labelled)))
            if answer == "cancel":
                return None
            if answer == "skip":
                pairs = [(path, entry) for path, entry in pairs if entry.name not in survey.labelled]
                unknown = survey.unknown
        if unknown:
            answer = self._context.ask(_unknown(unknown))
            if answer == "cancel":
                return None
            if answer == "add" and not self._added(unknown):
                return None
        return pairs

    def _added(self, unknown: set[Unknown]) -> bool:
        """False when there is no class for each of them, which is told: without one, its pixels would be left out unasked."""
        try:
            return self._classes.store(_with_classes_for(self._context.workspace.classes, unknown))
        except ClassTableError as error:
            self._context.tell_failure(failure_of(error))
            return False

    def _imported(self, workspace: Workspace, outcome: _Outcome) -> None:
        if workspace is not self._context.workspace:
            return
        self._context.update_entries()
        if self._context.document.name in outcome.imported:
            self._opening.reload()
        level = "warning" if outcome.problems or outcome.replaced else "info"
        self._context.tell(level, _told(workspace, outcome), "\n".join(map(str, outcome.problems)))

    def _ended_early(self, workspace: Workspace, outcome: _Outcome, failure: Failure | None = None) -> None:
        """What has been imported by then stays, and what that replaced must be found again, too."""
        if failure is not None:
            self._context.tell_failure(failure)
        if outcome.imported:
            self._imported(workspace, outcome)
        else:
            self._context.update_entries()


def _files(paths: Path | Sequence[Path]) -> list[Path]:
    given = [Path(paths)] if isinstance(paths, str | Path) else [Path(path) for path in paths]
    found: list[Path] = []
    for path in given:
        inside = sorted(path.iterdir()) if path.is_dir() else []
        found += [file for file in inside if file.suffix.lower() in _SUFFIXES] if path.is_dir() else [path]
    return found


def _survey(workspace: Workspace, files: list[Path], max_pixels: int, report: Report) -> _Survey:
    survey = _Survey()
    by_name = {entry.name: entry for entry in workspace.entries()}
    by_stem = {Path(name).stem: entry for name, entry in by_name.items()}
    for number, path in enumerate(files):
        report(Progress(number / len(files), Message("{name}", {"name": path.name})))
        entry = by_name.get(path.stem) or by_stem.get(path.stem)
        if entry is None:
            survey.problems.append(Message("{name} belongs to no image of this folder.", {"name": path.name}))
            continue
        try:
            shape = read_image(entry.path, max_pixels).pixels.shape[:2]
            mask = read_mask(path, shape, workspace.classes)
        except (LabelError, ImageError) as error:
            survey.problems.append(error.message)
            continue
        if _says_nothing(mask.label_map) and not mask.unknown:
            survey.problems.append(_nothing_in(path))
            continue
        survey.pairs.append((path, entry))
        if entry.status in (Status.CORRECTED, Status.LABELLED):
            survey.labelled.add(entry.name)
            survey.unknown_there.update(mask.unknown)
        else:
            survey.unknown.update(mask.unknown)
    return survey


def _import(
    workspace: Workspace,
    pairs: list[Pair],
    numbering: Mapping[str, int],
    max_pixels: int,
    outcome: _Outcome,
    report: Report,
) -> None:
    """With the classes that were asked about: without one of them, what it says would be left out unasked."""
    for number, (path, entry) in enumerate(pairs):
        report(Progress(number / len(pairs), Message("{name}", {"name": entry.name})))
        image, classes = read_image(entry.path, max_pixels), workspace.classes
        label_map = read_mask(path, image.pixels.shape[:2], classes).label_map
        if not numbering.items() <= classes.numbering.items() or workspace.classes is not classes:
            raise LabelError("The classes have changed meanwhile; import the masks again.")
        if _says_nothing(label_map):
            outcome.problems.append(_nothing_in(path))
            continue
        replaces = workspace.edits.keep(entry.name)
        provenance = np.where(label_map == UNTOUCHED, UNSET, HUMAN).astype(np.uint8)
        workspace.save_label(entry.name, image, of_arrays(label_map, provenance), accepted=True)
        outcome.imported.append(entry.name)
        if replaces:
            outcome.replaced.append(entry.name)


def _says_nothing(label_map: np.ndarray) -> bool:
    return bool(label_map.min() == UNTOUCHED)


def _nothing_in(path: Path) -> Message:
    return Message(
        "{name} has no pixel of any class; its image stays as it is. Check its values or colours.", {"name": path.name}
    )


def _told(workspace: Workspace, outcome: _Outcome) -> Message:
    """What has become of the masks, and of the labels that they replaced."""
    told = Message("Masks imported as labels: {count}.", {"count": len(outcome.imported)})
    if outcome.problems:
        told = Message(
            "Masks imported as labels: {count}; skipped: {skipped}, the first because {reason}",
            {"count": len(outcome.imported), "skipped": len(outcome.problems), "reason": outcome.problems[0]},
        )
    if not outcome.replaced:
        return told
    return Message(
        "{told} Labels replaced: {count}. They are kept in {folder}, each under its image's name and the time.",
        {"told": told, "count": len(outcome.replaced), "folder": str(Layout(workspace.root).kept)},
    )


def _with_classes_for(table: ClassTable, unknown: Iterable[Unknown]) -> ClassTable:
    """A class per unknown value (with that value) or colour (with the lowest free one).

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
        name = f"class {value}" if value is not None else "class #%02x%02x%02x" % item
        fresh = table.new_class(name, None if value is not None else item)
        table = table.with_class(Class(fresh.uid, fresh.value if value is None else value, name, fresh.color))
    return table


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
