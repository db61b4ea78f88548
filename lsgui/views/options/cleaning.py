"""How the label map is tidied, shown while the preview of it waits for Enter."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QWidget

from lsgui.clean_up import TITLES, CleanUp
from lsgui.painting import PaintSettings
from lsgui.tools import ToolBox
from lsgui.translation import edit_title
from lsgui.views.options.choices import Choice
from lsgui.views.options.fields import NumberLine, Scale
from lsgui.views.parts import button, column, row

SIZED = ("remove-islands",)
ROUND = ("smooth", "grow", "shrink")


class CleanFields(QObject):
    """The parts of `painting.clean` as settings of their own."""

    changed = Signal()

    def __init__(self, painting: PaintSettings, parent: QObject) -> None:
        super().__init__(parent)
        self._painting = painting
        painting.changed.connect(self.changed)

    @property
    def classes(self) -> str:
        return self._painting.clean.classes

    @classes.setter
    def classes(self, classes: str) -> None:
        self._painting.clean = replace(self._painting.clean, classes=classes)

    @property
    def size(self) -> int:
        return self._painting.clean.size

    @size.setter
    def size(self, size: float) -> None:
        self._painting.clean = replace(self._painting.clean, size=round(size))

    @property
    def radius(self) -> float:
        return self._painting.clean.radius

    @radius.setter
    def radius(self, radius: float) -> None:
        self._painting.clean = replace(self._painting.clean, radius=radius)


class CleanOptions(QWidget):
    """Each change shows at once what it does."""

    def __init__(self, tools: ToolBox) -> None:
        super().__init__()
        fields = CleanFields(tools.painting, self)
        layout = column(self, spacing=8)
        values = {"current": self.tr("this class"), "all": self.tr("all classes")}
        layout.addWidget(Choice(fields, "classes", self.tr("Tidies"), values))
        self._size = NumberLine(fields, "size", self.tr("Below"), Scale(1, 1_000_000, suffix=" px"))
        self._radius = NumberLine(fields, "radius", self.tr("Within"), Scale(0.5, 100, decimals=1, suffix=" px"))
        layout.addWidget(self._size)
        layout.addWidget(self._radius)
        ends = row(None)
        keep, back = button(self.tr("Keep"), primary=True), button(self.tr("Take back"))
        keep.clicked.connect(lambda: tools.key(Qt.Key.Key_Return))
        back.clicked.connect(lambda: tools.key(Qt.Key.Key_Escape))
        ends.addWidget(keep)
        ends.addWidget(back)
        ends.addStretch()
        layout.addLayout(ends)

    def show_what(self, what: str) -> None:
        self._size.setVisible(what in SIZED)
        self._radius.setVisible(what in ROUND)


def under_way(tools: ToolBox) -> str:
    """Which tidying is shown and not yet kept; "" for none."""
    return tools.current.what if isinstance(tools.current, CleanUp) else ""


def cleaning_title(what: str) -> str:
    return edit_title(TITLES[what].template)
