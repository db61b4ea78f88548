"""What a crash kept out of the maps, image by image: restored, looked at, or put aside."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from PySide6.QtCore import QObject, QSize, Qt
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import QDialog, QListWidget, QListWidgetItem, QPushButton, QWidget

from lsgui.recovery import DISCARD, RESTORE
from lsgui.session import Session
from lsgui.views.parts import button, column, row, wrapped
from model.workspace import Unsaved

_PICTURE = QSize(56, 56)


class RecoveryDialog(QDialog):
    """Closing it decides nothing: what waits in the journals waits on."""

    def __init__(self, session: Session, unsaved: Sequence[Unsaved], parent: QWidget | None) -> None:
        super().__init__(parent)
        self._session = session
        self.setWindowTitle(self.tr("Restore what was not saved"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        layout = column(self, (20, 20, 20, 16), 14)
        text = self.tr("The program ended before these images were saved. Every stroke is still there.")
        layout.addWidget(wrapped(text, ""))
        self.list = QListWidget()
        self.list.setIconSize(_PICTURE)
        self.list.setMinimumSize(460, 220)
        for item in unsaved:
            self._add(item)
        self.list.setCurrentRow(0)
        layout.addWidget(self.list)
        self.buttons: dict[str, QPushButton] = {}
        layout.addLayout(self._answers())
        session.folder.dataChanged.connect(self._show_pictures)

    @property
    def ticked(self) -> list[str]:
        items = (self.list.item(place) for place in range(self.list.count()))
        return [item.data(Qt.ItemDataRole.UserRole) for item in items if item.checkState() == Qt.CheckState.Checked]

    def reject(self) -> None:
        self._session.recover({})
        super().reject()

    def _add(self, unsaved: Unsaved) -> None:
        moment = datetime.fromtimestamp(unsaved.time).strftime("%Y-%m-%d %H:%M:%S")
        pattern = self.tr("1 stroke, {time}") if unsaved.edits == 1 else self.tr("{count} strokes, last {time}")
        strokes = pattern.format(count=unsaved.edits, time=moment)
        item = QListWidgetItem(f"{unsaved.name}\n{strokes}", self.list)
        item.setData(Qt.ItemDataRole.UserRole, unsaved.name)
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        item.setCheckState(Qt.CheckState.Checked)
        self._show_picture(item)

    def _answers(self) -> object:
        line = row(None)
        for key, text, act in (
            ("discard", self.tr("Discard"), self._discard),
            ("later", self.tr("Later"), self.reject),
            ("look", self.tr("Look at it"), self._look),
            ("restore", self.tr("Restore"), self._restore),
        ):
            made = self.buttons[key] = button(text, primary=key == "restore")
            made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            made.setDefault(key == "restore")
            made.clicked.connect(act)
            line.addWidget(made)
            if key == "discard":
                line.addStretch()
        self.buttons["discard"].setToolTip(self.tr("Go back to what was saved; the strokes are put into kept/"))
        return line

    def _restore(self) -> None:
        self._decide(RESTORE)

    def _discard(self) -> None:
        self._decide(DISCARD)

    def _decide(self, choice: str) -> None:
        self._session.recover(dict.fromkeys(self.ticked, choice))
        self.accept()

    def _look(self) -> None:
        """Opening an image restores it on the screen; nothing is decided about the others."""
        item = self.list.currentItem()
        if item is not None:
            self._session.open_image(item.data(Qt.ItemDataRole.UserRole))

    def _show_pictures(self) -> None:
        for place in range(self.list.count()):
            self._show_picture(self.list.item(place))

    def _show_picture(self, item: QListWidgetItem) -> None:
        entry = self._session.folder.entry(item.data(Qt.ItemDataRole.UserRole))
        picture = self._session.folder.picture(entry) if entry is not None else None
        if picture is not None and not picture.isNull():
            pixels = QPixmap.fromImage(picture)
            icon = QIcon(pixels)
            icon.addPixmap(pixels, QIcon.Mode.Selected)  # a chosen row must not tint it
            item.setIcon(icon)


class RecoveryOffer(QObject):
    """Shows the dialog over its window whenever a folder is opened that a crash left in this state."""

    def __init__(self, session: Session, window: QWidget) -> None:
        super().__init__(window)
        self._session = session
        self._window = window
        session.unsaved_found.connect(self._show)

    def _show(self, unsaved: Sequence[Unsaved]) -> None:
        RecoveryDialog(self._session, unsaved, self._window).open()
