"""Taking classes out of the table: only when nothing that a person has made holds them, and so that none comes back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from PySide6.QtCore import QObject, Signal

from lsgui.context import Context
from lsgui.failures import Failure, failure_of
from lsgui.notices import Answer, Question
from lsgui.saving import Saving
from lsgui.translation import class_name
from model.classes import Class, ClassTable
from model.errors import ModelError
from model.messages import Message
from model.progress import Report
from model.value_search import Holders, look_for
from model.workspace import Workspace

Wanted = Callable[[ClassTable], ClassTable]
"""The table as it shall be, given as it is."""
Done = Callable[[bool], None]
"""Whether the table has become another one."""


class ClassRemoval(QObject):
    """What is edited, or becomes another table, meanwhile is looked at again before the table changes."""

    open_image_changed = Signal()
    """Its prediction or its undo steps went with a class: what is shown must be read again."""

    def __init__(
        self, context: Context, saving: Saving, store: Callable[[ClassTable], bool], parent: QObject | None = None
    ) -> None:
        """`store` writes the table, and says whether it could."""
        super().__init__(parent)
        self._context, self._saving, self._store = context, saving, store
        self._edits = 0
        for signal in (context.document.mask_changed, context.document.loaded, context.edited_elsewhere):
            signal.connect(self.outdate)

    def start(self, wanted: Wanted, then: Done = lambda changed: None) -> None:
        """`then` once the table is another one, or is to stay as it is."""
        workspace = self._context.workspace
        self._saving.flush(lambda saved: self._look(workspace, wanted, then) if saved else None)

    def _look(self, workspace: Workspace, wanted: Wanted, then: Done) -> None:
        if workspace is not self._context.workspace:
            return
        gone, edits = _gone(workspace.classes, wanted), self._edits

        def done(found: Holders) -> None:
            if not self._may_go_on(workspace, wanted, then, edits):
                return
            refused = self._refused(gone, found)
            if refused or (found.histories and self._context.ask(_histories_go(len(found.histories))) != "remove"):
                if workspace is self._context.workspace:
                    then(False)
            elif self._may_go_on(workspace, wanted, then, edits):
                self._look_again(workspace, wanted, then, found)

        self._context.jobs.submit(
            "files",
            Message("Looking for the class in label maps"),
            lambda report: look_for(workspace, _values(gone), report),
            lambda found: self._context.when_idle(lambda: done(found)),
        )

    def _look_again(self, workspace: Workspace, wanted: Wanted, then: Done, before: Holders) -> None:
        """Masks that were being imported are labels now; and what a crash left in journals can be saved still."""
        gone, edits = _gone(workspace.classes, wanted), self._edits

        def look(report: Report) -> Holders:
            for name in before.histories:
                workspace.edits.save_unsaved(name)
            return look_for(workspace, _values(gone), report)

        def done(found: Holders) -> None:
            if not self._may_go_on(workspace, wanted, then, edits):
                return
            if self._refused(gone, found):
                then(False)
                return
            table, lingers = wanted(workspace.classes), found.linger or self._context.jobs.busy("predict")
            if self._store(table.retiring(_values(gone)) if lingers else table):
                if self._context.document.name in found.histories:
                    self._context.document.history.clear()  # nothing is undone until the image is read again
                self._forget(workspace, _values(gone), found.histories)
                then(True)

        title = Message("Looking for the class in label maps")
        self._context.jobs.submit("files", title, look, lambda found: self._context.when_idle(lambda: done(found)))

    def _forget(self, workspace: Workspace, gone: set[int], histories: Collection[str]) -> None:
        """Also of what was predicted since it was looked for. One image that cannot be written holds up no other; its values
        mean nothing any more.
        """

        shown = self._context.document.name

        def forget(report: Report) -> tuple[set[str], list[Failure]]:
            changed, failures = set(), []
            # The open one last: until it is read again, its journal is gone, and what is painted is in no file.
            for name in sorted((entry.name for entry in workspace.entries()), key=lambda name: name == shown):
                try:
                    if workspace.forget_prediction_of(name, gone):
                        changed.add(name)
                    if name in histories:
                        changed.add(name)
                        workspace.edits.forget_history_of(name, gone)
                except (ModelError, OSError) as error:
                    failures.append(failure_of(error))
            return changed, failures

        def done(found: tuple[set[str], list[Failure]]) -> None:
            changed, failures = found
            if workspace is not self._context.workspace:
                return
            self._context.update_entries()
            if self._context.document.name in changed:
                self.open_image_changed.emit()
            for failure in failures:
                self._context.tell_failure(failure)

        self._context.jobs.submit("files", Message("Forgetting old predictions"), forget, done, cancellable=False)

    def _may_go_on(self, workspace: Workspace, wanted: Wanted, then: Done, edits: int) -> bool:
        """Not in another folder; and from the start, where something was edited meanwhile, or masks are being imported."""
        if workspace is not self._context.workspace:
            return False
        if edits != self._edits or self._context.jobs.busy("files"):
            self.start(wanted, then)
            return False
        return True

    def _refused(self, gone: Sequence[Class], found: Holders) -> bool:
        kept = [f"{class_name(item)} ({found.used[item.value]})" for item in gone if item.value in found.used]
        if kept:
            self._context.tell(
                "warning",
                Message(
                    "The classes stay as they are, since labels or corrections of this folder hold these: {classes}. Erase them there first.",
                    {"classes": kept},
                ),
            )
        return bool(kept)

    def outdate(self, *ignored: object) -> None:
        """Something has changed that may hold a class."""
        self._edits += 1


def _gone(table: ClassTable, wanted: Wanted) -> list[Class]:
    kept = wanted(table)
    return [item for item in table.classes if kept.by_uid(item.uid) is None]


def _values(classes: Sequence[Class]) -> set[int]:
    return {item.value for item in classes}


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
