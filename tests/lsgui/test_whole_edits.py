"""A prediction of a large image is worked out beside the window, for whatever the image is by then."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from lsgui import whole_edits
from lsgui.context import Context
from lsgui.whole_edits import WholeEdits
from model.labels import UNTOUCHED
from model.provenance import ACCEPTED, HUMAN, MODEL

if TYPE_CHECKING:
    from tests.lsgui.conftest import Desk

SIDE = 64


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole_edits, "AT_ONCE", 0)


@pytest.fixture
def edits(desk: Desk, image_folder: Callable[..., Path], large: None) -> WholeEdits:
    desk.open(image_folder("a", "b", side=SIDE))
    return WholeEdits(desk.session.findChild(Context))


def result(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 9, (SIDE, SIDE)).astype(np.uint8)


def test_it_is_the_edit_that_it_would_have_been_at_once(desk: Desk, edits: WholeEdits) -> None:
    document, arrived = desk.session.document, []
    desk.paint(20, 20, 6)
    mine = document.label_map == 6
    edits.predict(result(), lambda: arrived.append(document.revision))
    assert not arrived and (document.label_map[~mine] == UNTOUCHED).all()
    desk.wait(lambda: bool(arrived))
    assert (document.label_map == np.where(mine, 6, result())).all()
    assert (document.provenance == np.where(mine, HUMAN, MODEL)).all()
    assert [step.text for step in document.history.steps] == ["Brush", "Predict"]
    edits.revert(result(1))
    desk.wait(lambda: len(document.history.steps) == 3)
    assert (document.label_map == result(1)).all() and (document.provenance == MODEL).all()
    document.jump(0)
    assert (document.label_map == UNTOUCHED).all() and not document.provenance.any()


@pytest.mark.parametrize("strokes", [1, 2, 9])
def test_what_is_painted_meanwhile_stays(desk: Desk, edits: WholeEdits, strokes: int) -> None:
    document, arrived, painted = desk.session.document, [], []

    def paint_again() -> None:
        """Whenever it has been worked out, until it is there."""
        if len(painted) < strokes and not arrived:
            painted.append(5 + 6 * len(painted))
            desk.paint(painted[-1], 20, 6)

    document.snapshot = lambda taken=document.snapshot: (taken(), desk.session.jobs.post(paint_again))[0]
    edits.predict(result(), lambda: arrived.append(True))
    desk.wait(lambda: bool(arrived))
    assert painted
    for x in painted:
        assert document.label_map[20, x] == 6 and document.provenance[20, x] == HUMAN
    assert document.history.steps[-1].text == "Predict" and UNTOUCHED not in document.counts()


def test_it_waits_for_the_hand(desk: Desk, edits: WholeEdits) -> None:
    document, arrived = desk.session.document, []
    document.begin("Brush")
    edits.predict(result(), lambda: arrived.append(True))
    desk.wait(lambda: not desk.session.jobs.busy("display"))
    assert not arrived and (document.label_map == UNTOUCHED).all()
    document.restore()
    desk.wait(lambda: bool(arrived))
    assert (document.label_map == result()).all()


def test_it_comes_to_nothing_when_another_image_is_open(desk: Desk, edits: WholeEdits) -> None:
    arrived: list[bool] = []
    edits.predict(result(), lambda: arrived.append(True))
    desk.session.document.close()
    desk.session.next_image()
    desk.wait(lambda: desk.session.document.name == "b.png" and not desk.session.jobs.busy("display"))
    assert not arrived and (desk.session.document.label_map == UNTOUCHED).all()


def test_an_edit_that_fails_says_so_and_changes_nothing(
    desk: Desk, edits: WholeEdits, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise MemoryError

    monkeypatch.setattr(whole_edits, "whole_patch", full)
    edits.predict(result(), lambda: None)
    desk.wait(lambda: bool(desk.notices))
    assert desk.notices[-1].level == "error" and (desk.session.document.label_map == UNTOUCHED).all()


def test_the_window_asks_for_it_like_that(desk: Desk, image_folder: Callable[..., Path], large: None) -> None:
    desk.open(image_folder("a"))
    desk.session.predict()
    document = desk.session.document
    desk.wait(lambda: UNTOUCHED not in document.counts())
    desk.settle()
    predicted = document.label_map.copy()
    desk.paint(20, 20, 6)
    desk.session.revert_to_prediction()
    desk.wait(lambda: len(document.history.steps) == 3)
    assert (document.label_map == predicted).all()


def test_clear_rest_and_accept_are_worked_out_beside_the_window(desk: Desk, edits: WholeEdits) -> None:
    document, arrived = desk.session.document, []
    edits.predict(np.where(result() == 3, UNTOUCHED, result()).astype(np.uint8), lambda: arrived.append("predict"))
    desk.wait(lambda: len(arrived) == 1)
    desk.paint(20, 20, 6)
    label, mine = document.label_map.copy(), document.provenance == HUMAN
    edits.accept(then=lambda: arrived.append("accept"))
    assert len(arrived) == 1 and not (document.provenance == ACCEPTED).any()
    desk.wait(lambda: len(arrived) == 2)
    assert (document.label_map == label).all() and ((document.provenance == HUMAN) == mine).all()
    assert not (document.provenance == MODEL).any()
    edits.fill_rest(lambda: arrived.append("rest"))
    desk.wait(lambda: len(arrived) == 3)
    assert (document.label_map == np.where(label == UNTOUCHED, 0, label)).all()
    assert (document.provenance[label == UNTOUCHED] == HUMAN).all()
    edits.clear()
    desk.wait(lambda: document.history.steps[-1].text == "Clear")
    assert (document.label_map == UNTOUCHED).all() and not document.provenance.any()
    document.jump(2)
    assert (document.label_map == label).all() and ((document.provenance == HUMAN) == mine).all()


def test_what_a_person_asked_for_is_done_before_the_image_is_left(
    desk: Desk, image_folder: Callable[..., Path], large: None
) -> None:
    """Who accepts and turns the page at once has accepted."""
    folder = image_folder("a", "b", "c")
    desk.open(folder)
    session = desk.session
    desk.paint(20, 20, 6)
    session.fill_rest_with_background()
    assert UNTOUCHED in session.document.label_map
    session.accept()
    session.next_image()
    desk.wait(lambda: session.document.name == "b.png")
    desk.settle()
    record = json.loads((folder / "segmentation" / "labels" / "a.png.json").read_text())
    assert record["status"] == "accepted" and record["human"] == 1


def test_undo_takes_back_what_is_still_worked_out(desk: Desk, image_folder: Callable[..., Path], large: None) -> None:
    desk.open(image_folder("a"))
    document = desk.session.document
    desk.paint(20, 20, 6)
    painted = document.label_map.copy()
    desk.session.clear_map()
    desk.session.undo()
    desk.settle()
    assert (document.label_map == painted).all() and document.history.cursor == 1
    assert [step.text for step in document.history.steps] == ["Brush", "Clear"]


def test_what_could_be_redone_can_be_undone_after_a_prediction(desk: Desk, edits: WholeEdits) -> None:
    document, arrived = desk.session.document, []
    states = [document.label_map.copy()]
    for x in (10, 30, 50):
        desk.paint(x, 20, 6)
        states.append(document.label_map.copy())
    document.jump(1)
    edits.predict(result(), lambda: arrived.append(True))
    desk.wait(lambda: bool(arrived))
    assert [step.text for step in document.history.steps] == ["Brush"] * 3 + ["Taken back", "Predict"]
    document.undo()
    assert (document.label_map == states[1]).all()
    for state in states[:0:-1]:
        document.undo()
        assert (document.label_map == state).all()
    document.jump(5)
    mine = states[1] == 6
    assert (document.label_map == np.where(mine, 6, result())).all() and (document.provenance[mine] == HUMAN).all()
