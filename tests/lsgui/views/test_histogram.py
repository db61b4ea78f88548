"""The histogram of window and level: also of images whose values hardly differ."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as pillow

from lsgui.views.histogram import histogram
from model.images import Image, auto_window


def constant(value: float, *odd: float) -> np.ndarray:
    pixels = np.full((64, 64), value, np.float32)
    pixels.flat[: len(odd)] = odd
    return pixels


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0, -3.0, 5.0, 300.0, 3e7, 1e9, 1e30, -3e38])
def test_a_constant_image_has_a_histogram(value: float) -> None:
    pixels = constant(value)
    heights, (low, high) = histogram(Image("x", pixels, window=auto_window(pixels)))
    assert low <= value <= high and low < high and heights.max() == 1 and np.count_nonzero(heights) == 1


@pytest.mark.parametrize("odd", [(), (np.inf, np.nan)])
@pytest.mark.parametrize("value", [0.5, 5.0, 3e7])
def test_a_constant_image_opens(
    make_window: Callable[..., object], tmp_path: Path, value: float, odd: tuple[float, ...]
) -> None:
    folder = tmp_path / "flat"
    folder.mkdir()
    pillow.fromarray(constant(value, *odd)).save(folder / "a.tif")
    shown = make_window()
    shown.desk.open(folder, "a.tif")
    assert not [notice for notice in shown.desk.notices if notice.level == "error"]
    assert not shown.window.grab().isNull()


def test_values_that_are_no_measurement_are_not_in_it() -> None:
    pixels = np.arange(100, 200, dtype=np.int16).repeat(10).reshape(20, 50)
    pixels[:10] = -9999
    _, (low, high) = histogram(Image("x", pixels, window=auto_window(pixels, -9999), nodata=-9999))
    assert 145 <= low and high <= 200


@pytest.mark.parametrize("channel", [0, 1, 2])
def test_the_histogram_of_colours_counts_every_channel(channel: int) -> None:
    """1000 x 1000 in three channels are looked at in steps of 15 numbers, a multiple of three."""
    pixels = np.zeros((1000, 1000, 3), np.uint16)
    pixels[..., channel] = np.arange(1000) * 60
    heights, _ = histogram(Image("x", pixels, window=auto_window(pixels)))
    assert np.count_nonzero(heights) > 100
