"""The words over the canvas: window and level, which image of how many, scale bar and zoom."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QLabel, QWidget

from lsgui.session import Session
from lsgui.views.amounts import number
from lsgui.views.canvas import Canvas
from lsgui.views.display import Display
from lsgui.views.viewport import scale_bar
from lsgui.views.window_panel import preset_title

MARGIN = 12
STYLE = "background: rgba(16, 17, 20, 190); color: #ffffff; border-radius: 6px; padding: 4px 8px; font-size: 12px;"
LONGEST_BAR = 120


class CanvasChips(QObject):
    """Four corners; the mouse goes through them."""

    def __init__(self, canvas: Canvas, session: Session, display: Display) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._session = session
        self._display = display
        self._window, self._place, self._zoom = (_chip(canvas) for _ in range(3))
        self._scale = ScaleBar(canvas)
        canvas.installEventFilter(self)
        canvas.view_changed.connect(self._show_view)
        display.window_changed.connect(self._show_window)
        session.image_opened.connect(self.show_all)
        session.folder.modelReset.connect(self._show_place)
        self.show_all()

    def show_all(self) -> None:
        self._show_window()
        self._show_place()
        self._show_view()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._arrange()
        return False

    def _show_window(self) -> None:
        window = self._display.effective_window
        if window is None:
            _say(self._window, "")
        else:
            name = preset_title(self._display.preset) + "   " if self._display.preset else ""
            text = self.tr("W {width}   L {level}").format(width=number(window.width), level=number(window.level))
            _say(self._window, name + text)
        self._arrange()

    def _show_place(self) -> None:
        """Slices have a spacing; other images are just images."""
        image, row = self._session.document.image, self._session.folder.row_of(self._session.document.name)
        if image is None or row is None:
            _say(self._place, "")
        else:
            slices = image.unit == "HU"
            text = self.tr("Slice {row} of {count}") if slices else self.tr("Image {row} of {count}")
            _say(self._place, text.format(row=row + 1, count=self._session.folder.rowCount()))
        self._arrange()

    def _show_view(self) -> None:
        image = self._session.document.image
        _say(self._zoom, "" if image is None else f"{100 * self._canvas.viewport.view.scale:.0f} %")
        ratio = self._canvas.devicePixelRatioF()
        if image is None or image.spacing is None:
            self._scale.hide()
        else:
            per_pixel = image.spacing[1] / self._canvas.viewport.view.scale * ratio
            self._scale.set_length(*scale_bar(per_pixel, LONGEST_BAR))
        self._arrange()

    def _arrange(self) -> None:
        right, bottom = self._canvas.width() - MARGIN, self._canvas.height() - MARGIN
        self._window.move(MARGIN, MARGIN)
        self._place.move(right - self._place.width(), MARGIN)
        self._zoom.move(right - self._zoom.width(), bottom - self._zoom.height())
        self._scale.move(MARGIN, bottom - self._scale.height())


class ScaleBar(QWidget):
    """A bar with end ticks and its length in words, white on black so that it can be read on any image."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._pixels = 0.0
        self._text = ""
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def set_length(self, millimetres: float, pixels: float) -> None:
        self._pixels = pixels
        self._text = f"{millimetres / 10:g} cm" if millimetres >= 100 else f"{millimetres:g} mm"
        if millimetres < 0.1:
            self._text = f"{millimetres * 1000:g} µm"
        self.setFixedSize(round(pixels) + self.fontMetrics().horizontalAdvance(self._text) + 28, 26)
        self.show()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(16, 17, 20, 190))
        painter.drawRoundedRect(self.rect(), 6, 6)
        middle, left, right = self.height() / 2, 8.0, 8.0 + self._pixels
        painter.setPen(QPen(QColor("white"), 1.5))
        for start, end in (
            (QPointF(left, middle), QPointF(right, middle)),
            (QPointF(left, middle - 4), QPointF(left, middle + 4)),
            (QPointF(right, middle - 4), QPointF(right, middle + 4)),
        ):
            painter.drawLine(start, end)
        font = self.font()
        font.setPixelSize(12)
        painter.setFont(font)
        painter.drawText(self.rect().adjusted(round(right) + 8, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, self._text)


def _chip(canvas: Canvas) -> QLabel:
    made = QLabel(canvas)
    made.setStyleSheet(STYLE)
    made.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    made.hide()
    return made


def _say(part: QLabel, text: str) -> None:
    if part.text() != text:
        part.setText(text)
        part.adjustSize()
    part.setVisible(bool(text))
