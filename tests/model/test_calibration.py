"""Confidence that can be believed: the error of one that cannot, and the temperature that mends it."""

from __future__ import annotations

import dataclasses
import tracemalloc

import numpy as np
import pytest

from model.adapt import network_from_checkpoint
from model.calibration import RANGE, calibration_error, count_confidence, count_softmax, fit_temperature
from model.checkpoint import load, save
from model.images import Image
from model.segmenter import Segmenter
from tests.model.conftest import blob_picture


def drawn(temperature: float, count: int = 20_000, classes: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Logits (N, C) that must be divided by `temperature` to say how often each class (N,) comes."""
    rng = np.random.default_rng(1)
    honest = rng.normal(0, 2, (count, classes))
    noise = rng.gumbel(size=honest.shape)
    return (honest * temperature).astype(np.float32), (honest + noise).argmax(axis=1).astype(np.uint8)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 1.7, 3.0])
def test_the_temperature_that_spoiled_the_logits_is_found(temperature):
    logits, channels = drawn(temperature)
    assert fit_temperature(logits, channels) == pytest.approx(temperature, rel=0.03)


def test_untouched_pixels_count_for_nothing():
    logits, channels = drawn(2.0)
    spoiled = np.concatenate([logits, -logits]), np.concatenate([channels, np.full_like(channels, 255)])
    assert fit_temperature(*spoiled) == pytest.approx(fit_temperature(logits, channels), rel=1e-4)
    assert fit_temperature(logits, np.full_like(channels, 255)) is None


def test_a_large_map_is_counted_exactly_and_in_little_memory():
    rng = np.random.default_rng(0)
    confidence = rng.integers(0, 256, (2048, 8192), np.uint8)
    right, known = confidence > 100, confidence != 7
    right[::3] = False
    tracemalloc.start()
    counts = count_confidence(confidence, right, known)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20 and counts.shape == (2, 256) and counts[:, 7].sum() == 0
    assert counts.sum() == known.sum() and counts[1, 200] == (right & (confidence == 200)).sum()


def test_logits_that_are_no_numbers_count_for_nothing():
    logits, channels = drawn(2.0)
    spoiled = logits.copy()
    spoiled[5, 1], spoiled[9] = np.inf, np.nan
    assert fit_temperature(spoiled, channels) == pytest.approx(fit_temperature(logits, channels), rel=1e-2)
    assert fit_temperature(np.full_like(logits, np.nan), channels) is None


def test_samples_that_are_all_right_or_all_wrong_stay_within_bounds():
    logits = np.tile(np.float32([4, 0, 0]), (50, 1))
    assert RANGE[0] <= fit_temperature(logits, np.zeros(50, np.uint8)) < 0.5
    assert fit_temperature(logits, np.ones(50, np.uint8)) == pytest.approx(RANGE[1], rel=1e-3)


def test_the_error_is_the_distance_of_confidence_and_truth():
    confidence = np.repeat(np.uint8([51, 204, 204]), [10, 5, 1])[None]
    right = np.array([[False] * 8 + [True] * 2 + [True] * 4 + [False, True]])
    known = np.array([[True] * 15 + [False]])
    counts = count_confidence(confidence, right, known)
    assert counts.sum() == 15 and calibration_error(counts) == pytest.approx(0)
    assert calibration_error(count_confidence(confidence, ~right, known)) == pytest.approx(0.6)
    assert calibration_error(np.zeros((2, 256), np.int64)) is None


def test_overconfident_logits_are_believable_after_division():
    logits, channels = drawn(3.0)

    before, after = (count_softmax(logits / t, channels) for t in (1, fit_temperature(logits, channels)))
    assert calibration_error(before) > 0.1 and calibration_error(after) < 0.01


def test_a_segmenter_is_less_sure_at_a_higher_temperature_and_says_the_same(blob_weights, tmp_path):
    image = Image("a", np.ascontiguousarray(blob_picture(1)[0]))
    checkpoint = load(blob_weights)
    sharp = {name: 10 * one if name.startswith("head.") else one for name, one in checkpoint.tensors.items()}
    checkpoint = dataclasses.replace(checkpoint, tensors=sharp)
    save(tmp_path / "warm.safetensors", dataclasses.replace(checkpoint, temperature=2.0))
    cold = Segmenter.load(checkpoint, "cpu").predict(image)
    warm = Segmenter.load(tmp_path / "warm.safetensors", "cpu").predict(image)
    assert (cold.label_map == warm.label_map).all() and warm.mean_confidence < cold.mean_confidence - 0.02
    trained_on = network_from_checkpoint(load(tmp_path / "warm.safetensors"))
    assert np.array_equal(trained_on.head.weight.detach().numpy(), sharp["head.weight"]), "training goes on unfolded"
