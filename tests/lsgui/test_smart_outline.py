"""The smart outline finds the thing in a box, and obeys the strokes that correct it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsgui import smart_outline
from lsgui.smart_outline import GRABCUT, WATERSHED, outline

WAYS = [WATERSHED, GRABCUT]


def disk(side: int, middle: tuple[float, float], radius: float, noise: float = 10) -> tuple[np.ndarray, np.ndarray]:
    """A grey disk in noise, and where it is."""
    rows, columns = np.mgrid[:side, :side]
    inside = (rows - middle[1]) ** 2 + (columns - middle[0]) ** 2 <= radius**2
    values = np.where(inside, 150, 80) + np.random.default_rng(0).normal(0, noise, (side, side))
    return np.clip(values, 0, 255).astype(np.uint8), inside


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    return (one & other).sum() / (one | other).sum()


@pytest.mark.parametrize("by", WAYS)
@pytest.mark.parametrize("colour", [False, True])
def test_a_disk_in_noise_is_found(by: str, colour: bool) -> None:
    image, inside = disk(120, (62, 57), 38)
    image = np.stack([image, 255 - image, image // 2], axis=2) if colour else image
    assert overlap(outline(image, by=by), inside) > 0.95


@pytest.mark.parametrize("by", WAYS)
def test_a_large_box_is_halved_and_still_exact_enough(by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smart_outline, "LARGEST", 128)
    monkeypatch.setattr(smart_outline, "_GRABCUT_PIXELS", 1 << 12)
    image, inside = disk(301, (150, 140), 90)
    found = outline(image, by=by)
    assert found.shape == image.shape and overlap(found, inside) > 0.95


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 40), st.integers(1, 40), st.sampled_from(WAYS))
def test_strokes_are_obeyed_in_any_picture(number: int, height: int, width: int, by: str) -> None:
    random = np.random.default_rng(number)
    image = random.integers(0, 255, (height, width, 3)).astype(np.uint8)
    belongs, does_not = random.random((height, width)) < 0.05, random.random((height, width)) < 0.05
    belongs &= ~does_not
    found = outline(image, belongs, does_not, by)
    assert found.dtype == bool and found.shape == (height, width)
    assert found[belongs].all() and not found[does_not].any()
    rim = np.ones((height, width), bool)
    rim[1:-1, 1:-1] = False
    assert min(height, width) <= 2 or not found[rim & ~belongs].any()


def test_a_stroke_takes_a_second_thing_in_and_another_leaves_it_out() -> None:
    image, _ = disk(120, (35, 60), 18)
    other, right = disk(120, (85, 60), 18)
    image = np.maximum(image, other)
    belongs, does_not = np.zeros(image.shape, bool), np.zeros(image.shape, bool)
    belongs[60, 30:40], does_not[50:70, 60] = True, True
    assert not outline(image, belongs, does_not)[60, 85], "the middle lies between them"
    more = belongs.copy()
    more[60, 80:90] = True
    both = outline(image, more, does_not)
    assert overlap(both & (np.arange(120) > 60), right) > 0.9
    assert not outline(image, belongs, does_not | right)[right].any()


@pytest.mark.parametrize("by", WAYS)
def test_where_all_is_alike_nothing_is_found_but_what_is_marked(by: str) -> None:
    image = np.full((60, 80), 90, np.uint8) + np.random.default_rng(0).integers(0, 2, (60, 80)).astype(np.uint8)
    nothing, belongs = np.zeros(image.shape, bool), np.zeros(image.shape, bool)
    assert not outline(image, by=by).any() and not outline(image, does_not=nothing, by=by).any()
    belongs[30, 35:45] = True
    assert outline(image, belongs, by=by)[belongs].all()
    assert outline(disk(60, (30, 30), 15, noise=0)[0] // 10, by=by).any(), "a faint thing is one"


def test_grabcut_can_be_cancelled_between_its_rounds() -> None:
    def stop(done: float) -> None:
        if done > 0:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        outline(disk(60, (30, 30), 15)[0], by=GRABCUT, step=stop)
