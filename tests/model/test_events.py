"""Events survive the trip through a line of text, and anything else on that pipe is ignored."""

from __future__ import annotations

import dataclasses
import json
import math

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


@pytest.mark.parametrize("loss", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("event", [Step(1, 5, 20, 0.7), Epoch(1, 2, 0.5, None, {}, 1.0, 1.0)])
def test_a_loss_that_is_no_number_is_none_in_json_which_knows_no_other(event: Step | Epoch, loss: float) -> None:
    line = to_line(dataclasses.replace(event, loss=loss))
    assert json.loads(line, parse_constant=pytest.fail)["loss"] is None
    told = from_line(line)
    assert math.isnan(told.loss) and dataclasses.replace(told, loss=event.loss) == event


def test_runs_of_before_say_it_in_words_of_their_own() -> None:
    assert math.isnan(from_line('{"event": "step", "epoch": 1, "step": 5, "steps": 20, "loss": NaN}').loss)
