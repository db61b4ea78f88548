"""Dropping folders, images and weights on the window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QObject
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QWidget

from lsgui.session import Session

WEIGHTS = ".safetensors"


class DropTarget(QObject):
    """Takes local files only: a folder opens, an image opens in its folder, weights become the model."""

    def __init__(self, window: QWidget, session: Session) -> None:
        super().__init__(window)
        self._session = session
        self._handlers: dict[QEvent.Type, Callable[[QEvent], None]] = {
            QEvent.Type.DragEnter: self._enter,
            QEvent.Type.Drop: self._drop,
        }
        window.setAcceptDrops(True)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        handler = self._handlers.get(event.type())
        if handler is None:
            return False
        handler(event)
        return True

    def take(self, path: Path) -> None:
        if path.suffix.lower() == WEIGHTS:
            self._session.load_weights(path)
        elif path.is_dir():
            self._session.open_folder(path)
        else:
            self._session.open_file(path)

    def _enter(self, event: QDragEnterEvent) -> None:
        if _local_paths(event.mimeData()):
            event.acceptProposedAction()

    def _drop(self, event: QDropEvent) -> None:
        """Of several things only the first is opened: there is one folder at a time."""
        paths = _local_paths(event.mimeData())
        if paths:
            event.acceptProposedAction()
            self.take(paths[0])


def _local_paths(data: QMimeData) -> list[Path]:
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
