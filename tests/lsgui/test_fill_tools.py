"""Fill, wand and threshold: computed beside the window, previewed, taken back, and never mixed up with the next."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from lsgui.computed_tool import ComputedTool
from lsgui.jobs import JobRunner
from lsgui.mask import Ink, Region, filled, patch_of
from lsgui.rules import EMPTY, FREE
from model.images import Image, Window
from model.labels import UNTOUCHED
from model.messages import Message
from model.progress import Progress

LEFT, PLAIN = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def show(hand: object, pixels: np.ndarray) -> None:
    shape = pixels.shape[:2]
    hand.document.load(Image("x", pixels), np.full(shape, UNTOUCHED, np.uint8), np.zeros(shape, np.uint8))


@pytest.fixture
def steps() -> np.ndarray:
    """Three columns of grey, 50, 60 and 200, with a patch of 60 within the last."""
    pixels = np.full((60, 80), 50, np.uint8)
    pixels[:, 30:50], pixels[:, 50:] = 60, 200
    pixels[20:30, 60:70] = 60
    return pixels


@pytest.mark.parametrize(
    ("tolerance", "contiguous", "expected"), [(5, True, 30), (10, True, 50), (0, True, 30), (10, False, 50)]
)
def test_a_fill_by_values_takes_what_is_near_the_value_clicked(
    hand: object, steps: np.ndarray, tolerance: float, contiguous: bool, expected: int
) -> None:
    show(hand, steps)
    hand.painting.tool, hand.painting.fill_by = "fill", "values"
    hand.painting.tolerance, hand.painting.fill_contiguous = tolerance, contiguous
    hand.drag((5, 5))
    filled = hand.label == 6
    assert filled[:, :expected].all() and not filled[:, expected:60].any()
    assert filled[25, 65] == (not contiguous)
    assert hand.document.history.steps[-1].text == "Fill" and len(hand.document.history.steps) == 1


def test_a_fill_keeps_to_every_rule(hand: object, steps: np.ndarray) -> None:
    show(hand, steps)
    hand.painting.class_value = 3
    hand.drag((0, 10), (79, 10))
    hand.painting.class_value, hand.painting.tool, hand.painting.over = 6, "fill", EMPTY
    hand.painting.range, hand.painting.fill_contiguous = (55, 70), False
    hand.drag((5, 30))
    assert (hand.label[10] == 3).all()
    assert ((hand.label == 6) == ((steps == 60) & (hand.label != 3))).all()


def test_the_wand_takes_what_looks_alike_and_a_drag_takes_more(hand: object, steps: np.ndarray) -> None:
    show(hand, steps)
    hand.painting.tool = "wand"
    hand.tools.press(10, 30, LEFT, PLAIN)
    assert (hand.label[:, :29] == 6).all() and (hand.label[:, 31:] == UNTOUCHED).all()
    assert len(hand.document.history.steps) == 0, "only shown"
    hand.tools.move(300, 30)
    assert hand.painting.wand_tolerance == 8 and (hand.label[:, :29] == 6).all()
    hand.tools.release(300, 30, LEFT)
    assert hand.document.history.steps[-1].text == "Wand" and not hand.document.gesture_active
    hand.document.undo()
    assert (hand.label == UNTOUCHED).all()


def test_escape_takes_the_wand_s_preview_and_tolerance_back(hand: object, steps: np.ndarray) -> None:
    show(hand, steps)
    hand.painting.tool = "wand"
    hand.tools.press(10, 30, LEFT, PLAIN)
    hand.tools.move(60, 30)
    assert hand.painting.wand_tolerance > 2.5 and hand.tools.active
    assert hand.key("Escape")
    assert (hand.label == UNTOUCHED).all() and hand.painting.wand_tolerance == 2.5
    hand.tools.move(80, 30)
    hand.tools.release(80, 30, LEFT)
    assert (hand.label == UNTOUCHED).all() and not hand.tools.active


def test_an_undo_in_the_middle_of_a_wand_s_drag_ends_it(hand: object, steps: np.ndarray) -> None:
    show(hand, steps)
    hand.painting.tool = "wand"
    hand.tools.press(10, 30, LEFT, PLAIN)
    hand.document.undo()
    hand.tools.move(60, 30)
    hand.tools.release(60, 30, LEFT)
    assert (hand.label == UNTOUCHED).all() and not hand.tools.active and not hand.document.gesture_active


def test_a_fill_is_shown_while_the_button_is_down_and_escape_takes_it_back(hand: object, steps: np.ndarray) -> None:
    show(hand, steps)
    hand.painting.tool, hand.painting.fill_by = "fill", "values"
    hand.tools.press(10, 10, LEFT, PLAIN)
    assert (hand.label == 6).any() and not hand.document.history.steps and hand.tools.active
    hand.key("Escape")
    hand.tools.release(10, 10, LEFT)
    assert (hand.label == UNTOUCHED).all() and not hand.document.history.steps and not hand.tools.active
    hand.tools.press(10, 10, LEFT, PLAIN)
    hand.document.undo()
    hand.tools.release(10, 10, LEFT)
    assert (hand.label == UNTOUCHED).all() and not hand.tools.active
    hand.drag((10, 10))
    assert len(hand.document.history.steps) == 1 and (hand.label == 6).any()


def test_a_threshold_starts_with_what_is_bright_and_enter_paints_it(hand: object, steps: np.ndarray) -> None:
    show(hand, steps)
    hand.painting.tool = "threshold"
    low, high = hand.painting.threshold
    assert 60 < low < 200 and high == 255 and (hand.label == UNTOUCHED).all()
    assert hand.key("Return")
    assert ((hand.label == 6) == (steps == 200)).all() and hand.document.history.steps[-1].text == "Threshold"
    assert hand.painting.threshold is None and not hand.key("Return"), "the next Enter is the window's"


def test_a_class_is_picked_while_a_threshold_is_set(hand: object, steps: np.ndarray) -> None:
    show(hand, steps)
    hand.painting.tool = "fill"
    hand.drag((60, 5))
    hand.painting.tool, hand.painting.class_value = "threshold", 1
    hand.painting.threshold = between = (150.0, 250.0)
    hand.tools.press(60, 5, LEFT, Qt.KeyboardModifier.AltModifier)
    hand.tools.release(60, 5, LEFT)
    assert hand.painting.class_value == 6 and hand.painting.threshold == between


def test_an_image_that_is_opened_with_the_threshold_in_the_hand_gets_one(hand: object, steps: np.ndarray) -> None:
    hand.document.close()
    hand.painting.tool = "threshold"
    assert hand.painting.threshold is None and not hand.tools.active
    show(hand, steps.astype(np.float32) * 7)
    low, high = hand.painting.threshold
    assert 420 < low < 1400 == high


def test_a_threshold_goes_on_to_the_next_image_unless_nothing_there_can_match(hand: object, steps: np.ndarray) -> None:
    show(hand, steps)
    hand.painting.tool = "threshold"
    hand.painting.threshold = 150.0, 210.0
    show(hand, steps.T.copy())
    assert hand.painting.threshold == (150.0, 210.0)
    show(hand, steps.astype(np.float32) / 255)
    low, high = hand.painting.threshold
    assert 0.2 < low < high <= 1


@pytest.fixture
def slice_of_ct() -> Image:
    """Air, then in it a body of fat, and in that an organ and bone: a column of each, in HU."""
    pixels = np.full((60, 80), -1000, np.int16)
    for first, value in ((20, -100), (40, 60), (60, 900)):
        pixels[:, first : first + 20] = value
    pixels += np.random.default_rng(0).integers(-15, 15, pixels.shape).astype(np.int16)
    return Image("x", pixels, window=Window(40, 400))


def open_slice(hand: object, image: Image) -> None:
    hand.document.load(image, np.full((60, 80), UNTOUCHED, np.uint8), np.zeros((60, 80), np.uint8))


def test_a_threshold_of_a_ct_starts_with_organs_and_not_with_the_whole_body(hand: object, slice_of_ct: Image) -> None:
    open_slice(hand, slice_of_ct)
    hand.painting.tool = "threshold"
    hand.key("Return")
    assert (hand.label[:, 40:60] == 6).all() and (np.delete(hand.label, np.s_[40:60], 1) == UNTOUCHED).all()


def test_a_threshold_starts_with_the_values_that_the_class_has_already(hand: object, slice_of_ct: Image) -> None:
    open_slice(hand, slice_of_ct)
    hand.document.paint("Brush", filled((62, 10, 10, 10)), 6)
    hand.painting.tool = "threshold"
    low, high = hand.painting.threshold
    assert 880 < low < 890 and 910 < high < 920
    hand.key("Escape")
    hand.painting.class_value = 0
    hand.painting.tool = "brush"
    hand.document.paint("Brush", filled((62, 10, 10, 10)), 0)
    hand.painting.tool = "threshold"
    assert hand.painting.threshold[0] < 60, "background is everything else: its values say nothing"


@pytest.mark.parametrize("window", [None, Window(0.5, 1.0), Window(5000, 10)])
def test_a_threshold_starts_somewhere_whatever_the_image_holds(hand: object, window: Window | None) -> None:
    for pixels in (
        np.full((60, 80), np.nan, np.float32),
        np.zeros((60, 80), np.float32),
        np.full((60, 80, 3), 65535, np.uint16),
        np.random.default_rng(0).random((60, 80)).astype(np.float32),
    ):
        hand.painting.threshold = None
        open_slice(hand, Image("x", pixels, window=window))
        hand.painting.tool = "threshold"
        low, high = hand.painting.threshold
        assert low <= high and np.isfinite((low, high)).all()
        hand.painting.tool = "brush"


def test_a_threshold_is_taken_from_a_box_and_paints_within_the_selection(hand: object, steps: np.ndarray) -> None:
    show(hand, steps)
    hand.painting.tool = "threshold"
    hand.drag((31, 5), (45, 50))
    assert hand.painting.threshold == (60, 60)
    hand.painting.tool = "select"
    hand.drag((0, 0), (80, 25))
    hand.painting.tool = "threshold"
    hand.key("Return")
    expected = steps == 60
    expected[25:] = False
    assert ((hand.label == 6) == expected).all()
    hand.drag((10, 10))
    assert hand.painting.threshold == (50, 50) and hand.key("Escape") and hand.painting.threshold is None


def test_a_locked_class_is_not_filled_with(hand: object) -> None:
    hand.painting.toggle_locked(6)
    for tool in ("brush", "fill", "wand"):
        hand.painting.tool = tool
        hand.drag((10, 10))
    assert (hand.label == UNTOUCHED).all() and len(hand.said) == 3


class Slow(ComputedTool):
    """Paints its first rows, when `go` is set."""

    def __init__(self, kit: object) -> None:
        super().__init__(kit)
        self.go = threading.Event()
        self.runs: list[int] = []

    def ask(self, rows: int, commit: bool) -> None:
        pixels, ink = self.document.image.pixels, Ink(6)

        def work(snapshot: object, report: Callable) -> object:
            while not self.go.wait(0.002):
                report(Progress(None))
            self.runs.append(rows)
            return patch_of(snapshot, pixels, Region((0, 0, 80, rows), np.ones((rows, 80), bool)), ink, FREE)

        self.compute(f"{rows} rows", work, commit)


@pytest.fixture
def jobs(qapp: object) -> Iterator[JobRunner]:
    runner = JobRunner()
    yield runner
    assert runner.shutdown(20)


@pytest.fixture
def busy(make_hand: Callable, jobs: JobRunner) -> object:
    """A hand whose wand is slow."""
    hand = make_hand(jobs)
    hand.slow = hand.tools.tools["wand"] = Slow(hand.tools.tools["wand"].kit)
    hand.painting.tool = "wand"
    return hand


def rows_painted(hand: object) -> int:
    return int((hand.label == 6).any(axis=1).sum())


def test_of_previews_the_newest_is_shown_and_finish_keeps_it(busy: object, qtbot: QtBot) -> None:
    for rows in (5, 9, 20):
        busy.slow.ask(rows, commit=False)
    assert busy.tools.outline().busy and busy.tools.computing
    busy.slow.go.set()
    qtbot.waitUntil(lambda: rows_painted(busy) == 20)
    assert 9 not in busy.slow.runs and len(busy.document.history.steps) == 0
    busy.slow.ask(7, commit=False)
    busy.slow.finish()
    qtbot.waitUntil(lambda: len(busy.document.history.steps) == 1)
    assert rows_painted(busy) == 7 and not busy.tools.active and not busy.document.gesture_active


def test_what_is_to_stay_is_done_in_order_one_step_each(busy: object, qtbot: QtBot) -> None:
    for rows in (5, 9, 20):
        busy.slow.ask(rows, commit=True)
    busy.slow.go.set()
    qtbot.waitUntil(lambda: len(busy.document.history.steps) == 3)
    assert [step.text for step in busy.document.history.steps] == ["5 rows", "9 rows", "20 rows"]
    busy.document.undo()
    assert rows_painted(busy) == 9


def test_escape_cancels_what_is_computed(busy: object, jobs: JobRunner, qtbot: QtBot) -> None:
    busy.slow.ask(5, commit=True)
    busy.slow.ask(9, commit=True)
    assert busy.key("Escape")
    assert not busy.document.gesture_active and not busy.tools.computing
    qtbot.waitUntil(lambda: not jobs.busy("tools"))
    assert busy.slow.runs == [] and len(busy.document.history.steps) == 0


def test_another_tool_waits_for_what_is_to_stay(busy: object, qtbot: QtBot) -> None:
    busy.slow.ask(5, commit=True)
    busy.painting.tool = "brush"
    assert busy.tools.computing, "changing the tool loses nothing that was asked for"
    busy.drag((40, 40), (50, 40))
    assert busy.said == ["Still computing; Esc cancels."] and busy.label[40, 45] == UNTOUCHED
    busy.slow.go.set()
    qtbot.waitUntil(lambda: len(busy.document.history.steps) == 1)
    busy.drag((40, 40), (50, 40))
    assert busy.label[40, 45] == 6 and len(busy.document.history.steps) == 2


def test_changing_the_tool_drops_what_is_only_shown(busy: object, qtbot: QtBot) -> None:
    busy.slow.go.set()
    busy.slow.ask(5, commit=False)
    qtbot.waitUntil(lambda: rows_painted(busy) == 5)
    busy.painting.tool = "brush"
    assert rows_painted(busy) == 0 and not busy.document.gesture_active


@pytest.mark.parametrize("end", ["undo", "load", "close"])
def test_whatever_ends_the_gesture_ends_the_work(busy: object, jobs: JobRunner, qtbot: QtBot, end: str) -> None:
    busy.slow.ask(5, commit=True)
    if end == "load":
        busy.document.load(busy.document.image, *(np.zeros((60, 80), np.uint8) for _ in range(2)))
    else:
        getattr(busy.document, end)()
    assert not busy.tools.computing
    qtbot.waitUntil(lambda: not jobs.busy("tools"))
    assert busy.slow.runs == [] and len(busy.document.history.steps) == 0


def test_work_that_fails_changes_nothing_and_is_told(busy: object, jobs: JobRunner, qtbot: QtBot) -> None:
    told = []
    jobs.failed.connect(lambda failure: told.append(str(failure.message)))

    def fails(snapshot: object, report: Callable) -> None:
        raise MemoryError

    busy.slow.compute("Wand", fails, True)
    qtbot.waitUntil(lambda: bool(told))
    assert "not enough memory" in told[0] and not busy.document.gesture_active and not busy.tools.active


def test_painting_meanwhile_is_not_seen_by_what_is_computed(busy: object, qtbot: QtBot) -> None:
    """What is shown of an earlier preview is no part of what the next is computed from."""
    busy.slow.go.set()
    busy.slow.ask(30, commit=False)
    qtbot.waitUntil(lambda: rows_painted(busy) == 30)
    busy.slow.ask(4, commit=True)
    qtbot.waitUntil(lambda: len(busy.document.history.steps) == 1)
    assert rows_painted(busy) == 4
    busy.document.undo()
    assert (busy.label == UNTOUCHED).all()


@pytest.mark.parametrize("tool", ["fill", "wand"])
def test_an_enter_right_after_letting_go_is_for_what_was_painted(
    hand: object, steps: np.ndarray, tool: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next one is for the image, and so is the first after a while or after another edit."""
    monkeypatch.setattr("lsgui.fill_tools.SECONDS_OF_GRACE", 60.0)
    show(hand, steps)
    hand.painting.tool = tool
    hand.drag((5, 5))
    assert hand.key("Return") and "accepts the image" in hand.said[-1]
    assert not hand.key("Return")
    hand.drag((60, 5))
    hand.document.undo()
    assert not hand.key("Return")
    monkeypatch.setattr("lsgui.fill_tools.SECONDS_OF_GRACE", 0.0)
    hand.drag((60, 5))
    assert not hand.key("Return") and len(hand.said) == 1


def test_an_enter_while_a_fill_is_computed_accepts_no_image(
    make_hand: Callable, steps: np.ndarray, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lsgui.fill_tools.SECONDS_OF_GRACE", 60.0)
    jobs, go = JobRunner(), threading.Event()
    hand = make_hand(jobs)
    show(hand, steps)
    jobs.submit("tools", Message("Computing"), lambda report: go.wait(20), quiet=True)
    hand.painting.tool = "fill"
    hand.drag((5, 5))
    assert hand.key("Return")
    go.set()
    qtbot.waitUntil(lambda: hand.label[5, 5] == 6)
    assert hand.key("Return"), "pressed again before it was seen"
    jobs.shutdown()
