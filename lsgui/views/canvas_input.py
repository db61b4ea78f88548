"""The mouse, the wheel and held keys over the canvas: whose gesture it is, and where on the image."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QNativeGestureEvent, QWheelEvent
from PySide6.QtWidgets import QApplication

from lsgui.tools import ToolBox
from lsgui.views.canvas import Canvas
from lsgui.views.display import Display
from lsgui.views.line_edit import is_typing
from lsgui.views.tool_outline import ToolOutline

ZOOM_STEP = 1.25
"""Per notch of the wheel."""
PAN_TOOL = "pan"


class CanvasInput(QObject):
    """An event filter on the canvas. One gesture at a time: a pan, a window/level drag, or the tool's."""

    pointed = Signal(object)
    """(x, y) in image pixels under the pointer, or None when it is elsewhere."""

    def __init__(self, canvas: Canvas, tools: ToolBox, display: Display, outline: ToolOutline) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._tools = tools
        self._display = display
        self._outline = outline
        self._gesture = ""
        self._button = Qt.MouseButton.NoButton
        self._space = False
        self._last = QPointF()
        self._handlers = {
            QEvent.Type.MouseButtonPress: self._press,
            QEvent.Type.MouseMove: self._move,
            QEvent.Type.MouseButtonRelease: self._release,
            QEvent.Type.MouseButtonDblClick: self._double_click,
            QEvent.Type.Wheel: self._wheel,
            QEvent.Type.NativeGesture: self._native_gesture,
            QEvent.Type.KeyPress: self._key,
            QEvent.Type.KeyRelease: self._key,
            QEvent.Type.Enter: self._enter,
            QEvent.Type.Leave: self._leave,
            QEvent.Type.FocusOut: self._focus_out,
        }
        canvas.installEventFilter(self)
        tools.painting.changed.connect(self._choose_cursor)
        self._choose_cursor()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        handler = self._handlers.get(event.type())
        return bool(handler(event)) if handler else False

    def _press(self, event: QMouseEvent) -> bool:
        self._last = event.position()
        if self._gesture:
            return True
        if event.button() == Qt.MouseButton.MiddleButton or self._left_pans(event):
            self._start("pan", event)
        elif self._tools.press(*self._image_point(event), event.button(), event.modifiers()):
            self._start("tool", event)
        elif event.button() == Qt.MouseButton.RightButton and self._display.adjustable:
            self._start("window", event)
        return True

    def _move(self, event: QMouseEvent) -> bool:
        if self._gesture and not event.buttons() & self._button:
            self._end_unseen()
        step, self._last = event.position() - self._last, event.position()
        point = self._image_point(event)
        if self._gesture == "pan":
            ratio = self._canvas.devicePixelRatioF()
            self._canvas.set_viewport(self._canvas.viewport.panned(step.x() * ratio, step.y() * ratio))
        elif self._gesture == "window":
            self._drag_window(step)
        else:
            self._tools.move(*point, event.modifiers())
        self.pointed.emit(point)
        return True

    def _release(self, event: QMouseEvent) -> bool:
        if self._gesture == "tool":
            self._tools.release(*self._image_point(event), event.button())
        if event.button() == self._button:
            self._end()
        return True

    def _end_unseen(self) -> None:
        """The button was let go over a dialog that came in between: the gesture ends where it was last seen."""
        if self._gesture == "tool":
            self._tools.release(*self._to_image(self._last), self._button)
        self._end()

    def _end(self) -> None:
        self._gesture, self._button = "", Qt.MouseButton.NoButton
        self._choose_cursor()

    def _double_click(self, event: QMouseEvent) -> bool:
        left = event.button() == Qt.MouseButton.LeftButton
        if left and not self._left_pans(event) and self._tools.double_click(*self._image_point(event)):
            return True
        return self._press(event)

    def _wheel(self, event: QWheelEvent) -> bool:
        modifiers = event.modifiers()
        turn = event.angleDelta().y() or event.angleDelta().x()
        if modifiers & Qt.KeyboardModifier.ShiftModifier:
            if turn:
                self._tools.painting.step_radius(1 if turn > 0 else -1)
        elif not event.pixelDelta().isNull() and not modifiers & Qt.KeyboardModifier.ControlModifier:
            ratio = self._canvas.devicePixelRatioF()
            step = event.pixelDelta()
            self._canvas.set_viewport(self._canvas.viewport.panned(step.x() * ratio, step.y() * ratio))
        else:
            self._zoom(ZOOM_STEP ** (turn / 120), event.position())
        return True

    def _native_gesture(self, event: QNativeGestureEvent) -> bool:
        if event.gestureType() != Qt.NativeGestureType.ZoomNativeGesture:
            return False
        self._zoom(1 + event.value(), event.position())
        return True

    def _key(self, event: QKeyEvent) -> bool:
        pressed = event.type() == QEvent.Type.KeyPress
        if event.key() == Qt.Key.Key_Space:
            if not event.isAutoRepeat():
                self._space = pressed
                self._choose_cursor()
            return True
        if event.key() in (Qt.Key.Key_Control, Qt.Key.Key_Shift) and not self._gesture:
            held = event.modifiers()
            flag = {
                Qt.Key.Key_Control: Qt.KeyboardModifier.ControlModifier,
                Qt.Key.Key_Shift: Qt.KeyboardModifier.ShiftModifier,
            }[Qt.Key(event.key())]
            self._tools.move(*self._to_image(self._last), held | flag if pressed else held & ~flag)
        return False

    def _enter(self, event: QEvent) -> bool:
        """The keyboard follows the pointer onto the canvas, except out of a field that is being typed in."""
        self._last = event.position()
        if not is_typing(QApplication.focusWidget()):
            self._canvas.setFocus(Qt.FocusReason.MouseFocusReason)
        self._outline.set_inside(True)
        return False

    def _leave(self, event: QEvent) -> bool:
        self._outline.set_inside(False)
        self.pointed.emit(None)
        return False

    def _focus_out(self, event: QEvent) -> bool:
        self._space = False
        self._choose_cursor()
        return False

    def _start(self, gesture: str, event: QMouseEvent) -> None:
        self._gesture, self._button = gesture, event.button()
        self._choose_cursor()

    def _left_pans(self, event: QMouseEvent) -> bool:
        panning = self._space or self._tools.painting.tool == PAN_TOOL
        return event.button() == Qt.MouseButton.LeftButton and panning

    def _drag_window(self, step: QPointF) -> None:
        """Right and left change the width, up and down the level; a wide window changes faster."""
        window = self._display.window
        if window is not None:
            speed = max(window.width / 300, 1e-6)
            self._display.set_window(window.level + step.y() * speed, window.width + step.x() * speed)

    def _zoom(self, factor: float, at: QPointF) -> None:
        ratio = self._canvas.devicePixelRatioF()
        self._canvas.set_viewport(self._canvas.viewport.zoomed(factor, (at.x() * ratio, at.y() * ratio)))
        self._tools.move(*self._to_image(at))

    def _image_point(self, event: QMouseEvent) -> tuple[float, float]:
        return self._to_image(event.position())

    def _to_image(self, at: QPointF) -> tuple[float, float]:
        ratio = self._canvas.devicePixelRatioF()
        return self._canvas.viewport.to_image(at.x() * ratio, at.y() * ratio)

    def _choose_cursor(self) -> None:
        tool = self._tools.painting.tool
        if self._gesture == "pan":
            shape = Qt.CursorShape.ClosedHandCursor
        elif self._space or tool == PAN_TOOL:
            shape = Qt.CursorShape.OpenHandCursor
        elif self._gesture == "window":
            shape = Qt.CursorShape.SizeAllCursor
        else:
            shape = Qt.CursorShape.CrossCursor
        self._canvas.setCursor(shape)
