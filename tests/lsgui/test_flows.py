"""The two flows of the program, in a real window: file to screen, and mouse to weights."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from PySide6.QtCore import QPoint, QPointF, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from shiboken6 import isValid

from lsgui.app import Options, Program
from lsgui.views.question_dialog import QuestionDialog
from model.checkpoint import load
from model.classes import default_table
from model.options import FineTuneOptions

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def make_program(qapp: QApplication, qtbot: object, tmp_path: Path) -> Iterator[Callable[..., Program]]:
    made: list[Program] = []

    def make(**options: object) -> Program:
        program = Program(qapp, Options(**options), None, tmp_path / "data")
        program.start()
        activate(program, qtbot)
        made.append(program)
        return program

    yield make
    for program in made:
        program.window.close()
        program.finish()
        program.translations.use("en")
        program.window.deleteLater()


@pytest.fixture(autouse=True)
def enter_answers_dialogs(qapp: QApplication) -> Iterator[None]:
    """Whoever is asked presses Enter."""

    def press() -> None:
        dialog = QApplication.activeModalWidget()
        if isinstance(dialog, QuestionDialog):
            QTest.keyClick(dialog, Qt.Key.Key_Return)

    timer = QTimer(interval=200)
    timer.timeout.connect(press)
    timer.start()
    yield
    timer.stop()


def activate(program: Program, qtbot: object) -> None:
    """Without a window manager nobody gives the keyboard back after a dialog."""
    program.window.activateWindow()
    qtbot.waitUntil(program.window.isActiveWindow, timeout=20000)
    program.window.canvas.setFocus()


def at(program: Program, x: float, y: float) -> QPoint:
    canvas = program.window.canvas
    left, top = canvas.viewport.to_canvas(x + 0.5, y + 0.5)
    return (QPointF(left, top) / canvas.devicePixelRatioF()).toPoint()


def screen_color(program: Program, x: float, y: float) -> tuple[int, int, int]:
    canvas = program.window.canvas
    place = at(program, x, y) * canvas.devicePixelRatioF()
    return canvas.grab().toImage().pixelColor(place).getRgb()[:3]


def drag(program: Program, *points: tuple[float, float]) -> None:
    canvas = program.window.canvas
    QTest.mousePress(canvas, LEFT, NONE, at(program, *points[0]))
    for point in points[1:]:
        QTest.mouseMove(canvas, at(program, *point))
    QTest.mouseRelease(canvas, LEFT, NONE, at(program, *points[-1]))


def test_file_to_screen(
    make_program: Callable[..., Program], image_folder: Callable[..., Path], weights: Path, qtbot: object
) -> None:
    """A folder opens, R predicts, and what the model says lies over the image."""
    program = make_program(folder=image_folder("a", "b"), weights=weights)
    session = program.session
    qtbot.waitUntil(lambda: session.document.name == "a.png" and session.model is not None, timeout=20000)
    grey = int(session.document.image.pixels[32, 32])
    assert screen_color(program, 32, 32) == (grey, grey, grey)
    program.window.canvas.setFocus()
    QTest.keyClick(program.window.canvas, Qt.Key.Key_R)
    qtbot.waitUntil(lambda: session.prediction is not None, timeout=60000)
    table = default_table()
    shown = session.prediction.label_map
    assert (session.document.label_map == shown).all()
    value = next(value for value in np.unique(shown) if value != 0)
    y, x = inside(shown == value)
    color = np.array(table.by_value(int(value)).color)
    wanted = 0.6 * int(session.document.image.pixels[y, x]) + 0.4 * color
    assert screen_color(program, x, y) == pytest.approx(wanted, abs=3) or screen_color(program, x, y) == tuple(color)
    qtbot.waitUntil(lambda: session.folder.entry("a.png").status == "predicted", timeout=20000)


def inside(mask: np.ndarray) -> tuple[int, int]:
    """A pixel whose neighbours belong to the mask too, where there is one."""
    core = mask.copy()
    for axis in (0, 1):
        core &= np.roll(mask, 1, axis) & np.roll(mask, -1, axis)
    return tuple(int(index) for index in np.argwhere(core if core.any() else mask)[0])


def test_mouse_to_weights(
    make_program: Callable[..., Program], image_folder: Callable[..., Path], weights: Path, qtbot: object
) -> None:
    """A stroke, Ctrl+S, one step of fine-tuning: the label is on disk, and the new weights are others than the old."""
    folder = image_folder("a", "b")
    program = make_program(folder=folder, weights=weights)
    session, window = program.session, program.window
    qtbot.waitUntil(lambda: session.document.name == "a.png" and session.model is not None, timeout=20000)
    window.canvas.setFocus()
    QTest.keyClick(window.canvas, Qt.Key.Key_6)
    drag(program, (10, 30), (30, 30), (50, 30))
    QTest.keyClick(window.canvas, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    label = folder / "segmentation" / "labels" / "a.png.png"
    qtbot.waitUntil(label.is_file, timeout=20000)
    saved = np.array(Pillow.open(label))
    assert saved[30, 12:48].tolist() == [6] * 36 and saved[5, 5] == 0, "the rest is background, as was offered"
    assert screen_color(program, 30, 30)[0] > screen_color(program, 30, 30)[2], "liver is reddish"
    qtbot.waitUntil(lambda: session.folder.entry("a.png").status == "labelled", timeout=20000)

    session.fine_tune(FineTuneOptions(weights=weights, epochs=1, batch=1, crop=64, device="cpu"))
    qtbot.waitUntil(lambda: session.training.state == "finished", timeout=180000)
    assert session.training.loss, "the curve has a point"
    assert session.training.pending.verdict == "cannot_judge", "without a held-out image nobody can say"
    qtbot.waitUntil(lambda: window.training._use.isVisible(), timeout=20000)
    window.training._use.click()
    qtbot.waitUntil(lambda: session.model.path != weights, timeout=20000)
    old, new = load(weights).tensors, load(session.model.path).tensors
    assert any(not np.array_equal(old[name], new[name]) for name in old)

    session.next_image()
    qtbot.waitUntil(lambda: session.document.name == "b.png", timeout=20000)
    activate(program, qtbot)
    QTest.keyClick(window.canvas, Qt.Key.Key_R)
    qtbot.waitUntil(lambda: session.prediction is not None, timeout=60000)
    assert session.prediction.model == session.model.name


def test_another_language_is_another_window_over_the_same_work(
    make_program: Callable[..., Program], image_folder: Callable[..., Path], qtbot: object
) -> None:
    program = make_program(folder=image_folder("a"))
    qtbot.waitUntil(lambda: program.session.document.name == "a.png", timeout=20000)
    drag(program, (10, 30), (30, 30))
    first = program.window
    first.actions_.by_id["language-zh_CN"].trigger()
    assert program.window is not first and program.window.isVisible() and not first.isVisible()
    assert program.window.actions_.by_id["predict"].text() == "预测"
    assert len(program.session.document.history.steps) == 1
    program.window.actions_.by_id["undo"].trigger()
    assert (program.session.document.label_map == 255).all()
    program.window.actions_.by_id["language-en"].trigger()
    assert program.window.actions_.by_id["predict"].text() == "Predict"


def test_the_window_before_a_change_of_language_is_left_alone(
    make_program: Callable[..., Program], image_folder: Callable[..., Path], qtbot: object
) -> None:
    """Once it is deleted, nothing of the session may reach for its actions and labels."""
    program = make_program(folder=image_folder("a", "b"))
    session, notices = program.session, []
    qtbot.waitUntil(lambda: session.document.name == "a.png", timeout=20000)
    program.log.crashed.connect(notices.append)
    old = program.window
    program.window.actions_.by_id["language-zh_CN"].trigger()
    qtbot.waitUntil(lambda: not isValid(old), timeout=20000)
    drag(program, (10, 30), (30, 30))
    session.document.undo()
    session.painting.tool = "fill"
    program.display.set_opacity(70)
    session.next_image()
    qtbot.waitUntil(lambda: session.document.name == "b.png", timeout=20000)
    session.set_classes(dataclasses.replace(session.classes, mirror=True))
    session.training_changed.emit()
    assert not notices, notices[0].details
