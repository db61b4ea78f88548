"""The pointer, the wheel and held keys over the canvas: whose gesture it is, and where on the image."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QMouseEvent, QNativeGestureEvent, QWheelEvent

from lsgui.tools import ToolBox
from lsgui.views.canvas import Canvas
from lsgui.views.display import Display
from lsgui.views.line_edit import is_typing
from lsgui.views.tablet_input import Pointer, TabletInput
from lsgui.views.tool_outline import ToolOutline

ZOOM_STEP = 1.25
"""Per notch of the wheel."""
NOTCH = 120
"""What Qt says of a notch; touchpads and fine wheels tell of parts of it."""
PAN_TOOL, THRESHOLD_TOOL = "pan", "threshold"
_BARE = (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)


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
        self._space = self._sizing = self._inside = False
        self._last = QPointF()
        self._turned = 0
        self._handlers = {
            QEvent.Type.MouseButtonPress: lambda event: self.tablet.down or self.press(Pointer.of(event)),
            QEvent.Type.MouseMove: lambda event: self.tablet.down or self.move(Pointer.of(event)),
            QEvent.Type.MouseButtonRelease: lambda event: self.tablet.down or self.release(Pointer.of(event)),
            QEvent.Type.MouseButtonDblClick: self._double_click,
            QEvent.Type.Wheel: self._wheel,
            QEvent.Type.NativeGesture: self._native_gesture,
            QEvent.Type.KeyPress: self._key,
            QEvent.Type.KeyRelease: self._key,
            QEvent.Type.Show: self._shown,
            QEvent.Type.Enter: self._enter,
            QEvent.Type.Leave: self._leave,
            QEvent.Type.FocusOut: self._focus_out,
            QEvent.Type.WindowDeactivate: self._lost,
            QEvent.Type.Hide: self._lost,
            QEvent.Type.UngrabMouse: self._lost,
            QEvent.Type.DevicePixelRatioChange: self._lost,
        }
        canvas.installEventFilter(self)
        canvas.view_changed.connect(self._point)
        self.tablet = TabletInput(canvas, tools, self)
        QGuiApplication.instance().screenRemoved.connect(self.lose)
        tools.painting.changed.connect(self._settings_changed)
        self._settings_changed()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        handler = self._handlers.get(event.type())
        return bool(handler(event)) if handler else False

    def press(self, pointer: Pointer) -> bool:
        self._last = pointer.position
        if self._gesture:
            return True
        at, button = self._to_image(pointer.position), pointer.button
        if button == Qt.MouseButton.MiddleButton or self._left_pans(button):
            self._start("pan", button)
        elif self._tools.press(*at, button, pointer.modifiers, pointer.pressure):
            self._start("tool", button)
        elif button == Qt.MouseButton.RightButton and self._display.window is not None:
            self._start("window", button)
        return True

    def move(self, pointer: Pointer) -> bool:
        if self._gesture and not pointer.buttons & self._button:
            self.lose()
        step, self._last = pointer.position - self._last, pointer.position
        at = self._to_image(pointer.position)
        if self._gesture == "pan":
            ratio = self._canvas.devicePixelRatioF()
            self._canvas.set_viewport(self._canvas.viewport.panned(step.x() * ratio, step.y() * ratio))
        elif self._gesture == "window":
            self._drag_window(step)
        else:
            self._tools.move(*at, pointer.modifiers, pointer.pressure)
        self._inside = True
        self.pointed.emit(at)
        return True

    def release(self, pointer: Pointer) -> bool:
        at = self._to_image(pointer.position)
        if self._gesture == "tool":
            self._tools.release(*at, pointer.button)
        if pointer.button == self._button:
            self._end()
            self._tools.move(*at, pointer.modifiers)  # keys may have been let go during the gesture
        return True

    def lose(self) -> None:
        """Nobody will say when the button is let go: a dialog came in between, the window is another, a screen or the
        pen is gone. The gesture ends where it was last seen, and what it has done stays."""
        if self._gesture == "tool":
            self._tools.release(*self._to_image(self._last), self._button)
        if self._gesture:
            self._end()
        self._end_sizing()

    def _lost(self, event: QEvent) -> bool:
        self.lose()
        return False

    def _end(self) -> None:
        self._gesture, self._button = "", Qt.MouseButton.NoButton
        self._choose_cursor()

    def _double_click(self, event: QMouseEvent) -> bool:
        left = event.button() == Qt.MouseButton.LeftButton and not self._left_pans(event.button())
        if left and self._tools.double_click(*self._to_image(event.position())):
            return True
        return self.press(Pointer.of(event))

    def _wheel(self, event: QWheelEvent) -> bool:
        modifiers = event.modifiers()
        turn = event.angleDelta().y() or event.angleDelta().x()
        if modifiers & Qt.KeyboardModifier.ShiftModifier:
            self._size_by(turn)
        elif not event.pixelDelta().isNull() and not modifiers & Qt.KeyboardModifier.ControlModifier:
            ratio = self._canvas.devicePixelRatioF()
            step = event.pixelDelta()
            self._canvas.set_viewport(self._canvas.viewport.panned(step.x() * ratio, step.y() * ratio))
        else:
            self._zoom(ZOOM_STEP ** (turn / NOTCH), event.position(), modifiers)
        return True

    def _size_by(self, turn: int) -> None:
        """A step of the brush's size per notch."""
        self._turned = turn if turn * self._turned < 0 else self._turned + turn
        notches = int(self._turned / NOTCH)
        self._turned -= notches * NOTCH
        for _ in range(abs(notches)):
            self._tools.painting.step_radius(1 if notches > 0 else -1)

    def _native_gesture(self, event: QNativeGestureEvent) -> bool:
        if event.gestureType() != Qt.NativeGestureType.ZoomNativeGesture:
            return False
        self._zoom(1 + event.value(), event.position(), event.modifiers())
        return True

    def _key(self, event: QKeyEvent) -> bool:
        pressed = event.type() == QEvent.Type.KeyPress
        if event.key() == Qt.Key.Key_Space:
            if not event.isAutoRepeat():
                self._space = pressed
                self._choose_cursor()
            return True
        if event.key() == Qt.Key.Key_S and (self._sizing or not pressed or event.modifiers() in _BARE):
            return self._size_key(pressed, event.isAutoRepeat())
        if event.key() in (Qt.Key.Key_Control, Qt.Key.Key_Shift) and not self._gesture:
            held = event.modifiers()
            flag = {
                Qt.Key.Key_Control: Qt.KeyboardModifier.ControlModifier,
                Qt.Key.Key_Shift: Qt.KeyboardModifier.ShiftModifier,
            }[Qt.Key(event.key())]
            self._tools.move(*self._to_image(self._last), held | flag if pressed else held & ~flag)
        return False

    def _size_key(self, pressed: bool, repeated: bool) -> bool:
        """While it is held, the pointer sets the size of the brush instead of moving it."""
        if repeated:
            return self._sizing
        if pressed and not self._gesture:
            self._sizing = self._tools.start_sizing(*self._to_image(self._last))
            return self._sizing
        return self._end_sizing()

    def _end_sizing(self) -> bool:
        was, self._sizing = self._sizing, False
        if was:
            self._tools.stop_sizing()
        return was

    def _point(self) -> None:
        """Without a move: the view or the image has changed under the pointer, or a menu has gone from above it."""
        if self._inside and not (self._gesture or self._sizing):
            at = self._to_image(self._last)
            # Asked of the system: what Qt remembers of a Ctrl that was let go is that it was held.
            self._tools.move(*at, QGuiApplication.queryKeyboardModifiers())
            self.pointed.emit(at)

    def _shown(self, event: QEvent) -> bool:
        """An image has come, wherever the pointer is: else the keyboard would stay with a button that is now far off."""
        if not event.spontaneous():  # the window was hidden by the system, and comes back as it was
            self._take_keyboard(Qt.FocusReason.OtherFocusReason)
        return False

    def _take_keyboard(self, reason: Qt.FocusReason) -> None:
        """Except from a field that is being typed in."""
        if not is_typing(self._canvas.window().focusWidget()):
            self._canvas.setFocus(reason)

    def _enter(self, event: QEvent) -> bool:
        """The keyboard follows the pointer onto the canvas."""
        self._last, self._inside = event.position(), True
        self._take_keyboard(Qt.FocusReason.MouseFocusReason)
        self._outline.set_inside(True)
        self._point()
        return False

    def _leave(self, event: QEvent) -> bool:
        self._inside = False
        self._outline.set_inside(False)
        self.pointed.emit(None)
        return False

    def _focus_out(self, event: QEvent) -> bool:
        self._space = False
        self._end_sizing()
        self._choose_cursor()
        if not self._gesture:  # the key that is held now will be let go somewhere else
            self._tools.move(*self._to_image(self._last))
        return False

    def _start(self, gesture: str, button: Qt.MouseButton) -> None:
        self._gesture, self._button = gesture, button
        self._choose_cursor()

    def _left_pans(self, button: Qt.MouseButton) -> bool:
        panning = self._space or self._tools.painting.tool == PAN_TOOL
        return button == Qt.MouseButton.LeftButton and panning

    def _drag_window(self, step: QPointF) -> None:
        """Right and left change the width, up and down the level; a wide window changes faster."""
        window = self._display.window
        if window is not None:
            speed = window.width / 300
            self._display.set_window(window.level + step.y() * speed, window.width + step.x() * speed)

    def _zoom(self, factor: float, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        ratio = self._canvas.devicePixelRatioF()
        self._canvas.set_viewport(self._canvas.viewport.zoomed(factor, (at.x() * ratio, at.y() * ratio)))
        if not self._gesture:  # a stroke goes on with the next move, which knows how hard a pen is pressed
            self._tools.move(*self._to_image(at), modifiers)

    def _to_image(self, at: QPointF) -> tuple[float, float]:
        ratio = self._canvas.devicePixelRatioF()
        return self._canvas.viewport.to_image(at.x() * ratio, at.y() * ratio)

    def _settings_changed(self) -> None:
        """What a threshold would paint is tinted while it is in the hand."""
        painting = self._tools.painting
        shown = painting.tool == THRESHOLD_TOOL and painting.threshold is not None
        self._canvas.set_tinted((*painting.threshold, painting.class_value) if shown else None)
        self._choose_cursor()

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
