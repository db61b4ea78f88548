"""What does not fit on the right of a low window can be scrolled to, and is never cut."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QSlider, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from lsgui.views.scrolled import LEAST, Scrolled
from lsgui.views.tool_options import ToolOptions

SAMPLE = Path(__file__).resolve().parents[3] / "resources" / "sample"


def lines(count: int) -> QWidget:
    inside = QWidget()
    layout = QVBoxLayout(inside)
    for number in range(count):
        layout.addWidget(QLabel(f"line {number}"))
    return inside


def test_it_is_as_high_as_what_is_in_it_and_follows(qtbot: QtBot) -> None:
    inside = lines(20)
    scrolled = Scrolled(inside)
    qtbot.addWidget(scrolled)
    scrolled.resize(200, 400)
    scrolled.show()
    before = scrolled.sizeHint().height()
    assert before == inside.sizeHint().height() and scrolled.minimumSizeHint().height() == LEAST
    inside.layout().addWidget(QLabel("one more"))
    qtbot.waitUntil(lambda: scrolled.sizeHint().height() > before)
    few = Scrolled(lines(2))
    qtbot.addWidget(few)
    assert few.minimumSizeHint().height() == few.sizeHint().height() < LEAST


def wheel_over(part: QWidget) -> None:
    middle = QPointF(part.rect().center())
    event = QWheelEvent(
        middle,
        QPointF(part.mapToGlobal(middle.toPoint())),
        QPoint(),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(part, event)


def test_the_wheel_scrolls_and_does_not_turn_what_lies_under_it(qtbot: QtBot) -> None:
    inside, slider = lines(20), QSlider(Qt.Orientation.Horizontal)
    slider.setValue(50)
    inside.layout().insertWidget(0, slider)
    scrolled = Scrolled(inside)
    qtbot.addWidget(scrolled)
    scrolled.resize(200, 150)
    scrolled.show()
    qtbot.waitUntil(lambda: scrolled.verticalScrollBar().maximum() > 0)
    wheel_over(slider)
    assert slider.value() == 50 and scrolled.verticalScrollBar().value() > 0
    scrolled.resize(200, 2000)
    qtbot.waitUntil(lambda: scrolled.verticalScrollBar().maximum() == 0)
    wheel_over(slider)
    assert slider.value() != 50, "with nothing to scroll it is the slider's"


@pytest.mark.parametrize("key", ["B", "N", "G", "K", "W"])
def test_options_are_whole_in_the_lowest_window_on_ct(make_window: Callable, tmp_path: Path, key: str) -> None:
    shown = make_window()
    shutil.copytree(SAMPLE, tmp_path / "ct", ignore=shutil.ignore_patterns("segmentation"))
    shown.desk.session.open_folder(tmp_path / "ct")
    shown.desk.wait(lambda: shown.desk.session.document.image is not None)
    shown.desk.settle()
    window, size = shown.window, (1013, 573)
    window.resize(*size)
    QTest.keyClick(window, getattr(Qt.Key, f"Key_{key}"))
    QTest.qWait(200)
    options = window.findChild(ToolOptions)
    assert window.size().toTuple() == size, "it must not grow by itself"

    def whole() -> bool:
        rows = [part for part in options.findChildren(QWidget) if part.isVisible() and part.parent() is options]
        high = all(part.height() >= part.minimumSizeHint().height() for part in rows)
        return high and rows[-1].geometry().bottom() <= options.height()

    shown.desk.wait(whole)
