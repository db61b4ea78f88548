"""The learning rate rises, falls, and the training ends when it was asked to."""

from types import SimpleNamespace

import pytest

from model.schedule import FEWEST_WINDING, LOWEST_RATE, MANY_STEPS, STEADY_RATE, WIND_DOWN, Rationed, Schedule, WindDown


def test_a_training_by_steps_ends_after_its_steps():
    schedule = Schedule(epochs=4, steps=10)
    assert schedule.progress(39, seconds=1e6) < 1
    assert schedule.progress(40, seconds=0) == 1
    assert next(step for step in range(1, 41) if schedule.epoch_is_over(2, schedule.progress(step, 0))) == 20


def test_a_training_by_time_follows_the_clock_alone():
    schedule = Schedule(epochs=5, seconds=100)
    assert schedule.progress(10**6, seconds=50) == 0.5
    assert not schedule.epoch_is_over(1, schedule.progress(10**6, 19))
    assert schedule.epoch_is_over(1, schedule.progress(1, 20))


def test_a_training_by_time_ends_earlier_when_it_has_seen_enough_views():
    schedule = Schedule(epochs=5, seconds=100, enough_views=1000)
    assert schedule.progress(9, seconds=50, views=100) == 0.5 and schedule.progress(9, seconds=50, views=750) == 0.75
    assert schedule.progress(9, seconds=50, views=1000) == 1 and schedule.is_enough(1000)
    assert not schedule.is_enough(999) and not Schedule(epochs=5, seconds=100).is_enough(10**6)
    by_steps = Schedule(epochs=5, steps=1000, enough_views=1000)
    assert by_steps.progress(1000, seconds=0, views=8000) == 0.2 and not by_steps.is_enough(1000)


def test_a_training_is_over_when_its_time_is_up_whatever_is_left_but_not_before_a_step():
    schedule = Schedule(epochs=5, seconds=100)
    assert not schedule.is_over(4, steps=9, progress=0.99)
    assert schedule.is_over(2, steps=9, progress=1.0) and schedule.is_over(5, steps=9, progress=0.9)
    assert not schedule.is_over(0, steps=0, progress=1.0)


@pytest.mark.parametrize("long", [False, True])
def test_the_rate_warms_up_to_its_peak_and_winds_down_to_almost_nothing_or_to_where_it_stays(long):
    schedule = Schedule(epochs=1, steps=100, warm_up=0.1)
    rates = [schedule.rate(step / 100, long) for step in range(101)]
    assert rates[0] > 0 and max(rates) == rates[10] == 1
    assert rates[:11] == sorted(rates[:11]) and rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[100] == pytest.approx(STEADY_RATE if long else LOWEST_RATE)
    lowest = [step for step in range(10, 101) if rates[step] == pytest.approx(rates[100])]
    assert lowest == ([*range(60, 101)] if long else [100])


@pytest.mark.parametrize(
    ("steps", "progress", "many"),
    [(10**6, 0.19, None), (999, 0.2, False), (1000, 0.2, True), (2499, 0.5, False), (2500, 0.5, True), (0, 0.2, False)],
)
def test_a_training_is_long_when_its_pace_promises_many_steps(steps, progress, many):
    assert MANY_STEPS == 5000 and Schedule.foresees_many(steps, progress) is many


def test_a_training_of_just_so_many_steps_is_long_at_each_of_them():
    schedule = Schedule(epochs=1, steps=MANY_STEPS)
    assert all(schedule.foresees_many(step, schedule.progress(step, 0)) for step in range(1000, MANY_STEPS))


def test_the_steps_of_an_epoch_by_time_are_estimated_from_its_pace():
    schedule = Schedule(epochs=4, seconds=100)
    assert schedule.steps_of_epoch(2, done=10, progress=0.25 + 0.125) == 20
    by_steps = Schedule(epochs=4, steps=7)
    assert by_steps.steps_of_epoch(2, done=3, progress=0.5) == 7 and by_steps.steps_of_epoch(2, 9, 1) == 9


def test_a_training_that_shall_end_early_winds_down_in_a_share_of_the_time_it_has_had():
    asked = []
    winding = WindDown(lambda: bool(asked))
    assert winding.progress(0.2, 100, 1000) == 0.2 and not winding.begun
    asked.append(True)
    assert winding.progress(0.2, 100, 1000) == 0.2 and winding.begun
    half = 100 + 100 * WIND_DOWN / 2
    assert winding.progress(0.21, half, 1075) == pytest.approx(0.6)
    assert winding.progress(0.22, 100 + 100 * WIND_DOWN, 1150) == pytest.approx(1)
    assert winding.progress(0.9, half, 1075) == 0.9, "what was planned is not put off"


def test_where_steps_are_slow_it_winds_down_over_a_few_of_them():
    winding = WindDown(lambda: True)
    assert winding.progress(0.1, seconds=20.0, steps=4) == 0.1
    seen = [winding.progress(0.1, 20.0 + 5 * step, 4 + step) for step in range(1, FEWEST_WINDING + 1)]
    assert seen == sorted(seen) and seen[-2] < 1 and seen[-1] == pytest.approx(1)


def test_a_training_that_shall_end_before_it_began_ends_at_once():
    winding = WindDown(lambda: True)
    assert winding.progress(0.0, 0.0, 0) == 0
    assert winding.progress(0.001, 0.5, 1) == 1


def test_work_that_takes_long_gets_fewer_turns(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("model.schedule.time", SimpleNamespace(monotonic=lambda: now[0]))
    work = Rationed(share=0.1)
    with work.turn() as due:
        assert due
        now[0] += 0.02
    with work.turn() as due:
        assert not due
    now[0] += 0.25
    with work.turn() as due:
        assert due
