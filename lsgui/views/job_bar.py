"""What is running, how far it is, and the button that stops it."""

from __future__ import annotations

from PySide6.QtWidgets import QProgressBar, QSizePolicy, QWidget

from lsgui.session import Session
from lsgui.translation import sentence
from lsgui.views.appearance import Appearance
from lsgui.views.elided_label import ElidedLabel
from lsgui.views.parts import icon_button, row

TITLE_WIDTH = 420
"""Logical pixels: a long name in it must not make the window wider than the screen, nor hide what a stroke does."""


class JobBar(QWidget):
    """Shows the oldest job, and how many wait behind it. Takes no room while nothing runs."""

    def __init__(self, session: Session, appearance: Appearance) -> None:
        super().__init__()
        self._session = session
        self._job_id = 0
        self._title = ElidedLabel()
        self._title.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self._title.setMaximumWidth(TITLE_WIDTH)
        self._progress = QProgressBar()
        self._progress.setTextVisible(False)
        self._progress.setFixedWidth(120)
        self._cancel = icon_button(appearance.icon("x", "dim"), self.tr("Cancel"), 20, 14)
        self._cancel.clicked.connect(lambda: session.cancel(self._job_id))
        layout = row(self)
        for part in (self._title, self._progress, self._cancel):
            layout.addWidget(part)
        session.jobs.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        jobs = self._session.jobs.jobs
        self.setVisible(bool(jobs))
        if not jobs:
            return
        job = jobs[0]
        self._job_id = job.id
        text = sentence(job.title)
        if job.progress.message is not None:
            text += f" · {sentence(job.progress.message)}"
        if len(jobs) > 1:
            text += " · " + self.tr("{count} more").format(count=len(jobs) - 1)
        self._title.setText(text)
        fraction = job.progress.fraction
        self._progress.setRange(0, 0 if fraction is None else 1000)
        self._progress.setValue(round(1000 * (fraction or 0)))
        self._cancel.setVisible(job.cancellable)
