"""Adding, editing and removing classes from the window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QDialog, QWidget

from lsgui.jobs import failure_of
from lsgui.notices import Notice
from lsgui.session import Session
from lsgui.views.action_set import ActionSet
from lsgui.views.appearance import Appearance
from lsgui.views.class_editor import ClassEditor
from lsgui.views.follower import Follower
from model.classes import BACKGROUND_VALUE, Class, ClassTable
from model.errors import ClassTableError

translate = QCoreApplication.translate


class ClassCommands:
    """Ctrl+N adds a class with a colour unlike the others, F2 edits the current one."""

    def __init__(self, window: QWidget, session: Session, appearance: Appearance) -> None:
        self._window = window
        self._session = session
        self._appearance = appearance

    def bind(self, actions: ActionSet) -> None:
        actions.bind("add-class", self.add)
        actions.bind("edit-class", self.edit)
        actions.bind("remove-class", self.remove)
        actions.bind_toggle("mirror", self.set_mirror)

        def show() -> None:
            chosen = self._session.painting.class_value
            actions.enable(self._session.workspace is not None and chosen != BACKGROUND_VALUE, "remove-class")

        Follower(actions, show, self._session.painting.changed, self._session.folder_opened)
        mirror = actions.by_id["mirror"]
        Follower(mirror, lambda: mirror.setChecked(self._session.classes.mirror), self._session.classes_changed)

    def add(self) -> None:
        try:
            fresh = self._session.classes.new_class(self._free_name())
        except ClassTableError as error:
            self._tell(error)
            return
        edited = self._edited(fresh, translate("classes dialog", "Add a class"))
        if edited is not None:
            self._store(lambda now: now.with_class(replace(edited, value=now.new_class(edited.name).value)))
            added = self._session.classes.by_uid(edited.uid)
            if added is not None:
                self._session.painting.class_value = added.value

    def edit(self) -> None:
        item = self._session.classes.by_value(self._session.painting.class_value)
        if item is None:
            return
        edited = self._edited(item, translate("classes dialog", "Rename or recolour the class"))
        if edited is not None:
            self._store(lambda now: now.replaced(edited))

    def remove(self) -> None:
        item = self._session.classes.by_value(self._session.painting.class_value)
        if item is not None:
            self._session.remove_class(item.uid)

    def set_mirror(self, mirror: bool) -> None:
        self._session.set_classes(replace(self._session.classes, mirror=mirror))

    def _edited(self, item: Class, title: str) -> Class | None:
        """What the user has made of a class; None when that was cancelled, or another folder has been opened meanwhile."""
        workspace = self._session.workspace
        editor = ClassEditor(item, self._session.classes, self._appearance, title, self._window)
        accepted = editor.exec() == QDialog.DialogCode.Accepted
        editor.deleteLater()  # the window would hold it until it is closed itself
        return editor.edited if accepted and workspace is self._session.workspace else None

    def _store(self, wanted: Callable[[ClassTable], ClassTable]) -> None:
        """Given the table as it is now: masks that were being imported may have added to it while the dialog was open."""
        try:
            self._session.set_classes(wanted(self._session.classes))
        except ClassTableError as error:
            self._tell(error)

    def _tell(self, error: ClassTableError) -> None:
        self._session.notice.emit(Notice("warning", failure_of(error).message))

    def _free_name(self) -> str:
        taken = {item.name for item in self._session.classes.classes}
        numbers = range(1, len(taken) + 2)
        return next(
            name
            for name in (translate("classes dialog", "Class {number}").format(number=number) for number in numbers)
            if name not in taken
        )
