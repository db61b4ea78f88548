"""Each way to tidy a label map does what it says, compared pixel by pixel."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsgui import cleaning, morphology
from lsgui.cleaning import cleaned, holes_filled, islands_removed, largest_kept
from lsgui.morphology import grown, shrunk, smoothed

SHAPES = [(1, 1), (1, 9), (8, 1), (7, 11), (13, 12)]
cases = st.tuples(st.integers(0, 10_000), st.sampled_from(SHAPES), st.sampled_from(["dense", "sparse"]))
radii = st.sampled_from([0.5, 1, 1.5, 2, 3, 4.3])
SIDES = ((-1, 0), (1, 0), (0, -1), (0, 1))
EVERY_WAY = ({"_WIDEST": 0.0}, {"_WORTH": 0.0}, {"_WORTH": 1e9}, {"_WORTH": 1e9, "_LOOKED_AT": 1})
"""By exact distances, by counting all pixels, by looking at those near an edge, and at one of them at a time."""
AROUND = tuple((y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if (y, x) != (0, 0))


def made(case: tuple[int, tuple[int, int], str]) -> np.ndarray:
    """Few values, not contiguous, and not to be written."""
    number, shape, kind = case
    share = (0.3, 0.3, 0.2, 0.2) if kind == "dense" else (0.7, 0.1, 0.1, 0.1)
    label = np.random.default_rng(number).choice([0, 1, 2, 255], shape[::-1], p=share).astype(np.uint8).T
    label.flags.writeable = False
    return label


def pixels(label: np.ndarray) -> Iterable[tuple[int, int]]:
    return ((row, column) for row in range(label.shape[0]) for column in range(label.shape[1]))


def near(label: np.ndarray, at: tuple[int, int], radius: float) -> list[tuple[int, int]]:
    return [p for p in pixels(label) if (p[0] - at[0]) ** 2 + (p[1] - at[1]) ** 2 <= radius * radius + 1e-9]


def parts(where: np.ndarray, steps: tuple[tuple[int, int], ...]) -> list[set[tuple[int, int]]]:
    """Connected pixels, in the order of their first ones."""
    found, seen = [], set()
    for start in pixels(where):
        if not where[start] or start in seen:
            continue
        part, queue = {start}, deque([start])
        while queue:
            row, column = queue.popleft()
            for y, x in steps:
                at = row + y, column + x
                if 0 <= at[0] < where.shape[0] and 0 <= at[1] < where.shape[1] and where[at] and at not in part:
                    part.add(at)
                    queue.append(at)
        seen |= part
        found.append(part)
    return found


def most_around(label: np.ndarray, part: set[tuple[int, int]]) -> int:
    ring = {(row + y, column + x) for row, column in part for y, x in AROUND} - part
    values = Counter(int(label[at]) for at in ring if 0 <= at[0] < label.shape[0] and 0 <= at[1] < label.shape[1])
    return min(values, key=lambda value: (-values[value], value)) if values else 0


@settings(max_examples=60, deadline=None)
@given(cases, radii, st.sampled_from([(1,), (0,), (1, 2)]))
def test_smoothing_takes_the_most_frequent_value(case: tuple, radius: float, values: tuple[int, ...]) -> None:
    label = made(case)
    expected = label.copy()
    for at in pixels(label):
        counts = Counter(int(label[p]) for p in near(label, at, radius))
        best = min(counts, key=lambda value: (-counts[value], value != label[at], value))
        if best in values or label[at] in values:
            expected[at] = best
    for names in EVERY_WAY:
        with mock.patch.multiple(morphology, **names):
            assert (smoothed(label, values, radius) == expected).all()


def test_a_large_disk_is_counted_exactly() -> None:
    label = (np.random.default_rng(3).random((70, 80)) < 0.5).astype(np.uint8)
    kernel = morphology.disk_of(20)
    expected = label.copy()
    for row, column in ((0, 0), (35, 40), (69, 12), (20, 79)):
        window = np.pad(label.astype(int) * 2 - 1, 20)[row : row + 41, column : column + 41]
        lead = int((window * kernel).sum())
        expected[row, column] = label[row, column] if lead == 0 else lead > 0
        assert smoothed(label, (1,), 20)[row, column] == expected[row, column]


@settings(max_examples=80)
@given(cases, st.sampled_from([0, 1, 2]))
def test_holes_are_what_the_border_does_not_reach(case: tuple, value: int) -> None:
    label = made(case)
    expected = label.copy()
    for part in parts(label != value, SIDES):
        if all(0 < row < label.shape[0] - 1 and 0 < column < label.shape[1] - 1 for row, column in part):
            for at in part:
                if label[at] in (0, 255):
                    expected[at] = value
    assert (holes_filled(label, value) == expected).all()


@settings(max_examples=80)
@given(cases, st.sampled_from([0, 1, 2]), st.integers(1, 12))
def test_small_islands_become_what_is_around_them(case: tuple, value: int, size: int) -> None:
    label = made(case)
    expected = label.copy()
    for part in parts(label == value, AROUND):
        if len(part) < size:
            for at in part:
                expected[at] = most_around(label, part)
    assert (islands_removed(label, value, size) == expected).all()


@settings(max_examples=80)
@given(cases, st.sampled_from([0, 1, 2]))
def test_the_largest_part_stays(case: tuple, value: int) -> None:
    label = made(case)
    expected, found = label.copy(), parts(label == value, AROUND)
    for part in found:
        if part is not max(found, key=len):
            for at in part:
                expected[at] = most_around(label, part)
    assert (largest_kept(label, value) == expected).all()


@settings(max_examples=60, deadline=None)
@given(cases, radii, st.sampled_from([(1,), (0,), (1, 2), (2, 1)]), st.sampled_from([frozenset(), frozenset({0, 2})]))
def test_growing_takes_what_is_near(case: tuple, radius: float, values: tuple, kept: frozenset[int]) -> None:
    label = made(case)
    expected = label.copy()
    for at in pixels(label):
        takes = label[at] in (0, 255) if len(values) > 1 else label[at] not in values
        away = {
            value: min(((p[0] - at[0]) ** 2 + (p[1] - at[1]) ** 2 for p in pixels(label) if label[p] == value), default=1e9)
            for value in values
        }  # fmt: skip
        nearest = min(values, key=lambda value: (away[value], values.index(value)))
        if takes and int(label[at]) not in kept and away[nearest] <= radius * radius + 1e-9:
            expected[at] = nearest
    for names in EVERY_WAY:
        with mock.patch.multiple(morphology, **names):
            assert (grown(label, values, radius, kept) == expected).all()


@settings(max_examples=60, deadline=None)
@given(cases, radii, st.sampled_from([(1,), (0,), (1, 2)]))
def test_shrinking_gives_up_what_is_near_the_edge(case: tuple, radius: float, values: tuple[int, ...]) -> None:
    label = made(case)
    expected = label.copy()
    for at in pixels(label):
        value = int(label[at])
        if value in values and any(label[p] != value for p in near(label, at, radius)):
            expected[at] = 255 if value == 0 else 0
    for names in EVERY_WAY:
        with mock.patch.multiple(morphology, **names):
            assert (shrunk(label, values, radius) == expected).all()


@settings(max_examples=150, deadline=None)
@given(
    cases, st.sampled_from(["smooth", "grow", "shrink", "fill-holes", "remove-islands", "keep-largest"]), radii,
    st.sampled_from([(1,), (1, 2)]),
)  # fmt: skip
def test_only_the_part_around_the_class_is_looked_at_and_nothing_is_missed(
    case: tuple, what: str, radius: float, values: tuple[int, ...]
) -> None:
    label = np.pad(made(case), ((9, 0), (3, 14)))
    single = {"fill-holes": holes_filled, "keep-largest": largest_kept}
    if what in ("smooth", "shrink"):
        expected = (smoothed if what == "smooth" else shrunk)(label, values, radius)
    elif what == "grow":
        expected = grown(label, values, radius, frozenset({2}))
    else:
        expected = label
        for value in values:
            expected = single[what](expected, value) if what in single else islands_removed(expected, value, 4)
    for share in (0, 1):  # pixel by pixel, and by stretches
        with mock.patch.object(cleaning, "_FEW_STRETCHES", share):
            found = cleaned(label, what, values, 4, radius, frozenset({2}))
        after = label.copy()
        if found is not None:
            x, y, w, h = found.box
            after[y : y + h, x : x + w] = found.after
        assert (after == expected).all()


@pytest.mark.parametrize("what", ["smooth", "grow", "shrink"])
def test_bands_fit_together(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    label = (np.random.default_rng(1).random((90, 40)) < 0.4).astype(np.uint8)
    whole = cleaned(label, what, (1,), 4, 3)
    monkeypatch.setattr(morphology, "_BAND_PIXELS", 1)
    told: list[float] = []
    assert (cleaned(label, what, (1,), 4, 3, step=told.append).after == whole.after).all()
    assert len(told) > 3 and told == sorted(told)


def test_a_class_that_is_nowhere_changes_nothing() -> None:
    assert cleaned(np.zeros((5, 5), np.uint8), "smooth", (7,), 4, 3) is None
