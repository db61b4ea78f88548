"""Window and level: their numbers, the histogram, and presets."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QPushButton, QWidget

from lsgui.document import Document
from lsgui.views.amounts import number
from lsgui.views.appearance import Appearance
from lsgui.views.display import Display
from lsgui.views.flow_layout import FlowLayout
from lsgui.views.histogram import Histogram
from lsgui.views.parts import chip, column, icon_button, label, row, tab_after
from model.images import Image


def preset_title(name: str) -> str:
    """The short name of a preset, as on its chip."""
    translate = QCoreApplication.translate
    titles = {
        "abdomen": translate("window", "Abdomen"),
        "liver": translate("window", "Liver"),
        "lung": translate("window", "Lung"),
        "bone": translate("window", "Bone"),
        "mediastinum": translate("window", "Mediastinum"),
        "unchanged": translate("window", "Unchanged"),
        "auto": translate("window", "Auto"),
    }
    return titles[name]


class WindowPanel(QWidget):
    """Not there while 8-bit values are shown as they are: a drag on the image or *Automatic window* brings it."""

    def __init__(self, document: Document, display: Display, appearance: Appearance) -> None:
        super().__init__()
        self._document = document
        self._display = display
        self._numbers = label("", "dim")
        self._histogram = Histogram(display, appearance)
        self._chips: dict[str, QPushButton] = {}
        self._flow = FlowLayout(4)
        self._fold = icon_button(appearance.icon("chevron-down", "dim"), "", 22, 14, small=True)
        self._icons = {True: appearance.icon("chevron-right", "dim"), False: appearance.icon("chevron-down", "dim")}
        self._inside = QWidget()
        self._low, self._chosen = False, None
        self._build()
        self._shown: Image | None = None
        document.loaded.connect(self.show_document)
        display.window_changed.connect(self.show_document)
        self.show_document()

    def show_document(self) -> None:
        image = self._document.image
        needed = image is not None and self._display.effective_window is not None
        self.setVisible(needed)
        if not needed:
            self._shown = None  # an image that is left is not kept in memory
            return
        if image is not self._shown:
            self._shown = image
            self._histogram.show_image(image)
        if list(self._chips) != list(self._display.presets):
            self._rebuild_chips()
        self._show_window()

    @property
    def folded(self) -> bool:
        """To one line: as somebody has chosen, else where the side is low."""
        return self._low if self._chosen is None else self._chosen

    def set_low(self, low: bool) -> None:
        if low != self._low:
            self._low = low
            self._show_folded()

    def _build(self) -> None:
        layout = column(self, (16, 0, 16, 12), 8)
        head = row(None, spacing=4)
        head.addWidget(label(self.tr("Window"), "head"))
        head.addStretch()
        head.addWidget(self._numbers)
        head.addWidget(self._fold)
        layout.addLayout(head)
        inside = column(self._inside, (0, 0, 0, 4), 8)
        inside.addWidget(self._histogram)
        inside.addLayout(self._flow)
        layout.addWidget(self._inside)
        self._fold.clicked.connect(self._turn)
        self._show_folded()

    def _turn(self) -> None:
        self._chosen = not self.folded
        self._show_folded()

    def _show_folded(self) -> None:
        self._inside.setVisible(not self.folded)
        self._fold.setIcon(self._icons[self.folded])
        title = self.tr("Show the histogram") if self.folded else self.tr("Hide the histogram")
        self._fold.setToolTip(title)
        self._fold.setAccessibleName(title)

    def _rebuild_chips(self) -> None:
        for old in self._chips.values():
            self._flow.removeWidget(old)
            old.deleteLater()
        self._chips = {}
        for name in self._display.presets:
            made = chip(preset_title(name))
            made.clicked.connect(lambda checked=False, name=name: self._display.choose_preset(name))
            self._flow.addWidget(made)
            self._chips[name] = made
        tab_after(self._histogram, self._chips.values())

    def _show_window(self) -> None:
        window = self._display.window
        text = self.tr("W {width}   L {level}")
        self._numbers.setText(text.format(width=number(window.width), level=number(window.level)))
        for name, made in self._chips.items():
            made.setChecked(name == self._display.preset)
