"""Views are developed as their looks say, the same whatever they are developed with, and on any device."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from model.augment import Augmentation
from model.development import BLOCKS, GRAINS, LOOK, Development, Look
from model.input_range import to_unit

CPU = torch.device("cpu")


def views(planes: int = 1, count: int = 2, side: int = 24) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, side, side, planes)).astype(np.int16)


def hiding(coloured: bool) -> Augmentation:
    return dataclasses.replace(Augmentation.wide(coloured, mirror=False), hidden=0.5)


def developed(pixels: np.ndarray, *looks: Look, device: str = "cpu") -> np.ndarray:
    numbers = torch.from_numpy(np.stack([look.numbers() for look in looks])).to(device)
    return Development(torch.device(device))(torch.from_numpy(pixels).to(device), numbers).cpu().numpy()


@pytest.mark.parametrize("planes", [1, 3])
def test_without_a_change_views_are_what_prediction_sees_each_by_its_own_limits(planes):
    pixels = views(planes)
    got = developed(pixels, Look((0, 255)), Look((-160, 240)))
    assert got.shape == (2, planes, 24, 24) and got.dtype == np.float32
    for view, limits, one in zip(pixels, ((0, 255), (-160, 240)), got, strict=True):
        np.testing.assert_allclose(one, to_unit(view, limits).transpose(2, 0, 1), atol=1e-6)


def test_a_view_does_not_depend_on_those_beside_it():
    rng = np.random.default_rng(1)
    looks = [hiding(True).look((0, 255), True, rng) for _ in range(4)]
    pixels = views(3, 4)
    together = developed(pixels, *looks)
    alone = np.concatenate([developed(pixels[i : i + 1], looks[i]) for i in range(4)])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert together.min() >= 0 and together.max() <= 1


def test_contrast_turns_about_the_mean_and_light_grows_to_the_right():
    pixels = views()
    plain, low, bright = (
        developed(pixels[:1], Look((0, 255), **more))[0, 0] for more in ({}, {"contrast": 0.5}, {"brightness": 0.1})
    )
    assert low.mean() == pytest.approx(plain.mean(), abs=1e-4) and low.std() == pytest.approx(plain.std() / 2, rel=1e-3)
    assert bright.mean() > plain.mean() + 0.08
    grey = np.full((1, 9, 9, 1), 100, np.int16)
    lit = developed(grey, Look((0, 200), light=(0.2, 0.0)))[0, 0]
    np.testing.assert_allclose(lit[4, [0, 4, 8]], [0.4, 0.5, 0.6], atol=1e-6)
    assert (lit == lit[0]).all()
    np.testing.assert_allclose(developed(grey, Look((0, 200), gamma=2.0)), 0.25, atol=1e-6)


def test_colours_are_mixed_by_the_matrix():
    swap = (0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.5)
    pixels = views(3, 1)
    expected = pixels[0].transpose(2, 0, 1)[[1, 0, 2]] / np.array([255, 255, 510])[:, None, None]
    np.testing.assert_allclose(developed(pixels, Look((0, 255), colour=swap))[0], expected, atol=1e-5)


def test_blur_spreads_a_point_evenly_and_loses_nothing():
    point = np.zeros((1, 15, 15, 1), np.int16)
    point[0, 7, 7] = 255
    spread = developed(point, Look((0, 255), blur=1.2))[0, 0]
    assert spread.sum() == pytest.approx(1, abs=1e-4) and 0.1 < spread[7, 7] < 0.2
    np.testing.assert_allclose(spread, spread.T, atol=1e-7)
    np.testing.assert_allclose(spread, spread[::-1, ::-1], atol=1e-7)


def test_noise_is_as_strong_as_asked_and_another_for_every_grain():
    grey = np.full((2, 64, 64, 3), 128, np.int16)
    one = Look((0, 256), noise=0.03, grain=(5, 7))
    first, second = developed(grey, one, dataclasses.replace(one, grain=(GRAINS - 2, GRAINS - 1)))
    assert first.std() == pytest.approx(0.03, rel=0.05) and first.mean() == pytest.approx(0.5, abs=2e-3)
    for other in (second, first[[1, 2, 0]], np.roll(first, 1, axis=2)):
        assert abs(np.corrcoef(first.ravel(), other.ravel())[0, 1]) < 0.05
    np.testing.assert_array_equal(developed(grey[:1], one)[0], first)


def test_what_is_hidden_is_whole_blocks_of_the_views_mean_as_many_as_said():
    side = 8 * BLOCKS
    pixels = views(3, 3, side)
    plain = developed(pixels, *[Look((0, 255))] * 3)
    chances = ((0.5, (5, 7)), (0.5, (900, 11)), (1, (5, 7)))
    found = developed(pixels, *(Look((0, 255), hidden=share, grain=grain) for share, grain in chances))
    covered = (found != plain).any(axis=1)
    assert 0.35 < covered[0].mean() < 0.65 and covered[2].mean() > 0.99
    assert (covered[0] != covered[1]).mean() > 0.2
    blocks = covered[0].reshape(BLOCKS, 8, BLOCKS, 8).mean(axis=(1, 3))
    assert ((blocks == 0) | (blocks > 0.95)).all()
    for one, whole, where in zip(found, plain, covered, strict=True):
        means = np.broadcast_to(whole.mean(axis=(1, 2))[:, None], one[:, where].shape)
        np.testing.assert_allclose(one[:, where], means, atol=1e-4)


@pytest.mark.parametrize("side", [3, 20, 61])
def test_a_view_of_any_size_is_hidden_by_chance(side: int):
    pixels, looks = views(1, 40, side), [Look((0, 255), hidden=0.5, grain=(37 * n, 2 * n + 1)) for n in range(40)]
    shown = developed(pixels, *[Look((0, 255))] * 40)
    covered = developed(pixels, *looks) != shown
    assert covered.shape == (40, 1, side, side) and 0.4 < covered.mean() < 0.6


def test_a_looks_numbers_stay_exact_on_their_way():
    numbers = Look((0, 255), grain=(GRAINS - 1, GRAINS - 3)).numbers()
    assert numbers.shape == (LOOK,) and numbers[-2:].tolist() == [GRAINS - 1, GRAINS - 3]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("planes", [1, 3])
def test_a_gpu_develops_what_the_cpu_does(planes):
    rng = np.random.default_rng(2)
    one = hiding(planes == 3)
    looks = [one.look((0, 255), planes == 3, rng) for _ in range(8)]
    pixels = views(planes, 8, 96)
    np.testing.assert_allclose(developed(pixels, *looks, device="cuda"), developed(pixels, *looks), atol=2e-5)
