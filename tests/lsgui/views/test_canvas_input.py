"""Mouse and keys on the canvas do what analysts are used to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QCursor, QEnterEvent, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton

from lsgui.assets import Assets
from lsgui.views.main_window import MainWindow
from lsgui.views.overlay_key import HELD_MS, OverlayKey
from model.images import Image, Window

NONE, LEFT = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton


def wheel(shown: object, at: QPoint, notches: float, modifiers: Qt.KeyboardModifier = NONE) -> None:
    event = QWheelEvent(
        QPointF(at), QPointF(shown.canvas.mapToGlobal(at)), QPoint(), QPoint(0, round(120 * notches)),
        Qt.MouseButton.NoButton, modifiers, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(shown.canvas, event)


def test_the_wheel_zooms_at_the_cursor(shown: object) -> None:
    at = shown.at(50, 12)
    before = shown.canvas.viewport.view.scale
    wheel(shown, at, 3)
    assert shown.canvas.viewport.view.scale > 1.5 * before
    assert (shown.at(50, 12) - at).manhattanLength() <= shown.canvas.viewport.view.scale
    shown.trigger("zoom-fit")
    assert shown.canvas.viewport.view.scale == pytest.approx(before)


def test_shift_and_the_wheel_set_the_brush(shown: object) -> None:
    before = shown.session.painting.brush_radius
    wheel(shown, QPoint(100, 100), 1, Qt.KeyboardModifier.ShiftModifier)
    assert shown.session.painting.brush_radius > before


def test_a_touchpad_sets_the_brush_no_faster_than_a_wheel(shown: object) -> None:
    """It tells of a turn in many small parts."""
    painting, shift = shown.session.painting, Qt.KeyboardModifier.ShiftModifier
    painting.brush_radius = 10
    wheel(shown, QPoint(100, 100), 1, shift)
    by_a_notch = painting.brush_radius
    painting.brush_radius = 10
    for _ in range(8):
        wheel(shown, QPoint(100, 100), 1 / 8, shift)
    assert painting.brush_radius == by_a_notch
    wheel(shown, QPoint(100, 100), 7 / 8, shift)
    wheel(shown, QPoint(100, 100), -7 / 8, shift)
    assert painting.brush_radius == by_a_notch


def test_a_middle_drag_and_a_drag_with_space_move_the_view(shown: object) -> None:
    for press in (lambda: None, lambda: QTest.keyPress(shown.canvas, Qt.Key.Key_Space)):
        button = Qt.MouseButton.MiddleButton
        press()
        if QApplication.keyboardModifiers() is None:
            break
        before = shown.canvas.viewport.view.x
        start = QPoint(200, 200)
        QTest.mousePress(shown.canvas, button, NONE, start)
        QTest.mouseMove(shown.canvas, start + QPoint(40, 0))
        QTest.mouseRelease(shown.canvas, button, NONE, start + QPoint(40, 0))
        assert shown.canvas.viewport.view.x == pytest.approx(before + 40 * shown.canvas.devicePixelRatioF())
    left = Qt.MouseButton.LeftButton
    QTest.mousePress(shown.canvas, left, NONE, QPoint(200, 200))
    QTest.mouseRelease(shown.canvas, left, NONE, QPoint(230, 200))
    QTest.keyRelease(shown.canvas, Qt.Key.Key_Space)
    assert len(shown.session.document.history.steps) == 0


def test_a_left_drag_paints_the_class_and_a_right_drag_erases(shown: object) -> None:
    shown.session.painting.class_value = 6
    shown.session.painting.brush_radius = 4
    shown.drag((10, 30), (20, 30), (40, 30))
    label_map = shown.session.document.label_map
    assert (label_map[30, 10:40] == 6).all() and label_map[30, 55] == 255
    shown.drag((20, 30), (22, 30), button=Qt.MouseButton.RightButton)
    assert label_map[30, 21] == 0
    shown.trigger("undo")
    assert label_map[30, 21] == 6


def test_a_right_drag_without_the_brush_sets_the_window(shown: object) -> None:
    pixels = np.zeros((64, 64), np.int16)
    document = shown.session.document
    image = Image("ct", pixels, unit="HU", window=Window(40, 400))
    document.load(image, np.full((64, 64), 255, np.uint8), np.zeros((64, 64), np.uint8), name="ct")
    shown.trigger("tool-fill")
    shown.drag((10, 10), (40, 30), button=Qt.MouseButton.RightButton)
    assert shown.display.window.width > 400 and shown.display.window.level > 40
    assert len(document.history.steps) == 0
    shown.key(Qt.Key.Key_3, Qt.KeyboardModifier.ShiftModifier)
    assert shown.display.window == Window(-600, 1500)


@pytest.fixture
def away(qapp: QApplication) -> None:
    """The screen's pointer is not over a window."""
    QCursor.setPos(QApplication.primaryScreen().geometry().bottomRight())
    QApplication.processEvents()


def test_the_keyboard_goes_to_the_image_of_a_folder_that_is_opened(
    away: None, make_window: Callable, image_folder: Callable
) -> None:
    shown = make_window()
    shown.desk.wait(lambda: QApplication.focusWidget() is not None)
    assert isinstance(QApplication.focusWidget(), QPushButton), "as it is while there is nothing to see"
    for folder in ("first", "second"):
        shown.desk.open(image_folder("a", "b", folder=folder))
        assert shown.canvas.hasFocus() and not shown.canvas.underMouse()
        before = shown.canvas.viewport.view.x
        QTest.keyPress(QApplication.focusWidget(), Qt.Key.Key_Space)
        shown.drag((20, 20), (40, 20))
        QTest.keyRelease(QApplication.focusWidget(), Qt.Key.Key_Space)
        assert shown.canvas.viewport.view.x != before and not shown.session.document.history.steps
        next(made for made in shown.window.top.findChildren(QPushButton)).setFocus()


def test_the_keyboard_stays_where_somebody_types_or_walks_through_the_list(
    away: None, make_window: Callable, image_folder: Callable
) -> None:
    shown = make_window()
    search, images = shown.window.folder.search, shown.window.folder.list
    search.setFocus()
    shown.desk.open(image_folder("a", "b"))
    assert search.hasFocus()
    images.setFocus()
    shown.key(Qt.Key.Key_Down)
    shown.desk.wait(lambda: shown.session.document.name == "b.png")
    shown.desk.settle()
    assert images.hasFocus()


def test_another_window_over_an_open_image_has_the_keyboard_on_it(away: None, shown: object, tmp_path: Path) -> None:
    """As after a change of language."""
    window = MainWindow(
        shown.session, shown.display, shown.appearance, shown.preferences, Assets.find(), tmp_path / "lsgui.log"
    )
    window.show()
    window.activateWindow()
    shown.desk.wait(window.isActiveWindow)
    assert window.canvas.hasFocus()
    window.hand_over()


def test_a_polygon_is_finished_by_enter_and_shortened_by_backspace(shown: object) -> None:
    shown.trigger("tool-polygon")
    shown.session.painting.class_value = 3
    for point in ((10, 10), (40, 10), (40, 40), (5, 60)):
        QTest.mouseClick(shown.canvas, Qt.MouseButton.LeftButton, NONE, shown.at(*point))
    shown.canvas.setFocus()
    shown.key(Qt.Key.Key_Backspace)
    shown.key(Qt.Key.Key_Return)
    label_map = shown.session.document.label_map
    assert label_map[20, 35] == 3 and label_map[55, 8] == 255
    assert shown.session.document.name == "a.png", "Enter belonged to the shape"


def test_escape_takes_a_stroke_back(shown: object) -> None:
    QTest.mousePress(shown.canvas, Qt.MouseButton.LeftButton, NONE, shown.at(20, 20))
    QTest.mouseMove(shown.canvas, shown.at(40, 20))
    shown.canvas.setFocus()
    shown.key(Qt.Key.Key_Escape)
    QTest.mouseRelease(shown.canvas, Qt.MouseButton.LeftButton, NONE, shown.at(40, 20))
    assert (shown.session.document.label_map == 255).all()


def test_v_tapped_toggles_and_held_hides_meanwhile(shown: object) -> None:
    shown.canvas.setFocus()
    QTest.keyClick(shown.canvas, Qt.Key.Key_V)
    assert not shown.display.overlay_visible
    QTest.keyClick(shown.canvas, Qt.Key.Key_V)
    assert shown.display.overlay_visible
    QTest.keyPress(shown.canvas, Qt.Key.Key_V)
    assert not shown.display.overlay_visible
    shown.desk.wait(lambda: shown.window.findChild(OverlayKey)._held)
    QTest.keyRelease(shown.canvas, Qt.Key.Key_V)
    assert shown.display.overlay_visible


def test_digits_and_neighbours_choose_classes(shown: object) -> None:
    painting = shown.session.painting
    shown.canvas.setFocus()
    for key, value in (
        (Qt.Key.Key_7, 7),
        (Qt.Key.Key_Equal, 8),
        (Qt.Key.Key_Minus, 7),
        (Qt.Key.Key_X, 0),
        (Qt.Key.Key_X, 7),
    ):
        shown.key(key)
        assert painting.class_value == value


def test_typing_in_the_search_field_starts_nothing(shown: object) -> None:
    shown.trigger("search")
    field = shown.window.folder.search
    tool, name = shown.session.painting.tool, shown.session.document.name
    QTest.keyClicks(field, "eb70x,v=")
    QTest.keyClick(field, Qt.Key.Key_Backspace)
    assert field.text() == "eb70x,v"
    assert (shown.session.painting.tool, shown.session.document.name) == (tool, name)
    assert shown.display.overlay_visible and shown.display.opacity == 40
    QTest.keyClick(field, Qt.Key.Key_Escape)
    assert field.text() == ""


def test_the_status_bar_follows_the_pointer(shown: object) -> None:
    bar = shown.window.status
    value = str(shown.session.document.image.pixels[34, 12])

    def told() -> bool:
        """Asked again, since the screen's own pointer may leave the canvas at the same moment."""
        QTest.mouseMove(shown.canvas, shown.at(5, 6))
        QTest.mouseMove(shown.canvas, shown.at(12, 34))
        return {"x 12  y 34", value, "untouched"} <= {label.text() for label in bar.findChildren(QLabel)}

    shown.desk.wait(told)


def test_a_pointer_that_stands_still_is_told_of_what_comes_under_it(shown: object) -> None:
    heard = []
    shown.window.input.pointed.connect(heard.append)
    spot = shown.at(12, 34)
    QTest.mouseMove(shown.canvas, shown.at(5, 6))
    QTest.mouseMove(shown.canvas, spot)
    QTest.qWait(100)  # the screen tells of both moves once more, later
    heard.clear()
    shown.trigger("zoom-in")
    ratio = shown.canvas.devicePixelRatioF()
    below = shown.canvas.viewport.to_image(spot.x() * ratio, spot.y() * ratio)
    shown.desk.wait(lambda: bool(heard) and heard[-1] == pytest.approx(below))
    assert below != pytest.approx((12, 34), abs=1)
    assert shown.session.tools.outline().circle[:2] == pytest.approx(below)
    QApplication.sendEvent(shown.canvas, QEvent(QEvent.Type.Leave))
    shown.trigger("zoom-fit")
    assert heard[-1] is None
    QApplication.sendEvent(shown.canvas, QEnterEvent(spot, spot, shown.canvas.mapToGlobal(spot)))
    assert heard[-1] == pytest.approx(shown.session.tools.outline().circle[:2])


def test_a_view_that_changes_after_a_shortcut_leaves_the_brush_as_it_is(shown: object) -> None:
    """X tells with which keys held a key is let go, itself among them: the panel that Ctrl+T opens made it an eraser."""
    held = Qt.KeyboardModifier.ControlModifier
    QTest.mouseMove(shown.canvas, shown.at(5, 6))
    QTest.mouseMove(shown.canvas, shown.at(12, 34))
    for send in (QTest.keyPress, QTest.keyRelease):
        send(shown.window.windowHandle(), Qt.Key.Key_Control, held)
    assert not shown.session.tools.outline().erases
    shown.trigger("zoom-in")
    assert not shown.session.tools.outline().erases


def test_a_menu_or_button_toggles_the_overlay_for_good(shown: object) -> None:
    """Without a key there is no release to wait for, and going to another window is none."""
    shown.trigger("overlay")
    shown.desk.qtbot.wait(HELD_MS + 100)
    QApplication.sendEvent(QApplication.instance(), QEvent(QEvent.Type.ApplicationDeactivate))
    QApplication.sendEvent(shown.canvas, QEvent(QEvent.Type.ApplicationDeactivate))
    assert not shown.display.overlay_visible


def test_space_moves_the_view_between_the_corners_of_a_polygon(shown: object) -> None:
    shown.session.painting.tool = "polygon"
    shown.canvas.setFocus()
    QTest.mouseClick(shown.canvas, LEFT, NONE, shown.at(10, 10))
    before = shown.canvas.viewport.view
    QTest.keyPress(shown.canvas, Qt.Key.Key_Space)
    shown.drag((20, 20), (30, 30))
    QTest.keyRelease(shown.canvas, Qt.Key.Key_Space)
    assert shown.canvas.viewport.view != before
    assert len(shown.session.tools.outline().points) <= 2, "one corner, and the pointer"


def test_a_release_that_never_came_ends_the_stroke(shown: object) -> None:
    """A dialog in between takes it; the brush must not paint on without a button."""
    document = shown.session.document
    QTest.mousePress(shown.canvas, LEFT, NONE, shown.at(10, 30))
    QTest.mouseMove(shown.canvas, shown.at(20, 30))
    at = QPointF(shown.at(50, 30))
    none = Qt.MouseButton.NoButton
    move = QMouseEvent(QEvent.Type.MouseMove, at, shown.canvas.mapToGlobal(at), none, none, NONE)
    QApplication.sendEvent(shown.canvas, move)
    assert not document.gesture_active and len(document.history.steps) == 1
    assert document.label_map[30, 50] == 255
    shown.drag((10, 50), (20, 50))
    assert len(document.history.steps) == 2
