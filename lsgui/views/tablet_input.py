"""The pen of a tablet over the canvas: how hard it presses, which end it shows, and that it may be gone any time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QPointingDevice, QSinglePointEvent, QTabletEvent

from lsgui.tools import ToolBox

FEELS = frozenset({"brush", "eraser", "guided", "superpixel", "accept"})
"""The tools that a pen paints with. For all others it is a mouse, double clicks included: Qt makes it one."""


@dataclass(frozen=True)
class Pointer:
    """Where a mouse or a pen is on the canvas, in logical pixels, and what is held down."""

    position: QPointF
    button: Qt.MouseButton
    """The one whose press or release this is."""
    buttons: Qt.MouseButton
    modifiers: Qt.KeyboardModifier
    pressure: float = 1.0

    @classmethod
    def of(cls, event: QSinglePointEvent) -> Pointer:
        return cls(event.position(), event.button(), event.buttons(), event.modifiers())

    @classmethod
    def of_pen(cls, event: QTabletEvent) -> Pointer:
        """The other end of the pen is a right button, which erases."""
        button, buttons = event.button(), event.buttons()
        if event.pointerType() == QPointingDevice.PointerType.Eraser:
            left, right = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
            button = right if button == left else button
            buttons = (buttons & ~left) | right if buttons & left else buttons
        return cls(event.position(), button, buttons, event.modifiers(), event.pressure())


class Hand(Protocol):
    """Whoever acts on a pointer: the canvas' input."""

    def press(self, pointer: Pointer) -> bool: ...
    def move(self, pointer: Pointer) -> bool: ...
    def release(self, pointer: Pointer) -> bool: ...
    def lose(self) -> None:
        """The pointer is gone: what it was doing ends where it was last seen."""


class TabletInput(QObject):
    """An event filter on the canvas, and while the pen is down on the application, which hears when it leaves."""

    seen = Signal()
    """For the first time."""

    def __init__(self, canvas: QObject, tools: ToolBox, hand: Hand) -> None:
        super().__init__(canvas)
        self.down = False
        """The pen touches the tablet; what a mouse says meanwhile was made from the pen by the system."""
        self._tools = tools
        self._hand = hand
        self._seen = False
        self._device: QPointingDevice | None = None
        self._handlers = {
            QEvent.Type.TabletPress: self._press,
            QEvent.Type.TabletMove: self._move,
            QEvent.Type.TabletRelease: self._release,
            QEvent.Type.TabletLeaveProximity: self._left,
        }
        canvas.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        handler = self._handlers.get(event.type())
        if handler is None:
            return False
        taken = handler(event)
        event.setAccepted(taken)
        return taken

    def _press(self, event: QTabletEvent) -> bool:
        self._notice()
        if not self._feels:
            return False
        if not self.down:
            self._touch(event.pointingDevice())
        return self._hand.press(Pointer.of_pen(event))

    def _move(self, event: QTabletEvent) -> bool:
        self._notice()
        return (self.down or self._feels) and self._hand.move(Pointer.of_pen(event))

    def _release(self, event: QTabletEvent) -> bool:
        if not self.down:
            return False
        self._hand.release(Pointer.of_pen(event))
        if not event.buttons():
            self._lift()
        return True

    def _left(self, event: QEvent) -> bool:
        """Out of reach, or unplugged, without a release."""
        self._lose()
        return False

    def _lose(self) -> None:
        if self.down:
            self._lift()
            self._hand.lose()

    def _touch(self, device: QPointingDevice) -> None:
        self.down, self._device = True, device
        QCoreApplication.instance().installEventFilter(self)
        device.destroyed.connect(self._lose)

    def _lift(self) -> None:
        self.down, device, self._device = False, self._device, None
        QCoreApplication.instance().removeEventFilter(self)
        if device is not None:
            try:
                device.destroyed.disconnect(self._lose)
            except RuntimeError:
                pass  # it is gone already

    def _notice(self) -> None:
        if not self._seen:
            self._seen = True
            self.seen.emit()

    @property
    def _feels(self) -> bool:
        return self._tools.painting.tool in FEELS
