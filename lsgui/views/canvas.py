"""The canvas: the image, the overlay on it and the tool's outline. Repaints only what changed."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QRegion, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from lsgui import rendering
from lsgui.document import Document
from lsgui.jobs import JobRunner
from lsgui.rendering import OverlayColors, Rect
from lsgui.views.appearance import Appearance
from lsgui.views.display import Display
from lsgui.views.image_pyramid import ImagePyramid
from lsgui.views.tool_outline import ToolOutline
from lsgui.views.viewport import Viewport
from model.classes import ClassTable


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
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(QSize(240, 160))
        document.loaded.connect(self.show_document)
        document.mask_changed.connect(self._mask_changed)
        display.window_changed.connect(self.update)
        display.overlay_changed.connect(self._overlay_changed)
        appearance.changed.connect(self.update)
        self._pyramid.refined.connect(self.update)
        outline.moved.connect(self._outline_moved)
        self.show_document()

    def set_classes(self, classes: ClassTable) -> None:
        self._classes = classes
        self._overlay_changed()

    def set_viewport(self, viewport: Viewport) -> None:
        if viewport != self.viewport:
            self.viewport = viewport
            self._outline.set_viewport(viewport, self.devicePixelRatioF())
            self.update()
            self.view_changed.emit()

    def fit(self) -> None:
        self.set_viewport(self.viewport.fit())

    def zoom(self, factor: float) -> None:
        self.set_viewport(self.viewport.zoomed(factor, tuple(side / 2 for side in self.viewport.canvas)))

    def actual_size(self) -> None:
        self.set_viewport(self.viewport.actual_size())

    def image_rect_to_widget(self, rect: Rect, border: int = 1) -> QRect:
        """The widget's own rectangle that holds an image rectangle and `border` device pixels around it."""
        x, y, width, height = self.viewport.device_rect(rect, border)
        ratio = self.devicePixelRatioF()
        return QRectF(x / ratio, y / ratio, width / ratio, height / ratio).toAlignedRect()

    def show_document(self) -> None:
        """Another image, or none."""
        image = self._document.image
        self._pyramid.set_pixels(None if image is None else image.pixels)
        if image is not None:
            height, width = image.pixels.shape[:2]
            self.set_viewport(self.viewport.showing((width, height)))
        self.update()
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
        with QPainter(self) as painter:
            for exposed in event.region():
                painter.fillRect(exposed, self._appearance.color("canvas"))
                self._paint_exposed(painter, exposed)
            self._outline.paint(painter)

    def _paint_exposed(self, painter: QPainter, exposed: QRect) -> None:
        image, levels = self._document.image, self._pyramid.levels
        if image is None or not levels:
            return
        ratio = self.devicePixelRatioF()
        scaled = QRectF(exposed.x() * ratio, exposed.y() * ratio, exposed.width() * ratio, exposed.height() * ratio)
        size = (image.pixels.shape[1], image.pixels.shape[0])
        rect = rendering.covered(self.viewport.view, size, scaled.toAlignedRect().getRect())
        if rect is None:
            return
        window = self._display.window if self._display.adjustable else None
        _blit(painter, rendering.render_image(levels, window, self.viewport.view, rect), rect, ratio)
        if self._display.overlay_visible and self._document.label_map is not None:
            overlay = rendering.render_overlay(self._document.label_map, self._overlay(), self.viewport.view, rect)
            _blit(painter, overlay, rect, ratio, QImage.Format.Format_ARGB32_Premultiplied)

    def _overlay(self) -> OverlayColors:
        if self._colors is None:
            classes = self._classes.classes if self._classes else ()
            shown = {item.value: item.color for item in classes if item.value != 0}
            hidden = [item.value for item in classes if item.uid in self._display.hidden]
            self._colors = OverlayColors.of(shown, self._display.opacity / 100, hidden)
        return self._colors

    def _overlay_changed(self) -> None:
        self._colors = None
        self.update()

    def _mask_changed(self, region: QRegion) -> None:
        for rect in region:
            self.update(self.image_rect_to_widget(rect.getRect(), border=2))

    def _outline_moved(self, old: QRect, new: QRect) -> None:
        self.update(old)
        self.update(new)


def _blit(painter: QPainter, pixels: np.ndarray, rect: Rect, ratio: float, form: QImage.Format | None = None) -> None:
    """Draw `pixels` on the device rectangle `rect`, one to one."""
    if form is None:
        form = QImage.Format.Format_Grayscale8 if pixels.dtype == np.uint8 else QImage.Format.Format_RGB32
    height, width = pixels.shape
    image = QImage(pixels.data, width, height, pixels.strides[0], form)
    image.setDevicePixelRatio(ratio)
    painter.drawImage(QRectF(rect[0] / ratio, rect[1] / ratio, width / ratio, height / ratio), image)
