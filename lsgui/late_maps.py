"""Maps that could not be written when their image was left: told once, and tried again."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer

from lsgui.context import Context
from lsgui.failures import Failure
from lsgui.map_writing import MAP_MS, MapWriting, Shot
from lsgui.opening import Opening
from model.messages import Message
from model.workspace import Entry, Workspace


class LateMaps(QObject):
    """Nothing is in danger, since the journal holds every edit; but other tools read maps."""

    def __init__(self, context: Context, maps: MapWriting, opening: Opening, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._maps = maps
        self._opening = opening
        self._workspace: Workspace | None = None
        self._late: set[str] = set()
        self._timer = QTimer(self, singleShot=True, interval=MAP_MS)
        self._timer.timeout.connect(self.write)
        maps.left_behind.connect(self._left_behind)
        opening.opened.connect(self._opened)

    def write(self) -> None:
        """From the journals, unless an image is being opened: that would write its journal, too."""
        context, workspace = self._context, self._workspace
        if workspace is not context.workspace:
            self._late.clear()  # opening its folder finds them
        if not self._late:
            return
        self._timer.start()
        if context.jobs.busy("files") or self._opening.under_way:
            return
        for name in sorted(self._late - {context.document.name}):
            context.jobs.submit(
                "files",
                Message("Saving {name}", {"name": name}),
                lambda report, name=name: workspace.edits.restore(name),
                self._written,
                lambda failure: None,  # it has been told
                quiet=True,
                cancellable=False,
            )

    def _left_behind(self, shot: Shot, failure: Failure) -> None:
        self._context.tell_failure(failure)
        if shot.workspace is self._context.workspace:
            if shot.workspace is not self._workspace:
                self._workspace, self._late = shot.workspace, set()
            self._late.add(shot.name)
            self._timer.start()

    def _written(self, entry: Entry) -> None:
        self._late.discard(entry.name)
        if self._workspace is self._context.workspace:
            self._context.show_entry(entry)

    def _opened(self) -> None:
        """It is open again: from now on its map is written like any other."""
        name = self._context.document.name
        if self._workspace is self._context.workspace and name in self._late:
            self._late.discard(name)
            self._maps.write()
