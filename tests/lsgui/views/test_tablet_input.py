"""A pen paints as hard as it is pressed, and whatever is unplugged, what was painted stays."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import (
    QGuiApplication,
    QInputDevice,
    QPointingDevice,
    QPointingDeviceUniqueId,
    QTabletEvent,
    QWheelEvent,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

NONE, LEFT, NO_BUTTON = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
PEN, RUBBER = QPointingDevice.PointerType.Pen, QPointingDevice.PointerType.Eraser


class Pen:
    """A tablet's pen, over the canvas of a window."""

    def __init__(self, shown: object, end: QPointingDevice.PointerType = PEN) -> None:
        self._shown = shown
        able = QInputDevice.Capability.Position | QInputDevice.Capability.Pressure
        stylus = QInputDevice.DeviceType.Stylus
        self.device = QPointingDevice("pen", 7, stylus, end, able, 1, 3, "", QPointingDeviceUniqueId())

    def send(self, kind: QEvent.Type, at: tuple[float, float], pressure: float, down: bool) -> QTabletEvent:
        place = QPointF(self._shown.at(*at))
        button = NO_BUTTON if kind == QEvent.Type.TabletMove else LEFT
        event = QTabletEvent(
            kind, self.device, place, QPointF(self._shown.canvas.mapToGlobal(place)), pressure, 0, 0, 0, 0, 0, NONE,
            button, LEFT if down else NO_BUTTON,
        )  # fmt: skip
        QApplication.sendEvent(self._shown.canvas, event)
        return event

    def press(self, *at: float, pressure: float = 1.0) -> QTabletEvent:
        return self.send(QEvent.Type.TabletPress, at, pressure, down=True)

    def move(self, *at: float, pressure: float = 1.0) -> QTabletEvent:
        return self.send(QEvent.Type.TabletMove, at, pressure, down=True)

    def release(self, *at: float) -> QTabletEvent:
        return self.send(QEvent.Type.TabletRelease, at, 0.0, down=False)


@pytest.fixture
def painted(shown: object) -> object:
    shown.session.painting.class_value = 6
    shown.session.painting.brush_radius = 8
    return shown


def point_at(shown: object, x: float, y: float) -> None:
    """Move the mouse there, until the canvas has heard of it: the screen tells of moves in its own time."""
    heard: list[tuple[float, float]] = []
    shown.window.input.pointed.connect(heard.append)
    QTest.mouseMove(shown.canvas, shown.at(x, y))
    shown.desk.wait(lambda: heard[-1:] == [pytest.approx((x + 0.5, y + 0.5), abs=1)])
    shown.window.input.pointed.disconnect(heard.append)


def width_at(shown: object, column: int) -> int:
    return int(np.count_nonzero(shown.session.document.label_map[:, column] == 6))


def test_a_light_touch_paints_a_thin_line_and_a_firm_one_a_wide_one(painted: object) -> None:
    pen, seen = Pen(painted), []
    painted.window.input.tablet.seen.connect(lambda: seen.append(True))
    assert pen.press(8, 30, pressure=0.1).isAccepted()
    pen.move(30, 30, pressure=0.1)
    pen.move(50, 30, pressure=1.0)
    pen.release(50, 30)
    assert width_at(painted, 15) < 0.6 * width_at(painted, 50)
    assert len(painted.session.document.history.steps) == 1 and seen == [True]


def test_the_wheel_of_the_other_hand_does_not_make_a_light_stroke_wide(painted: object) -> None:
    pen, at = Pen(painted), QPointF(painted.at(30, 30))
    pen.press(8, 30, pressure=0.1)
    pen.move(30, 30, pressure=0.1)
    turned = QWheelEvent(at, painted.canvas.mapToGlobal(at), QPoint(), QPoint(0, 120), NO_BUTTON, NONE,
                         Qt.ScrollPhase.NoScrollPhase, False)  # fmt: skip
    QApplication.sendEvent(painted.canvas, turned)
    pen.release(30, 30)
    assert width_at(painted, 30) == width_at(painted, 15)


def test_the_other_end_of_the_pen_erases(painted: object) -> None:
    painted.drag((10, 30), (50, 30))
    rubber = Pen(painted, RUBBER)
    rubber.press(30, 30)
    rubber.move(34, 30)
    rubber.release(34, 30)
    label_map = painted.session.document.label_map
    assert label_map[30, 32] == 0 and label_map[30, 12] == 6


def test_a_pen_is_a_mouse_for_tools_that_feel_nothing(painted: object) -> None:
    painted.trigger("tool-polygon")
    assert not Pen(painted).press(10, 10).isAccepted(), "Qt makes a mouse of it"


def test_what_the_system_makes_of_the_pen_meanwhile_is_no_second_stroke(painted: object) -> None:
    pen = Pen(painted)
    pen.press(20, 20)
    QTest.mousePress(painted.canvas, Qt.MouseButton.LeftButton, NONE, painted.at(50, 50))
    QTest.mouseRelease(painted.canvas, Qt.MouseButton.LeftButton, NONE, painted.at(50, 50))
    pen.release(20, 20)
    assert painted.session.document.label_map[50, 50] == 255


def leave(shown: object, pen: Pen) -> None:
    QApplication.sendEvent(QApplication.instance(), QEvent(QEvent.Type.TabletLeaveProximity))


def unplug(shown: object, pen: Pen) -> None:
    import shiboken6

    shiboken6.delete(pen.device)


@pytest.mark.parametrize("gone", [leave, unplug])
def test_a_pen_that_vanishes_keeps_what_it_painted(painted: object, gone: object) -> None:
    pen = Pen(painted)
    pen.press(10, 30)
    pen.move(40, 30)
    gone(painted, pen)
    document = painted.session.document
    assert not document.gesture_active and len(document.history.steps) == 1 and document.label_map[30, 25] == 6
    painted.drag((10, 50), (40, 50))
    assert document.label_map[50, 25] == 6, "the mouse goes on"


@pytest.mark.parametrize("kind", [QEvent.Type.WindowDeactivate, QEvent.Type.UngrabMouse])
def test_a_lost_mouse_keeps_what_it_painted(painted: object, kind: QEvent.Type) -> None:
    QTest.mousePress(painted.canvas, LEFT, NONE, painted.at(10, 30))
    QTest.mouseMove(painted.canvas, painted.at(40, 30))
    QApplication.sendEvent(painted.canvas, QEvent(kind))
    document = painted.session.document
    assert (
        not document.gesture_active and document.history.steps[-1].text == "Brush" and document.label_map[30, 25] == 6
    )
    QTest.mouseMove(painted.canvas, painted.at(40, 60))
    QTest.mouseRelease(painted.canvas, LEFT, NONE, painted.at(40, 60))
    assert len(document.history.steps) == 1 and document.label_map[55, 40] == 255


def test_a_screen_that_is_unplugged_ends_the_stroke(painted: object) -> None:
    QTest.mousePress(painted.canvas, LEFT, NONE, painted.at(10, 30))
    QTest.mouseMove(painted.canvas, painted.at(40, 30))
    QGuiApplication.instance().screenRemoved.emit(QGuiApplication.primaryScreen())
    assert not painted.session.document.gesture_active
    QTest.mouseRelease(painted.canvas, LEFT, NONE, painted.at(40, 30))
    assert len(painted.session.document.history.steps) == 1


def test_the_size_is_dragged_with_s_held_and_with_alt_and_the_right_button(painted: object) -> None:
    painting, canvas = painted.session.painting, painted.canvas
    point_at(painted, 20, 30)
    QTest.keyPress(canvas, Qt.Key.Key_S)
    point_at(painted, 32, 30)
    QTest.keyRelease(canvas, Qt.Key.Key_S)
    assert painting.brush_radius == pytest.approx(20, abs=1)
    point_at(painted, 50, 30)
    assert painting.brush_radius == pytest.approx(20, abs=1), "S was let go"
    alt, right = Qt.KeyboardModifier.AltModifier, Qt.MouseButton.RightButton
    QTest.mousePress(canvas, right, alt, painted.at(40, 30))
    point_at(painted, 30, 30)
    QTest.mouseRelease(canvas, right, alt, painted.at(30, 30))
    assert painting.brush_radius == pytest.approx(10, abs=1)
    assert len(painted.session.document.history.steps) == 0
