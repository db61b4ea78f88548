"""Superpixels divide an image without gaps, the same way in every part of it, along its edges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsgui import superpixels
from lsgui.superpixels import Superpixels, seed_of, segments
from model.opencv import cv2

SHAPES = [(1, 1), (1, 40), (33, 1), (50, 47), (96, 80)]


def made(random: np.random.Generator, shape: tuple[int, int], kind: str) -> np.ndarray:
    noise = random.integers(0, 255, (*shape, 3)).astype(np.uint8)
    if kind == "noise":
        return noise
    image = cv2.GaussianBlur(noise, (0, 0), 4).reshape(noise.shape) if kind == "rgb" else noise[..., 0] // 8 * 8
    image.flags.writeable = False
    return image


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 1000), st.sampled_from(SHAPES), st.sampled_from(["noise", "rgb", "grey"]), st.sampled_from([8, 13])
)
def test_every_pixel_has_one_and_each_is_connected(number: int, shape: tuple[int, int], kind: str, size: int) -> None:
    image = made(np.random.default_rng(number), shape, kind)
    found = segments(image, size, (0, 0, shape[1], shape[0]))
    assert found.shape == shape and (found > 0).all()
    assert (found == segments(image, size, (0, 0, shape[1], shape[0]))).all()
    for value in np.unique(found).tolist():
        count, _ = cv2.connectedComponents((found == value).astype(np.uint8), connectivity=4)
        assert count == 2
        x, y = seed_of(value, size, shape)
        assert found[y, x] == value


def test_sizes_are_alike() -> None:
    random = np.random.default_rng(0)
    for kind in ("noise", "rgb", "grey"):
        areas = np.bincount(segments(made(random, (200, 200), kind), 16, (0, 0, 200, 200)).ravel())[1:]
        assert np.median(areas) == pytest.approx(256, rel=0.3) and areas.max() < 4 * 256


def test_borders_follow_an_edge() -> None:
    rows, columns = np.mgrid[:160, :160]
    inside = (rows - 80) ** 2 + (columns - 80) ** 2 < 45**2
    noise = np.random.default_rng(2).normal(0, 10, inside.shape)
    found = segments(np.clip(np.where(inside, 160, 90) + noise, 0, 255).astype(np.uint8), 16, (0, 0, 160, 160))
    parts = np.bincount(found.ravel(), inside.ravel()), np.bincount(found.ravel())
    assert np.minimum(parts[0], parts[1] - parts[0]).sum() < 0.01 * inside.size


def test_tiles_agree_with_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    image = made(np.random.default_rng(4), (180, 200), "rgb")
    whole = segments(image, 10, (0, 0, 200, 180))
    monkeypatch.setattr(superpixels, "TILE", 64)
    monkeypatch.setattr(superpixels, "_MOST_TILES", 4)
    tiled = Superpixels(image, 10)
    assert (tiled.numbers((3, 5, 190, 170)) == whole[5:175, 3:193]).mean() > 0.98
    assert tiled.at(100, 90) == tiled.numbers((100, 90, 1, 1))[0, 0]
    number = tiled.at(63, 64)
    region = tiled.region(number)
    x, y, w, h = region.box
    assert (region.mask == (tiled.numbers(region.box) == number)).all() and x <= 63 < x + w and y <= 64 < y + h
    assert len(tiled._tiles) <= 4
