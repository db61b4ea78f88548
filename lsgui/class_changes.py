"""Changes of the workspace's class table: classes added, renamed, recoloured, removed, imported."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Signal

from lsgui.context import Context
from lsgui.jobs import failure_of
from lsgui.notices import Answer, Question
from lsgui.saving import Saving
from lsgui.translation import class_name
from model.classes import BACKGROUND_VALUE, Class, ClassTable
from model.errors import ClassTableError, LabelError, ModelError
from model.labels import read_label
from model.layout import Layout
from model.messages import Message
from model.progress import Progress, Report
from model.workspace import Status, Workspace


class ClassChanges(QObject):
    """A class that label maps still hold cannot be removed; its number might come to mean something else."""

    changed = Signal()
    maps_changed = Signal()
    """Predictions went with the classes that were in them: maps that are shown must be read again."""

    def __init__(self, context: Context, saving: Saving, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._saving = saving

    def set_classes(self, table: ClassTable) -> None:
        """Give the workspace another table, once nothing is found that would lose its class."""
        workspace = self._context.workspace
        if workspace is None or table == workspace.classes:
            return
        gone = [item for item in workspace.classes.classes if table.by_uid(item.uid) is None]
        if not gone:
            self.store(table)
            return
        self._saving.flush(lambda saved: self._remove(workspace, table, gone) if saved else None)

    def remove(self, uid: str) -> None:
        """Ask, and take the class out of the table."""
        workspace = self._context.workspace
        item = None if workspace is None else workspace.classes.by_uid(uid)
        if item is None or item.value == BACKGROUND_VALUE:
            return
        if self._context.ask(_class_goes(item)) == "remove" and workspace is self._context.workspace:
            self.set_classes(workspace.classes.without(uid))

    def import_classes(self, path: Path) -> None:
        """Take the table of a JSON file; a class of a known name keeps its uid, so that the model still knows it."""
        workspace = self._context.workspace
        if workspace is None:
            return
        try:
            self.set_classes(_with_known_uids(ClassTable.read(Path(path)), workspace.classes))
        except ClassTableError as error:
            self._context.tell_failure(failure_of(error))

    def store(self, table: ClassTable) -> None:
        """Write the table and let everyone know."""
        try:
            adopted = self._context.workspace.set_classes(table)
        except ModelError as error:
            self._context.tell_failure(failure_of(error))
            return
        self._context.painting.set_classes(adopted)
        self.changed.emit()

    def _remove(self, workspace: Workspace, table: ClassTable, gone: list[Class]) -> None:
        values = {item.value for item in gone}

        def look(report: Report) -> tuple[set[int], list[str]]:
            used = _values_in_use(workspace, report)
            return used, [] if used & values else _histories_with(workspace, values, report)

        def done(found: tuple[set[int], list[str]]) -> None:
            used, histories = found
            kept = [class_name(item) for item in gone if item.value in used]
            if workspace is not self._context.workspace:
                return
            if kept:
                self._context.tell(
                    "warning",
                    Message(
                        "Still in labels or corrections of this folder, so not removed: {classes}. Erase them there first.",
                        {"classes": ", ".join(kept)},
                    ),
                )
            elif self._may_forget(workspace, histories):
                self.store(table)
                self._drop_predictions(workspace, values)

        self._context.jobs.submit("files", Message("Looking for the class in label maps"), look, done)

    def _may_forget(self, workspace: Workspace, histories: list[str]) -> bool:
        """Undo steps with a removed class have to go, and a history cannot lose some of its steps."""
        agreed = not histories or self._context.ask(_histories_go(len(histories))) == "remove"
        return agreed and workspace is self._context.workspace

    def _drop_predictions(self, workspace: Workspace, gone: set[int]) -> None:
        """Predictions that show a class that is gone, and undo steps with it; its value could come to mean another."""
        names = [entry.name for entry in workspace.entries()]

        def drop(report: Report) -> None:
            for name in names:
                if workspace.may_show(name, gone):
                    workspace.drop_prediction(name)
                workspace.edits.forget_history_of(name, gone)

        def done(result: None) -> None:
            if workspace is self._context.workspace:
                for name in names:
                    self._context.update_entry(name)
                self.maps_changed.emit()

        self._context.jobs.submit("files", Message("Forgetting old predictions"), drop, done, cancellable=False)


def _values_in_use(workspace: Workspace, report: Report) -> set[int]:
    """Every value that a label or a person's saved work holds in this folder; predictions can be made again."""
    layout = Layout(workspace.root)
    entries = workspace.entries()
    paths = [layout.label(entry.name) for entry in entries]
    paths += [layout.work(entry.name) for entry in entries if entry.status is Status.CORRECTED]
    paths = [path for path in paths if path.exists()]
    used: set[int] = set()
    for number, path in enumerate(paths):
        report(Progress(number / len(paths), Message("{name}", {"name": path.name})))
        try:
            used |= set(np.flatnonzero(np.bincount(read_label(path, None, None).ravel(), minlength=256)).tolist())
        except LabelError:
            continue
    for entry in entries:
        report(Progress(1.0, Message("{name}", {"name": entry.name})))
        used |= workspace.edits.values(entry.name)
    return used


def _histories_with(workspace: Workspace, values: set[int], report: Report) -> list[str]:
    """The images in which a person could undo or redo a step with one of these values."""
    names = []
    for entry in workspace.entries():
        report(Progress(1.0, Message("{name}", {"name": entry.name})))
        if workspace.edits.history_holds(entry.name, values):
            names.append(entry.name)
    return names


def _class_goes(item: Class) -> Question:
    return Question(
        "class_goes",
        Message("Remove the class {name}?", {"name": class_name(item)}),
        Message(
            "Predictions that show it are forgotten. It cannot be removed while labels or corrections of this folder hold it."
        ),
        (Answer("remove", Message("Remove"), destructive=True), Answer("keep", Message("Cancel"))),
        default="keep",
        cancel="keep",
    )


def _histories_go(count: int) -> Question:
    return Question(
        "histories_go",
        Message("Undo steps still use what is to be removed from the classes. Remove it, and forget these steps?"),
        Message(
            "Images whose whole undo history would go: {count}. Their label maps stay, and a copy of each history is put "
            "into the folder kept/.",
            {"count": count},
        ),
        (Answer("remove", Message("Remove and forget"), destructive=True), Answer("keep", Message("Keep the classes"))),
        default="keep",
        cancel="keep",
    )


def _with_known_uids(table: ClassTable, known: ClassTable) -> ClassTable:
    uids = {item.name.casefold(): item.uid for item in known.classes}
    classes = tuple(
        Class(uids.get(item.name.casefold(), item.uid), item.value, item.name, item.color) for item in table.classes
    )
    return ClassTable(classes, table.mirror)
