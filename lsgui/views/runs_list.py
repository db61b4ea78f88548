"""The runs of this workspace; any of them can be made active again."""

from __future__ import annotations

from PySide6.QtCore import QDateTime, QLocale, Qt, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from lsgui.views.appearance import Appearance
from lsgui.views.parts import button, column, label, row
from model.runs import Run, RunState


class RunsList(QWidget):
    """Newest first: name, Dice, state, and a button to predict with it."""

    chosen = Signal(object)

    def __init__(self, appearance: Appearance) -> None:
        super().__init__()
        self._appearance = appearance
        self._holder = QWidget()
        self._list = column(self._holder, spacing=2)
        self._list.addStretch()
        self._shown: tuple[object, ...] = ()
        layout = column(self, spacing=6)
        layout.addWidget(label(self.tr("Runs"), "dim"))
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(self._holder)
        layout.addWidget(scroll, 1)

    def show_runs(self, runs: list[Run], active: str) -> None:
        """`active` is the path of the weights that predict now."""
        shown = (active, *((run.number, run.state, run.mean_dice, run.weights) for run in runs))
        if shown == self._shown:
            return
        self._shown = shown
        while self._list.count() > 1:
            self._list.takeAt(0).widget().deleteLater()
        for run in reversed(runs):
            self._list.insertWidget(self._list.count() - 1, self._row(run, active))

    def _row(self, run: Run, active: str) -> QFrame:
        holder = QFrame()
        holder.setFixedHeight(28)
        holder.setToolTip(self._about(run))
        line = row(holder, (0, 0, 0, 0), 8)
        line.addWidget(label(self.tr("run {number}").format(number=run.number)))
        score = "" if run.mean_dice is None else f"{100 * run.mean_dice:.1f}"
        line.addWidget(label(score, "dim"))
        line.addStretch()
        if run.weights is not None and str(run.weights) == active:
            line.addWidget(label(self.tr("active"), "good"))
        elif run.weights is not None and run.state == RunState.DONE:
            use = button(self.tr("Use"))
            use.setProperty("role", "chip")
            use.setAccessibleName(self.tr("Predict with run {number}").format(number=run.number))
            use.clicked.connect(lambda: self.chosen.emit(run))
            line.addWidget(use)
        else:
            line.addWidget(label(self._state(run.state), "note"))
        return holder

    def _about(self, run: Run) -> str:
        """When, from what, and on how much: a line each."""
        began = self.tr("from scratch") if run.parent is None else self.tr("from {parent}").format(parent=run.parent)
        lines = [began, self.tr("labels: {count}").format(count=len(run.labels))]
        if run.started:
            moment = QDateTime.fromSecsSinceEpoch(int(run.started))
            lines.insert(0, QLocale().toString(moment, QLocale.FormatType.ShortFormat))
        return "\n".join(lines)

    def _state(self, state: RunState) -> str:
        return {
            RunState.RUNNING: self.tr("running"),
            RunState.DONE: self.tr("done"),
            RunState.CANCELLED: self.tr("stopped"),
            RunState.FAILED: self.tr("failed"),
            RunState.INTERRUPTED: self.tr("interrupted"),
        }[state]
