"""Zoom and pan keep what the user points at where it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsgui.views.viewport import LARGEST, SMALLEST, Viewport, scale_bar

SIZES = st.tuples(st.integers(1, 9000), st.integers(1, 9000))
CANVASES = st.tuples(st.integers(100, 4000), st.integers(100, 3000))


@given(SIZES, CANVASES)
def test_fit_shows_the_whole_image_in_the_middle(image: tuple[int, int], canvas: tuple[int, int]) -> None:
    fitted = Viewport(canvas=canvas, image=image).fit()
    left, top = fitted.to_canvas(0, 0)
    right, bottom = fitted.to_canvas(*image)
    if SMALLEST < fitted.view.scale < LARGEST:
        assert left >= -1 and top >= -1 and right <= canvas[0] + 1 and bottom <= canvas[1] + 1
    assert abs((left + right) / 2 - canvas[0] / 2) <= 1 and abs((top + bottom) / 2 - canvas[1] / 2) <= 1


@given(st.floats(0.2, 5), st.floats(200, 600), st.floats(200, 400))
def test_zooming_keeps_the_point_under_the_cursor(factor: float, x: float, y: float) -> None:
    before = Viewport(canvas=(800, 600), image=(512, 512)).fit()
    after = before.zoomed(factor, (x, y))
    assert after.to_image(x, y) == pytest.approx(before.to_image(x, y), abs=1e-6)


def test_the_image_cannot_be_pushed_out_of_sight() -> None:
    moved = Viewport(canvas=(800, 600), image=(512, 512)).fit().panned(9e9, -9e9)
    left, _ = moved.to_canvas(0, 0)
    _, bottom = moved.to_canvas(512, 512)
    assert left < 800 and bottom > 0


def test_a_fitted_image_stays_fitted_and_another_keeps_its_middle() -> None:
    fitted = Viewport(canvas=(800, 600), image=(512, 512)).fit()
    assert fitted.resized((400, 300)).view.scale == pytest.approx(fitted.view.scale / 2)
    zoomed = fitted.zoomed(3, (400, 300))
    assert zoomed.resized((900, 700)).to_image(450, 350) == pytest.approx(zoomed.to_image(400, 300))


def test_actual_size_is_one_image_pixel_per_device_pixel() -> None:
    assert Viewport(canvas=(800, 600), image=(4096, 4096)).fit().actual_size().view.scale == pytest.approx(1)


def test_the_next_slice_keeps_the_view_and_an_image_of_another_size_is_fitted() -> None:
    zoomed = Viewport(canvas=(800, 600), image=(512, 512)).fit().zoomed(4, (100, 100))
    assert zoomed.showing((512, 512)) == zoomed
    assert zoomed.showing((100, 50)).view.scale == pytest.approx(8)


@given(st.floats(1e-4, 50), st.integers(60, 300))
def test_the_scale_bar_is_round_and_fits(millimetres: float, longest: int) -> None:
    length, pixels = scale_bar(millimetres, longest)
    assert pixels <= longest * 1.001 and pixels >= longest / 2.6
    assert f"{length:.0e}"[0] in "125"
