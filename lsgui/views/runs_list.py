"""The runs of this workspace; any of them can be made active again."""

from __future__ import annotations

from PySide6.QtCore import QDateTime, QLocale, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QScrollArea, QWidget

from lsgui.views.appearance import Appearance
from lsgui.views.parts import button, column, label, row
from model.runs import Run, RunState


class RunsList(QWidget):
    """Newest first: name, Dice, state, and a button to predict with it; last the model that the program came with."""

    chosen = Signal(object)
    shipped_chosen = Signal()

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

    def show_runs(self, runs: list[Run], active: str, shipped: str) -> None:
        """`active` is the path of the weights that predict now, `shipped` that of those that came with the program."""
        shown = (active, shipped, *((run.number, run.state, run.mean_dice, run.weights) for run in runs))
        if shown == self._shown:
            return
        self._shown = shown
        while self._list.count() > 1:
            self._list.takeAt(0).widget().deleteLater()
        for run in reversed(runs):
            self._list.insertWidget(self._list.count() - 1, self._row(run, active))
        if runs and shipped:
            self._list.insertWidget(self._list.count() - 1, self._shipped_row(shipped == active))

    def _row(self, run: Run, active: str) -> QFrame:
        holder, line = _line(self.tr("run {number}").format(number=run.number))
        holder.setToolTip(self._about(run))
        score = "" if run.mean_dice is None else f"{100 * run.mean_dice:.1f}"
        line.addWidget(label(score, "dim"))
        line.addStretch()
        if run.weights is not None and str(run.weights) == active:
            line.addWidget(label(self.tr("active"), "good"))
        elif run.weights is not None and run.state == RunState.DONE:
            use = self._use(self.tr("Predict with run {number}").format(number=run.number))
            use.clicked.connect(lambda: self.chosen.emit(run))
            line.addWidget(use)
        else:
            line.addWidget(label(self._state(run.state), "note"))
        return holder

    def _shipped_row(self, active: bool) -> QFrame:
        holder, line = _line(self.tr("shipped model"))
        holder.setToolTip(self.tr("What the program came with"))
        line.addStretch()
        if active:
            line.addWidget(label(self.tr("active"), "good"))
        else:
            use = self._use(self.tr("Predict with the shipped model"))
            use.clicked.connect(self.shipped_chosen)
            line.addWidget(use)
        return holder

    def _use(self, name: str) -> QPushButton:
        made = button(self.tr("Use"))
        made.setProperty("role", "chip")
        made.setAccessibleName(name)
        return made

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


def _line(name: str) -> tuple[QFrame, QHBoxLayout]:
    holder = QFrame()
    holder.setFixedHeight(28)
    line = row(holder, (0, 0, 0, 0), 8)
    line.addWidget(label(name))
    return holder, line
