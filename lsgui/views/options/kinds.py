"""What each kind of tool can be told: size and shape of a brush, what a shape does, how far a fill reaches."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QInputDevice
from PySide6.QtWidgets import QWidget

from lsgui.document import Document
from lsgui.painting import LARGEST_RADIUS, SHAPES, SMALLEST_RADIUS, PaintSettings
from lsgui.views.amounts import decimals
from lsgui.views.options.choices import Choice, Line, Switch
from lsgui.views.options.fields import NumberLine, Scale
from lsgui.views.parts import column
from model.images import Image

translate = QCoreApplication.translate
SIZED = ("brush", "eraser", "guided", "accept")
PIXELS = " px"


class BrushOptions(QWidget):
    """Of everything that paints as a brush does."""

    tools = SIZED

    def __init__(self, painting: PaintSettings) -> None:
        super().__init__()
        self._painting = painting
        layout = column(self, spacing=8)
        scale = Scale(2 * SMALLEST_RADIUS, 2 * LARGEST_RADIUS, factor=2, suffix=PIXELS)
        layout.addWidget(NumberLine(painting, "brush_radius", translate("options", "Size"), scale))
        values = {"round": translate("options", "round"), "square": translate("options", "square")}
        self._shape = Choice(painting, "brush_shape", translate("options", "Shape"), values)
        self._pressure = Switch(painting, "pressure", translate("options", "pressure"))
        self._shape.flow.addWidget(self._pressure)
        layout.addWidget(self._shape)
        painting.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        stylus = QInputDevice.DeviceType.Stylus
        self._pressure.setVisible(any(device.type() == stylus for device in QInputDevice.devices()))


class GuidedOptions(QWidget):
    tools = ("guided",)

    def __init__(self, painting: PaintSettings) -> None:
        super().__init__()
        layout = column(self, spacing=8)
        scale = Scale(0, 100, suffix=" %", even=True)
        layout.addWidget(NumberLine(painting, "snap", translate("options", "Snap"), scale))
        line = Line("")
        line.flow.addWidget(Switch(painting, "both_ways", translate("options", "also take away")))
        layout.addWidget(line)


class ShapeOptions(QWidget):
    tools = SHAPES

    def __init__(self, painting: PaintSettings) -> None:
        super().__init__()
        values = {
            "paint": translate("options", "paints"),
            "erase": translate("options", "erases"),
            "select": translate("options", "selects"),
        }
        column(self).addWidget(Choice(painting, "shape_does", translate("options", "Does"), values))


class FillOptions(QWidget):
    """The tolerance only counts by values, in the unit of the image."""

    tools = ("fill",)

    def __init__(self, painting: PaintSettings, document: Document) -> None:
        super().__init__()
        self._painting, self._document = painting, document
        layout = column(self, spacing=8)
        by = {"label": translate("options", "one label"), "values": translate("options", "like values")}
        layout.addWidget(Choice(painting, "fill_by", translate("options", "Fills"), by))
        reach = {True: translate("options", "touching pixels"), False: translate("options", "everywhere")}
        layout.addWidget(Choice(painting, "fill_contiguous", translate("options", "In"), reach))
        scale = Scale(0, 255, even=True)
        self._tolerance = NumberLine(painting, "tolerance", translate("options", "Tolerance"), scale)
        layout.addWidget(self._tolerance)
        painting.changed.connect(self._show)
        document.loaded.connect(self._loaded)
        self._loaded()

    def _show(self) -> None:
        self._tolerance.setVisible(self._painting.fill_by == "values")

    def _loaded(self) -> None:
        image = self._document.image
        if image is not None:
            self._tolerance.set_scale(tolerances(image))
        self._show()


class WandOptions(QWidget):
    tools = ("wand",)

    def __init__(self, painting: PaintSettings) -> None:
        super().__init__()
        scale = Scale(0.5, 8, decimals=1, suffix=" ×")
        column(self).addWidget(NumberLine(painting, "wand_tolerance", translate("options", "Tolerance"), scale))


class OutlineOptions(QWidget):
    tools = ("outline",)

    def __init__(self, painting: PaintSettings) -> None:
        super().__init__()
        values = {"watershed": translate("options", "watershed"), "grabcut": translate("options", "GrabCut")}
        column(self).addWidget(Choice(painting, "outline_by", translate("options", "Found by"), values))


class SuperpixelOptions(QWidget):
    tools = ("superpixel",)

    def __init__(self, painting: PaintSettings) -> None:
        super().__init__()
        scale = Scale(8, 64, suffix=PIXELS)
        column(self).addWidget(NumberLine(painting, "superpixel_size", translate("options", "Superpixel"), scale))


def tolerances(image: Image) -> Scale:
    """What a tolerance may be for an image: as far as its values usually lie apart."""
    kind, suffix = image.pixels.dtype, f" {image.unit}" if image.unit else ""
    if kind.kind == "f":
        reach = float(image.window.width) if image.window is not None else 1.0
        return Scale(0, reach, decimals=decimals(reach, at_least=4), suffix=suffix, even=True)
    highest = 255 if kind.itemsize == 1 else 1000 if image.unit == "HU" else 10_000
    return Scale(0, highest, suffix=suffix, even=True)
