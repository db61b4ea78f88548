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
        name = self._edited[-1] if self._edited else self._document.name
        if name == self._document.name or self._document.gesture_active:
            if not self._edited and not self._document.history.cursor:
                self._context.tell("info", Message("Nothing was edited since the folder was opened."))
            self._document.undo()
        else:
            self._wanted = name
            self._opening.open_image(name)

    def use_folder(self) -> None:
        """In another folder, what was edited before can no longer be reached."""
        if self._workspace is not self._context.workspace:
            self._workspace = self._context.workspace
            self._edited.clear()
            self._wanted = ""

    def _committed(self, commit: Commit) -> None:
        name = self._document.name
        passed = 1 if commit.kind == "edit" else commit.cursor - self._cursor
        self._cursor = commit.cursor
        self._edited += [name] * passed
        for _ in range(-passed):
            self._forget_last(name)

    def _forget_last(self, name: str) -> None:
        for place in reversed(range(len(self._edited))):
            if self._edited[place] == name:
                del self._edited[place]
                return

    def _loaded(self) -> None:
        self._cursor = self._document.history.cursor

    def _opened(self) -> None:
        wanted, self._wanted = self._wanted, ""
        if wanted and wanted == self._document.name:
            self._document.undo()

    def _not_opened(self, name: str) -> None:
        """Whoever opens it later by hand has not asked for an undo."""
        self._wanted = ""
