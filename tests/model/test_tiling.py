"""Tiling: every pixel is covered, weights sum to one, and images meet the network at a sensible scale."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.tiling import Grid, tile_starts, zoomed_shape


@pytest.mark.parametrize(
    ("shape", "zoomed"),
    [
        ((512, 512), (512, 512)),
        ((360, 480), (384, 512)),
        ((768, 400), (512, 267)),
        ((1, 1), (512, 512)),
        ((1, 700), (1, 512)),
        ((769, 400), None),
        ((8192, 8192), None),
    ],
)
def test_zoom_keeps_the_aspect_ratio_and_leaves_large_images_to_tiles(shape, zoomed) -> None:
    assert zoomed_shape(*shape, 512) == zoomed


@given(st.integers(1, 5000), st.integers(64, 600))
def test_tiles_cover_everything_with_enough_overlap(length: int, tile: int) -> None:
    tile = min(tile, length)
    starts = tile_starts(length, tile, tile // 8)
    assert starts[0] == 0 and starts == sorted(set(starts))
    assert all(start % 4 == 0 for start in starts)
    assert length <= starts[-1] + tile <= length + 3
    assert all(after - before <= tile - tile // 8 for before, after in itertools.pairwise(starts))


@given(st.integers(1, 2000), st.integers(1, 2000))
def test_weights_of_all_tiles_sum_to_one(height: int, width: int) -> None:
    grid = Grid.over((height, width), 512)
    for length, starts, weights in ((height, grid.tops, grid.down), (width, grid.lefts, grid.across)):
        total = np.zeros(starts[-1] + weights.shape[1])
        for start, weight in zip(starts, weights, strict=True):
            total[start : start + len(weight)] += weight
        np.testing.assert_allclose(total[:length], 1, rtol=1e-5)
        assert (weights > 0).all()


def test_an_image_of_one_tile_is_not_padded_to_it() -> None:
    assert Grid.over((30, 2000), 512).tile == (30, 512)
