"""Events survive the trip through a line of text, and anything else on that pipe is ignored."""

from __future__ import annotations

import pytest

from model.events import (
    Baseline,
    Epoch,
    Event,
    Failed,
    Finished,
    Notice,
    Started,
    Step,
    Stopped,
    from_line,
    to_line,
)

EVENTS = [
    Started(3, "CPU, 2 threads", 4, 40, 6, 4, ["background", "liver"], 12),
    Baseline(0.81, {"liver": 0.9}),
    Step(1, 5, 20, 0.7),
    Epoch(1, 40, 0.5, 0.83, {"liver": 0.91}, 2.5, 97.5),
    Epoch(1, 40, 0.5, None, {}, 2.5, 97.5),
    Notice("{name} was left out.", {"name": "片 1.png"}),
    Finished(3, "runs/0003/weights.safetensors", 0.84, {"liver": 0.92}, 0.81, {"liver": 0.9}, "better"),
    Finished(3, "w", None, {}, None, {}, "cannot_judge"),
    Stopped(3),
    Failed("Too few labels: {count}.", {"count": 1}),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_event_comes_back_from_its_line(event: Event) -> None:
    line = to_line(event)
    assert "\n" not in line
    assert from_line(line) == event


@pytest.mark.parametrize(
    "line",
    ["", "Loading weights...", "{}", "[1, 2]", "7", '{"event": "tea_break"}', '{"event": "step"}', '{"event": "st'],
)
def test_anything_else_is_not_an_event(line: str) -> None:
    assert from_line(line) is None


def test_dice_that_is_not_a_number_does_not_break_the_pipe() -> None:
    event = from_line(to_line(Epoch(1, 2, float("nan"), None, {}, 1.0, 1.0)))
    assert isinstance(event, Epoch)
    assert event.loss != event.loss
