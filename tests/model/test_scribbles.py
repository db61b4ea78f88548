"""The strokes and the choice of images by which the benchmarks stand in for an analyst."""

from __future__ import annotations

import numpy as np
import pytest

from model.opencv import cv2
from tests.benchmarks.scribbles import evenly, scribbled


def picture(seed: int = 0) -> np.ndarray:
    """Sky over ground, a disk, a thin pole, and some pixels nobody has labelled."""
    truth = np.ones((120, 160), np.uint8)
    truth[70:] = 2
    cv2.circle(truth, (50, 60), 22, 3, -1)
    truth[10:110, 120:123] = 4
    truth[:8] = 255
    return truth


@pytest.mark.parametrize("share", [0.02, 0.05, 0.15])
def test_strokes_cover_the_share_and_stay_in_their_class(share):
    truth = picture()
    drawn = scribbled(truth, share, seed=3)
    known = drawn != 255
    assert (drawn[known] == truth[known]).all() and set(np.unique(drawn[known])) == {1, 2, 3, 4}
    assert 0.8 * share < known.mean() < 1.25 * share


def test_strokes_are_few_and_connected():
    drawn = scribbled(picture(), 0.05, seed=3)
    for value in (1, 2, 3, 4):
        pieces, _, facts, _ = cv2.connectedComponentsWithStats((drawn == value).astype(np.uint8), connectivity=8)
        assert pieces - 1 <= 8 and facts[1:, cv2.CC_STAT_AREA].max() > 20


def test_the_seed_decides():
    truth = picture()
    first, again, other = (scribbled(truth, 0.05, seed) for seed in (1, 1, 2))
    assert (first == again).all() and (first != other).any()


def test_images_are_chosen_evenly_from_each_drive():
    names = [f"a_{i:03d}.png" for i in range(40)] + [f"b_{i:03d}.png" for i in range(20)] + ["c_1.png"]
    chosen = evenly(names[::-1], 0.1)
    assert chosen == ["a_005.png", "a_015.png", "a_025.png", "a_035.png", "b_005.png", "b_015.png", "c_1.png"]
