"""Strokes are exact to the pixel: what a tool covers is what its definition says, at the image's border too."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsgui.mask import AnyRegion, Point
from lsgui.shapes import stroke, strokes
from model.opencv import cv2

SHAPE = (40, 56)
coordinate = st.floats(-20, 70, allow_nan=False)
point = st.tuples(coordinate, coordinate)
radius = st.floats(0.75, 15)
form = st.sampled_from(["round", "square"])


def painted(*regions: AnyRegion | None, shape: tuple[int, int] = SHAPE) -> np.ndarray:
    plane = np.zeros(shape, bool)
    for region in regions:
        if region is not None:
            x, y, w, h = region.box
            assert w > 0 and h > 0 and x >= 0 and y >= 0 and x + w <= shape[1] and y + h <= shape[0]
            plane[y : y + h, x : x + w] |= region.band(0, h) != 0
    return plane


def distance_to_segment(start: Point, end: Point) -> np.ndarray:
    rows, columns = np.indices(SHAPE) + 0.5
    along = np.array([end[0] - start[0], end[1] - start[1]])
    length = float(along @ along)
    share = 0 if length == 0 else ((columns - start[0]) * along[0] + (rows - start[1]) * along[1]) / length
    share = np.clip(share, 0, 1)
    return np.hypot(columns - start[0] - share * along[0], rows - start[1] - share * along[1])


def depth_in_sweep(start: Point, end: Point, first: float, last: float, form: str) -> np.ndarray:
    """How far each pixel's centre lies within the tip where it is deepest; of the way 2,001 places are tried."""
    rows, columns = np.indices(SHAPE) + 0.5
    deepest = np.full(SHAPE, -np.inf)
    for share in np.linspace(0, 1, 2001):
        x, y = (start[i] + share * (end[i] - start[i]) for i in (0, 1))
        apart = np.abs(columns - x), np.abs(rows - y)
        distance = np.hypot(*apart) if form == "round" else np.maximum(*apart)
        np.maximum(deepest, first + share * (last - first) - distance, out=deepest)
    return deepest


@given(point, point, radius)
def test_a_stroke_is_every_pixel_within_its_radius(start: Point, end: Point, radius: float) -> None:
    distance = distance_to_segment(start, end)
    covered = painted(stroke(start, end, radius, SHAPE))
    assert covered[distance < radius - 1e-6].all()
    assert not covered[distance > radius + 1e-6].any()


@given(point, point, st.floats(0.8, 12), st.floats(0.8, 12), form)
def test_a_pens_stroke_is_the_hull_of_its_two_ends(
    start: Point, end: Point, first: float, last: float, form: str
) -> None:
    depth = depth_in_sweep(start, end, first, last, form)
    covered = painted(stroke(start, end, first, SHAPE, form, last))
    assert covered[depth > 1e-6].all()
    assert not covered[depth < -0.1].any()  # 2,001 places miss the deepest one by less


@given(point, point, radius)
def test_a_square_stroke_is_every_pixel_that_the_square_sweeps(start: Point, end: Point, radius: float) -> None:
    depth = depth_in_sweep(start, end, radius, radius, "square")
    covered = painted(stroke(start, end, radius, SHAPE, "square"))
    assert covered[depth > 1e-6].all() and not covered[depth < -0.1].any()


@given(st.lists(st.tuples(point, radius), min_size=2, max_size=6), form)
def test_leaving_out_what_is_covered_leaves_out_nothing_else(path: list[tuple[Point, float]], form: str) -> None:
    parts = list(strokes(path[0][0], path[0][0], path[0][1], SHAPE, form))
    whole = [stroke(path[0][0], path[0][0], path[0][1], SHAPE, form)]
    for (start, first), (end, last) in pairwise(path):
        parts += strokes(start, end, first, SHAPE, form, last, covered=True)
        whole.append(stroke(start, end, first, SHAPE, form, last))
    assert (painted(*parts) == painted(*whole)).all()


def test_a_large_brush_touches_little_when_it_moves_little() -> None:
    shape = (4000, 4000)
    for end in ((2020.0, 2000.0), (2000.0, 2020.0), (2014.0, 1986.0)):
        parts = list(strokes((2000.0, 2000.0), end, 1000, shape, covered=True))
        assert sum(region.box[2] * region.box[3] for region in parts) < 500_000
        assert sum(region.area for region in parts) == pytest.approx(2000 * 20, rel=0.02)


@given(st.lists(st.tuples(st.floats(0, 55.9), st.floats(0, 39.9)), min_size=2, max_size=12), st.floats(0.5, 6), form)
def test_a_stroke_is_connected_at_any_mouse_speed(path: list[Point], radius: float, form: str) -> None:
    regions = [stroke(a, b, radius, SHAPE, form) for a, b in pairwise(path)]
    covered = painted(*regions)
    parts, _ = cv2.connectedComponents(covered.astype(np.uint8), connectivity=8)
    assert parts == 2  # the background and one stroke
    assert all(covered[int(y), int(x)] for x, y in path)


def test_the_smallest_brush_paints_single_pixels() -> None:
    assert painted(stroke((7.9, 3.1), (7.9, 3.1), 0.5, SHAPE)).sum() == 1
    assert painted(stroke((7.9, 3.1), (7.9, 3.1), 0.5, SHAPE))[3, 7]
    assert painted(stroke((7.9, 3.1), (7.9, 3.1), 0.5, SHAPE, "square")).sum() == 1


def test_a_brush_beside_the_image_paints_what_reaches_in() -> None:
    assert stroke((-5, 10), (-5, 10), 4, SHAPE) is None
    assert painted(stroke((-3, 10), (-3, 10), 4, SHAPE))[:, 0].sum() == 4
    assert painted(stroke((-30, -30), (90, 90), 2, SHAPE)).any()
    assert not list(strokes((-50, -50), (-30, -50), 4, SHAPE, covered=True))


@pytest.mark.parametrize("form", ["round", "square"])
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1)])
def test_images_of_one_pixel_or_line_are_painted(shape: tuple[int, int], form: str) -> None:
    assert painted(stroke((-3, 0.5), (12, 0.5), 2, shape, form), shape=shape)[0].all()
    assert painted(stroke((0.5, -3), (0.5, 12), 2, shape, form), shape=shape)[:, 0].all()


def test_a_long_line_in_parts_is_the_line() -> None:
    """But for pixels whose centres lie on its very edge, which rounding gives to either side."""
    shape, start, end = (900, 1300), (-40.0, 30.0), (1250.3, 881.7)
    for form in ("round", "square"):
        parts = painted(*strokes(start, end, 9, shape, form), shape=shape)
        assert (parts != painted(stroke(start, end, 9, shape, form), shape=shape)).sum() < 5
        assert parts.sum() > 20_000
