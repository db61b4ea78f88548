"""The history on the right of the window, and the same as a small window above the status bar."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QWidget

from lsgui.document import Document
from lsgui.views.amounts import size_text
from lsgui.views.appearance import Appearance
from lsgui.views.history_list import EDGE, HistoryList
from lsgui.views.parts import column, icon_button, label, row
from lsgui.views.step_classes import StepClasses

POPUP_WIDTH, POPUP_HEIGHT = 300, 380


class HistoryPanel(QWidget):
    """What it keeps and what that costs stands in its head; `toggle` shows and hides it, where it can be hidden."""

    def __init__(
        self, document: Document, classes: StepClasses, appearance: Appearance, toggle: QAction | None = None
    ) -> None:
        super().__init__()
        self._document = document
        self._cost = label("", "dim")
        layout = column(self, (0, 12, 0, 0), 6)
        head = row(None, (EDGE, 0, EDGE, 0))
        head.addWidget(label(self.tr("History"), "head"))
        head.addStretch()
        head.addWidget(self._cost)
        if toggle is not None:
            self.hidden = icon_button(appearance.icon("x", "dim"), self.tr("Close"), 22, 14)
            self.hidden.clicked.connect(toggle.trigger)
            head.addWidget(self.hidden)
        layout.addLayout(head)
        self.list = HistoryList(document, classes, appearance)
        layout.addWidget(self.list, 1)
        self.list.refreshed.connect(self._show_cost)
        self._show_cost()

    def _show_cost(self) -> None:
        history = self._document.history
        text = self.tr("steps: {steps}, {size}").format(steps=len(history.steps), size=size_text(history.nbytes))
        self._cost.setText(text if history.steps else "")


class HistoryPopup(QFrame):
    """Goes away with a click elsewhere or Esc."""

    def __init__(self, document: Document, classes: StepClasses, appearance: Appearance, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("popup")
        inside = HistoryPanel(document, classes, appearance)
        column(self, (1, 1, 1, 8), 0).addWidget(inside)
        self.list = inside.list
        rows = self.list.model().rowCount()
        self.resize(POPUP_WIDTH, min(POPUP_HEIGHT, 56 + 24 * rows))

    def show_above(self, corner: QPoint) -> None:
        """With its lower right corner at a place on the screen."""
        self.move(corner - QPoint(self.width(), self.height()))
        self.show()
        self.list.setFocus()
        self.list.show_cursor()
