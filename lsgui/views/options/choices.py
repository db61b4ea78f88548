"""Settings with few values: a row of chips of which one is on, and a chip that is on or off."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QButtonGroup, QPushButton, QWidget

from lsgui.painting import PaintSettings
from lsgui.views.flow_layout import FlowLayout
from lsgui.views.options.fields import TITLE_WIDTH
from lsgui.views.parts import as_chip, chip, label, row

_TOP = Qt.AlignmentFlag.AlignTop


class Line(QWidget):
    """A name, and beside it chips that wrap where the panel is narrow."""

    def __init__(self, title: str) -> None:
        super().__init__()
        line = row(self, spacing=8)
        name = label(title, "dim")
        name.setMinimumWidth(TITLE_WIDTH)
        name.setFixedHeight(22)
        line.addWidget(name, 0)
        self.flow = FlowLayout(4)
        line.addLayout(self.flow, 1)
        line.setAlignment(name, _TOP)


class Choice(Line):
    """One field of PaintSettings; `values` maps what it may be to how that is called."""

    def __init__(self, painting: PaintSettings, field: str, title: str, values: dict[object, str]) -> None:
        super().__init__(title)
        self._painting, self._field = painting, field
        self._chips: dict[object, QPushButton] = {}
        group = QButtonGroup(self)
        for value, text in values.items():
            made = self._chips[value] = chip(text)
            made.setAccessibleName(f"{title}: {text}")
            made.clicked.connect(lambda checked=False, value=value: setattr(painting, field, value))
            group.addButton(made)
            self.flow.addWidget(made)
        painting.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        made = self._chips.get(getattr(self._painting, self._field))
        if made is not None:
            made.setChecked(True)


class Switch(QPushButton):
    """A chip that follows a field which is True or False."""

    def __init__(self, painting: PaintSettings, field: str, text: str) -> None:
        super().__init__(text)
        as_chip(self)
        self._painting, self._field = painting, field
        self.clicked.connect(self._set)
        painting.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        self.setChecked(getattr(self._painting, self._field))

    def _set(self, on: bool) -> None:
        setattr(self._painting, self._field, on)
