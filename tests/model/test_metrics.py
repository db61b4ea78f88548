"""Dice and IoU against sets counted by hand, and what is left out of them."""

import tracemalloc

import numpy as np
import pytest

from model.metrics import confusion, dice, iou


def test_dice_and_iou_are_what_set_arithmetic_says():
    label = np.array([[0, 0, 1, 1], [2, 2, 2, 2]], np.uint8)
    prediction = np.array([[0, 1, 1, 1], [2, 2, 0, 0]], np.uint8)
    counts = confusion(prediction, label, 4)
    np.testing.assert_allclose(dice(counts)[:3], [2 * 1 / (2 + 3), 2 * 2 / (2 + 3), 2 * 2 / (4 + 2)])
    np.testing.assert_allclose(iou(counts)[:3], [1 / 4, 2 / 3, 2 / 4])


def test_a_class_absent_from_the_truth_has_no_score_even_when_it_is_predicted():
    counts = confusion(np.array([[3, 0]], np.uint8), np.array([[0, 0]], np.uint8), 4)
    assert np.isnan(dice(counts)[3]) and np.isnan(iou(counts)[3])
    assert dice(counts)[0] == pytest.approx(2 / 3)


def test_untouched_pixels_do_not_count():
    label = np.array([[1, 255, 255]], np.uint8)
    assert dice(confusion(np.array([[1, 0, 7]], np.uint8), label, 8))[1] == 1
    assert confusion(np.array([[1, 1, 1]], np.uint8), np.full((1, 3), 255, np.uint8), 2).sum() == 0


def test_images_are_pooled_by_adding_their_counts():
    first = confusion(np.array([[1, 1]], np.uint8), np.array([[1, 1]], np.uint8), 2)
    second = confusion(np.array([[0] * 6]), np.array([[1] * 6], np.uint8), 2)
    assert dice(first + second)[1] == pytest.approx(2 * 2 / (2 + 8))


def test_a_large_map_is_counted_exactly_and_in_little_memory():
    """Sixteen megapixels counted at once would take over 200 MB."""
    rng = np.random.default_rng(0)
    label, prediction = (rng.integers(0, 5, (2048, 8192), np.uint8) for _ in range(2))
    label[::3] = 255
    tracemalloc.start()
    counts = confusion(prediction, label, 5)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert counts.sum() == (label != 255).sum() and peak < 64 << 20
    assert counts[2, 3] == ((label == 2) & (prediction == 3)).sum()


def test_maps_that_do_not_fit_each_other_are_refused():
    with pytest.raises(ValueError, match="one shape"):
        confusion(np.zeros((2, 2), np.uint8), np.zeros((2, 3), np.uint8), 2)
    with pytest.raises(ValueError, match="below 2"):
        confusion(np.array([[5]], np.uint8), np.array([[1]], np.uint8), 2)
