"""Two values of the image that belong together: as numbers, and as handles on its histogram."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QWidget

from lsgui.document import Document
from lsgui.painting import PaintSettings
from lsgui.views.amounts import decimals
from lsgui.views.appearance import Appearance
from lsgui.views.display import Display
from lsgui.views.histogram import Histogram
from lsgui.views.options.fields import NumberField
from lsgui.views.parts import button, column, label, row, set_role
from model.images import Image, Window

WIDEST = 3.4e38
"""The largest that a pixel holds."""


class RangeFields(QWidget):
    """`field` of PaintSettings, (low, high), as two numbers; a button takes them from the window."""

    def __init__(self, painting: PaintSettings, field: str, document: Document, display: Display, name: str) -> None:
        super().__init__()
        self._painting, self._field, self._document, self._display = painting, field, document, display
        self._low = NumberField(self.tr("{name}, from").format(name=name), -WIDEST, WIDEST)
        self._high = NumberField(self.tr("{name}, to").format(name=name), -WIDEST, WIDEST)
        self._unit = label("", "dim")
        self._window = button(self.tr("as the window"))
        set_role(self._window, "small")
        line = row(self, spacing=6)
        for part in (self._low, label("–", "dim"), self._high, self._unit):
            line.addWidget(part)
        line.addStretch()
        line.addWidget(self._window)
        for part in (self._low, self._high):
            part.setFixedWidth(58)
            part.chosen.connect(self._set)
        self._window.clicked.connect(self._take_window)
        painting.changed.connect(self._show)
        display.window_changed.connect(self._show)
        document.loaded.connect(self._loaded)
        self._loaded()

    def _set(self) -> None:
        low, high = self._low.value(), self._high.value()
        setattr(self._painting, self._field, (min(low, high), max(low, high)))

    def _take_window(self) -> None:
        setattr(self._painting, self._field, window_range(self._display, self._document.image))

    def _loaded(self) -> None:
        image = self._document.image
        fractions = image is not None and image.pixels.dtype.kind == "f"
        for part in (self._low, self._high):
            part.setDecimals(decimals(image.window.width, at_least=3) if fractions else 0)
        self._unit.setText(image.unit if image is not None else "")
        self._show()

    def _show(self) -> None:
        chosen = getattr(self._painting, self._field)
        self._window.setVisible(self._display.window is not None)
        if chosen is not None:
            self._low.show_value(chosen[0])
            self._high.show_value(chosen[1])


class ThresholdWindow(QObject):
    """The threshold in the place of the window that a histogram shows and changes."""

    window_changed = Signal()

    def __init__(self, painting: PaintSettings, parent: QObject) -> None:
        super().__init__(parent)
        self._painting = painting
        painting.changed.connect(self.window_changed)

    @property
    def window(self) -> Window | None:
        chosen = self._painting.threshold
        return None if chosen is None else Window((chosen[0] + chosen[1]) / 2, chosen[1] - chosen[0])

    def set_window(self, level: float, width: float) -> None:
        low, high = level - width / 2, level + width / 2
        self._painting.threshold = (round(low), round(high)) if width >= 20 else (low, high)


class ThresholdOptions(QWidget):
    """What lies between the handles is tinted; Enter paints it."""

    tools = ("threshold",)

    def __init__(self, painting: PaintSettings, document: Document, display: Display, appearance: Appearance) -> None:
        super().__init__()
        self._painting, self._document = painting, document
        self._histogram = Histogram(ThresholdWindow(painting, self), appearance)
        self._histogram.setAccessibleName(self.tr("Threshold"))
        self._fields = RangeFields(painting, "threshold", document, display, self.tr("Threshold"))
        self._drawn: Image | None = None
        layout = column(self, spacing=8)
        layout.addWidget(self._histogram)
        layout.addWidget(self._fields, 0, Qt.AlignmentFlag.AlignTop)
        painting.changed.connect(self._show)
        document.loaded.connect(self._show)
        self._show()

    def _show(self) -> None:
        image = self._document.image
        self._fields.setVisible(self._painting.threshold is not None)
        if self._painting.tool not in self.tools:
            self._drawn = None  # an image that is left is not kept in memory
        elif image is not self._drawn:
            self._drawn = image
            self._histogram.show_image(image)


def window_range(display: Display, image: Image | None) -> tuple[float, float]:
    """What the window shows between black and white; for images without one all that their type can hold."""
    if display.window is not None:
        return display.window.low, display.window.high
    return 0.0, 255.0 if image is None or image.pixels.dtype.kind == "f" else float(
        2 ** (8 * image.pixels.itemsize) - 1
    )
