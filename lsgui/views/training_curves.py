"""Loss and held-out Dice over the epochs, as they come in."""

from __future__ import annotations

import math
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

TOP, TICK = 100.0, 25.0
USUAL, OUTLYING, ROOM = 0.9, 3.0, 1.1
"""A loss so many times above this part of them leaves the plot at its top, and the curve has so much room: the first losses
may be twenty times those that follow, which would be a flat line.
"""
ROUND = (1.0, 1.5, 2.0, 3.0, 5.0, 7.5, 10.0)
"""The scale of the loss is one of these times a power of ten, so that it seldom changes while the curve grows."""
CROWDED = 0.8
"""The part of the axis above which the words of a line stand below it: above it there is no room."""


class TrainingCurves(QWidget):
    """Both curves share one axis: Dice in percent, and the loss in percent of a round number that the legend names, as one from
    scratch may be ten times as large as another. The plot is made when there is something in it.
    """

    def __init__(self, appearance: Appearance) -> None:
        super().__init__()
        self._appearance = appearance
        self._plot = None
        self._prepared = False
        self._layout = column(self, spacing=4)
        self._loss_name = label(self.tr("loss"), "dim")
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
        scale = loss_scale([value for _, value in state.loss])
        self._loss_name.setText(
            self.tr("loss, 100 = {scale}").format(scale=f"{scale:g}") if state.loss else self.tr("loss")
        )
        self._line.invalidate()  # else it is asked for its width before Qt has heard of this
        if self._plot is None:
            if not state.loss and not state.dice:
                return
            self._build_plot()
        self._loss.setData(*_axes([(x, value / scale) for x, value in state.loss]))
        self._dice.setData(*_axes(state.dice))
        self._baseline.setVisible(state.baseline_mean is not None)
        if state.baseline_mean is not None:
            self._baseline.setValue(100 * state.baseline_mean)
            self._baseline.label.setFormat(self.tr("before {dice:.1f}").format(dice=100 * state.baseline_mean))
        crowded = 100 * (state.baseline_mean or 0) > CROWDED * TOP
        self._baseline.label.anchors = 2 * [(1, 0 if crowded else 1)]
        self._plot.setXRange(0, max(1, state.epochs), padding=0.01)

    def _build_legend(self) -> None:
        line = self._line = row(None, (4, 0, 0, 0), 6)
        for part in (self._legend["curve_loss"], self._loss_name):
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
        item.getAxis("left").setTickSpacing(TICK, TICK)
        self._plot.setYRange(0, TOP, padding=LABEL_ROOM)
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


def loss_scale(losses: list[float]) -> float:
    """The loss that is drawn at the top: a round number that all of them but outlying ones are below."""
    known = sorted(value for value in losses if math.isfinite(value))
    largest, usual = (known[-1], known[int(USUAL * (len(known) - 1))]) if known else (1.0, 1.0)
    largest = ROOM * usual if 0 < OUTLYING * usual < largest else largest
    if largest <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(largest))
    return next((step * power for step in ROUND if largest <= step * power), largest)


def _pen(color: object, width: float) -> QPen:
    pen = QPen(color, width)
    pen.setCosmetic(True)
    return pen


def _axes(points: list[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [x for x, _ in points], [100 * y for _, y in points]
