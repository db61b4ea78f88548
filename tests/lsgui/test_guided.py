"""The model-guided brush paints what the model's probabilities say, compared pixel by pixel."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lsgui import guided
from lsgui.guided import Contest, edges, snapped, taken
from model.prediction import Prediction


def made(random: np.random.Generator, height: int, width: int, classes: int = 3) -> Prediction:
    scores = random.integers(0, 5, (classes, -(-height // 4), -(-width // 4))).astype(np.uint8) * 50
    flat = np.zeros((height, width), np.uint8)
    return Prediction(flat, flat, scores, tuple(range(0, 2 * classes, 2)), "demo")


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 17), st.integers(1, 17), st.booleans(), st.booleans(), st.booleans())
def test_fully_snapped_it_paints_what_the_probabilities_say(
    number: int, height: int, width: int, both_ways: bool, erases: bool, locked: bool
) -> None:
    random = np.random.default_rng(number)
    prediction = made(random, height, width)
    label = random.choice([0, 2, 4, 255], (height, width)).astype(np.uint8)
    label.flags.writeable = False
    kept = frozenset({4} if locked else ())
    contest = Contest(prediction, 2).at((0, 0, width, height))
    after, where = taken(contest, label, 2, 100, kept) if erases else snapped(contest, label, 2, 100, both_ways, kept)
    probabilities = prediction.probabilities((0, 0, width, height))
    for row in range(height):
        for column in range(width):
            here = dict(zip(prediction.values, probabilities[:, row, column].tolist(), strict=True))
            own = here.pop(2)
            best = max(here, key=here.get)
            now = int(label[row, column])
            if own > here[best] and not erases:
                expected = 2
            elif now == 2 and own < here[best] and (both_ways or erases) and best not in kept:
                expected = best
            else:
                expected = None
            assert bool(where[row, column]) == (expected is not None)
            assert expected is None or after[row, column] == expected


@given(st.integers(0, 10_000), st.floats(0, 100), st.floats(0, 100))
def test_less_snap_paints_more_and_none_paints_everything(number: int, one: float, other: float) -> None:
    random = np.random.default_rng(number)
    contest = Contest(made(random, 9, 14), 2).at((0, 0, 14, 9))
    label = random.choice([0, 2, 4], (9, 14)).astype(np.uint8)
    less, more = (snapped(contest, label, 2, snap, False)[1] for snap in sorted((one, other)))
    assert ((less != 0) | (more == 0)).all()
    after, where = snapped(contest, label, 2, 0, True)
    assert where.all() and (after == 2).all()
    after, where = taken(contest, label, 2, 0, frozenset())
    assert ((where != 0) == (label == 2)).all() and (after[where != 0] != 2).all()


def test_tiles_fit_together_and_are_not_kept_for_ever(monkeypatch) -> None:
    monkeypatch.setattr(guided, "TILE", 8)
    monkeypatch.setattr(guided, "_MOST_TILES", 3)
    prediction = made(np.random.default_rng(5), 37, 29)
    contest = Contest(prediction, 4)
    for box in ((0, 0, 29, 37), (3, 5, 20, 9), (28, 36, 1, 1)):
        for found, expected in zip(contest.at(box), prediction.contest(box, 4), strict=True):
            assert (found == expected).all()
    assert len(contest._tiles) <= 3


def test_the_edge_that_is_drawn_is_around_what_will_be_painted() -> None:
    mask = np.zeros((8, 9), np.uint8)
    mask[2:5, 3:7] = 255
    (ring,) = edges(mask, (100, 50))
    assert {min(ring), max(ring)} == {(103.5, 52.5), (106.5, 54.5)}
