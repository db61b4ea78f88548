"""Which window an image is shown with when it follows another."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from lsgui.views.display import Display
from model.images import Image, Window

SOFT, LUNG, CHOSEN = Window(40, 300), Window(-600, 1500), Window(60, 160)


def a_slice(window: Window, series: str | None = "1", unit: str = "HU") -> Image:
    return Image("a.dcm", np.zeros((4, 4), np.int16), unit=unit, window=window, series=series)


@pytest.fixture
def display(qapp: object) -> Display:
    display = Display()
    display.show_image(a_slice(SOFT))
    return display


@pytest.mark.parametrize("series", ["2", None])
def test_a_window_nobody_chose_ends_with_its_series(display: Display, series: str | None) -> None:
    display.show_image(a_slice(LUNG, series))
    assert display.window == LUNG


def test_a_series_looks_the_same_from_slice_to_slice(display: Display) -> None:
    """Automatic windows would flicker."""
    display.show_image(a_slice(Window(41, 310)))
    assert display.window == SOFT


@pytest.mark.parametrize("series", ["1", "2", None])
def test_a_window_chosen_in_hounsfield_units_stays(display: Display, series: str | None) -> None:
    display.set_window(CHOSEN.level, CHOSEN.width)
    for _ in range(2):
        display.show_image(a_slice(LUNG, series))
        assert display.window == CHOSEN


def test_a_chosen_window_says_nothing_about_other_units_nor_after_them(display: Display) -> None:
    display.set_window(CHOSEN.level, CHOSEN.width)
    display.show_image(a_slice(Window(1000, 2000), unit=""))
    assert display.window == Window(1000, 2000)
    display.show_image(a_slice(SOFT))
    display.show_image(a_slice(LUNG, "2"))
    assert display.window == LUNG


def plain(window: Window, kind: type = np.uint16) -> Image:
    return Image("a.tif", np.arange(16, dtype=kind).reshape(4, 4), window=window)


def test_a_window_chosen_for_values_without_a_unit_stays_for_images_of_their_type(display: Display) -> None:
    display.show_image(plain(LUNG))
    display.set_window(CHOSEN.level, CHOSEN.width)
    display.show_image(plain(LUNG))
    assert display.window == CHOSEN
    display.show_image(plain(SOFT, np.float32))
    assert display.window == SOFT


@pytest.mark.parametrize(("series", "stays"), [("1", True), ("2", False), (None, False)])
@pytest.mark.parametrize("kind", [np.uint16, np.float32])
def test_a_chosen_window_stays_in_a_series_whatever_type_holds_a_slice(
    display: Display, kind: type, series: str | None, stays: bool
) -> None:
    """Of a bright slice of a magnetic resonance image uint16, of one without fractions not float32."""
    display.show_image(a_slice(SOFT, unit=""))
    display.set_window(CHOSEN.level, CHOSEN.width)
    display.show_image(dataclasses.replace(plain(LUNG, kind), series=series))
    assert display.window == (CHOSEN if stays else LUNG)


def test_a_window_that_would_show_nothing_of_the_next_image_does_not_stay(display: Display) -> None:
    far = Window(9000, 2000)
    display.show_image(plain(Window(50, 100)))
    display.set_window(CHOSEN.level, CHOSEN.width)
    display.show_image(plain(far))
    assert display.window == far


def test_what_values_without_a_unit_suggest_is_each_image_s_own(display: Display) -> None:
    display.show_image(plain(LUNG))
    display.set_window(CHOSEN.level, CHOSEN.width)
    display.choose_preset("auto")
    display.show_image(plain(SOFT))
    assert display.window == SOFT


@pytest.mark.parametrize(("level", "shown"), [(-300, 0), (128, 128), (900, 255)])
def test_a_window_of_8_bit_values_cannot_leave_them(display: Display, level: float, shown: float) -> None:
    display.show_image(Image("a.png", np.zeros((4, 4), np.uint8)))
    display.set_window(level, 20)
    assert display.window == Window(shown, 20)


def test_a_window_of_other_values_can_be_anywhere(display: Display) -> None:
    display.set_window(-2000, 20)
    assert display.window == Window(-2000, 20)


def test_a_window_of_heights_in_metres_can_be_narrowed(display: Display) -> None:
    pixels = np.linspace(0, 5e-9, 100, dtype=np.float32).reshape(10, 10)
    display.show_image(Image("a.tif", pixels, window=Window(2.5e-9, 5e-9)))
    display.set_window(2.5e-9, 1e-9)
    assert display.window.width == 1e-9
    display.set_window(2.5e-9, -1)
    assert 0 < display.window.width < 1e-12
