"""Shapes can be changed until they are finished, and then paint, erase or select exactly what they hold."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt

from lsgui.outline_editing import Corners, FreeLine, dragged, handles, pulled
from model.labels import UNTOUCHED

RIGHT = Qt.MouseButton.RightButton
SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
SQUARE = ((10, 10), (40, 10), (40, 40), (10, 40))


def polygon(hand: object, *points: tuple[float, float]) -> None:
    hand.painting.tool = "polygon"
    for point in points:
        hand.drag(point)


def painted(hand: object, value: int = 6) -> int:
    return int((hand.label == value).sum())


def test_a_corner_is_moved_before_the_polygon_is_finished(hand: object) -> None:
    polygon(hand, *SQUARE)
    hand.drag((40, 40), (45, 50), (50, 50))
    assert (50, 50) in hand.tools.outline().points and painted(hand) == 0
    hand.key("Return")
    assert hand.label[44, 44] == 6 and len(hand.document.history.steps) == 1


def test_a_press_on_an_edge_makes_a_corner_there(hand: object) -> None:
    polygon(hand, *SQUARE)
    hand.drag((25, 11), (25, 25))
    assert hand.tools.outline().handles == ((10, 10), (25, 25), (40, 10), (40, 40), (10, 40))
    hand.key("Return")
    assert hand.label[15, 25] == UNTOUCHED and hand.label[30, 25] == 6


def test_a_right_click_on_a_corner_removes_it_and_elsewhere_is_left_to_the_canvas(hand: object) -> None:
    polygon(hand, *SQUARE)
    assert hand.tools.press(40, 40, RIGHT, Qt.KeyboardModifier.NoModifier)
    hand.tools.release(40, 40, RIGHT)
    assert hand.tools.outline().handles == ((10, 10), (40, 10), (10, 40))
    assert not hand.tools.press(70, 50, RIGHT, Qt.KeyboardModifier.NoModifier)


def test_a_corner_that_is_removed_while_it_is_dragged_is_in_the_hand_no_more(hand: object) -> None:
    polygon(hand, *SQUARE)
    hand.tools.press(10, 40, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    hand.tools.move(12, 45)
    hand.key("Backspace")
    hand.tools.move(20, 50)
    outline = hand.tools.outline()
    assert outline.held is None and outline.handles == SQUARE[:3]
    hand.tools.release(20, 50, Qt.MouseButton.LeftButton)
    assert hand.tools.undo() and hand.tools.outline().handles == (*SQUARE[:3], (12, 45))


def test_a_triangle_without_one_of_its_corners_is_a_line_that_can_go_on(hand: object) -> None:
    polygon(hand, *SQUARE[:3], SQUARE[0])
    hand.drag(SQUARE[2], button=RIGHT)
    hand.drag((60, 50))
    assert hand.tools.outline().handles == (*SQUARE[:2], (60, 50))


def test_each_change_of_corners_can_be_taken_back(hand: object) -> None:
    polygon(hand, *SQUARE)
    hand.drag((40, 40), (50, 50), (60, 55))
    hand.key("Backspace")
    assert hand.tools.outline().handles == ((10, 10), (40, 10), (60, 55))
    seen = []
    while hand.tools.undo():
        outline = hand.tools.outline()
        seen.append(outline.handles if outline else ())
    assert seen[:2] == [(*SQUARE[:2], (60, 55), SQUARE[3]), SQUARE], "a drag is one change"
    assert seen[-1] == () and not hand.tools.active and not hand.tools.undo()


def test_a_click_on_the_first_corner_closes_and_a_press_elsewhere_begins_the_next(hand: object) -> None:
    polygon(hand, *SQUARE, (10, 10))
    assert hand.tools.outline().fill and painted(hand) == 0
    hand.drag((20, 20), (25, 20))  # inside: moves all of it
    assert hand.tools.outline().handles[0] == (15, 10)
    hand.drag((70, 50))
    assert painted(hand) == 900 and hand.label[20, 16] == 6 and hand.label[20, 12] == UNTOUCHED
    assert hand.tools.outline().handles == ((70, 50),)


def test_a_lasso_is_drawn_then_changed_then_finished(hand: object) -> None:
    hand.painting.tool = "lasso"
    line = [(10 + i, 10) for i in range(31)] + [(40, 10 + i) for i in range(31)] + [(40 - i, 40) for i in range(31)]
    hand.drag(*line, *((10, 40 - i) for i in range(28)))
    assert len(hand.tools.outline().handles) <= 6 and painted(hand) == 0
    hand.drag((40, 40), (60, 50))
    hand.key("Return")
    assert hand.label[44, 50] == 6 and painted(hand) > 900
    hand.drag((60, 5), (70, 5), (70, 15), (60, 15))
    hand.drag((70, 50), (75, 50), (75, 55))
    assert hand.label[10, 65] == 6, "a press elsewhere has finished it"
    assert hand.document.history.steps[-1].text == "Lasso"
    assert hand.key("Escape") and not hand.tools.active


def test_a_click_with_the_lasso_is_no_shape(hand: object) -> None:
    hand.painting.tool = "lasso"
    hand.drag((10, 10))
    assert not hand.tools.active and not hand.key("Return")


@pytest.mark.parametrize(("tool", "expected"), [("rectangle", 20 * 30), ("ellipse", 476)])
def test_a_drag_spans_a_shape_that_enter_paints(hand: object, tool: str, expected: int) -> None:
    hand.painting.tool = tool
    hand.drag((10, 10), (20, 30), (30, 40))
    assert len(hand.tools.outline().handles) == 8 and painted(hand) == 0
    assert hand.key("Return")
    assert painted(hand) == expected and not hand.tools.active
    hand.tools.tools[tool].undo()
    assert len(hand.document.history.steps) == 1


def test_shift_keeps_a_box_square_and_ctrl_its_middle(hand: object) -> None:
    hand.painting.tool = "rectangle"
    hand.drag((10, 10), (20, 30), modifiers=SHIFT)
    hand.key("Return")
    assert painted(hand) == 400
    hand.drag((60, 30), (65, 40), modifiers=CTRL)
    hand.key("Return")
    assert painted(hand) == 400 + 200 and hand.label[21, 56] == 6


def test_a_box_is_moved_from_inside_and_pulled_by_its_handles(hand: object) -> None:
    hand.painting.tool = "rectangle"
    hand.drag((10, 10), (30, 30))
    hand.drag((20, 20), (25, 22))
    hand.drag((35, 22), (45, 50))  # the middle of the right side: only to the right
    assert hand.tools.outline().points == ((15, 12), (45, 12), (45, 32), (15, 32))
    assert hand.tools.undo() and hand.tools.outline().points[0] == (15, 12)
    assert hand.tools.undo() and hand.tools.outline().points[0] == (10, 10)
    hand.drag((60, 50), (70, 55))
    assert painted(hand) == 400, "a press elsewhere finishes it"
    hand.key("Escape")
    assert painted(hand) == 400 and not hand.tools.active


@pytest.mark.parametrize("tool", ["lasso", "rectangle", "ellipse", "select"])
def test_an_undo_while_a_shape_is_drawn_takes_back_the_shape_and_no_stroke(hand: object, tool: str) -> None:
    hand.drag((60, 50))
    hand.painting.tool = tool
    hand.tools.press(10, 10, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    hand.tools.move(30, 30)
    assert hand.tools.undo() and not hand.tools.active
    hand.tools.move(40, 40)
    hand.tools.release(40, 40, Qt.MouseButton.LeftButton)
    assert not hand.tools.active and not hand.tools.undo() and painted(hand) > 0


def test_a_shape_can_erase_so_that_holes_are_exact(hand: object) -> None:
    hand.painting.tool = "ellipse"
    hand.drag((10, 10), (50, 50))
    hand.key("Return")
    ring = hand.label == 6
    hand.painting.shape_does = "erase"
    hand.drag((20, 20), (40, 40))
    assert hand.tools.outline().erases
    hand.key("Return")
    rows, columns = np.indices(hand.label.shape) + 0.5
    inner = (columns - 30) ** 2 + (rows - 30) ** 2 <= 100
    assert ((hand.label == 6) == (ring & ~inner)).all() and (hand.label[inner] == 0).all()


def test_a_shape_can_select_and_the_selection_limits_every_tool(hand: object) -> None:
    polygon(hand, *SQUARE)
    hand.painting.shape_does = "select"
    hand.key("Return")
    assert painted(hand) == 0 and hand.tools.selection.region.area == 900 and len(hand.tools.selection.rings) == 1
    hand.painting.tool = "brush"
    hand.drag((0, 20), (79, 20))
    assert (hand.label[20] == 6).nonzero()[0].tolist() == list(range(10, 40))
    hand.painting.tool = "fill"
    hand.drag((20, 30))
    assert painted(hand) == 900
    hand.painting.tool = "eraser"
    hand.drag((0, 30), (79, 30))
    assert (hand.label[30] == 0).nonzero()[0].tolist() == list(range(10, 40))


def test_the_selection_tool_takes_a_rectangle_or_with_shift_a_lasso_and_a_click_ends_it(hand: object) -> None:
    hand.painting.tool = "select"
    hand.drag((10, 10), (30, 20))
    assert hand.tools.selection.region.area == 200 and len(hand.document.history.steps) == 0
    hand.drag((10, 10), (30, 10), (10, 30), modifiers=SHIFT)
    assert hand.tools.selection.region.area == pytest.approx(200, abs=20)
    hand.drag((5, 5))
    assert hand.tools.selection.region is None
    hand.drag((10, 10), (30, 20))
    assert hand.key("Escape") and hand.tools.selection.region is None and not hand.key("Escape")


def test_a_shape_of_a_locked_class_waits_for_it_to_be_unlocked(hand: object) -> None:
    hand.painting.toggle_locked(6)
    hand.painting.tool = "rectangle"
    hand.drag((10, 10), (30, 30))
    assert hand.key("Return") and hand.tools.active and hand.said and painted(hand) == 0
    hand.painting.toggle_locked(6)
    hand.key("Return")
    assert painted(hand) == 400


def test_corners_are_as_near_as_the_screen_shows_them(hand: object) -> None:
    polygon(hand, (10, 10), (40, 10), (40, 40))
    hand.tools.scale = 10.0
    hand.drag((41.5, 41.5))
    assert len(hand.tools.outline().handles) == 4
    hand.tools.scale = 1.0
    hand.drag((12, 12), (20, 20))
    assert hand.tools.outline().handles[0] == (18, 18)


def test_a_point_is_inside_by_the_even_odd_rule() -> None:
    corners = Corners()
    corners.replace([(0, 0), (10, 10), (10, 0), (0, 10)], closed=True)
    assert corners.holds((1, 5)) and corners.holds((9, 5)) and not corners.holds((5, 1)) and not corners.holds((20, 5))


def test_a_long_line_stays_short_and_where_it_was_drawn() -> None:
    line, drawn = FreeLine(), [(20 * np.cos(a) * a, 20 * np.sin(a) * a) for a in np.linspace(0, 30, 5000)]
    for point in drawn:
        line.add(point, 0.4)
    assert len(line.points) < 900 and line.points[0] == drawn[0] and line.points[-1] == drawn[-1]
    start, end = np.asarray(line.points[:-1]), np.asarray(line.points[1:])
    for x, y in drawn[::37]:
        along, to = end - start, np.array([x, y]) - start
        share = np.clip((along * to).sum(axis=1) / np.maximum((along**2).sum(axis=1), 1e-12), 0, 1)
        assert np.hypot(*(to - share[:, None] * along).T).min() < 0.41


def test_handles_go_around_and_pull_their_own_sides() -> None:
    box = (10.0, 20.0, 30.0, 60.0)
    assert handles(box)[0] == (10, 20) and handles(box)[3] == (30, 40) and len(set(handles(box))) == 8
    assert pulled(box, 0, (0, 0), False, False) == (0, 0, 30, 60)
    assert pulled(box, 3, (50, 0), False, False) == (10, 20, 50, 60)
    assert pulled(box, 1, (99, 70), False, False) == (10, 60, 30, 70), "pulled across, it turns over"
    assert pulled(box, 4, (40, 70), False, True) == (0, 10, 40, 70)
    assert pulled(box, 4, (15, 30), True, False) == (10, 20, 20, 30)
    assert dragged((5, 5), (2, 9), True, False) == (1, 5, 5, 9)


@pytest.mark.parametrize("tool", ["polygon", "lasso", "rectangle", "ellipse"])
def test_a_shape_is_not_lost_while_one_of_its_corners_is_dragged(hand: object, tool: str) -> None:
    if tool == "polygon":
        polygon(hand, *SQUARE)
    else:
        hand.painting.tool = tool
        hand.drag((10, 10), (40, 10), (40, 40), *((10, 40),) * (tool == "lasso"))
    hand.tools.press(40, 40, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    hand.tools.move(44, 44)
    hand.painting.tool = "brush"
    assert painted(hand) > 700 and hand.label[30, 40] == 6
    hand.tools.move(60, 50)
    hand.tools.release(60, 50, Qt.MouseButton.LeftButton)
    assert len(hand.document.history.steps) == 1


def test_another_image_ends_every_shape(hand: object) -> None:
    for tool in ("polygon", "lasso", "rectangle", "ellipse", "select"):
        hand.painting.tool = tool
        hand.tools.press(10, 10, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
        hand.tools.move(30, 30)
        hand.document.load(hand.document.image, *(np.zeros((60, 80), np.uint8) for _ in range(2)))
        assert not hand.tools.active, tool
        hand.tools.release(30, 30, Qt.MouseButton.LeftButton)
        assert not hand.tools.active, tool
