"""Fill, wand and threshold take the pixels that their definitions say, compared with a search pixel by pixel."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsgui import fills
from lsgui.fills import Between, between, flood, flood_values, foreground, same_label, seed
from lsgui.flooding import flooded
from lsgui.mask import Region
from lsgui.rules import Rules

SHAPES = [(1, 1), (1, 7), (6, 1), (9, 11), (16, 13), (140, 3)]


def painted(region: Region, shape: tuple[int, int]) -> np.ndarray:
    x, y, w, h = region.box
    plane = np.zeros(shape, bool)
    plane[y : y + h, x : x + w] = region.band(0, h) != 0
    return plane


def reached(takes: Callable[[int, int], bool], shape: tuple[int, int], x: int, y: int) -> np.ndarray:
    """Breadth-first over pixels that share an edge, from (x, y), which is always taken."""
    found = np.zeros(shape, bool)
    found[y, x] = True
    queue = deque([(x, y)])
    while queue:
        column, row = queue.popleft()
        for near in ((column - 1, row), (column + 1, row), (column, row - 1), (column, row + 1)):
            if 0 <= near[0] < shape[1] and 0 <= near[1] < shape[0] and not found[near[1], near[0]] and takes(*near):
                found[near[1], near[0]] = True
                queue.append(near)
    return found


def made(random: np.random.Generator, shape: tuple[int, int], kind: str) -> np.ndarray:
    """A small image of few values, so that regions touch and fail to touch."""
    if kind == "rgb":
        return random.integers(0, 3, (*shape, 3)).astype(np.uint8) * 5
    if kind == "float32":
        return (random.integers(0, 4, shape) / 3).astype(np.float32)
    low = -1000 if kind == "int16" else 0
    return (random.integers(0, 4, shape) * 7 + low).astype(kind)


cases = st.tuples(st.integers(0, 10_000), st.sampled_from(SHAPES))
kinds = st.sampled_from(["uint8", "uint16", "int16", "float32", "rgb"])


@given(cases, st.data())
def test_a_fill_takes_all_touching_pixels_of_one_label(case: tuple, data: st.DataObject) -> None:
    number, shape = case
    label_map = np.random.default_rng(number).integers(0, 3, shape).astype(np.uint8)
    label_map.flags.writeable = False
    x, y = data.draw(st.integers(0, shape[1] - 1)), data.draw(st.integers(0, shape[0] - 1))
    expected = reached(lambda column, row: label_map[row, column] == label_map[y, x], shape, x, y)
    for most in (0, 3, 100_000):
        with mock.patch.object(fills, "flooded", partial(flooded, most=most)):
            assert (painted(flood(lambda top, bottom: label_map[top:bottom], shape, x, y), shape) == expected).all()
    assert (painted(same_label(label_map, x, y), shape) == (label_map == label_map[y, x])).all()


@given(cases, kinds, st.sampled_from([0, 1 / 3, 5, 7, 7.5, 14, 1e6]), st.booleans(), st.data())
def test_a_fill_by_values_takes_what_is_within_the_tolerance(
    case: tuple, kind: str, tolerance: float, contiguous: bool, data: st.DataObject
) -> None:
    number, shape = case
    pixels = made(np.random.default_rng(number), shape, kind)
    pixels.flags.writeable = False
    x, y = data.draw(st.integers(0, shape[1] - 1)), data.draw(st.integers(0, shape[0] - 1))
    apart = np.abs(pixels.astype(np.float64) - pixels[y, x].astype(np.float64))
    alike = (apart if apart.ndim == 2 else apart.max(axis=2)) <= tolerance
    unsure = np.isclose(apart if apart.ndim == 2 else apart.max(axis=2), tolerance, rtol=1e-6) & (kind == "float32")
    expected = reached(lambda column, row: alike[row, column], shape, x, y) if contiguous else alike
    for most in (0, 3, 100_000):
        with mock.patch.object(fills, "flooded", partial(flooded, most=most)):
            found = painted(flood_values(pixels, x, y, tolerance, contiguous), shape)
        assert unsure.any() or (found == expected).all()


@given(cases, kinds, st.integers(-1020, 30), st.integers(0, 25))
def test_a_threshold_takes_both_ends(case: tuple, kind: str, low: int, width: int) -> None:
    number, shape = case
    pixels = made(np.random.default_rng(number), shape, kind)
    grey = pixels if pixels.ndim == 2 else pixels.sum(axis=2) / 3
    for ends in ((low, low + width), (low, None), (None, low + width), (None, None)):
        first, last = (-np.inf if ends[0] is None else ends[0]), (np.inf if ends[1] is None else ends[1])
        expected = (grey >= first) & (grey <= last)
        assert ((between(pixels, *ends) != 0) == expected).all()
    whole = Between((0, 0, shape[1], shape[0]), pixels, low, low + width)
    assert whole.area == ((grey >= low) & (grey <= low + width)).sum()


def test_a_threshold_beyond_what_the_type_holds_is_none_or_all() -> None:
    pixels = np.array([[0, 255]], np.uint8)
    assert not between(pixels, 300, 400).any() and not between(pixels, -9, -1).any()
    assert between(pixels, -1e9, 1e9).all() and not between(pixels, 1.2, 1.8).any()
    assert between(pixels, 254.5, 1e9).tolist() == [[0, 255]]


@settings(max_examples=60)
@given(cases, kinds, st.floats(0.5, 8), st.data())
def test_the_wand_takes_what_is_reached_within_its_spreads(
    case: tuple, kind: str, k: float, data: st.DataObject
) -> None:
    number, shape = case
    pixels = made(np.random.default_rng(number), shape, kind)
    x, y = data.draw(st.integers(0, shape[1] - 1)), data.draw(st.integers(0, shape[0] - 1))
    known = seed(pixels, x, y)
    assert known.smooth.shape == pixels.shape and known.at == (x, y)
    near = known.smooth[max(0, y - 2) : y + 3, max(0, x - 2) : x + 3].astype(np.float64)
    mean, spread = near.mean(axis=(0, 1)), np.maximum(near.std(axis=(0, 1)), known.spread.min())
    assert known.mean == pytest.approx(np.atleast_1d(mean)) and (known.spread > 0).all()
    away = np.abs(known.smooth - known.mean.reshape((1, 1, -1) if pixels.ndim == 3 else ())) / (
        known.spread.reshape((1, 1, -1) if pixels.ndim == 3 else ())
    )
    away = away if away.ndim == 2 else away.max(axis=2)
    if np.isclose(away, k, rtol=1e-5).any():
        return
    expected = reached(lambda column, row: away[row, column] <= k, shape, x, y)
    assert (painted(known.grown(k), shape) == expected).all()
    assert np.all(spread > 0)


def test_the_wand_looks_no_further_than_its_limit() -> None:
    pixels = np.full((60, 80), 9, np.uint8)
    region = seed(pixels, 5, 30, limit=10).grown(2)
    assert region.box == (0, 20, 16, 21) and region.area == 16 * 21


def test_the_wand_s_smoothing_knows_the_pixels_beyond_its_limit() -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (40, 40)).astype(np.uint8)
    whole, part = seed(pixels, 20, 20), seed(pixels, 20, 20, limit=6)
    assert (whole.smooth[14:27, 14:27] == part.smooth).all()


@given(cases, kinds, st.sets(st.integers(0, 3), max_size=2), st.sampled_from([None, -1, 2]), st.booleans())
def test_rules_allow_what_each_of_them_allows(
    case: tuple, kind: str, protected: set[int], over: int | None, limited: bool
) -> None:
    number, shape = case
    random = np.random.default_rng(number)
    label, pixels = random.choice([0, 1, 2, 3, 255], shape).astype(np.uint8), made(random, shape, kind)
    selection = Region((0, 0, max(1, shape[1] // 2), 1), np.ones((1, max(1, shape[1] // 2)), bool))
    rules = Rules(frozenset(protected), over, 1 if limited else None, 14 if limited else None, selection)
    found = rules.allowed(label, pixels, (0, 0, shape[1], shape[0]))
    for row in range(shape[0]):
        for column in range(shape[1]):
            value, here = int(label[row, column]), float(np.mean(pixels[row, column].astype(np.float64)))
            allowed = value not in protected and (over is None or value in ((0, 255) if over == -1 else (over,)))
            allowed = allowed and (not limited or 1 <= round(here, 9) <= 14)
            assert (found[row, column] != 0) == (allowed and row == 0 and column < selection.box[2])


def test_values_may_be_as_small_as_heights_in_metres() -> None:
    pixels = np.where(np.arange(40) < 20, 1e-9, 4e-9).astype(np.float32) * np.ones((30, 1), np.float32)
    assert seed(pixels, 5, 5).grown(4).area == 30 * 19, "the edge is smoothed"
    assert 1e-9 < foreground(pixels)[0] < 4e-9
