"""Fine-tuning, below the canvas: what it does, its curves, its verdict per class, and the runs before it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QAction, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QProgressBar, QScrollArea, QWidget

from lsgui.session import Session
from lsgui.training_state import TrainingState
from lsgui.translation import sentence
from lsgui.views.appearance import Appearance
from lsgui.views.dice_bars import DiceBars, dice_bars
from lsgui.views.elided_label import ElidedLabel
from lsgui.views.flow_layout import FlowLayout
from lsgui.views.parts import button, column, label, row, set_primary, set_role, wrapped
from lsgui.views.preferences import Preferences
from lsgui.views.runs_list import RunsList
from lsgui.views.training_choices import ModelLabelsChoice, UnlabelledChoice
from lsgui.views.training_curves import TrainingCurves
from lsgui.views.training_words import Labelled, details, headline
from model.runs import Run
from model.split import units_so_far
from model.workspace import Split, Status

SETTLE_MS = 1000
"""The window is on screen by then: what holds its thread for a moment is not felt."""
REDRAW_MS = 100
"""Steps come faster than anyone reads: the panel follows at this pace."""

LINE_HEIGHT, OPEN_HEIGHT = 52, 150
"""The second is the least that curves can be read in; its words may need more."""
BORDER = 1
NARROWEST, TITLED, NARROW, WIDE = 240, 520, 880, 1120
"""Logical pixels of width: the panel never widens the window, from the second on there is room for the line's title, below
the third not all columns fit, and from the fourth on all choices fit into one line."""
WORDS, FEWER_WORDS = 250, 240
RUNS, SCORES = 150, 200
MARGIN, APART = 16, 20
QWIDGETSIZE_MAX = 16_777_215


class TrainingPanel(QFrame):
    """Never modal: painting goes on meanwhile. One line high until there is something to show."""

    opened = Signal(bool)

    def __init__(
        self, session: Session, appearance: Appearance, preferences: Preferences, actions: dict[str, QAction]
    ) -> None:
        super().__init__()
        self.setObjectName("panelBottom")
        self._session = session
        self._headline, self._details = label("", "dim"), wrapped("", "dim")
        self._progress = QProgressBar()
        self._start, self._begin = (button(actions["fine-tune"].text(), appearance.icon("play")) for _ in range(2))
        self._advice = wrapped("", "dim")
        self._line, self._columns, self._left = QWidget(), QWidget(), QWidget()
        self._finish = button(self.tr("Finish now"), appearance.icon("check"))
        self._finish.setToolTip(self.tr("Wind the training down, score it, and have the model as it is then"))
        self._stop = button(self.tr("Stop"), appearance.icon("square"))
        self._resume = button(self.tr("Resume"), appearance.icon("play"))
        self._choices, self._choices_in_line = (
            [kind(session, preferences) for kind in (UnlabelledChoice, ModelLabelsChoice)] for _ in range(2)
        )
        self._use = button(self.tr("Use the new model"), primary=True)
        self._keep = button(self.tr("Keep the current model"))
        self._curves = TrainingCurves(appearance)
        self._bars = DiceBars(appearance)
        self._bars_title = ElidedLabel("", "dim")
        self._runs = RunsList(appearance)
        self.wide = self._scored = self._drawn = False
        self._runs_key: tuple[object, ...] = ()
        self._runs_read: list[Run] = []
        self._timer = QTimer(self, singleShot=True, interval=REDRAW_MS)
        self._build()
        self._columns.hide()
        self.setFixedHeight(LINE_HEIGHT)
        self.setMinimumWidth(NARROWEST)
        for made in (self._start, self._begin):
            made.clicked.connect(actions["fine-tune"].trigger)
        self._finish.clicked.connect(session.finish_fine_tune)
        self._stop.clicked.connect(session.stop_fine_tune)
        self._resume.clicked.connect(session.resume_fine_tune)
        self._use.clicked.connect(self._use_pending)
        self._keep.clicked.connect(session.keep_model)
        self._runs.chosen.connect(session.use_run)
        self._runs.shipped_chosen.connect(session.use_shipped_model)
        self._timer.timeout.connect(self.show_state)
        for signal in (session.training_changed, session.model_changed, session.folder_opened, session.entry_changed):
            signal.connect(self._soon)
        session.folder_refreshed.connect(self._read_again)
        self.show_state()

    def showEvent(self, event: QShowEvent) -> None:
        """Only once the window stands: until then the processor has enough to do."""
        super().showEvent(event)
        QTimer.singleShot(SETTLE_MS, self, lambda: self._curves.prepare(self._session.jobs))

    def show_state(self) -> None:
        state = self._session.training
        runs = self._known_runs(state)
        self._headline.setText(headline(state))
        self._headline.setVisible(bool(self._headline.text()))
        set_role(self._headline, "bad" if state.state == "failed" else "dim")
        labelled = self._labelled()
        resumable = any(run.resumable for run in runs[-1:])
        words = details(state, labelled, bool(runs), resumable, self._predicts(state), sentence)
        self._details.setText("\n".join(words))
        self._advice.setText(" · ".join(words))
        self._begin.setVisible(labelled.all > 0)
        self._choose_choices()
        self._open(state.state != "idle" or bool(runs))
        self._progress.setVisible(state.active)
        self._progress.setRange(0, 0 if state.fraction is None else 1000)
        self._progress.setValue(round(1000 * (state.fraction or 0)))
        self._show_buttons(state, resumable)
        self._drawn = bool(state.loss or state.dice)
        self._curves.show_state(state)
        self._show_bars(state)
        self._choose_columns()
        self._runs.show_runs(
            runs,
            str(self._session.model.path) if self._session.model else "",
            str(self._session.shipped_weights or ""),
        )
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._choose_choices()
        self._choose_columns()
        self._fit()

    def _fit(self) -> None:
        """Words wrap and buttons flow: a minimum size that Qt works out by itself knows nothing of their height."""
        if self.wide:
            margins = self._columns.layout().contentsMargins()
            words = self._left.layout().minimumHeightForWidth(self._left.minimumWidth())
            self.setMinimumHeight(max(OPEN_HEIGHT, words + margins.top() + margins.bottom() + BORDER))
        else:
            needed = self._line.layout().minimumHeightForWidth(self.width())
            self.setFixedHeight(max(LINE_HEIGHT, needed + BORDER))

    def _choose_choices(self) -> None:
        """Those that find room in the line, once there is something to learn from: its title gives way to the words, where
        the button says the same.
        """
        self._title.setVisible(self._begin.isHidden() or self.width() >= TITLED)
        for choice, width in zip(self._choices_in_line, (NARROW, WIDE), strict=True):
            choice.setVisible(not self._begin.isHidden() and self.width() >= width)

    def _choose_columns(self) -> None:
        """Where not all columns fit, the scores give way to the runs as soon as nothing is to be decided by them, and then
        the curves to both; while it learns, the curves come first."""
        state, runs, narrow = self._session.training, bool(self._runs_read), self.width() < NARROW
        deciding = state.active or state.pending is not None
        words = FEWER_WORDS if narrow else WORDS
        self._left.setFixedWidth(words)
        room = self.width() - words - 2 * MARGIN
        columns = [
            (self._runs, runs and not (narrow and deciding and self._scored)),
            (self._scores_holder, self._scored and not (narrow and runs and not deciding)),
            (self._curves, self._drawn),
        ]
        for part, wanted in reversed(columns) if state.active else columns:
            needed = APART + max(part.minimumWidth(), part.minimumSizeHint().width())
            part.setVisible(wanted and room >= needed)
            room -= needed if wanted and room >= needed else 0

    def _build(self) -> None:
        both = column(self)
        both.addWidget(self._line)
        both.addWidget(self._columns)
        line = row(self._line, (16, 10, 16, 10), 16)
        self._title = label(self.tr("Fine-tuning"), "head")
        line.addWidget(self._title)
        line.addWidget(self._advice, 1)
        for choice in self._choices_in_line:
            line.addWidget(choice)
        line.addWidget(self._begin)
        columns = row(self._columns, (MARGIN, 12, MARGIN, 12), APART)
        words = column(self._left, spacing=6)
        words.addWidget(label(self.tr("Fine-tuning"), "head"))
        self._progress.setTextVisible(False)
        for part in (self._progress, self._headline, self._details):
            words.addWidget(part)
        self._headline.setWordWrap(True)
        words.addStretch()
        for choice in self._choices:
            words.addWidget(choice)
        buttons = FlowLayout(8)
        for made in (self._use, self._keep, self._start, self._resume, self._finish, self._stop):
            buttons.addWidget(made)
        words.addLayout(buttons)
        columns.addWidget(self._left)
        columns.addWidget(self._curves, 5)
        columns.addWidget(self._scores(), 4)
        self._runs.setFixedWidth(RUNS)
        columns.addWidget(self._runs)
        columns.addStretch(0)

    def _scores(self) -> QWidget:
        holder = QWidget()
        holder.setMinimumWidth(SCORES)
        inside = column(holder, spacing=6)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(self._bars)
        inside.addWidget(self._bars_title)
        inside.addWidget(scroll, 1)
        self._scores_holder = holder
        return holder

    def _open(self, wide: bool) -> None:
        """Show the columns, or only the line of advice."""
        changed = wide != self.wide
        self.wide = wide
        self._line.setVisible(not wide)
        self._columns.setVisible(wide)
        if changed:
            self.setMaximumHeight(QWIDGETSIZE_MAX if wide else LINE_HEIGHT)
            self.setMinimumHeight(OPEN_HEIGHT if wide else LINE_HEIGHT)
            self._fit()
            self.opened.emit(wide)

    def _soon(self) -> None:
        if not self._timer.isActive():
            self._timer.start()

    def _show_buttons(self, state: TrainingState, resumable: bool) -> None:
        pending = state.pending is not None
        self._use.setVisible(pending)
        self._keep.setVisible(pending)
        worse = pending and state.pending.verdict == "worse"
        set_primary(self._use, not worse)
        set_primary(self._keep, worse)
        self._finish.setVisible(state.active)
        self._finish.setEnabled(state.can_finish)
        self._stop.setVisible(state.active)
        self._stop.setEnabled(state.state != "stopping")
        self._start.setVisible(not state.active and not pending)
        for choice in self._choices:
            choice.setVisible(not state.active and not pending)
        self._resume.setVisible(not state.active and not pending and resumable)

    def _show_bars(self, state: TrainingState) -> None:
        bars = dice_bars(state.per_class, state.baseline, self._session.classes)
        self._bars_title.setText(self.tr("Held-out Dice by class"))
        self._bars.show_bars(bars)
        self._scored = bool(bars)

    def _read_again(self) -> None:
        self._runs_key = None
        self._soon()

    def _known_runs(self, state: TrainingState) -> list[Run]:
        """Read from disk only when something about them can have changed."""
        workspace, model = self._session.workspace, self._session.model
        told = state.state, state.run, state.pending is None, state.gone
        key = (workspace and workspace.root, *told, model and model.path)
        if key != self._runs_key:
            self._runs_key, self._runs_read = key, self._session.runs()
        return self._runs_read

    def _labelled(self) -> Labelled:
        labelled = [entry for entry in self._session.folder.entries if entry.has_label]
        held_out = sum(entry.split == Split.HELD_OUT for entry in labelled)
        corrected = sum(entry.status != Status.LABELLED for entry in labelled)
        # What has no split came from another tool: in what units it lies would have to be read from its headers.
        plain = labelled and not held_out and all(entry.split for entry in labelled)
        workspace = self._session.workspace  # which goes before the entries do
        too_few = units_so_far(workspace.label_records()) if plain and workspace is not None else None
        return Labelled(len(labelled), held_out, corrected, too_few)

    def _predicts(self, state: TrainingState) -> bool:
        """Whether it is the trained model that predicts in this folder: another one may have been chosen, or opened."""
        model, finished = self._session.model, state.finished
        return model is not None and finished is not None and model.path == Path(finished.weights)

    def _use_pending(self) -> None:
        pending = self._session.training.pending
        run = next((run for run in self._session.runs() if pending and run.number == pending.run), None)
        if run is not None:
            self._session.use_run(run)
