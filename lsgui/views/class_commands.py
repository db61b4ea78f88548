"""Adding, editing and removing classes from the window."""

from __future__ import annotations

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
from model.classes import BACKGROUND_VALUE
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
        table = self._session.classes
        try:
            fresh = table.new_class(self._free_name())
        except ClassTableError as error:
            self._session.notice.emit(Notice("warning", failure_of(error).message))
            return
        editor = ClassEditor(fresh, table, self._appearance, translate("classes dialog", "Add a class"), self._window)
        if editor.exec() == QDialog.DialogCode.Accepted:
            self._session.set_classes(self._session.classes.with_class(editor.edited))
            self._session.painting.class_value = editor.edited.value

    def edit(self) -> None:
        table = self._session.classes
        item = table.by_value(self._session.painting.class_value)
        if item is None:
            return
        editor = ClassEditor(
            item, table, self._appearance, translate("classes dialog", "Rename or recolour the class"), self._window
        )
        if editor.exec() == QDialog.DialogCode.Accepted:
            self._session.set_classes(self._session.classes.replaced(editor.edited))

    def remove(self) -> None:
        item = self._session.classes.by_value(self._session.painting.class_value)
        if item is not None:
            self._session.remove_class(item.uid)

    def set_mirror(self, mirror: bool) -> None:
        self._session.set_classes(replace(self._session.classes, mirror=mirror))

    def _free_name(self) -> str:
        taken = {item.name for item in self._session.classes.classes}
        numbers = range(1, len(taken) + 2)
        return next(
            name
            for name in (translate("classes dialog", "Class {number}").format(number=number) for number in numbers)
            if name not in taken
        )
