"""Files that others change while their image is open: the image itself, and its label or corrected map."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PySide6.QtCore import QCoreApplication, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication

from lsgui.context import Context
from lsgui.map_writing import MapWriting
from lsgui.notices import Answer, Question
from lsgui.opening import Opening
from model.errors import ModelError
from model.foreign import stamp_of
from model.index import FileStamp
from model.journal_records import JournalError
from model.messages import Message
from model.patches import MaskPatch, piece_between
from model.progress import Report
from model.provenance import HUMAN, set_by
from model.workspace import Workspace

LOOK_MS = 5000
_BAND = 256


@dataclass(frozen=True)
class _Seen:
    """What a look at the disk found of the open image: its stamp, and a map that another program has written.

    `made_anew`: somebody has removed the folders of the workspace.
    """

    name: str
    image: FileStamp | None
    changed: Path | None
    made_anew: bool


class Watching(QObject):
    """Looks every few seconds, and when the window is used again. Asks once about each change."""

    made_anew = Signal()
    """The folders of the workspace had been removed; nothing but what is open is in them now."""

    def __init__(self, context: Context, maps: MapWriting, opening: Opening, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._document = context.document
        self._maps = maps
        self._opening = opening
        self._image: FileStamp | None = None
        self._gone = self._looking = self._asking = False
        timer = QTimer(self, interval=LOOK_MS)
        timer.timeout.connect(self.look)
        timer.start()
        opening.opened.connect(self._opened)
        application = QCoreApplication.instance()
        if isinstance(application, QGuiApplication):
            application.applicationStateChanged.connect(self._state_changed)

    def look(self) -> None:
        """Compare what is open with the disk, in the files lane, where our own maps are written too."""
        workspace, name = self._context.workspace, self._document.name
        busy = self._looking or self._asking or self._context.jobs.busy("files")
        if workspace is None or self._document.image is None or busy or self._document.gesture_active:
            return
        self._looking = True

        def work(report: Report) -> _Seen:
            made_anew = _put_back(workspace, name)
            return _Seen(name, stamp_of(workspace.folder / name), workspace.edits.changed_map(name), made_anew)

        def done(seen: _Seen) -> None:
            self._looking = False
            if seen.made_anew and workspace is self._context.workspace:
                self._context.update_entries()
                self._context.tell("warning", _made_anew(workspace.root.name))
                self.made_anew.emit()
                self._maps.write_again()
            if workspace is self._context.workspace and seen.name == self._document.name:
                self._context.when_idle(lambda: self._found(seen))

        self._context.jobs.submit(
            "files", Message("Looking at files"), work, done, lambda failure: self._stop(), self._stop, quiet=True
        )

    def _stop(self) -> None:
        self._looking = False

    def _state_changed(self, state: Qt.ApplicationState) -> None:
        if state is Qt.ApplicationState.ApplicationActive:
            self.look()

    def _opened(self) -> None:
        """A map that was changed while the image was closed is asked about, too."""
        name, changed = self._document.name, self._opening.foreign
        self._image, self._gone = self._opening.stamp, False
        if changed is not None:
            self._context.when_idle(lambda: self._ask_about_map(name, changed))

    def _found(self, seen: _Seen) -> None:
        if self._asking or seen.name != self._document.name:
            return
        if seen.image is None and not self._gone:
            self._gone = True
            self._context.tell("warning", _vanished(seen.name))
        elif seen.image is not None:
            self._gone, changed = False, seen.image != self._image
            self._image = seen.image
            if changed:
                self._ask_about_image(seen.name)
        if seen.changed is not None:
            self._ask_about_map(seen.name, seen.changed)

    def _ask_about_image(self, name: str) -> None:
        if self._asked(_image_changed(name)) == "again" and name == self._document.name:
            self._opening.reload()

    def _ask_about_map(self, name: str, path: Path) -> None:
        workspace, shape = self._context.workspace, self._document.shape
        if name != self._document.name:
            return
        answer = self._asked(_map_changed(name))
        if workspace is not self._context.workspace or name != self._document.name:
            return  # it is asked about again when its image is opened again
        if answer == "mine":
            title = Message("Keeping a copy")
            self._context.jobs.submit(
                "files", title, lambda report: workspace.edits.set_aside(name, path), self._write_mine
            )
        else:
            self._context.jobs.submit(
                "files",
                Message("Reading {name}", {"name": path.name}),
                lambda report: workspace.edits.take_over(name, path, shape),
                lambda theirs: self._context.when_idle(lambda: self._take(name, theirs, answer == "look")),
            )

    def _asked(self, question: Question) -> str:
        """A dialog runs an event loop, in which the next look must not ask the same."""
        self._asking = True
        try:
            return self._context.ask(question)
        finally:
            self._asking = False

    def _write_mine(self, nothing: None) -> None:
        self._maps.write_again()

    def _take(self, name: str, theirs: np.ndarray, compare: bool) -> None:
        """As one edit, so that undo shows what was here before."""
        document = self._document
        if name != document.name or theirs.shape != document.shape:
            return
        patch = patch_to(document.label_map, document.provenance, theirs)
        if not document.push_patch("Changed elsewhere", patch):
            self._maps.write_again()  # the same map, but without who has set what: else it would be asked about for ever
        elif compare:
            self._context.tell("info", Message("Undo shows your map and Redo the other one; what is shown is saved."))


def patch_to(label_map: np.ndarray, provenance: np.ndarray, theirs: np.ndarray) -> MaskPatch | None:
    """The edit that makes `label_map` into `theirs`, all uint8 (H, W): what differs is a person's from then on."""
    pieces = []
    for top in range(0, len(label_map), _BAND):
        rows = slice(top, top + _BAND)
        mine, origin, other = label_map[rows], provenance[rows], theirs[rows]
        piece = piece_between((0, top), (mine, origin), (other, np.where(mine == other, origin, set_by(other, HUMAN))))
        if piece is not None:
            pieces.append(piece)
    return MaskPatch(pieces) if pieces else None


def _put_back(workspace: Workspace, name: str) -> bool:
    with suppress(OSError, ModelError, JournalError):  # the next write says why it cannot be
        return workspace.put_back(name)
    return False


def _made_anew(name: str) -> Message:
    return Message(
        "The folder {name} was removed while it was open. It was made anew with what is open here; labels of other images "
        "that were in it are gone unless you put them back.",
        {"name": name},
    )


def _vanished(name: str) -> Message:
    return Message(
        "{name} is no longer in its folder. Painting goes on and is saved, but nothing is learned from it until it is back.",
        {"name": name},
    )


def _image_changed(name: str) -> Question:
    return Question(
        "image_changed",
        Message("{name} was changed by another program. Read it again?", {"name": name}),
        Message("What was painted stays."),
        (Answer("again", Message("Read it again")), Answer("keep", Message("Go on with the old one"))),
        default="again",
        cancel="keep",
    )


def _map_changed(name: str) -> Question:
    return Question(
        "map_changed",
        Message("Another program has changed the label map of {name}. Which one is to be kept?", {"name": name}),
        Message("A copy of the other program's map is put into the folder kept/ in any case."),
        (
            Answer("mine", Message("Keep mine")),
            Answer("look", Message("Look at both")),
            Answer("theirs", Message("Take theirs")),
        ),
        default="mine",
        cancel="mine",
    )
