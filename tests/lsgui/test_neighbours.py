"""What neighbours say about an image, compared pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsgui.live_planes import LivePlanes
from lsgui.mask import filled, whole_patch
from lsgui.neighbours import between, copied, placed
from lsgui.rules import FREE, Rules
from model.provenance import ACCEPTED, HUMAN

SHAPES = [(1, 1), (1, 8), (7, 1), (9, 13), (16, 12)]


def made(random: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Two blobs that may overlap, be missing or reach the border, and some pixels that nobody labelled."""
    label = np.zeros(shape, np.uint8)
    for value in (3, 5):
        y, x, h, w = random.integers(0, 10, 4)
        label[y : y + h, x : x + w] = value if random.random() < 0.8 else 0
    label[random.random(shape) < 0.05] = 255
    return label


def signed(where: np.ndarray, shape: tuple[int, int]) -> np.ndarray | None:
    if not where.any():
        return None
    places = np.argwhere(where), np.argwhere(~where)
    found = np.zeros(shape)
    for at in np.ndindex(shape):
        other = places[1] if where[at] else places[0]
        away = np.sqrt(((other - at) ** 2).sum(axis=1)).min() if len(other) else np.inf
        found[at] = away if where[at] else -away
    return found


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(SHAPES), st.sampled_from([0.2, 0.5, 0.75]))
def test_the_classes_between_two_neighbours_are_where_their_distances_say(
    number: int, shape: tuple[int, int], share: float
) -> None:
    random = np.random.default_rng(number)
    first, last = made(random, shape), made(random, shape)
    found = between(first, last, share, (3, 5))
    expected = np.where((first == 255) | (last == 255), 255, 0)
    best, unsure = np.zeros(shape), np.zeros(shape, bool)
    for value in (3, 5):
        depths = [signed(plane == value, shape) for plane in (first, last)]
        if depths[0] is None and depths[1] is None:
            continue
        if any(depth is not None and np.isinf(depth).any() for depth in depths):
            return  # a class that fills the image has no edge to measure from
        one, other = (-depths[1 - i].max() if depth is None else depth for i, depth in enumerate(depths))
        depth = (1 - share) * one + share * other
        unsure |= np.abs(depth - best) < 1e-4
        expected = np.where(depth > best, value, expected)
        best = np.maximum(best, depth)
    assert ((found == expected) | unsure).all()


@given(st.integers(0, 10_000), st.sampled_from(SHAPES), st.sampled_from([0.1, 0.5, 0.9]))
def test_between_two_equal_images_is_the_same(number: int, shape: tuple[int, int], share: float) -> None:
    label = made(np.random.default_rng(number), shape)
    assert (between(label, label, share, (3, 5)) == label).all()


def test_a_disk_moves_and_one_that_ends_shrinks() -> None:
    rows, columns = np.mgrid[:40, :40]
    first = ((rows - 20) ** 2 + (columns - 12) ** 2 <= 64).astype(np.uint8)
    last = ((rows - 20) ** 2 + (columns - 20) ** 2 <= 64).astype(np.uint8)
    middle = between(first, last, 0.5, (1,))
    assert abs(float(np.argwhere(middle)[:, 1].mean()) - 16) < 0.3
    nothing = np.zeros_like(first)
    areas = [int(between(first, nothing, share, (1,)).sum()) for share in (0.01, 0.2, 0.4, 0.6)]
    assert areas == sorted(areas, reverse=True) and areas[0] > 150 and areas[-1] == 0


@given(st.integers(0, 10_000), st.sampled_from(SHAPES), st.sampled_from([(3,), (0, 3, 5)]))
def test_a_copy_says_only_what_the_other_says(number: int, shape: tuple[int, int], values: tuple[int, ...]) -> None:
    other = made(np.random.default_rng(number), shape)
    said = copied(other.T, values).T
    for at in np.ndindex(shape):
        assert said[at] == (other[at] if other[at] in values else 255)


@pytest.mark.parametrize("over_human", [True, False])
@settings(max_examples=60)
@given(number=st.integers(0, 10_000), shape=st.sampled_from(SHAPES), limited=st.booleans())
def test_a_statement_is_placed_where_the_rules_allow_it(
    over_human: bool, number: int, shape: tuple[int, int], limited: bool
) -> None:
    random = np.random.default_rng(number)
    said, label = made(random, shape), made(random, shape)
    origin = random.integers(0, 4, shape).astype(np.uint8)
    rules = Rules(frozenset({5}), selection=filled((0, 0, shape[1], 1))) if limited else FREE
    planes = LivePlanes(label.copy(), origin.copy())
    patch = whole_patch(planes, placed(said, rules, np.zeros(shape, np.uint8), over_human))
    if patch is not None:
        patch.apply(planes.label, planes.origin)
    for at in np.ndindex(shape):
        stays = said[at] == 255 or (origin[at] == HUMAN and (not over_human or label[at] == said[at]))
        stays = stays or (limited and (label[at] == 5 or at[0] > 0))
        expected = (label[at], origin[at]) if stays else (said[at], ACCEPTED)
        assert (planes.label[at], planes.origin[at]) == expected
