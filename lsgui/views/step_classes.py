"""Which class the steps of the open image were painted with, as long as it stays open: steps only keep their kind."""

from __future__ import annotations

from PySide6.QtCore import QObject

from lsgui.history import Commit
from lsgui.session import Session
from lsgui.translation import class_name

PAINTING = frozenset(
    {"Brush", "Guided brush", "Polygon", "Lasso", "Rectangle", "Ellipse", "Fill", "Wand", "Threshold", "Smart outline",
     "Superpixels"}
)  # fmt: skip
"""Edits that paint with the class in the hand."""


class StepClasses(QObject):
    """`name` of a step is "" where it is not known, as after the image was opened again."""

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._values: dict[int, int] = {}
        session.document.committed.connect(self._committed)
        session.document.loaded.connect(self._forget)

    def name(self, seq: int) -> str:
        found = self._session.classes.by_value(self._values[seq]) if seq in self._values else None
        return class_name(found) if found is not None else ""

    def _forget(self) -> None:
        self._values.clear()

    def _committed(self, commit: Commit) -> None:
        if commit.kind == "edit" and commit.text in PAINTING:
            self._values[commit.seq] = self._session.painting.class_value
