"""Classes and masks that come from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Signal

from lsgui.context import Context
from lsgui.jobs import failure_of
from lsgui.notices import Answer, Question
from lsgui.opening import Opening
from lsgui.saving import Saving
from model.classes import HIGHEST_VALUE, Class, ClassTable
from model.errors import ClassTableError, ImageError, LabelError, ModelError
from model.images import read_image
from model.labels import UNTOUCHED, read_label, read_mask
from model.layout import Layout
from model.messages import Message
from model.progress import Progress, Report
from model.provenance import HUMAN, UNSET
from model.workspace import Entry, Status, Workspace

Unknown = int | tuple[int, int, int]
"""A mask value, or a colour, that no class has."""
_SUFFIXES = (".png", ".tif", ".tiff", ".bmp")


@dataclass
class _Survey:
    """What a first reading of the masks found."""

    pairs: list[tuple[Path, Entry]] = field(default_factory=list)
    unknown: set[Unknown] = field(default_factory=set)
    problems: list[Message] = field(default_factory=list)
    labelled: list[str] = field(default_factory=list)


class Importing(QObject):
    """Files are read in the files lane; a first pass finds what has to be asked before anything is written."""

    classes_changed = Signal()

    def __init__(self, context: Context, saving: Saving, opening: Opening, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._saving = saving
        self._opening = opening

    def set_classes(self, table: ClassTable) -> None:
        """Give the workspace another table. A class that label maps still hold cannot be removed."""
        workspace = self._context.workspace
        if workspace is None or table == workspace.classes:
            return
        gone = [item for item in workspace.classes.classes if table.by_uid(item.uid) is None]
        if not gone:
            self._store(workspace, table)
            return
        self._saving.flush(lambda saved: self._check_removal(workspace, table, gone) if saved else None)

    def import_classes(self, path: Path) -> None:
        """Take the table of a JSON file; a class of a known name keeps its uid, so that the model still knows it."""
        workspace = self._context.workspace
        if workspace is None:
            return
        try:
            self.set_classes(_with_known_uids(ClassTable.read(Path(path)), workspace.classes))
        except ClassTableError as error:
            self._context.tell_failure(failure_of(error))

    def import_masks(self, paths: Path | Sequence[Path]) -> None:
        """Save mask files (or a folder of them) as labels of the images with the same name."""
        if self._context.workspace is not None:
            self._saving.flush(lambda saved: self._survey(_files(paths)) if saved else None)

    def _store(self, workspace: Workspace, table: ClassTable) -> None:
        try:
            adopted = workspace.set_classes(table)
        except ModelError as error:
            self._context.tell_failure(failure_of(error))
            return
        self._context.painting.set_classes(adopted)
        self.classes_changed.emit()

    def _check_removal(self, workspace: Workspace, table: ClassTable, gone: list[Class]) -> None:
        def done(used: set[int]) -> None:
            kept = [item.name for item in gone if item.value in used]
            if workspace is not self._context.workspace:
                return
            if not kept:
                self._store(workspace, table)
                return
            self._context.tell(
                "warning",
                Message(
                    "{classes} cannot be removed: label maps of this folder still hold it. Erase it there first.",
                    {"classes": ", ".join(kept)},
                ),
            )

        self._context.jobs.submit(
            "files",
            Message("Looking for the class in label maps"),
            lambda report: _values_in_use(workspace, report),
            done,
        )

    def _survey(self, files: list[Path]) -> None:
        workspace = self._context.workspace
        self._context.jobs.submit(
            "files",
            Message("Reading {count} masks", {"count": len(files)}),
            lambda report: _survey(workspace, files, self._context.max_pixels, report),
            lambda survey: self._surveyed(workspace, survey),
        )

    def _surveyed(self, workspace: Workspace, survey: _Survey) -> None:
        if workspace is not self._context.workspace:
            return
        pairs = survey.pairs
        if survey.labelled:
            answer = self._context.ask(_replace(survey.labelled))
            if answer == "cancel":
                return
            if answer == "skip":
                pairs = [(path, entry) for path, entry in pairs if entry.name not in survey.labelled]
        if survey.unknown:
            answer = self._context.ask(_unknown(survey.unknown))
            if answer == "cancel":
                return
            if answer == "add":
                self._store(workspace, _with_classes_for(workspace.classes, survey.unknown))
        self._context.jobs.submit(
            "files",
            Message("Importing {count} masks", {"count": len(pairs)}),
            lambda report: _import(workspace, pairs, self._context.max_pixels, report),
            lambda names: self._imported(workspace, names, survey.problems),
        )

    def _imported(self, workspace: Workspace, names: list[str], problems: list[Message]) -> None:
        if workspace is not self._context.workspace:
            return
        for name in names:
            self._context.update_entry(name)
        if self._context.document.name in names:
            self._opening.reload()
        details = "\n".join(map(str, problems))
        if problems:
            self._context.tell(
                "warning",
                Message(
                    "{count} masks imported, {skipped} skipped; the first: {reason}",
                    {"count": len(names), "skipped": len(problems), "reason": problems[0]},
                ),
                details,
            )
        else:
            self._context.tell("info", Message("{count} masks imported as labels.", {"count": len(names)}))


def _files(paths: Path | Sequence[Path]) -> list[Path]:
    given = [Path(paths)] if isinstance(paths, (str, Path)) else [Path(path) for path in paths]
    found: list[Path] = []
    for path in given:
        found += (
            sorted(file for file in path.iterdir() if file.suffix.lower() in _SUFFIXES) if path.is_dir() else [path]
        )
    return found


def _survey(workspace: Workspace, files: Iterable[Path], max_pixels: int, report: Report) -> _Survey:
    survey = _Survey()
    by_name = {entry.name: entry for entry in workspace.entries()}
    by_stem = {Path(name).stem: entry for name, entry in by_name.items()}
    files = list(files)
    for number, path in enumerate(files):
        report(Progress(number / len(files), Message("{name}", {"name": path.name})))
        entry = by_name.get(path.stem) or by_stem.get(path.stem)
        if entry is None:
            survey.problems.append(Message("{name}: no image of this folder has this name.", {"name": path.name}))
            continue
        try:
            survey.unknown |= set(read_mask(path, _shape(entry, max_pixels), workspace.classes).unknown)
        except (LabelError, ImageError) as error:
            survey.problems.append(error.message)
            continue
        survey.pairs.append((path, entry))
        if entry.status in (Status.CORRECTED, Status.LABELLED):
            survey.labelled.append(entry.name)
    return survey


def _import(workspace: Workspace, pairs: list[tuple[Path, Entry]], max_pixels: int, report: Report) -> list[str]:
    names = []
    for number, (path, entry) in enumerate(pairs):
        report(Progress(number / len(pairs), Message("{name}", {"name": entry.name})))
        image = read_image(entry.path, max_pixels)
        label_map = read_mask(path, image.pixels.shape[:2], workspace.classes).label_map
        provenance = np.where(label_map == UNTOUCHED, UNSET, HUMAN).astype(np.uint8)
        workspace.save_label(entry.name, image, label_map, provenance, accepted=True)
        names.append(entry.name)
    return names


def _shape(entry: Entry, max_pixels: int) -> tuple[int, int]:
    return read_image(entry.path, max_pixels).pixels.shape[:2]


def _values_in_use(workspace: Workspace, report: Report) -> set[int]:
    """Every value that a label or an autosaved map of this folder holds; predictions can be made again."""
    layout = Layout(workspace.root)
    names = [entry.name for entry in workspace.entries()]
    paths = [path for name in names for path in (layout.label(name), layout.work(name)) if path.exists()]
    used: set[int] = set()
    for number, path in enumerate(paths):
        report(Progress(number / len(paths), Message("{name}", {"name": path.name})))
        try:
            used |= set(np.flatnonzero(np.bincount(read_label(path, None, None).ravel(), minlength=256)).tolist())
        except LabelError:
            continue
    return used


def _with_known_uids(table: ClassTable, known: ClassTable) -> ClassTable:
    uids = {item.name.casefold(): item.uid for item in known.classes}
    classes = tuple(
        Class(uids.get(item.name.casefold(), item.uid), item.value, item.name, item.color) for item in table.classes
    )
    return ClassTable(classes, table.mirror)


def _with_classes_for(table: ClassTable, unknown: set[Unknown]) -> ClassTable:
    """A class per unknown value (with that value, where it is free) or colour."""
    for item in sorted(unknown, key=str):
        value = item if isinstance(item, int) and item <= HIGHEST_VALUE else None
        name = f"class {value}" if value is not None else "class #%02x%02x%02x" % item
        fresh = table.new_class(name, None if value is not None else item)
        table = table.with_class(Class(fresh.uid, fresh.value if value is None else value, name, fresh.color))
    return table


def _unknown(unknown: set[Unknown]) -> Question:
    listed = [str(item) if isinstance(item, int) else "#%02x%02x%02x" % item for item in sorted(unknown, key=str)]
    return Question(
        "unknown_values",
        Message(
            "The masks hold values that no class has: {values}.",
            {"values": ", ".join(listed[:10]) + (", ..." if len(listed) > 10 else "")},
        ),
        Message("Untouched pixels are never trained on."),
        (
            Answer("untouched", Message("Leave those pixels untouched")),
            Answer("add", Message("Add classes for them")),
            Answer("cancel", Message("Cancel")),
        ),
        default="untouched",
        cancel="cancel",
    )


def _replace(names: list[str]) -> Question:
    return Question(
        "replace_labels",
        Message("{count} of these images have been corrected or labelled already.", {"count": len(names)}),
        None,
        (
            Answer("skip", Message("Keep their labels")),
            Answer("replace", Message("Replace them"), destructive=True),
            Answer("cancel", Message("Cancel")),
        ),
        default="skip",
        cancel="cancel",
    )
