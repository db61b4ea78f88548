"""Undo across images: the newest edit goes back, in whichever image it was made."""

from __future__ import annotations

from PySide6.QtCore import QObject

from lsgui.context import Context
from lsgui.history import Commit
from lsgui.opening import Opening
from model.messages import Message


class UndoAnywhere(QObject):
    """Remembers in which image each edit was made, since the folder was opened."""

    def __init__(self, context: Context, opening: Opening, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._document = context.document
        self._workspace = context.workspace
        self._opening = opening
        self._edited: list[str] = []
        self._cursor = 0
        self._wanted = ""
        self._document.committed.connect(self._committed)
        self._document.loaded.connect(self._loaded)
        context.edited_elsewhere.connect(self._edited.append)
        opening.opened.connect(self._opened)
        opening.failed.connect(self._not_opened)

    def undo(self) -> None:
        """Take back the newest edit, opening its image when it is another one."""
        document = self._document
        if document.gesture_active:
            document.undo()
            return
        if not document.history.can_undo:
            self._forget(document.name)
        name = next((name for name in reversed(self._edited) if self._is_there(name)), document.name)
        if name != document.name:
            self._wanted = name
            self._opening.open_image(name)
        elif document.history.can_undo:
            document.undo()
        else:
            self._context.tell("info", Message("There is no edit left that could be taken back."))

    def use_folder(self) -> None:
        """In another folder, what was edited before can no longer be reached."""
        if self._workspace is not self._context.workspace:
            self._workspace = self._context.workspace
            self._edited.clear()
            self._wanted = ""

    def _committed(self, commit: Commit) -> None:
        name = self._document.name
        passed = commit.cursor - self._cursor
        if commit.kind == "edit":  # more where what was undone is in force again, less where the oldest are dropped
            passed = max(1, passed)
        self._cursor = commit.cursor
        self._edited += [name] * passed
        for _ in range(-passed):
            self._forget_last(name)

    def _forget_last(self, name: str) -> None:
        for place in reversed(range(len(self._edited))):
            if self._edited[place] == name:
                del self._edited[place]
                return

    def _forget(self, name: str, but: int = 0) -> None:
        """The oldest edits of an image, `but` so many: its history has lost them, as one whose journal was put away has."""
        for _ in range(self._edited.count(name) - but):
            self._edited.remove(name)

    def _is_there(self, name: str) -> bool:
        return name == self._document.name or self._context.folder.row_of(name) is not None

    def _loaded(self) -> None:
        self._cursor = self._document.history.cursor
        self._forget(self._document.name, but=self._cursor)

    def _opened(self) -> None:
        wanted, self._wanted = self._wanted, ""
        if wanted and wanted == self._document.name:
            if self._document.history.can_undo:
                self._document.undo()
            else:
                self.undo()  # that of another image, then

    def _not_opened(self, name: str) -> None:
        """Whoever opens it later by hand has not asked for an undo."""
        if name == self._wanted:
            self._wanted = ""
