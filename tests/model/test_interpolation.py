"""A share of the first weights stays in those that are published, and no counter is cut in two."""

from __future__ import annotations

import numpy as np
import pytest

from model.interpolation import costs_too_much, interpolated


def test_what_stays_lies_on_the_line_from_the_last_weights_to_the_first():
    first = {"weight": np.zeros((2, 3), np.float32), "steps": np.array([2])}
    last = {"weight": np.full((2, 3), 4, np.float32), "steps": np.array([7])}
    for share, weight in ((0.0, 4), (0.25, 3), (1.0, 0)):
        between = interpolated(first, last, share)
        assert (between["weight"] == weight).all() and between["weight"].dtype == np.float32
        assert between["steps"].tolist() == [7] and between["steps"].dtype == last["steps"].dtype


def test_half_precision_stays_what_it_is():
    first, last = ({"weight": np.full(2, value, np.float16)} for value in (1, 2))
    between = interpolated(first, last, 0.5)["weight"]
    assert between.dtype == np.float16 and between == pytest.approx(1.5)


def test_weights_of_another_network_are_not_mixed():
    with pytest.raises(KeyError):
        interpolated({"other": np.zeros(2)}, {"weight": np.zeros(2)}, 0.5)


@pytest.mark.parametrize(
    ("kept", "free", "images", "too_much"),
    [
        (0.47, 0.5, 10, True),
        (0.47, 0.5, 2, False),
        (0.44, 0.5, 2, True),
        (0.43, 0.5, 1, False),
        (0.41, 0.5, 1, True),
        (0.49, 0.5, 10, False),
        (0.6, 0.5, 10, False),
        (None, 0.5, 3, True),
        (0.5, None, 3, False),
        (None, None, 3, False),
    ],
)
def test_little_is_lost_for_the_sake_of_what_was_learned_elsewhere_but_few_images_are_not_believed(
    kept, free, images, too_much
):
    assert costs_too_much(kept, free, images) == too_much
