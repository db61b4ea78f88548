"""Pixels are counted exactly, whatever the size and shape of what holds them."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from model.counting import count_together, count_values, strips


def test_more_pixels_of_one_value_than_float32_can_tell_apart_are_counted_exactly_and_in_little_memory():
    plane = np.zeros((4099, 4097), np.uint8)
    plane[0, :3] = 9
    tracemalloc.start()
    counts, pairs = count_values(plane), count_together(plane, plane)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert counts.dtype == pairs.dtype == np.int64 and peak < 8 << 20
    assert counts.sum(axis=0)[[0, 9]].tolist() == [plane.size - 3, 3] == pairs[[0, 9], [0, 9]].tolist()
    assert len(counts) == len(list(strips(plane))) > 1


@pytest.mark.parametrize("shape", [(300, 5000), (3_000_000,), (1, 7), (0, 5), (2, 2_000_000)])
def test_counts_are_those_of_numpy(shape):
    rng = np.random.default_rng(0)
    first, second = (rng.integers(0, 256, shape, np.uint8) for _ in range(2))
    where = first != second
    assert np.array_equal(count_values(first).sum(axis=0), np.bincount(first.ravel(), minlength=256))
    both = 256 * first.astype(np.intp) + second
    for mask, counted in ((None, both.ravel()), (where, both[where])):
        expected = np.bincount(counted, minlength=1 << 16).reshape(256, 256)
        assert np.array_equal(count_together(first, second, mask), expected)


def test_a_part_of_a_map_is_counted_where_it_lies():
    whole = np.arange(256, dtype=np.uint8).reshape(16, 16)
    part = whole[2:9, 3:12]
    assert count_values(part).sum() == 63 and count_together(part, part, part > 40).sum() == (part > 40).sum()
