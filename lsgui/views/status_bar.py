"""The bar below: what is under the cursor and what a stroke will do; whether it is saved, and what predicts."""

from __future__ import annotations

import time

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QLabel, QPushButton

from lsgui.session import Session
from lsgui.translation import class_name, device_text, sentence
from lsgui.views.amounts import size_text
from lsgui.views.appearance import Appearance
from lsgui.views.display import Display
from lsgui.views.job_bar import JobBar
from lsgui.views.parts import label, row, set_role
from lsgui.views.stroke_line import StrokeLine
from model.labels import UNTOUCHED

SOON_MS = 30
"""A stroke or an undo does not wait for what is counted here."""
CLASS_WIDTH, LONGEST_CLASS = 84, 170
"""Logical pixels: what follows the class under the pointer stands still while the pointer moves, and a long name leaves it
room.
"""


class StatusBar(QFrame):
    """Left follows the pointer and the tool in the hand, right follows the session."""

    history_wanted = Signal()

    def __init__(self, session: Session, display: Display, appearance: Appearance) -> None:
        super().__init__()
        self.setObjectName("statusBar")
        self.setFixedHeight(28)
        self._session = session
        self._point: tuple[float, float] | None = None
        self._position, self._value, self._class = label(), label(), label()
        self.stroke = StrokeLine(session, display)
        self.undo, self._saved = QPushButton(), label()
        self._model, self._device = label(), label()
        self._build(appearance)
        self._soon = QTimer(self, singleShot=True, interval=SOON_MS)
        self._soon.timeout.connect(self._show_undo)
        session.document.history.changed.connect(self._soon.start)
        session.document.loaded.connect(self._show_undo)
        session.document.mask_changed.connect(self._show_class)
        session.saved_changed.connect(self._show_saved)
        session.model_changed.connect(self._show_model)
        session.folder_opened.connect(self._show_model)
        self._clock = QTimer(self, interval=1000)
        self._clock.timeout.connect(self._show_saved)
        self._clock.start()
        for show in (self._show_undo, self._show_saved, self._show_model):
            show()

    def show_point(self, point: tuple[float, float] | None) -> None:
        """`point` is (x, y) in image pixels, or None."""
        self._point = point
        image, at = self._session.document.image, self._pixel()
        if at is None:
            for part in (self._position, self._value):
                part.setText("")
        else:
            self._position.setText(f"x {at[0]}  y {at[1]}")
            self._value.setText(_value_text(image.pixels[at[1], at[0]], image.unit))
        self._show_class()

    def _build(self, appearance: Appearance) -> None:
        layout = row(self, (16, 0, 16, 0), 20)
        self._position.setMinimumWidth(84)
        self._value.setMinimumWidth(56)
        self._class.setMinimumWidth(CLASS_WIDTH)
        for part in (self._position, self._value, self._class):
            layout.addWidget(part)
        layout.addWidget(self.stroke, 1)
        layout.addWidget(JobBar(self._session, appearance))
        set_role(self.undo, "words")
        self.undo.setToolTip(self.tr("History"))
        self.undo.clicked.connect(self.history_wanted)
        for part in (self.undo, self._saved, self._model, self._device):
            layout.addWidget(part)

    def _pixel(self) -> tuple[int, int] | None:
        if self._point is None or self._session.document.image is None:
            return None
        x, y = int(self._point[0] // 1), int(self._point[1] // 1)
        height, width = self._session.document.shape
        return (x, y) if 0 <= x < width and 0 <= y < height else None

    def _show_class(self) -> None:
        at = self._pixel()
        if at is None:
            self._class.setText("")
            return
        value = self._session.document.value_at(*at)
        found = self._session.classes.by_value(value)
        if found is not None:
            way = Qt.TextElideMode.ElideRight
            self._class.setText(self._class.fontMetrics().elidedText(class_name(found), way, LONGEST_CLASS))
        else:
            self._class.setText(self.tr("untouched") if value == UNTOUCHED else str(value))

    def _show_undo(self) -> None:
        history = self._session.document.history
        steps, size = history.cursor, history.nbytes
        text = self.tr("undo steps: {steps}, {size}")
        _say(self.undo, text.format(steps=steps, size=size_text(size)) if history.steps else "")

    def _show_saved(self) -> None:
        state = self._session.saved
        set_role(self._saved, {"failed": "bad", "unsaved": "warn"}.get(state.kind, ""))
        if state.kind == "failed":
            _say(self._saved, self.tr("not saved"))
        elif state.kind == "unsaved":
            _say(self._saved, self.tr("saving soon"))
        else:
            _say(self._saved, self.tr("saved {ago}").format(ago=self._ago(state.since)) if state.since else "")

    def _ago(self, since: float) -> str:
        seconds = max(0, int(time.time() - since))
        if seconds < 60:
            return self.tr("{count} s ago").format(count=seconds)
        if seconds < 3600:
            return self.tr("{count} min ago").format(count=seconds // 60)
        return self.tr("{count} h ago").format(count=seconds // 3600)

    def _show_model(self) -> None:
        model = self._session.model
        if model is None:
            _say(self._model, self.tr("no model") if self._session.workspace else "")
            _say(self._device, "")
            return
        text = self.tr("model: {name}, Dice {dice:.1f}") if model.mean_dice is not None else self.tr("model: {name}")
        _say(self._model, text.format(name=sentence(model.shown_name), dice=100 * (model.mean_dice or 0)))
        self._model.setToolTip(str(model.path))
        _say(self._device, device_text(model.device))


def _say(part: QLabel | QPushButton, text: str) -> None:
    part.setText(text)
    part.setVisible(bool(text))


def _value_text(value: object, unit: str) -> str:
    if getattr(value, "ndim", 0):
        return " ".join(f"{channel:g}" for channel in value)
    return f"{value:g} {unit}".strip()
