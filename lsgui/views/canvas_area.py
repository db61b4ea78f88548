"""The middle of the window: the canvas, or what to do while there is nothing on it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QStackedWidget, QWidget

from lsgui.session import Session
from lsgui.views.appearance import Appearance
from lsgui.views.empty_state import EmptyState
from lsgui.views.parts import link, row
from lsgui.views.preferences import Preferences

MOST_RECENT = 5


class CanvasArea(QStackedWidget):
    """Welcome without a folder, a word about an empty one, otherwise the canvas."""

    def __init__(
        self,
        canvas: QWidget,
        session: Session,
        appearance: Appearance,
        preferences: Preferences,
        actions: dict[str, QAction],
    ) -> None:
        super().__init__()
        self._session = session
        self._canvas = canvas
        self._preferences = preferences
        begin = tuple(actions[name] for name in ("open-folder", "open-sample") if actions[name].isVisible())
        self._welcome = EmptyState(
            appearance,
            "folder-open",
            self.tr("Open a folder of images"),
            self.tr("PNG, JPEG, BMP, TIFF or DICOM. Or drop a folder here."),
            begin,
        )
        self._empty = EmptyState(appearance, "images", "", "", (actions["open-folder"],))
        self._waiting = EmptyState(appearance, "file-image", "", "")
        self._ask_for_one()
        self._add_recent()
        for page in (self._welcome, self._empty, self._waiting, canvas):
            self.addWidget(page)
        session.folder_opened.connect(self._wait_for_one)
        session.open_failed.connect(self._ask_for_one)
        session.document.loaded.connect(self._show)
        session.folder.modelReset.connect(self._show)
        self._show()

    def _show(self) -> None:
        workspace = self._session.workspace
        if workspace is None:
            self.setCurrentWidget(self._welcome)
        elif self._session.document.image is not None:
            self.setCurrentWidget(self._canvas)
        elif self._session.folder.rowCount() == 0:
            text = self.tr(
                "{folder} holds no PNG, JPEG, BMP, TIFF or DICOM files. "
                "Put some into it and open it again, or open another folder."
            )
            self._empty.say(self.tr("No images here"), text.format(folder=workspace.folder.name))
            self.setCurrentWidget(self._empty)
        else:
            self.setCurrentWidget(self._waiting)

    def _wait_for_one(self) -> None:
        """With a folder comes one of its images, if it has any."""
        if self._session.folder.rowCount() == 0:
            self._ask_for_one()
        else:
            self._waiting.say(self.tr("An image is being opened"), self.tr("A large one takes some seconds."))
        self._show()

    def _ask_for_one(self) -> None:
        self._waiting.say(self.tr("No image is open"), self.tr("Choose one on the left, or press D for the next."))

    def _add_recent(self) -> None:
        folders = [Path(folder) for folder in self._preferences.settings.recent[:MOST_RECENT]]
        for folder in filter(Path.is_dir, folders):
            made = link(str(folder))
            made.clicked.connect(lambda checked=False, folder=folder: self._session.open_folder(folder))
            line = row(None)
            line.addStretch()
            line.addWidget(made)
            line.addStretch()
            self._welcome.body.addLayout(line)
