"""The slices of a series stand beside those they lie beside, whatever their files are called."""

from __future__ import annotations

import pytest

from model.slice_headers import SlicePlace
from model.slice_order import in_slice_order

AXIAL, SAGITTAL = (0.0, 0.0, 1.0), (1.0, 0.0, 0.0)


def place(z: float | None, number: int | None = None, series: str = "1") -> SlicePlace:
    return SlicePlace(series, None if z is None else (5.0, 6.0, z), AXIAL, number)


def order(**places: SlicePlace | None) -> str:
    """Names of one letter, in the order of names."""
    return "".join(in_slice_order(sorted(places), {name: one for name, one in places.items() if one is not None}))


def test_slices_lie_in_the_order_of_their_positions() -> None:
    assert order(a=place(4), b=place(2), c=place(-7), d=place(1)) == "cdba"


def test_the_position_is_measured_along_the_normal() -> None:
    lies = {name: SlicePlace("1", (x, -x, 3.0), SAGITTAL) for name, x in zip("abc", (5.0, 9.0, 7.0), strict=True)}
    assert order(**lies) == "acb"


@pytest.mark.parametrize("heights", [(1, 2, 3), (3, 2, 1), (1, 1, 2), (4, 4, 4)])
def test_names_that_run_from_end_to_end_stay(heights: tuple[int, ...]) -> None:
    assert order(a=place(heights[0], 3), b=place(heights[1], 2), c=place(heights[2], 1)) == "abc"


def test_without_every_position_numbers_count_and_without_every_number_names() -> None:
    assert order(a=place(1, 3), b=place(None, 1), c=place(2, 2)) == "bca"
    assert order(a=place(3), b=place(None, 1), c=place(2, 2)) == "abc"


def test_a_series_stands_together_at_the_place_of_its_first_name() -> None:
    places = {"b": place(2), "d": place(1), "c": place(9, series="2"), "e": place(5, series="2"), "h": place(3)}
    assert order(a=None, **places, f=None) == "adbhcef"


def test_directions_of_a_scout_stay_apart() -> None:
    across = {name: SlicePlace("1", (x, 0.0, 0.0), SAGITTAL) for name, x in (("b", 8.0), ("d", 4.0), ("e", 6.0))}
    assert order(a=place(3), c=place(1), f=place(2), **across) == "cfadeb"


def test_normals_that_differ_slightly_or_point_back_are_one_stack() -> None:
    tilted = SlicePlace("1", (0.0, 0.0, 2.0), (0.0, 0.005, 0.9999875))
    turned = SlicePlace("1", (0.0, 0.0, 0.0), (0.0, 0.0, -1.0))
    assert order(a=place(3), b=place(1), c=tilted, d=turned) == "dbca"


@pytest.mark.parametrize("numbers", [(1, 2, 3, 4, 5, 6), (1, 3, 5, 2, 4, 6)])
def test_between_slices_of_one_time_lie_none_of_another(numbers: tuple[int, ...]) -> None:
    """Three places at two times, of which the first is a, c, e."""
    first = dict(zip("ace", ((2, numbers[1]), (1, numbers[0]), (3, numbers[2])), strict=True))
    second = dict(zip("bdf", ((2, numbers[4]), (1, numbers[3]), (3, numbers[5])), strict=True))
    assert order(**{name: place(*said) for name, said in (first | second).items()}) == "caedbf"
