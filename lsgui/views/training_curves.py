"""Loss and held-out Dice over the epochs, as they come in."""

from __future__ import annotations

from importlib import import_module

from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QFont, QPen
from PySide6.QtWidgets import QWidget

from lsgui.jobs import JobRunner
from lsgui.training_state import TrainingState
from lsgui.views.appearance import Appearance
from lsgui.views.parts import column, label, row
from model.messages import Message

DASHES = [4.0, 3.0]
LABEL_ROOM = 0.08
"""Above 100 and below 0: pyqtgraph leaves out a number that does not fit beside the axis with all its height."""

USUAL, ROOM = 0.9, 1.1
"""The axis ends above this part of the losses, by so much; those that are higher leave it at its top."""
BESIDE_SCORES = 200.0
"""Where it ends at most once there are scores: above that they would be a flat line."""
CROWDED = 0.8
"""The part of the axis above which the words of a line stand below it: above it there is no room."""


class TrainingCurves(QWidget):
    """Both curves share one axis: Dice in percent, loss times 100. The plot is made when there is something in it."""

    def __init__(self, appearance: Appearance) -> None:
        super().__init__()
        self._appearance = appearance
        self._plot = None
        self._prepared = False
        self._layout = column(self, spacing=4)
        self._legend = {role: label("■", "note") for role in ("curve_loss", "accent")}
        self._scored = [self._legend["accent"], label(self.tr("held-out Dice"), "dim")]
        self._build_legend()
        appearance.changed.connect(self._recolor)

    def prepare(self, jobs: JobRunner) -> None:
        """Import the plotting library beside the window's thread, while there is nothing to plot yet."""
        if not self._prepared:
            self._prepared = True
            jobs.submit(
                "display", Message("Preparing the curves"), lambda report: import_module("pyqtgraph"), quiet=True
            )

    def show_state(self, state: TrainingState) -> None:
        for part in self._scored:
            part.setVisible(bool(state.held_out or state.dice))
        self._line.invalidate()  # else it is asked for its width before Qt has heard of this
        if self._plot is None:
            if not state.loss and not state.dice:
                return
            self._build_plot()
        self._loss.setData(*_axes(state.loss))
        self._dice.setData(*_axes(state.dice))
        self._baseline.setVisible(state.baseline_mean is not None)
        if state.baseline_mean is not None:
            self._baseline.setValue(100 * state.baseline_mean)
            self._baseline.label.setFormat(self.tr("before {dice:.1f}").format(dice=100 * state.baseline_mean))
        highest = top([value for _, value in state.loss], bool(state.dice))
        crowded = 100 * (state.baseline_mean or 0) > CROWDED * highest
        self._baseline.label.anchors = 2 * [(1, 0 if crowded else 1)]
        self._plot.setXRange(0, max(1, state.epochs), padding=0.01)
        self._plot.getPlotItem().getAxis("left").setTickSpacing(*2 * [_tick(highest)])
        self._plot.setYRange(0, highest, padding=LABEL_ROOM)

    def _build_legend(self) -> None:
        line = self._line = row(None, (4, 0, 0, 0), 6)
        for part in (self._legend["curve_loss"], label(self.tr("loss × 100"), "dim")):
            line.addWidget(part)
        line.addSpacing(4)
        for part in self._scored:
            line.addWidget(part)
        line.addStretch()
        self._layout.addLayout(line)
        self._recolor()

    def _build_plot(self) -> None:
        """pyqtgraph takes a quarter of a second to import: see `prepare`."""
        import pyqtgraph

        self._plot = pyqtgraph.PlotWidget(background=None)
        self._plot.setMouseEnabled(False, False)
        self._plot.setMenuEnabled(False)
        self._plot.hideButtons()
        self._plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._plot.setAntialiasing(True)
        item = self._plot.getPlotItem()
        item.showGrid(x=False, y=True, alpha=0.18)
        item.setContentsMargins(0, 6, 10, 0)  # room for the halves of the first and last numbers of each axis
        item.getAxis("left").setWidth(34)
        small = QFont(self.font())
        small.setPixelSize(11)
        for side in ("left", "bottom"):
            item.getAxis(side).setTickFont(small)
            item.getAxis(side).setStyle(tickLength=0, hideOverlappingLabels=False)
        self._loss = self._plot.plot()
        self._dice = self._plot.plot(symbol="o", symbolSize=4)
        self._baseline = pyqtgraph.InfiniteLine(
            angle=0, label="", labelOpts={"position": 0.97, "anchors": [(1, 1), (1, 1)]}
        )
        self._baseline.label.setFont(small)
        self._plot.addItem(self._baseline)
        self._layout.addWidget(self._plot, 1)
        self._recolor()

    def _recolor(self) -> None:
        for role, mark in self._legend.items():
            mark.setStyleSheet(f"color: {self._appearance.color(role).name()}")
        if self._plot is None:
            return
        color = self._appearance.color
        self._loss.setPen(_pen(color("curve_loss"), 2))
        self._dice.setPen(_pen(color("accent"), 2))
        self._dice.setSymbolBrush(color("accent"))
        self._dice.setSymbolPen(None)
        dashed = _pen(color("dim"), 1)
        dashed.setDashPattern(DASHES)
        self._baseline.setPen(dashed)
        self._baseline.label.setColor(color("dim"))
        self._baseline.label.fill = QBrush(color("panel"))
        for side in ("left", "bottom"):
            axis = self._plot.getPlotItem().getAxis(side)
            axis.setTextPen(color("dim"))
            axis.setPen(color("line"))


def top(losses: list[float], scored: bool = False) -> float:
    """Where the axis ends: the first losses may be ten times the scores, beside which these would be a flat line."""
    if not losses:
        return 100.0
    usual = sorted(losses)[int(USUAL * (len(losses) - 1))]
    wanted = min(max(100.0, 100 * ROOM * usual), max(100.0, 100 * max(losses)))
    return min(wanted, BESIDE_SCORES) if scored else wanted


def _tick(highest: float) -> int:
    """At most about five numbers beside the axis: a loss from scratch begins far above the scores."""
    return next((step for step in (25, 50, 100, 200) if highest <= 5 * step), 500)


def _pen(color: object, width: float) -> QPen:
    pen = QPen(color, width)
    pen.setCosmetic(True)
    return pen


def _axes(points: list[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [x for x, _ in points], [100 * y for _, y in points]
