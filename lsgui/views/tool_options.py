"""The options of the tool in the hand."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QButtonGroup, QSlider, QWidget

from lsgui.painting import PaintSettings
from lsgui.views.parts import chip, column, label, row, wrapped

STEPS = 200
SMALLEST, LARGEST = 0.5, 500.0


class ToolOptions(QWidget):
    """Size for brush and eraser, reach for fill, a word of help for the others."""

    def __init__(self, painting: PaintSettings, actions: dict[str, QAction]) -> None:
        super().__init__()
        self._painting = painting
        self._actions = actions
        self._title = label("", "head")
        self._size = QSlider(Qt.Orientation.Horizontal)
        self._size_text = label("", "dim")
        self._brush, self._fill = QWidget(), QWidget()
        self._touching, self._all = chip(self.tr("touching pixels")), chip(self.tr("the whole image"))
        self._help = wrapped("", "dim")
        self._protect = chip("")
        self._build()
        painting.changed.connect(self._show)
        self._show()

    def _build(self) -> None:
        layout = column(self, (16, 12, 16, 12), 8)
        layout.addWidget(self._title)
        self._size.setRange(0, STEPS)
        self._size.setAccessibleName(self.tr("Size of the brush"))
        self._size.valueChanged.connect(self._size_moved)
        self._size_text.setFixedWidth(56)
        self._size_text.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        line = row(self._brush)
        line.addWidget(label(self.tr("Size"), "dim"))
        line.addWidget(self._size, 1)
        line.addWidget(self._size_text)
        layout.addWidget(self._brush)
        layout.addWidget(self._reach())
        layout.addWidget(self._help)
        protect = row(None)
        self._protect.setText(self._actions["protect-others"].text())
        self._protect.clicked.connect(self._actions["protect-others"].trigger)
        protect.addWidget(self._protect)
        protect.addStretch()
        layout.addLayout(protect)

    def _reach(self) -> QWidget:
        line = row(self._fill, spacing=4)
        group = QButtonGroup(self)
        line.addWidget(label(self.tr("Fills"), "dim"))
        line.addSpacing(4)
        for made, contiguous in ((self._touching, True), (self._all, False)):
            group.addButton(made)
            made.clicked.connect(
                lambda checked=False, value=contiguous: setattr(self._painting, "fill_contiguous", value)
            )
            line.addWidget(made)
        line.addStretch()
        return self._fill

    def _show(self) -> None:
        tool = self._painting.tool
        action = self._actions.get(f"tool-{tool}")
        self._title.setText(action.text() if action else "")
        sized = tool in ("brush", "eraser")
        self._brush.setVisible(sized)
        self._fill.setVisible(tool == "fill")
        self._help.setVisible(tool in ("polygon", "picker", "pan"))
        self._help.setText(self._help_for(tool))
        self._protect.setVisible(tool not in ("picker", "pan"))
        self._protect.setChecked(self._painting.protect_others)
        diameter = self._painting.brush_radius * 2
        self._size_text.setText(self.tr("{size} px").format(size=f"{diameter:.0f}"))
        self._size.blockSignals(True)
        self._size.setValue(
            round(STEPS * math.log(self._painting.brush_radius / SMALLEST) / math.log(LARGEST / SMALLEST))
        )
        self._size.blockSignals(False)

    def _size_moved(self, step: int) -> None:
        """Equal steps of the slider are equal ratios of size."""
        radius = SMALLEST * (LARGEST / SMALLEST) ** (step / STEPS)
        self._painting.brush_radius = round(2 * radius) / 2

    def _help_for(self, tool: str) -> str:
        texts = {
            "polygon": self.tr(
                "Click corners. Enter or a double click fills the shape, Backspace takes a corner back."
            ),
            "picker": self.tr("Click a pixel to paint with its class. Alt+click does the same with any tool."),
            "pan": self.tr("Drag to move the view. Space+drag does the same with any tool."),
        }
        return texts.get(tool, "")
