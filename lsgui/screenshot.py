"""`--screenshot`: once the first image is open and predicted, a picture of the window, and the end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication

from lsgui.notices import Notice
from lsgui.session import Session
from lsgui.translation import sentence

if TYPE_CHECKING:
    from lsgui.app import Program

PATIENCE_MS = 300_000
SETTLE_MS = 800
"""For thumbnails, shares and the curve's first frame."""


class Screenshot(QObject):
    """`problem` is a sentence when there is no picture."""

    def __init__(self, session: Session, program: Program, path: Path) -> None:
        super().__init__()
        self.problem: str | None = None
        self._session = session
        self._program = program
        self._path = path
        self._done = False
        session.image_opened.connect(self._predict)
        session.prediction_changed.connect(self._predicted)
        session.notice.connect(self._noticed)
        session.folder_opened.connect(self._opened)
        QTimer.singleShot(PATIENCE_MS, self, lambda: self._end("There was no prediction within five minutes."))

    def _opened(self) -> None:
        if self._session.folder.rowCount() == 0:
            self._end(f"{self._session.workspace.folder} holds no images.")

    def _predict(self) -> None:
        if self._session.model is None:
            self._later()
        else:
            self._session.predict()

    def _predicted(self) -> None:
        if self._session.prediction is not None:
            self._later()

    def _noticed(self, notice: Notice) -> None:
        if notice.level == "error":
            self._end(sentence(notice.message))

    def _later(self) -> None:
        QTimer.singleShot(SETTLE_MS, self, self._take)

    def _take(self) -> None:
        if self._done:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        picture = self._program.window.grab()
        self._end(
            None
            if picture.save(str(self._path))
            else f"{self._path} could not be written; choose a .png file in a folder that can be written."
        )

    def _end(self, problem: str | None) -> None:
        if not self._done:
            self._done, self.problem = True, problem
            QApplication.instance().quit()
