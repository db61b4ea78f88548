"""The menu of folders that were open before."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QMenu, QWidget

from lsgui.session import Session
from lsgui.views.appearance import Appearance
from lsgui.views.parts import literal
from lsgui.views.preferences import Preferences


class RecentMenu(QMenu):
    """Filled when it opens; folders that are gone are left out."""

    def __init__(self, session: Session, appearance: Appearance, preferences: Preferences, parent: QWidget) -> None:
        super().__init__(parent)
        self._session = session
        self._preferences = preferences
        self.setTitle(self.tr("Recent folders"))
        self.setIcon(appearance.icon("history"))
        self.aboutToShow.connect(self._fill)
        session.folder_opened.connect(self._remember)
        self._show_need()

    def _remember(self) -> None:
        self._preferences.add_recent(str(self._session.workspace.folder))
        self._show_need()

    def _show_need(self) -> None:
        self.menuAction().setVisible(bool(self._preferences.settings.recent))

    def _fill(self) -> None:
        self.clear()
        for folder in map(Path, self._preferences.settings.recent):
            if folder.is_dir():
                action = self.addAction(literal(str(folder)))
                action.triggered.connect(lambda checked=False, folder=folder: self._session.open_folder(folder))
