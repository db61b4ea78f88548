"""InputRange: measured values become 0..1, whatever type they come in."""

from __future__ import annotations

import numpy as np
import pytest

from model.images import auto_window
from model.input_range import InputRange, to_unit

ABDOMEN = InputRange("fixed", -160, 240)


def test_hounsfield_units_are_cut_to_the_range() -> None:
    pixels = np.array([[-1000, -160, 40, 240, 3000]], np.int16)
    values = to_unit(pixels, ABDOMEN.limits(pixels, "HU"))
    np.testing.assert_allclose(values, [[0, 0, 0.5, 1, 1]])
    assert values.dtype == np.float32


def test_eight_bit_images_are_taken_as_already_windowed() -> None:
    pixels = np.array([[0, 51, 255]], np.uint8)
    np.testing.assert_allclose(to_unit(pixels, ABDOMEN.limits(pixels)), [[0, 0.2, 1]], rtol=1e-6)


def test_counts_without_a_unit_are_not_mistaken_for_hounsfield_units() -> None:
    counts = np.linspace(1000, 60000, 10_000).astype(np.uint16).reshape(100, 100)
    assert not ABDOMEN.applies_to(counts)
    values = to_unit(counts, ABDOMEN.limits(counts))
    assert 0.45 < values.mean() < 0.55


def test_a_float_image_with_negative_values_is_taken_as_hounsfield_units() -> None:
    pixels = np.array([[-1000, 40]], np.float32)
    assert ABDOMEN.limits(pixels) == (-160, 240)


def test_percentiles_ignore_what_is_not_finite_and_a_flat_image_becomes_zero() -> None:
    percentiles = InputRange("percentile", 0.5, 99.5)
    pixels = np.linspace(0, 1000, 1001, dtype=np.float32)[None]
    low, high = percentiles.limits(pixels)
    assert (low, high) == pytest.approx((5, 995))
    spoiled = np.concatenate([pixels, np.full_like(pixels, np.nan)])
    assert percentiles.limits(spoiled) == pytest.approx((5, 995))
    assert np.isfinite(to_unit(spoiled, (low, high))).all()
    flat = np.full((4, 4), 7, np.uint16)
    assert (to_unit(flat, percentiles.limits(flat)) == 0).all()


@pytest.mark.parametrize(
    ("dtype", "dim", "bright"), [("uint8", 40, 240), ("uint16", 9000, 54000), ("float32", 0.001, 0.006)]
)
def test_a_few_bright_spots_on_black_keep_their_differences(dtype: str, dim: float, bright: float) -> None:
    pixels = np.zeros((1500, 1500), dtype)
    pixels[7:700:99, 5], pixels[9:700:99, 9] = dim, bright
    limits = InputRange("percentile", 0.5, 99.5).limits(pixels)
    values = to_unit(pixels, limits)
    assert (values[0, 0], values[9, 9]) == pytest.approx((0, 1))
    assert values[7, 5] == pytest.approx(1 / 6, abs=1e-6)
    window = auto_window(pixels)
    assert (window.low, window.high) == pytest.approx(limits)


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_a_mask_beside_missing_values_is_seen(dtype: str) -> None:
    pixels = np.array([[0, 0, 0, 1]], dtype)
    assert InputRange("percentile", 0.5, 99.5).limits(pixels, nodata=0) == (0, 1)


def test_a_large_image_gets_the_percentiles_of_a_sample() -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 10_000, (3000, 2500), dtype=np.uint16)
    low, high = InputRange("percentile", 0.5, 99.5).limits(pixels)
    assert low == pytest.approx(50, abs=5) and high == pytest.approx(9950, abs=5)


@pytest.mark.parametrize(("kind", "low", "high"), [("linear", 0, 1), ("fixed", 1, 1), ("percentile", 99, 1)])
def test_a_range_that_means_nothing_is_refused(kind: str, low: float, high: float) -> None:
    with pytest.raises(ValueError, match="low < high"):
        InputRange(kind, low, high)
