"""Polygons, rectangles and ellipses are the pixels whose centres they hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsgui.mask import Point, Spans
from lsgui.polygons import ellipse, ellipse_points, polygon, rectangle

SHAPE = (40, 56)
coordinate = st.floats(-20, 70, allow_nan=False)
point = st.tuples(coordinate, coordinate)


def painted(region: Spans | None, shape: tuple[int, int] = SHAPE) -> np.ndarray:
    plane = np.zeros(shape, bool)
    if region is not None:
        x, y, w, h = region.box
        plane[y : y + h, x : x + w] = region.band(0, h) != 0
        assert region.area == plane.sum()
        assert plane[:, x].any() and plane[:, x + w - 1].any() and plane[y].any() and plane[y + h - 1].any()
    return plane


def test_a_polygon_is_the_pixels_whose_centres_it_holds() -> None:
    square = painted(polygon([(2, 3), (6, 3), (6, 8), (2, 8)], SHAPE))
    assert square.sum() == 20 and square[3:8, 2:6].all()
    assert painted(polygon([(0.6, 0.6), (3, 0.6), (3, 3), (0.6, 3)], SHAPE)).sum() == 4
    bow_tie = painted(polygon([(0, 0), (10, 10), (10, 0), (0, 10)], SHAPE))
    assert bow_tie[5, 1] and bow_tie[5, 8] and not bow_tie[1, 5]


def test_a_loop_within_a_loop_is_a_hole() -> None:
    ring = [(0, 0), (20, 0), (20, 20), (0, 20), (0, 0), (5, 5), (15, 5), (15, 15), (5, 15), (5, 5)]
    assert painted(polygon(ring, SHAPE)).sum() == 20 * 20 - 10 * 10


@given(st.lists(point, min_size=3, max_size=7))
def test_a_polygon_agrees_with_counting_crossings(corners: list[Point]) -> None:
    rows, columns = np.indices(SHAPE) + 0.5
    inside, on_edge = np.zeros(SHAPE, bool), np.zeros(SHAPE, bool)
    for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
        if y0 != y1:
            crosses = (rows >= min(y0, y1)) & (rows < max(y0, y1))
            at = x0 + (rows - y0) * (x1 - x0) / (y1 - y0)
            inside ^= crosses & (columns > at)
            on_edge |= crosses & (abs(columns - at) < 1e-6)
    assert (on_edge | (painted(polygon(corners, SHAPE)) == inside)).all()


def test_two_corners_are_no_polygon_and_one_beside_the_image_is_none() -> None:
    assert polygon([(1, 1), (8, 8)], SHAPE) is None
    assert polygon([(-9, 1), (-2, 8), (-5, 20)], SHAPE) is None
    assert polygon([(100, 1), (120, 8), (110, 20)], SHAPE) is None


@given(point, point)
def test_a_rectangle_holds_the_centres_between_its_corners(a: Point, b: Point) -> None:
    expected = np.zeros(SHAPE, bool)
    for row in range(SHAPE[0]):
        for column in range(SHAPE[1]):
            x, y = column + 0.5, row + 0.5
            expected[row, column] = min(a[0], b[0]) <= x < max(a[0], b[0]) and min(a[1], b[1]) <= y < max(a[1], b[1])
    assert (painted(rectangle(a, b, SHAPE)) == expected).all()


@given(point, point)
def test_an_ellipse_holds_the_centres_within_it(a: Point, b: Point) -> None:
    covered = painted(ellipse(a, b, SHAPE))
    half_x, half_y = abs(a[0] - b[0]) / 2, abs(a[1] - b[1]) / 2
    if half_x < 1e-3 or half_y < 1e-3:
        return
    rows, columns = np.indices(SHAPE) + 0.5
    away = ((columns - (a[0] + b[0]) / 2) / half_x) ** 2 + ((rows - (a[1] + b[1]) / 2) / half_y) ** 2
    assert covered[away < 1 - 1e-9].all() and not covered[away > 1 + 1e-9].any()


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1)])
def test_images_of_one_pixel_or_line_are_covered(shape: tuple[int, int]) -> None:
    assert painted(rectangle((-5, -5), (20, 20), shape), shape).all()
    assert painted(ellipse((-20, -20), (30, 30), shape), shape).all()
    assert painted(polygon([(-50, -50), (60, -50), (60, 60), (-50, 60)], shape), shape).all()


def test_the_drawn_ellipse_touches_its_rectangle() -> None:
    xs, ys = zip(*ellipse_points((10, 10), (30, 50)), strict=True)
    assert (min(xs), max(xs), min(ys), max(ys)) == pytest.approx((10, 30, 10, 50))
