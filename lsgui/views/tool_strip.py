"""The narrow strip beside the canvas: tools, undo, redo and the history."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QToolButton

from lsgui.views.action_set import key_text
from lsgui.views.appearance import Appearance
from lsgui.views.parts import horizontal_line

GROUPS = (
    ("brush", "eraser", "guided"),
    ("polygon", "lasso", "rectangle", "ellipse"),
    ("fill", "wand", "threshold", "outline", "superpixel"),
    ("accept", "select", "picker", "pan"),
)
TOOLS = tuple(tool for group in GROUPS for tool in group)
STEPS = ("undo", "redo", "history")
SIDE, GAP, LINE, MARGIN, EDGE = 36, 2, 9, 6, 10
ONE_COLUMN = 790
"""Logical pixels of height in which all of them find room below each other."""


class ToolStrip(QFrame):
    """The tool in the hand has the accent behind a white icon. Where the window is low, there are two columns."""

    def __init__(self, actions: dict[str, QAction], appearance: Appearance) -> None:
        super().__init__()
        self.setObjectName("strip")
        self._appearance = appearance
        self._buttons = {tool: self._tool(actions[f"tool-{tool}"], tool) for tool in TOOLS}
        self._buttons |= {name: self._button(actions[name]) for name in STEPS}
        self._lines = [horizontal_line() for _ in GROUPS]
        self._columns = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(MARGIN, EDGE, MARGIN, EDGE)
        self._grid.setSpacing(GAP)
        self._arrange(1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange(1 if self.height() >= ONE_COLUMN else 2)

    def minimumSizeHint(self) -> QSize:
        """As low as two columns are, so that a low window can be had at all."""
        return QSize(self.width(), 0)

    def _arrange(self, columns: int) -> None:
        if columns == self._columns:
            return
        self._columns = columns
        while self._grid.count():
            self._grid.takeAt(0)
        for row in range(self._grid.rowCount()):
            self._grid.setRowMinimumHeight(row, 0)
        line = 0
        for group, below in zip((*GROUPS, STEPS), (*self._lines, None), strict=True):
            for place, name in enumerate(group):
                self._grid.addWidget(self._buttons[name], line + place // columns, place % columns)
            line += -(-len(group) // columns)
            if below is not None:
                self._grid.addWidget(below, line, 0, 1, columns, Qt.AlignmentFlag.AlignVCenter)
                self._grid.setRowMinimumHeight(line, LINE)
                line += 1
        for row in range(max(self._grid.rowCount(), line + 1)):
            self._grid.setRowStretch(row, 1 if row == line else 0)
        self.setFixedWidth(2 * MARGIN + 1 + columns * SIDE + (columns - 1) * GAP)

    def _tool(self, action: QAction, tool: str) -> QToolButton:
        made = self._button(action)
        made.setCheckable(True)
        made.clicked.connect(lambda: made.setChecked(action.isChecked()))  # a click on it would let it go
        made.toggled.connect(lambda on: self._draw(made, action, on))
        action.toggled.connect(made.setChecked)
        self._draw(made, action, False)
        return made

    def _button(self, action: QAction) -> QToolButton:
        made = QToolButton(self)
        made.setFixedSize(SIDE, SIDE)
        made.setIconSize(QSize(19, 19))
        made.setIcon(action.icon())
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        made.setAccessibleName(action.text())
        keys = key_text(action.shortcut())
        made.setToolTip(f"{action.text()}  ({keys})" if keys else action.text())
        made.setEnabled(action.isEnabled())
        action.enabledChanged.connect(made.setEnabled)
        made.clicked.connect(action.trigger)
        return made

    def _draw(self, made: QToolButton, action: QAction, chosen: bool) -> None:
        made.setIcon(self._appearance.icon(action.data(), "on_fill" if chosen else "text"))
