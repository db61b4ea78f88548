"""Every tool, by the mouse and the keys of a real window: what is seen before it is done, taken back, and done."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

import lsgui.fill_tools
from lsgui.fills import flood
from lsgui.step_texts import parted
from lsgui.translation import class_name
from model.images import Image
from model.journal_story import scan
from model.labels import read_label

NONE, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier
CTRL, ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
PRESS, MOVE, RELEASE = QEvent.Type.MouseButtonPress, QEvent.Type.MouseMove, QEvent.Type.MouseButtonRelease


class Mouse:
    """The mouse over the canvas, in image pixels; what QTest cannot do is a drag with a modifier held."""

    def __init__(self, shown: object) -> None:
        self.shown = shown

    def send(
        self, kind: QEvent.Type, at: tuple[float, float], button: Qt.MouseButton, held: Qt.KeyboardModifier
    ) -> None:
        canvas = self.shown.canvas
        place = QPointF(self.shown.at(*at))
        buttons = Qt.MouseButton.NoButton if kind == RELEASE else button
        button = Qt.MouseButton.NoButton if kind == MOVE else button
        event = QMouseEvent(kind, place, canvas.mapToGlobal(place), button, buttons, held)
        QApplication.sendEvent(canvas, event)

    def press(self, at: tuple[float, float], button: Qt.MouseButton = LEFT, held: Qt.KeyboardModifier = NONE) -> None:
        self.send(PRESS, at, button, held)

    def move(self, at: tuple[float, float], button: Qt.MouseButton = LEFT, held: Qt.KeyboardModifier = NONE) -> None:
        self.send(MOVE, at, button, held)

    def release(self, at: tuple[float, float], button: Qt.MouseButton = LEFT, held: Qt.KeyboardModifier = NONE) -> None:
        self.send(RELEASE, at, button, held)

    def drag(self, *path: tuple[float, float], button: Qt.MouseButton = LEFT, held: Qt.KeyboardModifier = NONE) -> None:
        self.press(path[0], button, held)
        for point in path[1:]:
            self.move(point, button, held)
        self.release(path[-1], button)


@pytest.fixture
def mouse(shown: object) -> Mouse:
    shown.session.painting.class_value = 6
    shown.session.painting.brush_radius = 4
    shown.canvas.setFocus()
    return Mouse(shown)


@pytest.fixture
def steps(shown: object) -> np.ndarray:
    """An image of 64 x 64 in two greys, dark on the left, opened in the window."""
    pixels = np.full((64, 64), 40, np.uint8)
    pixels[:, 32:] = 180
    document = shown.session.document
    document.load(Image("a.png", pixels), np.full((64, 64), 255, np.uint8), np.zeros((64, 64), np.uint8))
    QApplication.processEvents()
    return pixels


def label_map(shown: object) -> np.ndarray:
    return shown.session.document.label_map


def settled(shown: object) -> None:
    """Until no tool computes any more."""
    shown.desk.wait(lambda: not shown.session.tools.computing)


@pytest.mark.parametrize(
    ("key", "tool"), [("L", "lasso"), ("M", "rectangle"), ("O", "ellipse"), ("W", "wand"), ("T", "threshold"),
                      ("Q", "select"), ("G", "fill"), ("P", "polygon"), ("E", "eraser"), ("B", "brush")],
)  # fmt: skip
def test_one_key_takes_each_tool(shown: object, mouse: Mouse, key: str, tool: str) -> None:
    shown.session.painting.tool = "pan"
    shown.key(getattr(Qt.Key, f"Key_{key}"))
    assert shown.session.painting.tool == tool


def test_ctrl_z_while_a_shape_is_open_takes_back_a_corner_and_then_strokes(shown: object, mouse: Mouse) -> None:
    mouse.drag((5, 5))
    shown.session.painting.tool = "polygon"
    mouse.drag((20, 20))
    mouse.drag((50, 20))
    for corners in (1, 0):
        shown.key(Qt.Key.Key_Z, CTRL)
        outline = shown.session.tools.outline()
        assert (len(outline.handles) if outline else 0) == corners
    assert label_map(shown)[5, 5] == 6
    shown.key(Qt.Key.Key_Z, CTRL)
    assert label_map(shown)[5, 5] == 255


def test_a_square_brush_paints_what_its_outline_shows(shown: object, mouse: Mouse) -> None:
    shown.session.painting.brush_shape = "square"
    mouse.drag((30, 30))
    painted = np.argwhere(label_map(shown) == 6)
    assert len(painted) == 64 and (np.ptp(painted, axis=0) == 7).all()


def test_alt_and_a_right_drag_size_the_brush_and_paint_nothing(shown: object, mouse: Mouse) -> None:
    mouse.drag((20, 20), (25, 20), (32, 22), button=RIGHT, held=ALT)
    assert shown.session.painting.brush_radius == pytest.approx(16, abs=0.5)
    assert (label_map(shown) == 255).all() and shown.session.painting.class_value == 6
    mouse.drag((30, 30))
    assert (label_map(shown) == 6).sum() == pytest.approx(np.pi * 16**2, rel=0.1)


def offered(shown: object) -> set[str]:
    """What the Edit menu would do to a gesture now."""
    names = ("cancel", "finish-shape", "remove-vertex")
    return {name for name in names if shown.window.actions_.by_id[name].isEnabled()}


@pytest.mark.parametrize("end", ["key", "menu"])
def test_the_menu_offers_to_cancel_while_there_is_something_and_escape_does(
    shown: object, mouse: Mouse, end: str
) -> None:
    tools, document = shown.session.tools, shown.session.document

    def cancel() -> None:
        if end == "key":
            shown.key(Qt.Key.Key_Escape)
        else:
            shown.trigger("cancel")
        assert offered(shown) == set() and not document.gesture_active and not tools.active

    mouse.drag((20, 20), (40, 40))
    assert offered(shown) == set(), "the stroke is over"
    mouse.press((10, 30))
    assert "cancel" in offered(shown)
    cancel()
    mouse.release((10, 30))
    QTest.keyPress(shown.canvas, Qt.Key.Key_S)
    assert offered(shown) == {"cancel"}, "the size of the brush is being set"
    cancel()
    QTest.keyRelease(shown.canvas, Qt.Key.Key_S)
    shown.session.painting.tool = "polygon"
    mouse.drag((20, 20))
    assert offered(shown) == {"cancel", "finish-shape", "remove-vertex"}
    cancel()
    shown.session.painting.tool = "rectangle"
    mouse.drag((20, 20), (40, 40))
    assert offered(shown) == {"cancel", "finish-shape"}
    cancel()
    shown.session.painting.tool = "select"
    mouse.drag((20, 20), (40, 40))
    assert offered(shown) == {"cancel"}
    cancel()
    assert tools.selection.region is None
    shown.session.painting.tool = "brush"
    QTest.keyClick(shown.canvas, Qt.Key.Key_M, CTRL)
    settled(shown)
    assert offered(shown) == {"cancel", "finish-shape"}, "a preview waits"
    cancel()
    mouse.press((10, 30))
    shown.desk.session.next_image()
    mouse.release((10, 30))
    shown.desk.wait(lambda: document.name == "b.png")
    assert offered(shown) == set()


def says(shown: object) -> str:
    """What the status bar says that a stroke would do now."""
    return shown.window.status.stroke.text()


@pytest.mark.parametrize("end", [Qt.Key.Key_Return, Qt.Key.Key_Escape])
def test_ctrl_that_was_held_for_a_preview_does_not_stay_with_the_brush(
    shown: object, mouse: Mouse, end: Qt.Key
) -> None:
    """Its release reaches the preview that Ctrl+M has put into the hand, and not the brush."""
    mouse.drag((20, 20), (40, 40))
    mouse.move((30, 30), Qt.MouseButton.NoButton)
    assert says(shown) == "Paints Liver"
    QTest.keyPress(shown.canvas, Qt.Key.Key_Control, NONE)
    assert says(shown) == "Erases to background"
    QTest.keyClick(shown.canvas, Qt.Key.Key_M, CTRL)
    assert shown.session.tools.current.waiting
    QTest.keyRelease(shown.canvas, Qt.Key.Key_Control, CTRL)
    settled(shown)
    QTest.keyClick(shown.canvas, end)
    shown.desk.wait(lambda: not shown.session.tools.active)
    assert says(shown) == "Paints Liver" and not shown.session.tools.outline().erases


def test_what_was_held_during_a_stroke_does_not_stay_with_the_brush(shown: object, mouse: Mouse) -> None:
    """Neither Ctrl, let go before the button, nor the right button, which erases."""
    for button, held in ((LEFT, CTRL), (RIGHT, NONE)):
        mouse.press((20, 20), button, held)
        mouse.move((30, 30), button, held)
        assert says(shown) == "Erases to background"
        mouse.release((30, 30), button)
        assert says(shown) == "Paints Liver"


def test_a_tool_that_is_taken_by_its_key_is_where_the_pointer_is(shown: object, mouse: Mouse) -> None:
    mouse.move((10, 10), Qt.MouseButton.NoButton)
    shown.session.painting.tool = "pan"
    mouse.move((40, 30), Qt.MouseButton.NoButton)
    shown.key(Qt.Key.Key_B)
    assert shown.session.tools.outline().circle[:2] == pytest.approx((40.5, 30.5), abs=0.2)


def test_the_wheel_leaves_ctrl_with_the_brush(shown: object, mouse: Mouse) -> None:
    QTest.keyPress(shown.canvas, Qt.Key.Key_Control, NONE)
    at = QPointF(shown.at(30, 30))
    turned = QWheelEvent(at, shown.canvas.mapToGlobal(at), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton, CTRL,
                         Qt.ScrollPhase.NoScrollPhase, False)  # fmt: skip
    QApplication.sendEvent(shown.canvas, turned)
    assert says(shown) == "Erases to background"
    QTest.keyRelease(shown.canvas, Qt.Key.Key_Control, CTRL)
    assert says(shown) == "Paints Liver"


def test_the_brush_keeps_to_the_rules(shown: object, mouse: Mouse, steps: np.ndarray) -> None:
    painting = shown.session.painting
    painting.range = (100, 255)
    mouse.drag((5, 30), (60, 30))
    assert ((label_map(shown)[30] == 6).nonzero()[0] >= 32).all() and label_map(shown)[30, 50] == 6
    painting.range, painting.over, painting.class_value = None, 6, 3
    mouse.drag((5, 30), (60, 30))
    assert label_map(shown)[30, 50] == 3 and label_map(shown)[30, 10] == 255


def test_corners_of_a_polygon_are_moved_inserted_and_removed(shown: object, mouse: Mouse) -> None:
    shown.trigger("tool-polygon")
    for point in ((10, 10), (50, 10), (50, 50), (30, 58), (10, 50)):
        mouse.drag(point)
    mouse.drag((10, 10), (5, 5))
    mouse.drag((30, 58), button=RIGHT)
    mouse.drag((50, 30), (40, 30))
    handles = np.round(shown.session.tools.outline().handles)
    assert handles.tolist() == pytest.approx(np.array([(5, 5), (50, 10), (40, 30), (50, 50), (10, 50)]) + 0.5, abs=1)
    assert (label_map(shown) == 255).all()
    shown.trigger("undo")
    assert len(shown.session.tools.outline().handles) == 4, "Ctrl+Z took the corner back, not a stroke"
    shown.key(Qt.Key.Key_Return)
    assert label_map(shown)[20, 45] == 6 and label_map(shown)[8, 8] == 6 and label_map(shown)[55, 30] == 255
    assert shown.session.document.name == "a.png" and len(shown.session.document.history.steps) == 1


def test_a_lasso_paints_what_it_went_around(shown: object, mouse: Mouse) -> None:
    shown.session.painting.tool = "lasso"
    around = [(32 + 20 * np.cos(a), 32 + 20 * np.sin(a)) for a in np.linspace(0, 2 * np.pi, 60)]
    mouse.drag(*around)
    assert (label_map(shown) == 255).all() and 5 < len(shown.session.tools.outline().handles) < 50
    QTest.mouseDClick(shown.canvas, LEFT, NONE, shown.at(32, 32))
    assert (label_map(shown) == 6).sum() == pytest.approx(np.pi * 20**2, rel=0.05)


@pytest.mark.parametrize(("tool", "corner"), [("rectangle", True), ("ellipse", False)])
def test_a_box_with_shift_is_square_and_its_handles_pull(shown: object, mouse: Mouse, tool: str, corner: bool) -> None:
    shown.session.painting.tool = tool
    mouse.drag((10, 10), (20, 30), held=SHIFT)
    outline = np.array(shown.session.tools.outline().handles)
    assert np.ptp(outline, axis=0) == pytest.approx([20, 20], abs=0.6)
    mouse.drag((30, 20), (50, 20))
    assert np.ptp(np.array(shown.session.tools.outline().handles), axis=0) == pytest.approx([40, 20], abs=1)
    shown.key(Qt.Key.Key_Return)
    painted = label_map(shown) == 6
    assert painted[20, 45] and painted[12, 12] == corner and not painted[40, 20]


def test_the_canvas_shows_the_shape_before_it_is_painted(shown: object, mouse: Mouse, steps: np.ndarray) -> None:
    before = shown.color_at(10, 30)
    shown.session.painting.tool = "rectangle"
    mouse.drag((10, 10), (50, 50))
    assert shown.color_at(10, 30) != before
    shown.key(Qt.Key.Key_Escape)
    assert shown.color_at(10, 30) == before and (label_map(shown) == 255).all()


def test_a_fill_by_values_stops_where_the_values_change(shown: object, mouse: Mouse, steps: np.ndarray) -> None:
    shown.trigger("tool-fill")
    shown.session.painting.fill_by = "values"
    mouse.drag((10, 10))
    settled(shown)
    assert ((label_map(shown) == 6) == (steps == 40)).all()
    shown.trigger("undo")
    assert (label_map(shown) == 255).all()


def test_the_wand_shows_what_it_would_take_and_letting_go_keeps_it(
    shown: object, mouse: Mouse, steps: np.ndarray
) -> None:
    shown.session.painting.tool = "wand"
    before = shown.color_at(10, 50)
    mouse.press((10, 30))
    settled(shown)
    assert shown.color_at(10, 50) != before and len(shown.session.document.history.steps) == 0
    mouse.move((30, 30))
    assert shown.session.painting.wand_tolerance > 2.5
    mouse.release((30, 30))
    settled(shown)
    assert len(shown.session.document.history.steps) == 1 and label_map(shown)[50, 10] == 6
    assert label_map(shown)[50, 50] == 255


def test_a_threshold_is_painted_by_enter(shown: object, mouse: Mouse, steps: np.ndarray) -> None:
    shown.session.painting.tool = "threshold"
    mouse.drag((40, 10), (60, 50))
    assert shown.session.painting.threshold == (180, 180) and (label_map(shown) == 255).all()
    shown.key(Qt.Key.Key_Return)
    settled(shown)
    assert ((label_map(shown) == 6) == (steps == 180)).all()
    assert shown.session.document.name == "a.png"


def test_the_selection_limits_what_is_painted(shown: object, mouse: Mouse) -> None:
    shown.session.painting.tool = "select"
    before = shown.canvas.grab().toImage()
    mouse.drag((20, 0), (40, 63))
    assert shown.canvas.grab().toImage() != before, "its border is drawn"
    shown.trigger("tool-brush")
    mouse.drag((5, 30), (60, 30))
    columns = (label_map(shown)[30] == 6).nonzero()[0]
    assert columns.min() == pytest.approx(20, abs=1) and columns.max() == pytest.approx(40, abs=1)


GESTURES: dict[str, Callable[[Mouse], None]] = {
    "brush": lambda mouse: (mouse.press((10, 10)), mouse.move((40, 40))),
    "eraser": lambda mouse: (mouse.press((10, 10)), mouse.move((40, 40))),
    "polygon": lambda mouse: [mouse.drag(point) for point in ((10, 10), (40, 10), (40, 40))],
    "lasso": lambda mouse: mouse.drag((10, 10), (40, 10), (40, 40), (10, 40)),
    "rectangle": lambda mouse: mouse.drag((10, 10), (40, 40)),
    "ellipse": lambda mouse: mouse.drag((10, 10), (40, 40)),
    "wand": lambda mouse: (mouse.press((10, 10)), mouse.move((20, 10))),
    "threshold": lambda mouse: mouse.drag((10, 10), (40, 40)),
    "fill": lambda mouse: mouse.press((10, 10)),
    "select": lambda mouse: (mouse.press((10, 10)), mouse.move((40, 40))),
}


DRAWN = ("polygon", "lasso", "rectangle", "ellipse")


@pytest.mark.parametrize("tool", DRAWN)
@pytest.mark.parametrize("goes", ["tool-brush", "save-label", "next-image"])
def test_a_shape_that_was_drawn_is_finished_before_something_else_is_done(
    shown: object, mouse: Mouse, tool: str, goes: str
) -> None:
    shown.desk.answers["rest_is_background"] = "keep"
    shown.session.painting.tool = tool
    GESTURES[tool](mouse)
    assert (label_map(shown) == 255).all()
    painted: list[int] = []
    shown.session.document.committed.connect(lambda commit: painted.append((label_map(shown) == 6).sum()))
    shown.trigger(goes)
    settled(shown)
    assert painted and 300 < painted[0] < 1000


def test_a_shape_stays_where_nothing_is_left_and_one_that_selects_is_dropped(shown: object, mouse: Mouse) -> None:
    shown.session.painting.tool = "polygon"
    GESTURES["polygon"](mouse)
    shown.trigger("previous-image")
    settled(shown)
    assert shown.session.tools.active and (label_map(shown) == 255).all()
    shown.session.painting.shape_does = "select"
    shown.trigger("next-image")
    shown.desk.wait(lambda: shown.session.document.name == "b.png")
    assert shown.session.tools.selection.region is None and not shown.session.tools.active


@pytest.mark.parametrize("tool", ["polygon", "rectangle"])
def test_a_shape_in_the_hand_and_a_line_of_two_corners_are_not_finished(shown: object, mouse: Mouse, tool: str) -> None:
    shown.session.painting.tool = tool
    if tool == "polygon":
        mouse.drag((10, 10)), mouse.drag((40, 10))
    else:
        mouse.press((10, 10)), mouse.move((40, 40))
    shown.session.painting.tool = "brush"
    mouse.release((20, 20))
    assert (label_map(shown) == 255).all()


@pytest.mark.parametrize("tool", GESTURES)
@pytest.mark.parametrize("end", ["Escape", "another tool", "another image"])
def test_what_is_cancelled_leaves_nothing_behind(shown: object, mouse: Mouse, tool: str, end: str) -> None:
    shown.session.painting.tool = tool
    GESTURES[tool](mouse)
    if end == "Escape":
        shown.key(Qt.Key.Key_Escape)
    elif end == "another tool" and tool not in ("fill", *DRAWN):  # what was asked for stays
        shown.session.painting.tool = "pan"
    else:
        shown.session.document.load(
            Image("a.png", np.zeros((64, 64), np.uint8)), np.full((64, 64), 255, np.uint8), np.zeros((64, 64), np.uint8)
        )
    mouse.release((20, 20))
    settled(shown)
    document = shown.session.document
    assert (document.label_map == 255).all() and not document.gesture_active and len(document.history.steps) == 0
    assert shown.session.tools.selection.region is None
    shown.session.painting.tool = "brush"
    mouse.drag((30, 30), (34, 30))
    assert document.label_map[30, 32] == 6, "the next stroke is free of it"


def test_a_stroke_after_the_workspace_was_removed_is_kept_with_the_one_before(shown: object, mouse: Mouse) -> None:
    root = shown.session.workspace.root
    shown.session.painting.tool = "brush"
    mouse.drag((10, 10), (20, 10))
    shown.desk.save()
    shutil.rmtree(root)
    mouse.drag((10, 40), (20, 40))
    shown.desk.save()
    assert shown.session.saved.kind == "clean" and shown.desk.questions == []
    work = read_label(root / "work" / "a.png.png", (64, 64), None)
    assert work[10, 15] == work[40, 15] == 6
    assert len(scan(root / "journal" / "a.png.journal").story.steps) == 2


def test_a_step_has_the_class_with_which_it_was_begun(
    shown: object, mouse: Mouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()

    def slow(*arguments: object) -> object:
        assert go_on.wait(20)
        return flood(*arguments)

    monkeypatch.setattr(lsgui.fill_tools, "flood", slow)
    painting, document = shown.session.painting, shown.session.document
    painting.tool = "fill"
    mouse.drag((20, 20))
    shown.key(Qt.Key.Key_1)
    assert painting.class_value == 1 and shown.session.tools.computing
    go_on.set()
    settled(shown)
    assert (label_map(shown) == 6).all() and document.history.cursor == 1
    painting.tool = "brush"
    mouse.press((40, 40))
    mouse.move((44, 40))
    shown.key(Qt.Key.Key_2)
    assert painting.class_value == 2
    mouse.release((44, 40))
    assert label_map(shown)[40, 42] == 1
    rows = shown.window.history.list.model()
    shown.window.commands.show_panel("history", True)
    name = {value: class_name(shown.session.classes.by_value(value)) for value in (1, 6)}
    shown.desk.wait(lambda: rows.rowCount() == 3)
    assert [rows.data(rows.index(row)) for row in (1, 2)] == [f"Fill, {name[6]}", f"Brush, {name[1]}"]
    shown.desk.wait(lambda: shown.session.saved.kind == "clean")
    texts = [step.text for step in scan(shown.session.workspace.root / "journal" / "a.png.journal").story.steps]
    assert [parted(text)[1] for text in texts] == [shown.session.classes.by_value(value).uid for value in (6, 1)]


def test_a_prediction_keeps_what_could_be_redone(shown: object, mouse: Mouse) -> None:
    document, session = shown.session.document, shown.session
    session.painting.tool = "brush"
    mouse.drag((10, 10), (20, 10))
    mouse.drag((10, 40), (20, 40))
    painted = label_map(shown).copy()
    for _ in range(2):
        shown.key(Qt.Key.Key_Z, CTRL)
    shown.key(Qt.Key.Key_R)
    shown.desk.wait(lambda: session.prediction is not None)
    assert [step.text for step in document.history.steps] == ["Brush", "Brush", "Taken back", "Predict"]
    assert (label_map(shown) == session.prediction.label_map).all()
    assert shown.desk.said("What could be redone is kept")
    shown.desk.wait(lambda: session.saved.kind == "clean")
    for name in ("b.png", "a.png"):
        session.open_image(name)
        shown.desk.wait(lambda name=name: document.name == name)
    shown.canvas.setFocus()
    shown.key(Qt.Key.Key_Z, CTRL)
    assert (label_map(shown) == 255).all()
    shown.key(Qt.Key.Key_Z, CTRL)
    assert (label_map(shown) == painted).all()


def test_an_undone_prediction_is_no_reason_to_lengthen_the_history(shown: object, mouse: Mouse) -> None:
    document = shown.session.document
    for _ in range(2):
        shown.key(Qt.Key.Key_R)
        shown.desk.wait(lambda: document.history.cursor == 1)
        shown.key(Qt.Key.Key_Z, CTRL)
        shown.desk.settle()
    assert [step.text for step in document.history.steps] == ["Predict"]
    assert not shown.desk.said("What could be redone is kept")
