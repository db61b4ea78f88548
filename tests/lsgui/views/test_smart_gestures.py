"""The tools that follow the model or the image, with a real mouse and real keys."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from model.labels import UNTOUCHED
from model.prediction import Prediction
from model.provenance import ACCEPTED, HUMAN, MODEL

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
    shown.session._predicting.prediction = predicted()
    shown.session.painting.class_value, shown.session.painting.brush_radius = 6, 8
    shown.session.painting.tool = "guided"
    return shown


def test_a_sweep_near_the_edge_draws_it_where_the_model_puts_it(guided: object) -> None:
    document = guided.session.document
    guided.drag((30, 10), (33, 30), (29, 50))
    for row in (12, 30, 48):
        assert (document.label_map[row, 28:32] == 6).all() and (document.label_map[row, 32:36] == UNTOUCHED).all()
    assert (document.provenance[document.label_map == 6] == HUMAN).all()
    assert len(document.history.steps) == 1 and document.history.undo_text == "Guided brush"
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
    QTest.mouseMove(guided.canvas, guided.at(30, 20))
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
    shown.desk.wait(lambda: shown.session.prediction is not None)


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


def hover(shown: object, x: float, y: float) -> None:
    QTest.mouseMove(shown.canvas, shown.at(x, y) + QPoint(1, 0))
    QTest.mouseMove(shown.canvas, shown.at(x, y))
