"""Closing and changing the folder while an edit is still computed: what somebody has kept is not lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt

from model.journal import replay
from model.labels import UNTOUCHED
from model.messages import Message

if TYPE_CHECKING:
    from tests.lsgui.conftest import Desk

LEFT, PLAIN = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def keep_busy(desk: Desk) -> None:
    """As a large image does: the tools' lane computes for half a second."""
    desk.session.jobs.submit("tools", Message("Computing"), lambda report: time.sleep(0.5), quiet=True)


def fill(desk: Desk, at: tuple[int, int], value: int) -> None:
    desk.session.painting.tool, desk.session.painting.class_value = "fill", value
    desk.session.painting.fill_by = "label"
    desk.session.tools.press(*at, LEFT, PLAIN)
    desk.session.tools.release(*at, LEFT)


def test_a_fill_that_is_still_computed_is_saved_by_closing(make_desk: Callable, image_folder: Callable) -> None:
    folder, desk = image_folder("a"), make_desk()
    desk.open(folder)
    keep_busy(desk)
    fill(desk, (5, 5), 3)
    fill(desk, (5, 5), 4)
    assert desk.session.tools.committing and desk.session.close()
    again = make_desk()
    again.open(folder)
    assert again.session.document.counts() == {4: 64 * 64}
    assert [step.text for step in again.session.document.history.steps] == ["Fill", "Fill"]


def start_to_grow(desk: Desk, folder: Path) -> None:
    """A stroke, and tidying that is computed as long as the lane is busy."""
    desk.open(folder)
    desk.session.painting.class_value = 6
    desk.paint(radius=8)
    keep_busy(desk)
    desk.session.clean("grow")


def test_tidying_that_was_kept_is_saved_by_closing(make_desk: Callable, image_folder: Callable) -> None:
    folder, desk = image_folder("a"), make_desk()
    start_to_grow(desk, folder)
    assert desk.session.tools.key(Qt.Key.Key_Return) and desk.session.close()
    again = make_desk()
    again.open(folder)
    assert len(again.session.document.history.steps) == 2


def test_what_nobody_has_kept_is_taken_back_by_closing(make_desk: Callable, image_folder: Callable) -> None:
    folder, desk = image_folder("a"), make_desk()
    start_to_grow(desk, folder)
    assert desk.session.close()
    again = make_desk()
    again.open(folder)
    assert len(again.session.document.history.steps) == 1


def test_another_folder_waits_for_a_fill(desk: Desk, image_folder: Callable) -> None:
    folder, other = image_folder("a"), image_folder("b", folder="other")
    desk.open(folder)
    keep_busy(desk)
    fill(desk, (5, 5), 3)
    desk.session.open_folder(other)
    desk.wait(lambda: desk.session.document.name == "b.png")
    desk.settle()
    assert (replay(folder / "segmentation/journal/a.png.journal", (64, 64)).label_map == 3).all()


@pytest.mark.parametrize("answer", ["wait", "leave", "stay"])
def test_what_takes_long_is_asked_about(
    make_desk: Callable, image_folder: Callable, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    monkeypatch.setattr("lsgui.unfinished.SECONDS_TO_WAIT", 0.2)
    folder, desk, asked = image_folder("a"), make_desk(), threading.Event()
    desk.open(folder)
    ask = desk.ask
    monkeypatch.setattr(desk, "ask", lambda question: (ask(question), asked.set())[0])
    desk.session.jobs.submit("tools", Message("Computing"), lambda report: asked.wait(20), quiet=True)
    fill(desk, (5, 5), 3)
    desk.answers["still_computing"] = answer
    assert desk.session.close() == (answer != "stay")
    assert desk.questions[0].key == "still_computing"
    if answer == "stay":
        desk.wait(lambda: desk.session.document.counts() == {3: 64 * 64})
        return
    again = make_desk()
    again.open(folder)
    assert again.session.document.counts() == ({3: 64 * 64} if answer == "wait" else {UNTOUCHED: 64 * 64})
