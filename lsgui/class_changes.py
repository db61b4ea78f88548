"""Changes of the workspace's class table: classes added, renamed, recoloured, removed, imported."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from lsgui.class_removal import ClassRemoval, Done
from lsgui.context import Context
from lsgui.jobs import failure_of
from lsgui.notices import Answer, Question
from lsgui.saving import Saving
from lsgui.translation import class_name
from model.classes import BACKGROUND_VALUE, Class, ClassTable
from model.errors import ClassTableError, ModelError
from model.messages import Message
from model.workspace import Workspace


class ClassChanges(QObject):
    """A class that label maps still hold cannot be removed; its number might come to mean something else."""

    changed = Signal()

    def __init__(self, context: Context, saving: Saving, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.removal = ClassRemoval(context, saving, self.store, self)
        self.changed.connect(self.removal.outdate)

    def set_classes(self, table: ClassTable, then: Done = lambda changed: None) -> None:
        """Give the workspace another table, once nothing is found that would lose its class; `then` when it has, or is to
        keep its own.
        """
        workspace = self._context.workspace
        if workspace is None or table == workspace.classes:
            return
        if all(table.by_uid(item.uid) is not None for item in workspace.classes.classes):
            if self.store(table):
                then(True)
        else:
            self.removal.start(lambda before: table, then)

    def remove(self, uid: str) -> None:
        """Ask, and take the class out of the table."""
        workspace = self._context.workspace
        item = None if workspace is None else workspace.classes.by_uid(uid)
        if item is None or item.value == BACKGROUND_VALUE:
            return
        if self._context.ask(_class_goes(item)) == "remove" and workspace is self._context.workspace:
            self.removal.start(lambda before: before.without(uid))

    def import_classes(self, path: Path) -> None:
        """Take the table of a JSON file; a class of a known name keeps its uid, so that the model still knows it.

        Values that another table retired were in maps of another folder.
        """
        workspace = self._context.workspace
        if workspace is None:
            return
        try:
            table = dataclasses.replace(ClassTable.read(Path(path), workspace.classes), retired=())
        except ClassTableError as error:
            self._context.tell_failure(failure_of(error))
            return
        imported = Message("Classes imported: {count}.", {"count": len(table.classes)})
        self.set_classes(table, lambda changed: self._context.tell("info", imported) if changed else None)

    def look_again(self) -> None:
        """Take the table over where another program, or a hand, has changed its file. One that cannot be is replaced by the
        table as it stays, or it would hold when the folder is opened again.
        """
        workspace = self._context.workspace
        if workspace is None or not workspace.class_file.changed_outside:
            return
        try:
            table = workspace.class_file.read(workspace.classes)
        except ClassTableError as error:
            self._context.tell_failure(failure_of(error))
            return
        taken = Message("The class table was changed by another program; it holds here, too, now.")
        self.set_classes(
            table,
            lambda changed: self._context.tell("info", taken) if changed else self.store(workspace.classes),
        )

    def store(self, table: ClassTable) -> bool:
        """Write the table and let everyone know; False when it cannot be written, which is told."""
        workspace = self._context.workspace
        replaced = workspace.class_file.changed_outside and not _is_in_file(table, workspace)
        try:
            adopted = workspace.set_classes(table)
        except ModelError as error:
            self._context.tell_failure(failure_of(error))
            return False
        if replaced:
            self._context.tell(
                "warning",
                Message(
                    "Another program has changed the class table meanwhile; what it wrote was copied into the folder kept/."
                ),
            )
        self._context.painting.set_classes(adopted)
        self.changed.emit()
        return True


def _is_in_file(table: ClassTable, workspace: Workspace) -> bool:
    """Whether these are the classes of the file; one that came without a uid is given another at each reading."""
    try:
        written = workspace.class_file.read(workspace.classes)
    except ClassTableError:
        return False
    return [(item.name, item.color) for item in table.classes] == [(item.name, item.color) for item in written.classes]


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
