"""The tools that follow the model or the image, with a real mouse and real keys."""

from __future__ import annotations

import dataclasses
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from lsgui.mask import Ink, filled
from lsgui.painting import Cleaning
from model.images import Image
from model.labels import UNTOUCHED, read_label
from model.layout import Layout
from model.prediction import Prediction
from model.provenance import ACCEPTED, HUMAN, MODEL
from model.segmenter import Segmenter

NONE, LEFT, RIGHT = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton


def predicted(left: int = 6, right: int = 0, edge: int = 32) -> Prediction:
    """The model is sure: one class left of a column of 64, the other right of it."""
    label_map = np.full((64, 64), right, np.uint8)
    label_map[:, :edge] = left
    scores = np.zeros((2, 16, 16), np.uint8)
    scores[0, :, : edge // 4], scores[1, :, edge // 4 :] = 255, 255
    return Prediction(label_map, np.full((64, 64), 255, np.uint8), scores, (left, right), "demo")


@pytest.fixture
def guided(shown: object) -> object:
    """The model-guided brush in the hand, and a prediction whose edge is at column 32."""
    shown.session._parts.predicting.prediction = predicted()
    shown.session.painting.class_value, shown.session.painting.brush_radius = 6, 8
    shown.session.painting.tool = "guided"
    return shown


def test_a_sweep_near_the_edge_draws_it_where_the_model_puts_it(guided: object) -> None:
    document = guided.session.document
    guided.drag((30, 10), (33, 30), (29, 50))
    for row in (12, 30, 48):
        assert (document.label_map[row, 28:32] == 6).all() and (document.label_map[row, 32:36] == UNTOUCHED).all()
    assert (document.provenance[document.label_map == 6] == HUMAN).all()
    assert len(document.history.steps) == 1 and document.history.steps[-1].text == "Guided brush"
    guided.trigger("undo")
    assert (document.label_map == UNTOUCHED).all()


def test_what_lies_beyond_the_model_s_edge_is_taken_away_if_wanted(guided: object) -> None:
    document, painting = guided.session.document, guided.session.painting
    guided.desk.paint(33, 20, 6, 6)
    assert document.label_map[20, 36] == 6
    painting.both_ways = False
    guided.drag((33, 20), (34, 20))
    assert document.label_map[20, 36] == 6
    painting.both_ways = True
    guided.drag((33, 20), (34, 20))
    assert document.label_map[20, 36] == 0 and document.label_map[20, 30] == 6


def test_the_right_button_only_takes_away(guided: object) -> None:
    document = guided.session.document
    guided.desk.paint(40, 20, 6, 4)
    guided.drag((33, 20), (38, 20), button=RIGHT)
    assert document.label_map[20, 40] == 0 and document.label_map[20, 28] == UNTOUCHED


def test_without_snap_it_paints_like_a_brush(guided: object) -> None:
    guided.session.painting.snap = 0
    guided.drag((33, 20), (38, 20))
    assert (guided.session.document.label_map[20, 26:44] == 6).all()


def test_escape_takes_it_back_and_the_edge_is_shown_before_the_press(guided: object) -> None:
    guided.canvas.setFocus()
    hover(guided, 30, 20)
    (ring,) = guided.session.tools.outline().rings
    assert max(x for x, _ in ring) == 31.5
    QTest.mousePress(guided.canvas, LEFT, NONE, guided.at(30, 20))
    assert guided.session.tools.outline().rings == ()
    guided.key(Qt.Key.Key_Escape)
    QTest.mouseRelease(guided.canvas, LEFT, NONE, guided.at(30, 20))
    assert (guided.session.document.label_map == UNTOUCHED).all()


def test_a_locked_class_is_neither_given_nor_taken(guided: object) -> None:
    guided.desk.paint(40, 20, 0, 4)
    guided.session.painting.toggle_locked(0)
    guided.desk.paint(36, 20, 6, 2)
    guided.drag((33, 20), (38, 20))
    assert guided.session.document.label_map[20, 36] == 6, "background is locked, so nothing may become it"


def test_without_a_prediction_the_press_asks_for_one(shown: object) -> None:
    shown.session.painting.tool = "guided"
    said = []
    shown.session.tools.said.connect(lambda message: said.append(str(message)))
    shown.drag((20, 20), (30, 20))
    assert said and len(shown.session.document.history.steps) == 0
    assert shown.window.status.stroke.text() == said[-1]
    shown.desk.wait(lambda: shown.session.prediction is not None)
    assert shown.window.status.stroke.text() != said[-1], "it is predicted now"


def test_the_accept_brush_confirms_what_the_model_set(shown: object) -> None:
    document, painting = shown.session.document, shown.session.painting
    document.apply_prediction(predicted().label_map)
    shown.desk.paint(20, 20, 3, 2)
    painting.tool, painting.brush_radius = "accept", 6
    painting.toggle_locked(6)
    before = document.label_map.copy()
    shown.drag((16, 20), (40, 20))
    assert (document.label_map == before).all()
    assert document.provenance[20, 12] == document.provenance[20, 40] == ACCEPTED
    assert document.provenance[20, 20] == HUMAN and document.provenance[40, 20] == MODEL
    shown.drag((40, 20), (41, 20), button=RIGHT)
    assert document.provenance[20, 40] == MODEL and document.provenance[20, 12] == ACCEPTED
    shown.trigger("undo")
    shown.trigger("undo")
    assert document.provenance[20, 12] == MODEL


@pytest.fixture
def square(shown: object) -> object:
    """Class 6 as a square with a hole and a spike, an island beside it, all on background."""
    document = shown.session.document
    map_ = np.zeros((64, 64), np.uint8)
    map_[10:30, 10:30] = 6
    map_[18:20, 18:20], map_[20, 30:36], map_[50:52, 50:52] = 0, 6, 6
    document.apply_prediction(map_)
    shown.session.painting.class_value = 6
    shown.canvas.setFocus()
    return shown


def shows(shown: object, *, at: tuple[int, int], value: int) -> None:
    """The preview has arrived."""
    shown.desk.wait(lambda: shown.session.document.label_map[at] == value)


def ready(shown: object) -> None:
    shown.desk.wait(lambda: not shown.session.jobs.busy("tools"))


def test_a_filled_hole_is_shown_and_stays_with_enter(square: object) -> None:
    document = square.session.document
    square.session.clean("fill-holes")
    shows(square, at=(18, 18), value=6)
    assert len(document.history.steps) == 1, "the preview is no step yet"
    square.key(Qt.Key.Key_Return)
    assert document.history.steps[-1].text == "Fill holes" and len(document.history.steps) == 2
    assert document.provenance[18, 18] == HUMAN and document.provenance[12, 12] == MODEL
    assert square.session.document.name == "a.png", "Enter belonged to the preview"
    square.trigger("undo")
    assert document.label_map[18, 18] == 0


def test_new_settings_show_at_once_what_they_do_and_escape_takes_all_back(square: object) -> None:
    document, painting = square.session.document, square.session.painting
    before = document.label_map.copy()
    square.session.clean("shrink")
    shows(square, at=(12, 12), value=0)
    painting.clean = dataclasses.replace(painting.clean, radius=1.0)
    shows(square, at=(12, 12), value=6)
    assert document.label_map[10, 10] == 0
    square.key(Qt.Key.Key_Escape)
    assert (document.label_map == before).all() and len(document.history.steps) == 1
    square.drag((40, 40), (41, 40))
    assert document.history.steps[-1].text == "Brush", "the tool is in the hand again"


def test_the_same_verb_twice_keeps_the_first(square: object) -> None:
    document = square.session.document
    square.session.painting.clean = Cleaning(radius=1.0)
    for _ in range(2):
        square.session.clean("grow")
        ready(square)
    square.key(Qt.Key.Key_Return)
    assert [step.text for step in document.history.steps[1:]] == ["Grow", "Grow"]
    assert document.label_map[8, 20] == 6 and document.label_map[7, 20] == 0


def test_islands_the_largest_and_smoothing(square: object) -> None:
    document, painting = square.session.document, square.session.painting
    for what, size in (("remove-islands", 5), ("keep-largest", 1)):
        painting.clean = Cleaning(size=size)
        square.session.clean(what)
        shows(square, at=(50, 50), value=0)
        square.key(Qt.Key.Key_Escape)
        assert document.label_map[50, 50] == 6
    square.session.clean("smooth")
    shows(square, at=(20, 33), value=0)
    square.key(Qt.Key.Key_Return)
    assert (document.label_map[12:28, 12:28] == 6).all()


def test_the_selection_and_locks_hold_while_tidying(square: object) -> None:
    document, session = square.session.document, square.session
    session.tools.selection.select(filled((0, 0, 64, 20)))
    session.clean("shrink")
    shows(square, at=(11, 20), value=0)
    assert document.label_map[28, 20] == 6
    square.key(Qt.Key.Key_Escape)
    said = []
    session.tools.said.connect(lambda message: said.append(str(message)))
    session.painting.toggle_locked(6)
    session.clean("shrink")
    assert "locked" in said[-1] and not document.gesture_active


def test_where_nothing_changes_it_says_so(square: object) -> None:
    said = []
    square.session.tools.said.connect(lambda message: said.append(str(message)))
    square.session.painting.clean = Cleaning(size=2)
    square.session.clean("remove-islands")
    square.desk.wait(lambda: "nothing to change" in said[-1])
    assert not square.session.document.gesture_active


def found_nothing(square: object) -> None:
    """Islands below two pixels are looked for, and there are none."""
    square.session.painting.clean = Cleaning(size=2)
    square.session.clean("remove-islands")
    square.desk.wait(lambda: "nothing to change" in square.window.status.stroke.text())
    ready(square)


def test_where_nothing_changes_another_size_is_still_tried(square: object) -> None:
    document, painting = square.session.document, square.session.painting
    found_nothing(square)
    assert square.window.options._clean.isVisibleTo(square.window), "or the size could never be set"
    painting.clean = Cleaning(size=1000)
    shows(square, at=(12, 12), value=0)
    square.key(Qt.Key.Key_Return)
    assert document.history.steps[-1].text == "Remove islands"


def test_an_enter_for_what_found_nothing_accepts_no_image(square: object) -> None:
    found_nothing(square)
    square.key(Qt.Key.Key_Return)
    square.desk.settle()
    assert square.session.document.name == "a.png" and len(square.session.document.history.steps) == 1
    assert not square.session.tools.active


@pytest.mark.parametrize("end", ["stroke", "undo", "Escape"])
def test_what_found_nothing_is_in_nobodys_way(square: object, end: str) -> None:
    document = square.session.document
    found_nothing(square)
    if end == "stroke":
        square.drag((40, 40), (41, 40))
        assert document.history.steps[-1].text == "Brush"
    elif end == "undo":
        square.trigger("undo")
    else:
        square.key(Qt.Key.Key_Escape)
    assert not square.session.tools.active and not document.gesture_active


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Escape])
def test_what_a_preview_waits_for_is_said_no_longer_than_it_waits(square: object, key: Qt.Key) -> None:
    """Another Enter would accept the image."""
    line = square.window.status.stroke
    square.session.clean("fill-holes")
    shows(square, at=(18, 18), value=6)
    assert "Enter keeps it" in line.text()
    square.key(key)
    assert "Enter keeps it" not in line.text()


def test_another_tool_or_image_takes_the_preview_back(square: object) -> None:
    document = square.session.document
    square.session.clean("fill-holes")
    shows(square, at=(18, 18), value=6)
    square.trigger("tool-polygon")
    assert document.label_map[18, 18] == 0 and not document.gesture_active
    square.session.clean("fill-holes")
    shows(square, at=(18, 18), value=6)
    square.trigger("next-image")
    square.desk.wait(lambda: document.name == "b.png")
    square.trigger("previous-image")
    square.desk.wait(lambda: document.name == "a.png")
    assert document.label_map[18, 18] == 0


@pytest.fixture
def drawn(shown: object) -> object:
    """An image of a bright disk in noise."""
    rows, columns = np.mgrid[:64, :64]
    inside = (rows - 30) ** 2 + (columns - 30) ** 2 <= 14**2
    noise = np.random.default_rng(0).normal(0, 8, (64, 64))
    pixels = np.clip(np.where(inside, 170, 80) + noise, 0, 255).astype(np.uint8)
    untouched = np.full((64, 64), UNTOUCHED, np.uint8), np.zeros((64, 64), np.uint8)
    shown.session.document.load(Image("disk.png", pixels), *untouched, name="a.png")
    shown.session.painting.class_value = 6
    shown.canvas.setFocus()
    return shown


def test_superpixels_are_outlined_and_painted_whole(drawn: object) -> None:
    document, painting = drawn.session.document, drawn.session.painting
    painting.tool, painting.superpixel_size = "superpixel", 8
    hover(drawn, 30, 20)
    (ring,) = drawn.session.tools.outline().rings
    assert min(y for _, y in ring) > 14
    drawn.drag((22, 30), (30, 30), (38, 30))
    painted = document.label_map == 6
    rows, columns = np.mgrid[:64, :64]
    inside = (rows - 30) ** 2 + (columns - 30) ** 2 <= 14.5**2
    assert painted[30, 22:39].all() and painted.sum() > 150 and painted[~inside].sum() < 0.1 * painted.sum()
    assert document.history.steps[-1].text == "Superpixels" and len(document.history.steps) == 1
    drawn.drag((30, 30), (30, 30), button=RIGHT)
    assert document.label_map[30, 30] == 0 and document.label_map[30, 22] == 6
    QTest.mousePress(drawn.canvas, LEFT, NONE, drawn.at(5, 5))
    assert document.label_map[5, 5] == 6
    drawn.key(Qt.Key.Key_Escape)
    QTest.mouseRelease(drawn.canvas, LEFT, NONE, drawn.at(5, 5))
    assert document.label_map[5, 5] == UNTOUCHED


def test_a_thing_in_a_box_is_found_corrected_and_kept_by_enter(drawn: object) -> None:
    document = drawn.session.document
    drawn.session.painting.tool = "outline"
    drawn.drag((10, 10), (30, 30), (52, 52))
    shows(drawn, at=(30, 30), value=6)
    ready(drawn)
    rows, columns = np.mgrid[:64, :64]
    inside = (rows - 30) ** 2 + (columns - 30) ** 2 <= 14**2
    found = document.label_map == 6
    assert (found & inside).sum() / (found | inside).sum() > 0.93 and len(document.history.steps) == 0
    drawn.drag((22, 47), (40, 47))
    shows(drawn, at=(47, 30), value=6)
    drawn.drag((30, 30), (32, 30), button=RIGHT)
    shows(drawn, at=(30, 30), value=UNTOUCHED)
    drawn.trigger("undo")
    shows(drawn, at=(30, 30), value=6)
    ready(drawn)
    drawn.key(Qt.Key.Key_Return)
    assert document.history.steps[-1].text == "Smart outline" and len(document.history.steps) == 1
    assert document.label_map[30, 30] == 6 and not drawn.session.tools.active


def test_a_press_outside_the_box_keeps_it_and_escape_does_not(drawn: object) -> None:
    document = drawn.session.document
    drawn.session.painting.tool, drawn.session.painting.outline_by = "outline", "grabcut"
    drawn.drag((10, 10), (52, 52))
    shows(drawn, at=(30, 30), value=6)
    ready(drawn)
    drawn.key(Qt.Key.Key_Escape)
    assert (document.label_map == UNTOUCHED).all() and not drawn.session.tools.active
    drawn.drag((10, 10), (52, 52))
    shows(drawn, at=(30, 30), value=6)
    ready(drawn)
    drawn.drag((58, 58), (58, 58))
    assert document.label_map[30, 30] == 6 and len(document.history.steps) == 1
    assert not drawn.session.tools.active, "a click is no box"


def test_the_outline_follows_the_settings_and_goes_with_the_image(drawn: object) -> None:
    document, painting = drawn.session.document, drawn.session.painting
    painting.tool = "outline"
    drawn.drag((10, 10), (52, 52))
    shows(drawn, at=(30, 30), value=6)
    painting.class_value = 3
    shows(drawn, at=(30, 30), value=3)
    ready(drawn)
    drawn.trigger("next-image")
    drawn.desk.wait(lambda: document.name == "b.png")
    assert not drawn.session.tools.active


def label(desk: object, name: str, map_: np.ndarray) -> None:
    """Open an image and save this as its label."""
    desk.session.open_image(name)
    desk.wait(lambda: desk.session.document.name == name)
    desk.session.document.paint("Brush", filled((0, 0, 64, 64)), Ink(map_))
    desk.session.save_label()
    desk.settle()


def disk_at(x: int, value: int = 6) -> np.ndarray:
    rows, columns = np.mgrid[:64, :64]
    return np.where((rows - 30) ** 2 + (columns - x) ** 2 <= 100, value, 0).astype(np.uint8)


def test_the_previous_label_is_copied_as_accepted(shown: object) -> None:
    session, document = shown.session, shown.session.document
    label(shown.desk, "a.png", disk_at(20))
    session.open_image("b.png")
    shown.desk.wait(lambda: document.name == "b.png")
    shown.desk.paint(20, 30, 6, 3)
    shown.desk.paint(28, 30, 3, 1)
    session.painting.toggle_locked(3)
    session.copy_from(-1)
    shows(shown, at=(30, 12), value=6)
    assert document.history.steps[-1].text == "Brush", "the preview is no step yet"
    shown.key(Qt.Key.Key_Return)
    assert document.history.steps[-1].text == "Copy from the previous" and document.name == "b.png"
    assert document.provenance[30, 12] == ACCEPTED and document.provenance[30, 20] == HUMAN
    assert document.label_map[30, 28] == 3, "the class is locked"
    assert document.label_map[2, 2] == 0 and document.provenance[2, 2] == ACCEPTED
    shown.trigger("undo")
    assert document.label_map[30, 12] == UNTOUCHED


def test_a_copy_is_taken_back_by_escape_and_by_the_next_image(shown: object) -> None:
    session, document = shown.session, shown.session.document
    label(shown.desk, "a.png", disk_at(20))
    for leave in (lambda: shown.key(Qt.Key.Key_Escape), lambda: shown.trigger("previous-image")):
        session.open_image("b.png")
        shown.desk.wait(lambda: document.name == "b.png")
        shown.canvas.setFocus()
        QTest.keyClick(shown.window, Qt.Key.Key_A, Qt.KeyboardModifier.ShiftModifier)
        shows(shown, at=(30, 12), value=6)
        leave()
        shown.desk.wait(lambda: not document.gesture_active)
    session.open_image("b.png")
    shown.desk.wait(lambda: document.name == "b.png")
    assert (document.label_map == UNTOUCHED).all() and not document.history.steps


def test_a_copy_that_says_nothing_new_says_so(shown: object) -> None:
    session, document, said = shown.session, shown.session.document, []
    session.tools.said.connect(lambda message: said.append(str(message)))
    label(shown.desk, "a.png", disk_at(20))
    label(shown.desk, "b.png", disk_at(20))
    steps = len(document.history.steps)
    session.copy_from(-1)
    shown.desk.wait(lambda: any("nothing new" in text for text in said))
    assert not document.gesture_active and len(document.history.steps) == steps


def test_copying_says_why_it_cannot(shown: object) -> None:
    shown.session.copy_from(-1)
    assert shown.desk.said("no image before")
    shown.session.copy_from(1)
    shown.desk.wait(lambda: shown.desk.said("b.png has no label yet"))
    assert {(notice.level, notice.details) for notice in shown.desk.notices} == {("info", "")}
    shown.session.interpolate()
    shown.desk.wait(lambda: shown.desk.said("needs a labelled image before and one after"))
    assert len(shown.session.document.history.steps) == 0


def test_a_label_of_another_size_is_not_copied(make_desk, image_folder) -> None:
    desk = make_desk()
    image_folder("a", side=48)
    desk.open(image_folder("b"), "b.png")
    desk.session.copy_from(-1)
    desk.wait(lambda: desk.said("a.png is 48 x 48, which is not the size"))
    assert not desk.session.document.gesture_active


def test_between_two_labels_all_images_are_interpolated(make_desk, image_folder) -> None:
    desk = make_desk()
    folder = image_folder("s_1", "s_2", "s_3", "s_4", "s_5", "s_6", "t_1")
    desk.open(folder, "s_1.png")
    document = desk.session.document
    label(desk, "s_1.png", disk_at(26))
    label(desk, "s_6.png", disk_at(41))
    (folder / "s_5.png").write_bytes(b"no image any more")
    desk.session.open_image("s_3.png")
    desk.wait(lambda: document.name == "s_3.png")
    desk.paint(32, 30, 3, 1)
    desk.session.interpolate(all_between=True)
    desk.wait(lambda: document.label_map[30, 28] == 6)
    desk.settle()
    assert document.history.steps[-1].text == "Brush" and not desk.said("Interpolated"), "nothing is written yet"
    desk.session.tools.key(Qt.Key.Key_Return)
    desk.wait(lambda: desk.said("Interpolated in other images: 2"))  # a damaged one is left out
    desk.settle()
    middle = np.argwhere(document.label_map == 6)[:, 1].mean()
    assert abs(middle - 32) < 1 and document.label_map[30, 32] == 3, "a person's pixels stay"
    assert document.provenance[30, 28] == ACCEPTED and document.history.steps[-1].text == "Interpolate"
    for name, x in (("s_2.png", 29), ("s_4.png", 35)):
        desk.session.open_image(name)
        desk.wait(lambda name=name: document.name == name)
        assert abs(np.argwhere(document.label_map == 6)[:, 1].mean() - x) < 1
        assert document.history.steps[-1].text == "Interpolate"
        document.undo()
        assert (document.label_map == UNTOUCHED).all()
    assert desk.session.folder.entry("t_1.png").status == "none"


def test_undo_anywhere_takes_back_what_was_interpolated_in_images_that_are_not_open(make_desk, image_folder) -> None:
    desk = make_desk()
    desk.open(image_folder("s_1", "s_2", "s_3", "s_4", "s_5"), "s_1.png")
    document = desk.session.document
    label(desk, "s_1.png", disk_at(26))
    label(desk, "s_5.png", disk_at(38))
    desk.session.open_image("s_3.png")
    desk.wait(lambda: document.name == "s_3.png")
    desk.session.interpolate(all_between=True)
    desk.wait(lambda: document.label_map[30, 32] == 6)
    desk.session.tools.key(Qt.Key.Key_Return)
    desk.wait(lambda: desk.said("Interpolated in other images: 2"))
    for name in ("s_4.png", "s_2.png", "s_3.png"):
        desk.session.undo_anywhere()
        desk.wait(lambda name=name: document.name == name and document.history.cursor == 0)
        assert (document.label_map == UNTOUCHED).all()
        desk.settle()


@pytest.mark.parametrize(("names", "is_stack"), [(("cat", "dog", "zebra"), False), (("1", "2", "3"), True)])
def test_images_without_a_number_are_no_stack(
    make_desk, image_folder, names: tuple[str, str, str], is_stack: bool
) -> None:
    desk = make_desk()
    first, middle, last = (f"{name}.png" for name in names)
    desk.open(image_folder(*names), middle)
    label(desk, first, disk_at(20))
    label(desk, last, disk_at(20))
    desk.session.interpolate()
    if is_stack:
        desk.wait(lambda: desk.session.document.label_map[30, 20] == 6)
    else:
        desk.wait(lambda: desk.said("of the same stack"))
        assert not desk.session.tools.active


def test_a_neighbour_s_prediction_is_no_label_to_copy(make_desk, image_folder) -> None:
    desk = make_desk()
    desk.open(image_folder("s_1", "s_2"), "s_1.png")
    desk.session.predict()
    desk.wait(lambda: desk.session.prediction is not None)
    desk.save()
    desk.session.open_image("s_2.png")
    desk.wait(lambda: desk.session.document.name == "s_2.png")
    desk.session.copy_from(-1)
    desk.wait(lambda: desk.said("s_1.png has no label yet"))
    assert not desk.session.tools.active
    desk.session.open_image("s_1.png")
    desk.wait(lambda: desk.session.document.name == "s_1.png")
    desk.paint(value=3)  # a person has been there: that is work to go on from
    desk.save()
    desk.session.open_image("s_2.png")
    desk.wait(lambda: desk.session.document.name == "s_2.png")
    desk.session.copy_from(-1)
    desk.wait(lambda: desk.session.document.label_map[20, 20] == 3)


def test_saving_a_label_keeps_what_a_preview_shows(make_desk, image_folder) -> None:
    desk = make_desk()
    desk.open(image_folder("s_1", "s_2"), "s_1.png")
    label(desk, "s_1.png", disk_at(26))
    desk.session.open_image("s_2.png")
    desk.wait(lambda: desk.session.document.name == "s_2.png")
    desk.session.copy_from(-1)
    desk.wait(lambda: desk.session.document.label_map[30, 26] == 6)
    desk.session.save_label()
    desk.wait(lambda: desk.session.folder.entry("s_2.png").status == "labelled")
    said = read_label(Layout(desk.session.workspace.root).label("s_2.png"), (64, 64), None)
    assert said[30, 26] == 6 and desk.session.document.history.steps[-1].text == "Copy from the previous"


def test_esc_ends_first_what_the_hand_is_at_and_then_the_prediction_that_is_waited_for(
    shown: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, action = shown.session, shown.window.actions_.by_id["cancel"]
    started, go_on = threading.Event(), threading.Event()
    predict = Segmenter.predict

    def slowly(segmenter: Segmenter, image: Image, report: object) -> Prediction:
        started.set()
        assert go_on.wait(20)
        return predict(segmenter, image, report)

    monkeypatch.setattr(Segmenter, "predict", slowly)
    shown.canvas.setFocus()
    assert not action.isEnabled()
    session.predict()
    session.painting.tool = "polygon"
    QTest.mouseClick(shown.canvas, LEFT, NONE, shown.at(10, 10))
    shown.desk.wait(started.is_set)
    shown.key(Qt.Key.Key_Escape)
    assert not session.tools.active and session.predicting, "the polygon goes first"
    shown.key(Qt.Key.Key_Escape)
    go_on.set()
    shown.desk.settle()
    assert session.prediction is None and not session.predicting and not action.isEnabled()
    assert set(session.document.counts()) == {UNTOUCHED}


@pytest.mark.parametrize("verb", ["copy", "interpolate"])
def test_an_enter_for_neighbours_that_say_nothing_new_accepts_no_image(
    make_window: Callable, image_folder: Callable, verb: str
) -> None:
    shown = make_window()
    shown.desk.open(image_folder("s_1", "s_2", "s_3"))
    session, document = shown.session, shown.session.document
    for name in ("s_1.png", "s_3.png"):
        label(shown.desk, name, disk_at(20))
    session.open_image("s_2.png")
    shown.desk.wait(lambda: document.name == "s_2.png")
    document.paint("Brush", filled((0, 0, 64, 64)), Ink(disk_at(20)))
    steps = len(document.history.steps)
    shown.canvas.setFocus()
    shown.trigger("copy-previous" if verb == "copy" else "interpolate")
    shown.desk.wait(lambda: "nothing new" in shown.window.status.stroke.text())
    shown.key(Qt.Key.Key_Return)
    shown.desk.settle()
    assert document.name == "s_2.png" and session.folder.entry("s_2.png").status != "labelled"
    assert len(document.history.steps) == steps and not session.tools.active
    shown.drag((40, 40), (41, 40))
    assert len(document.history.steps) == steps + 1, "the hand is free"


def test_slices_of_another_orientation_are_refused_and_other_series_named(make_desk, sample: Path) -> None:
    for name, tag, value in (("slice_003.dcm", "ImageOrientationPatient", [-1, 0, 0, 0, 1, 0]),
                             ("slice_001.dcm", "SeriesInstanceUID", "1.2.3.4")):  # fmt: skip
        slice_ = pydicom.dcmread(sample / name)
        setattr(slice_, tag, value)
        slice_.save_as(sample / name)
    desk = make_desk()
    desk.open(sample, "slice_002.dcm")
    desk.session.painting.class_value = 6
    for name in ("slice_003.dcm", "slice_001.dcm"):
        desk.session.open_image(name)
        desk.wait(lambda name=name: desk.session.document.name == name)
        desk.paint(60, 60, 6, 5)
    desk.session.open_image("slice_002.dcm")
    desk.wait(lambda: desk.session.document.name == "slice_002.dcm")
    before = desk.session.document.label_map.copy()
    desk.session.copy_from(1)
    desk.wait(lambda: desk.said("slice_003.dcm was taken in another orientation"))
    assert (desk.session.document.label_map == before).all()
    desk.session.copy_from(-1)
    desk.wait(lambda: desk.session.tools.current.waiting and not desk.session.tools.computing)
    desk.session.tools.key(Qt.Key.Key_Return)
    assert desk.session.document.history.steps[-1].text == "Copy from the previous"
    assert desk.said("slice_001.dcm is from another series")


def test_interpolation_takes_slices_that_lie_between_whatever_their_files_are_called(make_desk, sample: Path) -> None:
    """Files of the slices 1 to 8; between the labelled 2 and 6 lie 3 to 5."""
    names = [f"{letter}.dcm" for letter in "dbgaehcf"]
    for path in sorted(sample.glob("*.dcm")):
        number = int(path.stem[-3:])
        path.rename(sample / names[number - 1]) if number <= len(names) else path.unlink()
    shutil.rmtree(sample / "segmentation", ignore_errors=True)
    desk = make_desk()
    desk.open(sample, names[3])
    document, folder = desk.session.document, desk.session.folder
    assert [entry.name for entry in folder.entries] == names
    desk.session.next_image()
    desk.wait(lambda: document.name == names[4])
    for name, x in ((names[1], 100), (names[5], 112)):
        desk.session.open_image(name)
        desk.wait(lambda name=name: document.name == name)
        plane = np.zeros(document.shape, np.uint8)
        plane[90:110, x - 10 : x + 11] = 6
        document.paint("Brush", filled((0, 0, 512, 512)), Ink(plane))
        desk.session.save_label()
        desk.settle()
    desk.session.open_image(names[3])
    desk.wait(lambda: document.name == names[3])
    desk.session.interpolate(all_between=True)
    desk.wait(lambda: document.label_map[100, 106] == 6)
    assert abs(np.argwhere(document.label_map == 6)[:, 1].mean() - 106) < 1
    desk.session.tools.key(Qt.Key.Key_Return)
    desk.wait(lambda: desk.said("Interpolated in other images: 2"))
    desk.settle()
    outside = [folder.entry(names[place]).status for place in (0, 6, 7)]
    assert outside == ["none"] * 3 and folder.entry(names[2]).status != "none"


def hover(shown: object, x: float, y: float) -> None:
    QTest.mouseMove(shown.canvas, shown.at(x, y) + QPoint(1, 0))
    QTest.mouseMove(shown.canvas, shown.at(x, y))
