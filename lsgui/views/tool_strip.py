"""The narrow strip beside the canvas: tools, undo and redo."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QToolButton

from lsgui.views.action_set import key_text
from lsgui.views.appearance import Appearance
from lsgui.views.parts import column, horizontal_line

TOOLS = ("brush", "eraser", "polygon", "fill", "picker", "pan")
ICONS = {
    "brush": "brush",
    "eraser": "eraser",
    "polygon": "pentagon",
    "fill": "paint-bucket",
    "picker": "pipette",
    "pan": "hand",
}


class ToolStrip(QFrame):
    """The tool in the hand has the accent behind a white icon."""

    def __init__(self, actions: dict[str, QAction], appearance: Appearance) -> None:
        super().__init__()
        self.setObjectName("strip")
        self.setFixedWidth(49)
        self._appearance = appearance
        layout = column(self, (6, 12, 6, 12), 4)
        for tool in TOOLS:
            made = self._button(actions[f"tool-{tool}"])
            made.setCheckable(True)
            made.toggled.connect(lambda on, made=made, tool=tool: self._draw(made, tool, on))
            actions[f"tool-{tool}"].toggled.connect(made.setChecked)
            self._draw(made, tool, False)
            layout.addWidget(made)
        layout.addSpacing(4)
        layout.addWidget(horizontal_line())
        layout.addSpacing(4)
        for name in ("undo", "redo"):
            layout.addWidget(self._button(actions[name]))
        layout.addStretch()

    def _button(self, action: QAction) -> QToolButton:
        made = QToolButton()
        made.setFixedSize(36, 36)
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

    def _draw(self, made: QToolButton, tool: str, chosen: bool) -> None:
        made.setIcon(self._appearance.icon(ICONS[tool], "on_fill" if chosen else "text"))
