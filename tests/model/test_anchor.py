"""A share of the first weights stays in those that are published, and no counter is cut in two."""

from __future__ import annotations

import numpy as np
import pytest

from model.anchor import anchored


def test_what_stays_lies_on_the_line_from_the_last_weights_to_the_first():
    first = {"weight": np.zeros((2, 3), np.float32), "steps": np.array([2])}
    last = {"weight": np.full((2, 3), 4, np.float32), "steps": np.array([7])}
    for anchor, weight in ((0.0, 4), (0.25, 3), (1.0, 0)):
        between = anchored(first, last, anchor)
        assert (between["weight"] == weight).all() and between["weight"].dtype == np.float32
        assert between["steps"].tolist() == [7] and between["steps"].dtype == last["steps"].dtype


def test_half_precision_stays_what_it_is():
    first, last = ({"weight": np.full(2, value, np.float16)} for value in (1, 2))
    between = anchored(first, last, 0.5)["weight"]
    assert between.dtype == np.float16 and between == pytest.approx(1.5)


def test_weights_of_another_network_are_not_mixed():
    with pytest.raises(KeyError):
        anchored({"other": np.zeros(2)}, {"weight": np.zeros(2)}, 0.5)
