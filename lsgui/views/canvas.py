"""The canvas: the image, the overlay on it and the tool's outline. Repaints only what changed."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QRegion, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from lsgui.document import Document
from lsgui.jobs import JobRunner
from lsgui.overlay import PROVENANCE, OverlayColors, Tint, premultiplied
from lsgui.rendering import Rect, indices, positions
from lsgui.views.appearance import Appearance
from lsgui.views.canvas_layers import CanvasLayers, Scene, merged
from lsgui.views.display import PROVENANCE_SHOWN, Display
from lsgui.views.image_pyramid import ImagePyramid
from lsgui.views.tool_outline import ToolOutline
from lsgui.views.viewport import Viewport
from model.classes import ClassTable

_WHITE, _TINT = (255, 255, 255), 0.6
_SPARSE = 0.4
"""Screen pixels per image pixel, from which on down a part of the rows is shown."""


class Canvas(QWidget):
    """Draws; the mouse and the keys are `CanvasInput`'s. All its geometry is in device pixels (see `viewport`)."""

    view_changed = Signal()

    def __init__(
        self, document: Document, display: Display, appearance: Appearance, outline: ToolOutline, jobs: JobRunner
    ) -> None:
        super().__init__()
        self.viewport = Viewport()
        self._document = document
        self._display = display
        self._appearance = appearance
        self._outline = outline
        self._pyramid = ImagePyramid(jobs, self)
        self._classes: ClassTable | None = None
        self._colors: OverlayColors | None = None
        self._tinted: tuple[float, float, int] | None = None
        self._layers = CanvasLayers()
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(QSize(240, 160))
        document.loaded.connect(self.show_document)
        document.mask_changed.connect(self._mask_changed)
        display.window_changed.connect(self._image_changed)
        display.overlay_changed.connect(self._overlay_changed)
        appearance.changed.connect(self._image_changed)
        self._pyramid.refined.connect(self._image_changed)
        outline.moved.connect(self._outline_moved)
        self.show_document()

    def set_classes(self, classes: ClassTable) -> None:
        self._classes = classes
        self._overlay_changed()

    def set_tinted(self, tinted: tuple[float, float, int] | None) -> None:
        """Show which measured values lie in a range: (lowest, highest, the class that they would be)."""
        if tinted != self._tinted:
            self._tinted = tinted
            self._overlay_changed()

    def set_viewport(self, viewport: Viewport) -> None:
        if viewport != self.viewport:
            self.viewport = viewport
            self._layers.resize(viewport.canvas)
            self._layers.move(viewport.view)
            self._document.show_rows(self._shown_rows())
            self._outline.set_viewport(viewport, self.devicePixelRatioF())
            self.update()
            self.view_changed.emit()

    def fit(self) -> None:
        self.set_viewport(self.viewport.fit())

    def zoom(self, factor: float) -> None:
        self.set_viewport(self.viewport.zoomed(factor, tuple(side / 2 for side in self.viewport.canvas)))

    def actual_size(self) -> None:
        self.set_viewport(self.viewport.actual_size())

    def show_document(self) -> None:
        """Another image, or none."""
        image = self._document.image
        self._pyramid.set_pixels(None if image is None else image.pixels)
        if image is not None:
            height, width = image.pixels.shape[:2]
            self.set_viewport(self.viewport.showing((width, height)))
            self._document.show_rows(self._shown_rows())
        self._image_changed()
        self._overlay_changed()
        self.view_changed.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        ratio = self.devicePixelRatioF()
        size = (max(1, round(self.width() * ratio)), max(1, round(self.height() * ratio)))
        self.set_viewport(self.viewport.resized(size))

    def changeEvent(self, event: object) -> None:
        if event.type() == event.Type.DevicePixelRatioChange:
            self.resizeEvent(event)
        super().changeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        scene, ratio = self._scene(), self.devicePixelRatioF()
        with QPainter(self) as painter:
            for exposed in merged(event.region()):
                if scene is None:
                    painter.fillRect(exposed, self._appearance.color("canvas"))
                else:
                    self._layers.paint(painter, exposed, ratio, scene)
            self._outline.paint(painter)

    def _to_widget(self, device: Rect) -> QRect:
        x, y, width, height = device
        ratio = self.devicePixelRatioF()
        return QRectF(x / ratio, y / ratio, width / ratio, height / ratio).toAlignedRect()

    def _shown_rows(self) -> np.ndarray | None:
        """Those of the image that the overlay is sampled from; None when most of them are."""
        view, (_, height) = self.viewport.view, self.viewport.canvas
        if view.scale > _SPARSE or self._document.image is None:
            return None
        return np.unique(indices(positions(-1, height + 2, view.y, view.scale), self._document.shape[0]))

    def _scene(self) -> Scene | None:
        """What is shown now; None without an image."""
        image, levels = self._document.image, self._pyramid.levels
        if image is None or not levels:
            return None
        display, plane = self._display, None
        if display.overlay_visible:
            shows_provenance = display.shows == PROVENANCE_SHOWN
            plane = self._document.provenance if shows_provenance else self._document.shown_label_map
        tint = None if self._tinted is None else self._tint(image.pixels, self._tinted)
        background = self._appearance.color("canvas").rgb()
        return Scene(levels, display.effective_window, plane, self._overlay(), tint, background)

    def _overlay(self) -> OverlayColors:
        if self._colors is None:
            opacity = self._display.opacity / 100
            if self._display.shows == PROVENANCE_SHOWN:
                self._colors = OverlayColors.of(PROVENANCE, opacity, ())
            else:
                classes = self._classes.classes if self._classes else ()
                nothing = self._classes.background.value if self._classes and self._classes.knows_nothing else None
                shown = {item.value: item.color for item in classes if item.value != nothing}
                hidden = [item.value for item in classes if item.uid in self._display.hidden]
                self._colors = OverlayColors.of(shown, opacity, hidden)
        return self._colors

    def _tint(self, pixels: np.ndarray, tinted: tuple[float, float, int]) -> Tint:
        """In the colour of the class that would be painted."""
        low, high, value = tinted
        found = self._classes.by_value(value) if self._classes else None
        return Tint(pixels, low, high, premultiplied(found.color if found and value else _WHITE, _TINT))

    def _image_changed(self) -> None:
        self._layers.image_changed()
        self.update()

    def _overlay_changed(self) -> None:
        self._colors = None
        self._layers.overlay_changed()
        self.update()

    def _mask_changed(self, region: QRegion) -> None:
        """Each rectangle apart, as their bounding box may be the whole window; but not those that nearly touch."""
        stale, exposed = QRegion(), QRegion()
        for rect in merged(QRect(*self.viewport.device_rect(rect.getRect(), border=2)) for rect in region):
            stale += rect
            exposed += self._to_widget(rect.getRect())
        self._layers.overlay_changed(stale)
        self.update(exposed)

    def _outline_moved(self, old: QRect, new: QRect) -> None:
        self.update(old)
        self.update(new)
