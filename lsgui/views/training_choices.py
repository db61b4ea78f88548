"""The check box that says whether fine-tuning learns from what has no label, too."""

from __future__ import annotations

from PySide6.QtWidgets import QCheckBox

from lsgui.session import Session
from lsgui.settings import Settings
from lsgui.views.preferences import Preferences


class UnlabelledChoice(QCheckBox):
    """As it was the last time; several of them say the same."""

    def __init__(self, session: Session, preferences: Preferences) -> None:
        super().__init__()
        self._session, self._preferences = session, preferences
        self.setText(self.tr("Learn from unlabelled images, too"))
        self.setToolTip(
            self.tr(
                "What the model becomes sure of in images and pixels without a label teaches it as well, within the same "
                "time. Images that are held out, and their neighbours, are left alone."
            )
        )
        self._show(preferences.settings, preferences.settings)
        preferences.changed.connect(self._show)
        self.toggled.connect(lambda wanted: preferences.change(unlabelled=wanted))

    def _show(self, before: Settings, after: Settings) -> None:
        self.setChecked(after.unlabelled)
        self._session.learn_from_unlabelled(after.unlabelled)
