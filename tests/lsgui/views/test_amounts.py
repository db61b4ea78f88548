"""Numbers are short, whatever the unit of the image."""

from __future__ import annotations

import numpy as np
import pytest

from lsgui.views.amounts import decimals, number
from lsgui.views.options.kinds import tolerances
from model.images import Image, auto_window


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (-600, "-600"), (12.7, "13"), (0.637, "0.637"), (65535, "65535"), (4.2e9, "4.2e+09"), (3e-9, "3e-09")],
)
def test_a_number_is_short(value: float, text: str) -> None:
    assert number(value) == text
    assert len(number(value * 1e37)) < 10


@pytest.mark.parametrize(("span", "count"), [(1000, 3), (6.4, 3), (0.2, 4), (2e-9, 12)])
def test_a_thousandth_of_the_span_can_be_told(span: float, count: int) -> None:
    assert decimals(span, at_least=3) == count


def test_a_tolerance_reaches_as_far_as_heights_in_metres_differ() -> None:
    pixels = np.linspace(0, 5e-9, 100, dtype=np.float32).reshape(10, 10)
    scale = tolerances(Image("a.tif", pixels, window=auto_window(pixels)))
    assert scale.high == pytest.approx(5e-9, rel=0.02)
    assert 0 < round(scale.value(3), scale.decimals) < scale.high / 20
