"""The sentence of the status bar: what a stroke will do, that a tool computes, or why nothing happened."""

from __future__ import annotations

from PySide6.QtCore import QTimer

from lsgui.guided_brush import UNPREDICTED
from lsgui.history import Commit
from lsgui.session import Session
from lsgui.translation import class_name
from lsgui.translation import sentence as translated
from lsgui.views.display import Display
from lsgui.views.elided_label import ElidedLabel
from lsgui.views.parts import set_role
from lsgui.views.stroke_words import sentence
from model.messages import Message

SAID_MS = 5000
"""How long an answer stays."""
ERASERS = ("brush", "guided", "superpixel", "accept")
"""Tools whose stroke may turn into the opposite by a held key."""


class StrokeLine(ElidedLabel):
    """Made anew only when settings, classes or the selection change: never by a move that changes nothing."""

    def __init__(self, session: Session, display: Display) -> None:
        super().__init__()
        self._session, self._display = session, display
        self._erasing = self._computing = self._waiting = False
        self._said: Message | None = None
        self._timer = QTimer(self, singleShot=True, interval=SAID_MS)
        self._timer.timeout.connect(self._forget)
        session.tools.said.connect(self.say)
        session.tools.outline_changed.connect(self._moved)
        session.tools.selection.changed.connect(self.refresh)
        session.prediction_changed.connect(self._predicted)
        session.painting.changed.connect(self._settings_changed)
        session.classes_changed.connect(self.refresh)
        session.document.loaded.connect(self._settings_changed)
        session.document.committed.connect(self._committed)
        self.refresh()

    def say(self, message: Message) -> None:
        """For some seconds, until another tool or class is chosen, or what waited for Enter is kept or taken back."""
        self._said = message
        self._timer.start()
        self.refresh()

    def refresh(self) -> None:
        set_role(self, "warn" if self._said is not None and not self._computing else "")
        text = self._text()
        if text != self.text():
            self.setText(text)
            self.setAccessibleName(text)

    def _text(self) -> str:
        session = self._session
        if self._said is not None:
            return translated(self._said)
        if self._computing:
            return self.tr("Computing… Esc cancels")
        rules = session.painting.rules(session.tools.selection.region, self._erasing)
        return sentence(session.painting, rules, session.classes, session.document.image, self._erasing)

    def _moved(self) -> None:
        tools = self._session.tools
        outline = tools.outline() if tools.painting.tool in ERASERS else None
        erasing, computing = outline is not None and outline.erases, tools.computing
        waited, self._waiting = self._waiting, tools.current.waiting
        answered = waited and not self._waiting
        if answered:
            self._said = None
        if answered or (erasing, computing) != (self._erasing, self._computing):
            self._erasing, self._computing = erasing, computing
            self.refresh()

    def _settings_changed(self) -> None:
        self._said = None
        self._moved()
        self.refresh()

    def _committed(self, commit: Commit) -> None:
        """Who paints what is not shown would think that nothing has happened."""
        if commit.kind != "edit" or commit.value is None:
            return
        item = self._session.classes.by_value(commit.value)
        if not self._display.overlay_visible or not self._display.opacity:
            self.say(Message("The overlay is hidden: V shows what you paint."))
        elif item is not None and item.uid in self._display.hidden:
            self.say(Message("{name} is hidden: its eye shows what you paint.", {"name": class_name(item)}))

    def _predicted(self) -> None:
        if self._said == UNPREDICTED and self._session.prediction is not None:
            self._forget()

    def _forget(self) -> None:
        self._said = None
        self.refresh()
