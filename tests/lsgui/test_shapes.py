"""Regions are exact to the pixel: what a tool covers is what its definition says, at the image's border too."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsgui.mask import Point, Region
from lsgui.shapes import disk, flood_fill, polygon, same_label, stroke, strokes
from model.opencv import cv2

SHAPE = (40, 56)
coordinate = st.floats(-20, 70, allow_nan=False)
point = st.tuples(coordinate, coordinate)


def painted(*regions: Region | None, shape: tuple[int, int] = SHAPE) -> np.ndarray:
    plane = np.zeros(shape, bool)
    for region in regions:
        if region is not None:
            x, y, w, h = region.box
            plane[y : y + h, x : x + w] |= region.mask
    return plane


def distance_to_segment(start: Point, end: Point) -> np.ndarray:
    rows, columns = np.indices(SHAPE) + 0.5
    along = np.array([end[0] - start[0], end[1] - start[1]])
    length = float(along @ along)
    share = 0 if length == 0 else ((columns - start[0]) * along[0] + (rows - start[1]) * along[1]) / length
    share = np.clip(share, 0, 1)
    return np.hypot(columns - start[0] - share * along[0], rows - start[1] - share * along[1])


@given(point, point, st.floats(0.75, 15))
def test_a_stroke_is_every_pixel_within_its_radius(start: Point, end: Point, radius: float) -> None:
    distance = distance_to_segment(start, end)
    covered = painted(stroke(start, end, radius, SHAPE))
    assert covered[distance < radius - 1e-6].all()
    assert not covered[distance > radius + 1e-6].any()


@given(st.lists(st.tuples(st.floats(0, 55.9), st.floats(0, 39.9)), min_size=2, max_size=12), st.floats(0.5, 6))
def test_a_stroke_is_connected_at_any_mouse_speed(path: list[Point], radius: float) -> None:
    regions = [stroke(a, b, radius, SHAPE) for a, b in zip(path, path[1:], strict=False)]
    covered = painted(*regions)
    parts, _ = cv2.connectedComponents(covered.astype(np.uint8), connectivity=8)
    assert parts == 2  # the background and one stroke
    assert all(covered[int(y), int(x)] for x, y in path)


def test_the_smallest_brush_paints_single_pixels() -> None:
    assert painted(disk((7.9, 3.1), 0.5, SHAPE)).sum() == 1
    assert painted(disk((7.9, 3.1), 0.5, SHAPE))[3, 7]


def test_a_brush_beside_the_image_paints_what_reaches_in() -> None:
    assert disk((-5, 10), 4, SHAPE) is None
    assert painted(disk((-3, 10), 4, SHAPE))[:, 0].sum() == 4
    assert painted(stroke((-30, -30), (90, 90), 2, SHAPE)).any()


def test_a_long_line_in_parts_is_the_line() -> None:
    shape, start, end = (900, 1300), (-40.0, 30.0), (1250.0, 880.0)
    assert (
        painted(*strokes(start, end, 9, shape), shape=shape) == painted(stroke(start, end, 9, shape), shape=shape)
    ).all()


def test_a_polygon_is_the_pixels_whose_centres_it_holds() -> None:
    square = painted(polygon([(2, 3), (6, 3), (6, 8), (2, 8)], SHAPE))
    assert square.sum() == 20 and square[3:8, 2:6].all()
    assert painted(polygon([(0.6, 0.6), (3, 0.6), (3, 3), (0.6, 3)], SHAPE)).sum() == 4
    bow_tie = painted(polygon([(0, 0), (10, 10), (10, 0), (0, 10)], SHAPE))
    assert bow_tie[5, 1] and bow_tie[5, 8] and not bow_tie[1, 5]


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


def test_two_corners_are_no_polygon() -> None:
    assert polygon([(1, 1), (8, 8)], SHAPE) is None


@pytest.mark.parametrize(("x", "y", "expected"), [(0, 0, 7), (5, 0, 8), (3, 2, 5)])
def test_a_fill_takes_all_touching_pixels_of_one_label(x: int, y: int, expected: int) -> None:
    label_map = np.array([[1, 1, 0, 0, 2, 2], [1, 1, 0, 2, 2, 2], [1, 1, 1, 0, 2, 2], [0, 0, 0, 0, 2, 0]], np.uint8)
    assert painted(flood_fill(label_map, x, y), shape=label_map.shape).sum() == expected


def test_a_fill_without_contiguity_takes_the_label_everywhere() -> None:
    label_map = np.array([[3, 0, 3], [0, 0, 3]], np.uint8)
    assert same_label(label_map, 0, 0).mask.tolist() == [[True, False, True], [False, False, True]]
