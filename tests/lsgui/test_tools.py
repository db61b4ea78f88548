"""What the hand does with each tool, and what is on the label map afterwards."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt

from lsgui.document import Document
from lsgui.painting import PaintSettings
from lsgui.tools import ToolBox
from model.classes import default_table
from model.labels import UNTOUCHED

LEFT, RIGHT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton
PLAIN, CTRL = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier
SHIFT, ALT = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.AltModifier


@pytest.fixture
def painting() -> PaintSettings:
    painting = PaintSettings()
    painting.set_classes(default_table())
    painting.class_value, painting.brush_radius = 6, 3
    return painting


@pytest.fixture
def tools(document: Document, painting: PaintSettings) -> ToolBox:
    return ToolBox(document, painting)


def drag(tools: ToolBox, *path: tuple[float, float], button: Qt.MouseButton = LEFT, modifiers=PLAIN) -> None:
    tools.press(*path[0], button, modifiers)
    for point in path[1:]:
        tools.move(*point, modifiers)
    tools.release(*path[-1], button)


def test_a_drag_paints_one_undo_step(tools: ToolBox, document: Document) -> None:
    drag(tools, (10, 10), (60, 40))
    assert all(document.label_map[10 + round(i * 0.6), 10 + i] == 6 for i in range(50))
    assert len(document.history.steps) == 1 and document.history.steps[-1].text == "Brush"


@pytest.mark.parametrize(("button", "modifiers"), [(RIGHT, PLAIN), (LEFT, CTRL)])
def test_right_drag_and_ctrl_erase_with_the_brush_on(
    tools: ToolBox, document: Document, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier
) -> None:
    drag(tools, (10, 10), (30, 10))
    drag(tools, (20, 10), (21, 10), button=button, modifiers=modifiers)
    assert document.label_map[10, 20] == 0 and document.label_map[10, 12] == 6
    assert document.history.steps[-1].text == "Erase"


def test_the_eraser_writes_background(tools: ToolBox, document: Document, painting: PaintSettings) -> None:
    painting.tool = "eraser"
    drag(tools, (10, 10), (30, 10))
    assert document.label_map[10, 20] == 0 and document.label_map[40, 40] == UNTOUCHED
    assert tools.outline().erases


def test_shift_draws_straight_from_the_last_point(tools: ToolBox, document: Document) -> None:
    drag(tools, (10, 10), (12, 10))
    tools.move(60, 10, SHIFT)
    assert tools.outline().points == ((12, 10), (60, 10))
    drag(tools, (60, 10), modifiers=SHIFT)
    assert (document.label_map[10, 10:60] == 6).all()


def test_escape_takes_the_stroke_back_and_the_rest_of_the_drag_paints_nothing(
    tools: ToolBox, document: Document
) -> None:
    tools.press(10, 10, LEFT, PLAIN)
    tools.move(30, 10)
    assert tools.active and document.gesture_active
    assert tools.key(Qt.Key.Key_Escape)
    tools.move(50, 10)
    tools.release(50, 10, LEFT)
    assert document.counts() == {UNTOUCHED: 60 * 80} and len(document.history.steps) == 0


def test_the_other_button_does_not_end_a_stroke(tools: ToolBox, document: Document) -> None:
    tools.press(10, 10, LEFT, PLAIN)
    tools.press(10, 10, RIGHT, PLAIN)
    tools.release(10, 10, RIGHT)
    assert tools.active
    tools.release(20, 10, LEFT)
    assert document.label_map[10, 20] == 6


def test_a_middle_press_is_left_to_the_canvas(tools: ToolBox) -> None:
    assert not tools.press(10, 10, MIDDLE, PLAIN)


@pytest.mark.parametrize("tool", ["brush", "eraser", "superpixel"])
def test_a_stroke_still_in_the_hand_stays_with_the_image_that_is_left(
    tools: ToolBox, document: Document, painting: PaintSettings, tool: str
) -> None:
    """D pressed a moment before the button is let go cost the stroke."""
    painting.tool = tool
    tools.press(20, 20, LEFT, PLAIN)
    tools.move(40, 20, PLAIN)
    tools.settle()
    assert not tools.active and len(document.history.steps) == 1
    assert (document.label_map[20, [20, 40]] == (0 if tool == "eraser" else painting.class_value)).all()
    painted = document.label_map.copy()
    tools.move(60, 50, PLAIN)
    tools.release(60, 50, LEFT)
    assert np.array_equal(document.label_map, painted)


def test_changing_the_tool_takes_a_running_stroke_back(
    tools: ToolBox, document: Document, painting: PaintSettings
) -> None:
    tools.press(10, 10, LEFT, PLAIN)
    painting.tool = "polygon"
    assert not document.gesture_active and document.counts() == {UNTOUCHED: 60 * 80}


def test_painting_leaves_protected_classes(tools: ToolBox, document: Document, painting: PaintSettings) -> None:
    painting.class_value = 3
    drag(tools, (20, 10), (40, 10))
    painting.class_value = 6
    painting.protect_others = True
    drag(tools, (30, 0), (30, 40))
    assert document.label_map[10, 30] == 3 and document.label_map[30, 30] == 6
    drag(tools, (30, 0), (30, 40), button=RIGHT)
    assert document.label_map[10, 30] == 3 and document.label_map[30, 30] == 0
    painting.protect_others = False
    painting.toggle_locked(3)
    drag(tools, (30, 0), (30, 40))
    assert document.label_map[10, 30] == 3
    painting.toggle_locked(3)
    drag(tools, (30, 0), (30, 40))
    assert document.label_map[10, 30] == 6


def test_a_polygon_fills_on_enter(tools: ToolBox, document: Document, painting: PaintSettings) -> None:
    painting.tool = "polygon"
    for point in ((10, 10), (30, 10), (50, 50), (30, 30), (10, 30)):
        drag(tools, point)
    assert tools.outline().closed and len(tools.outline().points) == 5
    for _ in range(3):
        tools.key(Qt.Key.Key_Backspace)
    drag(tools, (30, 30))
    drag(tools, (10, 30))
    assert tools.key(Qt.Key.Key_Return)
    assert (document.label_map[10:30, 10:30] == 6).all() and document.counts()[6] == 400
    assert not tools.active and len(document.history.steps) == 1


def test_a_double_click_finishes_a_polygon_once(tools: ToolBox, document: Document, painting: PaintSettings) -> None:
    painting.tool = "polygon"
    for point in ((10, 10), (30, 10), (30, 30)):
        drag(tools, point)
    tools.double_click(30, 30)
    tools.release(30, 30, LEFT)
    assert document.counts()[6] > 150 and not tools.active


def test_escape_forgets_a_polygon_and_enter_without_one_is_free(tools: ToolBox, painting: PaintSettings) -> None:
    painting.tool = "polygon"
    drag(tools, (10, 10))
    assert tools.key(Qt.Key.Key_Escape) and not tools.active
    assert not tools.key(Qt.Key.Key_Return)


def test_a_fill_takes_the_region_under_the_click(tools: ToolBox, document: Document, painting: PaintSettings) -> None:
    drag(tools, (40, -5), (40, 65))
    painting.tool, painting.class_value = "fill", 2
    drag(tools, (10, 30))
    assert document.label_map[30, 10] == 2 and document.label_map[30, 40] == 6
    assert document.label_map[30, 70] == UNTOUCHED
    drag(tools, (200, 30))
    painting.toggle_locked(6)
    drag(tools, (40, 30))
    assert document.label_map[30, 40] == 6


def test_the_picker_and_alt_click_take_the_class_under_the_pointer(
    tools: ToolBox, document: Document, painting: PaintSettings
) -> None:
    drag(tools, (20, 10), (40, 10))
    painting.class_value = 2
    drag(tools, (30, 10), modifiers=ALT)
    assert painting.class_value == 6
    painting.tool, painting.class_value = "picker", 2
    drag(tools, (70, 50))
    assert painting.class_value == 2  # untouched is no class
    drag(tools, (30, 10))
    assert painting.class_value == 6 and len(document.history.steps) == 1


def test_tools_rest_while_no_image_is_open(tools: ToolBox, document: Document, painting: PaintSettings) -> None:
    document.close()
    for tool in ("brush", "eraser", "polygon", "fill", "picker", "pan"):
        painting.tool = tool
        assert not tools.press(10, 10, LEFT, PLAIN)
    assert not tools.active


def test_a_new_image_ends_what_a_tool_was_doing(tools: ToolBox, document: Document, painting: PaintSettings) -> None:
    painting.tool = "polygon"
    drag(tools, (10, 10))
    document.load(document.image, np.full((60, 80), 255, np.uint8), np.zeros((60, 80), np.uint8))
    assert not tools.active


def test_x_swaps_with_background_and_back(painting: PaintSettings) -> None:
    painting.swap_with_background()
    assert painting.class_value == 0
    painting.swap_with_background()
    assert painting.class_value == 6


def test_minus_and_equals_step_through_the_classes(painting: PaintSettings) -> None:
    painting.class_value = 13
    painting.step_class(1)
    assert painting.class_value == 0
    painting.step_class(-1)
    assert painting.class_value == 13


def test_brackets_reach_every_size_from_one_pixel(painting: PaintSettings) -> None:
    for _ in range(40):
        painting.step_radius(-1)
    assert painting.brush_radius == 0.5
    sizes = []
    for _ in range(30):
        painting.step_radius(1)
        sizes.append(painting.brush_radius)
    assert sizes == sorted(set(sizes)) and sizes[0] == 1.0


def test_a_class_that_leaves_the_table_leaves_the_brush(painting: PaintSettings) -> None:
    painting.toggle_locked(6)
    painting.set_classes(default_table().without("liver"))
    assert painting.class_value == 1 and painting.locked == frozenset()


def test_a_square_brush_paints_squares(tools: ToolBox, document: Document, painting: PaintSettings) -> None:
    painting.brush_shape = "square"
    drag(tools, (20, 20))
    assert (document.label_map[17:23, 17:23] == 6).all() and document.counts()[6] == 36
    assert tools.outline().square == (20, 20, 3) and tools.outline().circle is None


def test_a_pen_paints_as_thick_as_it_is_pressed(tools: ToolBox, document: Document, painting: PaintSettings) -> None:
    painting.brush_radius = 10
    tools.press(20, 30, LEFT, PLAIN, 0.0)
    tools.move(60, 30, PLAIN, 1.0)
    tools.release(60, 30, LEFT)
    thickness = (document.label_map == 6).sum(axis=0)
    assert thickness[20] <= 8 and thickness[60] == 20 and (np.diff(thickness[20:60].astype(int)) >= 0).all()
    painting.pressure = False
    tools.press(20, 30, LEFT, PLAIN, 0.0)
    tools.release(20, 30, LEFT)
    assert (document.label_map[:, 20] == 6).sum() == 20


def test_alt_and_a_right_drag_set_the_size_around_where_it_began(
    tools: ToolBox, document: Document, painting: PaintSettings
) -> None:
    assert tools.press(20, 20, RIGHT, ALT)
    tools.move(32, 25, ALT)
    assert painting.brush_radius == 15 and tools.outline().circle == (20, 20, 15)
    tools.move(-500, 20, ALT)
    assert painting.brush_radius == 0.5
    tools.release(-500, 20, RIGHT)
    tools.move(30, 30)
    assert tools.outline().circle == (30, 30, 0.5)
    tools.press(20, 20, RIGHT, ALT)
    tools.move(40, 20, ALT)
    assert tools.key(Qt.Key.Key_Escape) and painting.brush_radius == 0.5
    assert document.counts() == {UNTOUCHED: 60 * 80} and len(document.history.steps) == 0


def test_a_held_key_sets_the_size_too(tools: ToolBox, painting: PaintSettings) -> None:
    assert tools.start_sizing(20, 20)
    tools.move(25, 20)
    tools.stop_sizing()
    tools.move(60, 20)
    assert painting.brush_radius == 8
    painting.tool = "polygon"
    assert not tools.start_sizing(20, 20)


def test_the_brush_keeps_to_every_rule(tools: ToolBox, document: Document, painting: PaintSettings) -> None:
    painting.class_value = 3
    drag(tools, (20, 10), (40, 10))
    painting.class_value, painting.over = 6, -1
    drag(tools, (30, 0), (30, 40))
    assert document.label_map[10, 30] == 3 and document.label_map[30, 30] == 6
    painting.over = 3
    drag(tools, (35, 0), (35, 40))
    assert document.label_map[10, 35] == 6 and document.label_map[30, 35] == UNTOUCHED
    painting.over, painting.range = None, (100, 200)
    drag(tools, (60, 0), (60, 59))
    pixels = document.image.pixels[:, 60]
    assert ((document.label_map[:, 60] == 6) == ((pixels >= 100) & (pixels <= 200))).all()


def test_the_eraser_heeds_range_and_protection_but_not_only_empty(
    tools: ToolBox, document: Document, painting: PaintSettings
) -> None:
    drag(tools, (20, 30), (60, 30))
    painting.tool, painting.over = "eraser", -1
    drag(tools, (30, 30))
    assert document.label_map[30, 30] == 0
    painting.toggle_locked(6)
    drag(tools, (40, 30))
    assert document.label_map[30, 40] == 6
    painting.toggle_locked(6)
    painting.range = (300, 400)
    drag(tools, (40, 30))
    assert document.label_map[30, 40] == 6


def test_a_locked_class_is_not_painted_but_can_be_told_why(
    tools: ToolBox, document: Document, painting: PaintSettings
) -> None:
    said = []
    tools.said.connect(said.append)
    painting.toggle_locked(6)
    drag(tools, (20, 20), (40, 20))
    assert document.counts() == {UNTOUCHED: 60 * 80} and "unlock" in str(said[0])


def test_a_stroke_goes_on_as_it_began(tools: ToolBox, document: Document, painting: PaintSettings) -> None:
    tools.press(10, 20, LEFT, PLAIN)
    painting.class_value = 3
    tools.move(40, 20)
    tools.release(40, 20, LEFT)
    assert (document.label_map[20, 10:40] == 6).all()


def test_the_largest_brush_covers_what_it_says(tools: ToolBox, document: Document, painting: PaintSettings) -> None:
    painting.brush_radius = 5000
    assert painting.brush_radius == 2000
    drag(tools, (-1900, 30), (-1950, 30))
    assert document.label_map[30, 0] == 6 and (document.label_map[30] == 6).sum() == 80
    document.undo()
    drag(tools, (-1990, 30))
    assert (document.label_map[30] == 6).sum() == 10
