"""Strip, options, history and provenance, as a hand uses them."""

from __future__ import annotations

import ast
import dataclasses
import gc
import weakref
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QToolButton, QWidget

from lsgui.history import DISK_BYTES
from lsgui.mask import Ink, filled
from lsgui.notices import Answer, Question
from lsgui.rules import EMPTY
from lsgui.translation import EDITS
from lsgui.views.history_panel import HistoryPopup
from lsgui.views.options.fields import NumberField
from lsgui.views.provenance_line import ProvenanceLine, percent
from lsgui.views.question_dialog import QuestionDialog
from lsgui.views.tool_strip import ONE_COLUMN, TOOLS
from model.messages import Message
from model.provenance import MODEL

LEFT = Qt.MouseButton.LeftButton


def texts(widget: QWidget) -> list[str]:
    kinds = (QLabel, QPushButton)
    return [part.text() for kind in kinds for part in widget.findChildren(kind) if part.isVisibleTo(widget)]


def chip(shown: object, text: str) -> QPushButton:
    found = [
        made
        for made in shown.window.options.findChildren(QPushButton)
        if made.text().startswith(text) and made.isVisibleTo(shown.window.options)
    ]
    assert len(found) == 1, text
    return found[0]


def fields(shown: object) -> dict[str, NumberField]:
    options = shown.window.options
    return {field.accessibleName(): field for field in options.findChildren(NumberField) if field.isVisibleTo(options)}


def test_every_tool_has_a_button_that_takes_it_into_the_hand(shown: object) -> None:
    buttons = {made.accessibleName(): made for made in shown.window.strip.findChildren(QToolButton)}
    for tool in TOOLS:
        made = buttons[shown.window.actions_.by_id[f"tool-{tool}"].text()]
        QTest.mouseClick(made, LEFT)
        assert shown.session.painting.tool == tool and made.isChecked()
        assert made.geometry().bottom() < shown.window.strip.height()


def test_no_tool_keeps_an_image_that_was_left_in_memory(shown: object) -> None:
    """Of a large one, whoever does keeps a hundred megabytes."""
    left = weakref.ref(shown.session.document.image)
    for tool in (*TOOLS, "brush"):
        shown.trigger(f"tool-{tool}")
        QTest.mouseMove(shown.canvas, shown.at(30, 30))
        QApplication.processEvents()
    shown.key(Qt.Key.Key_D)
    shown.desk.wait(lambda: shown.session.document.name == "b.png")
    shown.desk.settle()
    shown.desk.wait(lambda: gc.collect() >= 0 and left() is None)  # a lane lets go of its last work a moment later


def test_a_low_window_has_two_columns_of_tools(shown: object) -> None:
    strip = shown.window.strip
    buttons = strip.findChildren(QToolButton)
    columns = lambda: len({made.x() for made in buttons})
    shown.window.resize(1280, 720)
    shown.desk.wait(lambda: strip.height() < ONE_COLUMN and columns() == 2)
    assert max(made.geometry().bottom() for made in buttons) <= strip.height()
    shown.window.resize(1280, 1040)
    shown.desk.wait(lambda: columns() == 1)


def test_a_size_can_be_typed_and_letters_still_choose_tools(shown: object) -> None:
    field = fields(shown)["Size"]
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, "64")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert shown.session.painting.brush_radius == 32 and not field.hasFocus()
    field.setFocus()
    QTest.keyClick(field, Qt.Key.Key_E)
    assert shown.session.painting.tool == "eraser" and field.value() == 64


def test_the_number_in_a_field_can_be_read(shown: object) -> None:
    field = fields(shown)["Size"]
    line = field.lineEdit()
    assert line.width() >= line.fontMetrics().horizontalAdvance(line.text()) + 4


def test_options_are_those_of_the_tool(shown: object) -> None:
    assert list(fields(shown)) == ["Size"]
    shown.trigger("tool-fill")
    assert list(fields(shown)) == []
    chip(shown, "like values").click()
    assert list(fields(shown)) == ["Tolerance"] and shown.session.painting.fill_by == "values"
    shown.trigger("tool-guided")
    assert set(fields(shown)) == {"Size", "Snap"}
    shown.trigger("tool-polygon")
    chip(shown, "erases").click()
    assert shown.session.painting.shape_does == "erase"
    shown.trigger("tool-pan")
    assert not any("Paints over" in text for text in texts(shown.window.options))


def test_the_rules_are_set_by_chips_and_said_below(shown: object) -> None:
    painting = shown.session.painting
    chip(shown, "empty").click()
    chip(shown, "a range").click()
    assert painting.over == EMPTY and painting.range == (0, 255)
    low = fields(shown)["Values, from"]
    low.setValue(40)
    assert painting.range == (40, 255)
    assert "only over empty pixels, 40 to 255" in shown.window.status.stroke.text()
    chip(shown, "any").click()
    chip(shown, "all").click()
    assert painting.over is None and painting.range is None


def test_an_ampersand_in_a_name_is_no_mark_of_a_key(shown: object) -> None:
    """Qt shows it where it stands twice, and else underlines what follows."""
    table = shown.session.classes
    shown.session.set_classes(table.with_class(table.new_class("R&D")))
    shown.session.painting.over = 14
    made = chip(shown, "R&&D")
    assert "R&&D" in [action.text() for action in made.menu().actions()]
    answers = (Answer("any", Message("The chosen class, {name}", {"name": "R&D"})),)
    question = Question("any", Message("R&D"), None, answers, default="any", cancel="any")
    answer = QuestionDialog(question, shown.appearance, shown.window).buttons["any"]
    assert answer.text() == "The chosen class, R&&D" and answer.accessibleName() == "The chosen class, R&D"


def test_the_selection_s_chip_ends_it(shown: object) -> None:
    selection = shown.session.tools.selection
    selection.select(filled((2, 2, 5, 5)))
    assert "in the selection" in shown.window.status.stroke.text()
    chip(shown, "in the selection").click()
    assert selection.region is None and "selection" not in shown.window.status.stroke.text()


def test_what_a_tool_says_is_shown_until_something_is_chosen(shown: object) -> None:
    shown.session.painting.toggle_locked(shown.session.painting.class_value)
    QTest.mouseClick(shown.canvas, LEFT, Qt.KeyboardModifier.NoModifier, shown.at(20, 20))
    assert "locked; unlock it" in shown.window.status.stroke.text()
    shown.trigger("tool-pan")
    assert "locked" not in shown.window.status.stroke.text()


def test_ctrl_turns_the_sentence_to_erasing(shown: object) -> None:
    QTest.mouseMove(shown.canvas, shown.at(20, 20))
    assert shown.window.status.stroke.text().startswith("Paints")
    shown.canvas.setFocus()
    QTest.keyPress(shown.canvas, Qt.Key.Key_Control)
    assert shown.window.status.stroke.text() == "Erases to background"
    QTest.keyRelease(shown.canvas, Qt.Key.Key_Control)
    assert shown.window.status.stroke.text().startswith("Paints")


def test_a_click_in_the_history_jumps(shown: object) -> None:
    document, history = shown.session.document, shown.window.history
    shown.window.commands.show_panel("history", True)
    before = document.label_map.copy()
    for x in (10, 30, 50):
        shown.desk.paint(x, 20, 6, radius=5)
    rows = history.list.model()
    shown.desk.wait(lambda: rows.rowCount() == 4)
    assert rows.data(rows.index(0)) == "at the beginning"
    place = history.list.visualRect(rows.index(1)).center()
    QTest.mouseClick(history.list.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, place)
    assert document.history.cursor == 1 and document.label_map[20, 10] == 6 and document.label_map[20, 30] != 6
    history.list.setFocus()
    QTest.keyClick(history.list, Qt.Key.Key_End)
    assert document.history.cursor == 3
    QTest.keyClick(history.list, Qt.Key.Key_Home)
    assert np.array_equal(document.label_map, before)
    shown.desk.paint(40, 40, 6)
    shown.desk.wait(lambda: rows.rowCount() == 2)  # an edit after a jump cuts off what was undone


def test_the_history_names_the_class_of_a_stroke(shown: object) -> None:
    shown.session.painting.class_value = 6
    shown.drag((10, 10), (20, 10))
    rows = shown.window.history.list.model()
    shown.window.commands.show_panel("history", True)
    shown.session.painting.class_value = 1
    shown.session.document.clear()
    assert rows.data(rows.index(1)) == "Brush, Liver"
    for name in ("b.png", "a.png"):
        shown.session.open_image(name)
        shown.desk.wait(lambda name=name: shown.session.document.name == name)
    steps = shown.session.document.history.steps
    assert steps[0].uid == shown.session.classes.by_value(6).uid, "the journal knows it, too"
    shown.desk.wait(lambda: rows.rowCount() == 3 and rows.data(rows.index(1)) == "Brush, Liver")
    assert rows.data(rows.index(2)) == "Clear"


def test_the_undo_text_opens_the_history_above_it(shown: object) -> None:
    shown.desk.paint(10, 10, 6)
    undo = shown.window.status.undo
    shown.desk.wait(lambda: undo.text().startswith("undo steps: 1") and undo.width() >= undo.sizeHint().width())
    QTest.mouseClick(undo, LEFT)
    popup = QApplication.activePopupWidget()
    assert isinstance(popup, HistoryPopup) and popup.list.model().rowCount() == 2
    QTest.keyClick(popup.list, Qt.Key.Key_Up)
    assert shown.session.document.history.cursor == 0
    QTest.keyClick(popup, Qt.Key.Key_Escape)
    assert QApplication.activePopupWidget() is None


def test_dropped_steps_are_told_of(shown: object) -> None:
    history = shown.session.document.history
    history.most_steps = 2
    for x in (10, 20, 30, 40):
        shown.desk.paint(x, 20, 6, radius=3)
    rows = shown.window.history.list.model()
    shown.window.commands.show_panel("history", True)
    assert rows.rowCount() == 3 and rows.data(rows.index(0)) == "older steps were dropped" and rows.clock(0) == "2"
    assert history.disk_bytes == DISK_BYTES


def test_the_panel_says_who_set_the_pixels_and_shows_it(shown: object) -> None:
    document, line = shown.session.document, shown.window.classes.findChild(ProvenanceLine)
    assert not line.isVisibleTo(shown.window)
    document.paint("Predict", filled((0, 0, 64, 32)), Ink(6, MODEL))
    document.paint("Brush", filled((0, 32, 64, 16)), Ink(6))
    shown.desk.wait(lambda: "model 50 %" in line.accessibleName())
    assert line.accessibleName() == "you 25 %, accepted 0 %, model 50 %"
    QTest.mouseClick(line, LEFT)
    assert shown.display.shows == "provenance" and line.isChecked()
    shown.trigger("accept-region")
    shown.desk.wait(lambda: "accepted 50 %" in line.accessibleName())
    shown.trigger("undo")
    shown.desk.wait(lambda: "accepted 0 %" in line.accessibleName())
    shown.trigger("show-provenance")
    assert shown.display.shows == "classes" and not line.isChecked()


@pytest.mark.parametrize(
    ("share", "text"), [(0.0, "0 %"), (0.001, "<1 %"), (0.5, "50 %"), (0.9999, "99 %"), (1.0, "100 %")]
)
def test_shares_never_say_all_or_nothing_of_a_part(share: float, text: str) -> None:
    assert percent(share) == text


def test_tidying_shows_its_options_until_it_is_kept(shown: object) -> None:
    shown.desk.paint(20, 20, 6, radius=8)
    shown.session.painting.class_value = 6
    shown.trigger("grow")
    shown.desk.wait(lambda: shown.session.tools.active)
    assert "Grow" in texts(shown.window.options) and "Within" in fields(shown)
    shown.desk.wait(lambda: not shown.session.tools.computing)
    chip(shown, "Keep").click()
    shown.desk.wait(lambda: shown.session.document.history.steps[-1].text == "Grow")
    assert "Brush" in texts(shown.window.options)


def test_every_edit_has_a_name_that_is_translated() -> None:
    """Tools name their steps by a literal `text`, or hand it to the document."""
    named = set()
    for path in (Path(__file__).resolve().parents[3] / "lsgui").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                named |= {text for item in node.body for text in _texts(item)}
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("push_patch", "hold", "begin"):
                named |= {arg.value for arg in node.args[:1] if isinstance(arg, ast.Constant) and arg.value}
    assert {"Brush", "Lasso"} <= named <= set(EDITS), named - set(EDITS)


def _texts(item: ast.stmt) -> list[str]:
    named = isinstance(item, ast.Assign) and getattr(item.targets[0], "id", "") in ("text", "erase_text")
    return [item.value.value] if named and isinstance(item.value, ast.Constant) and item.value.value else []


def test_no_panel_of_a_tool_makes_the_window_wider(shown: object, make_window: Callable) -> None:
    shown.window.resize(1280, 720)
    for tool in TOOLS:
        shown.trigger(f"tool-{tool}")
        QApplication.processEvents()
        assert shown.window.right.minimumSizeHint().width() <= 316, tool
        assert shown.window.width() == 1280


def test_a_class_with_a_long_name_that_is_painted_over_makes_the_panel_no_wider(shown: object) -> None:
    session, name = shown.session, "A lesion of the right posterior segment of the liver " * 3
    session.set_classes(session.classes.replaced(dataclasses.replace(session.classes.by_value(6), name=name.strip())))
    session.painting.over = 6
    QApplication.processEvents()
    assert shown.window.right.minimumSizeHint().width() <= 316
    over = shown.window.options._rules._one
    assert over.text().startswith("A lesion") and over.toolTip() == name.strip()


def test_a_history_that_has_taken_the_classes_place_can_be_closed_there(shown: object) -> None:
    shown.window.resize(1280, 720)
    shown.trigger("panel-history")
    history, classes = shown.window.history, shown.window.classes
    shown.desk.wait(lambda: history.isVisible() and classes.isVisible())  # there is room for both
    shown.window.resize(1280, 660)
    shown.desk.wait(lambda: history.isVisible() and not classes.isVisible())
    QTest.mouseClick(history.hidden, Qt.MouseButton.LeftButton)
    shown.desk.wait(lambda: classes.isVisible() and not history.isVisible())
    assert not shown.window.actions_.by_id["panel-history"].isChecked()
