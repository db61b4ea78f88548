"""Which class the steps of the open image were painted with."""

from __future__ import annotations

from PySide6.QtCore import QObject

from lsgui.history import Commit, Step
from lsgui.session import Session
from lsgui.step_texts import PAINTING
from lsgui.translation import class_name


class StepClasses(QObject):
    """The journal knows it of the steps made before the image was opened; those made since are noted here."""

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._uids: dict[int, str] = {}
        session.document.committed.connect(self._committed)
        session.document.loaded.connect(self._uids.clear)

    def name(self, step: Step) -> str:
        """Empty where it is not known, as with classes that are gone."""
        found = self._session.classes.by_uid(step.uid or self._uids.get(step.seq, ""))
        return class_name(found) if found is not None else ""

    def _committed(self, commit: Commit) -> None:
        if commit.value is not None and commit.text in PAINTING:
            painted = self._session.classes.by_value(commit.value)
            self._uids[commit.seq] = painted.uid if painted is not None else ""
