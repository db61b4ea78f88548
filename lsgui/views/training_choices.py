"""The check boxes that say what fine-tuning learns from, beside what a person has set or accepted."""

from __future__ import annotations

from PySide6.QtWidgets import QCheckBox

from lsgui.session import Session
from lsgui.settings import Settings
from lsgui.views.parts import set_tip
from lsgui.views.preferences import Preferences


class TrainingChoice(QCheckBox):
    """As it was the last time; several of one kind say the same."""

    field = ""
    """Which of the settings it is."""

    def __init__(self, session: Session, preferences: Preferences) -> None:
        super().__init__()
        self._session = session
        self._show(preferences.settings, preferences.settings)
        preferences.changed.connect(self._show)
        self.toggled.connect(lambda wanted: preferences.change(**{self.field: wanted}))

    def _show(self, before: Settings, after: Settings) -> None:
        wanted = getattr(after, self.field)
        self.setChecked(wanted)
        self._tell(wanted)

    def _tell(self, wanted: bool) -> None:
        """For the trainings begun from now on."""
        raise NotImplementedError


class UnlabelledChoice(TrainingChoice):
    """What has no label."""

    field = "unlabelled"

    def __init__(self, session: Session, preferences: Preferences) -> None:
        super().__init__(session, preferences)
        self.setText(self.tr("Learn from unlabelled images, too"))
        set_tip(
            self,
            self.tr(
                "What the model becomes sure of in images and pixels without a label teaches it as well, within the same "
                "time. Images that are held out, and their neighbours, are left alone."
            ),
        )

    def _tell(self, wanted: bool) -> None:
        self._session.learn_from_unlabelled(wanted)


class ModelLabelsChoice(TrainingChoice):
    """What only the model has set in saved labels."""

    field = "model_labels"

    def __init__(self, session: Session, preferences: Preferences) -> None:
        super().__init__(session, preferences)
        self.setText(self.tr("Learn from the model's pixels, too"))
        set_tip(
            self,
            self.tr(
                "Pixels of saved labels that only the model has set, and nobody has accepted, count half of what a person's "
                "do. Otherwise they do not count at all. They never count in scores."
            ),
        )

    def _tell(self, wanted: bool) -> None:
        self._session.learn_from_model_labels(wanted)
