"""Batches come from a thread, reproducibly, and look where something is labelled."""

from __future__ import annotations

import dataclasses
import threading

import numpy as np
import pytest
import torch

from model.augment import Augmentation
from model.batches import Batch, BatchFeed, ViewPlan
from model.dataset import Example, Kept, find_anchors
from model.development import Development
from model.errors import ImageError


def example(value: int, shape: tuple[int, int] = (48, 48)) -> Example:
    channels = np.full(shape, 255, np.uint8)
    channels[-12:, -12:] = 1
    channels[-12:, -24:-12] = 0
    return Example(np.full(shape, value, np.uint8), (0, 255), channels, find_anchors(channels))


def plan(size: int = 32, planes: int = 1, seed: int = 0) -> ViewPlan:
    return ViewPlan(size, planes, Augmentation(gain=0.1), seed)


def kept(*examples: Example) -> Kept[Example]:
    return Kept(lambda number: examples[number], len(examples))


def test_the_same_seed_gives_the_same_batches_wherever_they_are_taken_up():
    things = kept(example(50), example(100), example(200))
    with BatchFeed(things, plan(), 2) as feed:
        first, second = feed.next(), feed.next()
    with BatchFeed(things, plan(), 2, drawn=first.drawn) as feed:
        again = feed.next()
    np.testing.assert_array_equal(again.pixels, second.pixels)
    np.testing.assert_array_equal(again.channels, second.channels)
    np.testing.assert_array_equal(again.looks, second.looks)
    with BatchFeed(things, plan(seed=1), 2) as feed:
        assert not np.array_equal(feed.next().pixels, first.pixels)


def test_any_number_of_threads_cuts_the_same_batches():
    things = kept(example(50), example(100), example(200))
    with BatchFeed(things, plan(), 3) as one, BatchFeed(things, plan(), 3, threads=4, ahead=3) as many:
        for _ in range(4):
            expected, got = one.next(), many.next()
            np.testing.assert_array_equal(expected.pixels, got.pixels)
            np.testing.assert_array_equal(expected.looks, got.looks)


def test_processes_that_train_together_share_out_what_one_would_see():
    things = kept(example(50), example(100), example(200))
    with BatchFeed(things, plan(), 4) as alone:
        whole = [alone.next() for _ in range(2)]
    for rank in range(2):
        with BatchFeed(things, plan(), 2, rank=rank, ranks=2) as feed:
            for batch in whole:
                part = feed.next()
                np.testing.assert_array_equal(part.pixels, batch.pixels[2 * rank : 2 * rank + 2])
                assert part.drawn == batch.drawn


def test_every_image_comes_up_once_before_any_comes_up_again():
    with BatchFeed(kept(*(example(value) for value in (0, 120, 240))), plan(), 3) as feed:
        for _ in range(3):
            means = feed.next().pixels.mean(axis=(1, 2, 3))
            assert sorted(np.digitize(means, [64, 180])) == [0, 1, 2]


def test_views_of_a_large_image_look_where_it_is_labelled():
    with BatchFeed(kept(example(100, (600, 900))), plan(), 4) as feed:
        channels = feed.next().channels
    assert ((channels != 255).mean(axis=(1, 2)) > 0.02).all()


def test_grey_images_get_three_equal_planes_beside_coloured_ones():
    colour = dataclasses.replace(example(0), pixels=np.zeros((48, 48, 3), np.uint8))
    with BatchFeed(kept(example(100), colour), plan(planes=3), 2) as feed:
        batch = feed.next()
    assert batch.pixels.shape == (2, 32, 32, 3) and batch.pixels.dtype == np.int16
    assert (batch.pixels == batch.pixels[..., :1]).all()
    grey = batch.pixels.any(axis=(1, 2, 3))
    developed = Development(torch.device("cpu"))(torch.from_numpy(batch.pixels), torch.from_numpy(batch.looks))
    assert developed.shape == (2, 3, 32, 32)
    assert (batch.looks[grey, 2:11] == np.eye(3).ravel()).all() and (
        batch.looks[~grey, 2:11] != np.eye(3).ravel()
    ).any()


def test_an_image_that_disappears_is_reported_and_left_out():
    def read(number: int) -> Example:
        if number == 1:
            raise ImageError("{name} is gone.", name="b.png")
        return example(100)

    with BatchFeed(Kept(read, 3), plan(), 6, threads=3) as feed:
        batch = feed.next()
        assert [str(problem) for problem in batch.problems] == ["b.png is gone."] and len(batch.pixels) == 6
        assert not feed.next().problems


def bare(value: int) -> Example:
    return Example(np.full((48, 48), value, np.uint8), (0, 255), np.full((48, 48), 255, np.uint8), {})


def test_every_second_view_is_of_an_image_without_a_label():
    others = kept(bare(200), bare(220))
    with BatchFeed(kept(example(20), example(40)), plan(), 4, others=others) as feed:
        first, second = feed.next(), feed.next()
    for batch in (first, second):
        assert ((batch.channels != 255).any(axis=(1, 2)) == [True, False, True, False]).all()
        assert (np.digitize(batch.pixels.mean(axis=(1, 2, 3)), [128]) == [0, 1, 0, 1]).all()
    with BatchFeed(kept(example(20), example(40)), plan(), 4, drawn=first.drawn, others=others) as feed:
        np.testing.assert_array_equal(feed.next().pixels, second.pixels)


def shades(batch: Batch, *limits: float) -> list[int]:
    return np.digitize(batch.pixels.mean(axis=(1, 2, 3)), limits).tolist()


def test_every_second_labelled_view_is_of_a_label_that_is_new_to_the_model():
    things = kept(*(example(value) for value in (20, 40, 180, 220)))
    with BatchFeed(things, plan(), 4, newer={2, 3}) as feed:
        first, second = feed.next(), feed.next()
    assert [shades(batch, 100) for batch in (first, second)] == [[0, 1, 0, 1]] * 2
    assert sorted(shades(first, 30, 100, 200)) == [0, 1, 2, 3], "each of them in its turn"
    with BatchFeed(things, plan(), 4, drawn=first.drawn, newer={2, 3}) as feed:
        np.testing.assert_array_equal(feed.next().pixels, second.pixels)
    with BatchFeed(things, plan(), 8, newer={2, 3}, others=kept(bare(120))) as feed:
        assert shades(feed.next(), 60, 150) == [0, 1, 2, 1, 0, 1, 2, 1]


def test_one_new_label_among_many_comes_up_more_often_but_does_not_crowd_out_the_rest():
    things = kept(*(example(20) for _ in range(35)), example(200))
    with BatchFeed(things, plan(), 36, newer={35}) as feed:
        seen = shades(feed.next(), 100)
    assert seen == [0, 0, 1] * 12, "every third: 12 times as often as one of 36 else would"


def test_when_all_that_is_new_has_gone_the_rest_goes_on_alone():
    def read(number: int) -> Example:
        if number >= 2:
            raise ImageError("{name} is gone.", name=f"{number}.png")
        return example(20 * number + 20)

    with BatchFeed(Kept(read, 4), plan(), 4, newer={2, 3}) as feed:
        batches = [feed.next() for _ in range(5)]
        told = [str(problem) for batch in batches for problem in batch.problems]
    assert sorted(told) == ["2.png is gone.", "3.png is gone."]
    assert all(sorted(shades(batch, 30)) == [0, 0, 1, 1] for batch in batches[3:]), "what had been begun ahead is over"


def test_images_without_a_label_wait_until_they_are_wanted():
    with BatchFeed(kept(example(20)), plan(), 4, others=kept(bare(200)), mixed=False, ahead=1) as feed:
        assert (feed.next().channels != 255).any(axis=(1, 2)).all()
        feed.mixed = True
        assert ((feed.next().channels != 255).any(axis=(1, 2)) == [True, False, True, False]).all()


def test_images_without_a_label_that_cannot_be_read_go_silently():
    def read(number: int) -> Example:
        raise ImageError("damaged")

    with BatchFeed(kept(example(20)), plan(), 4, others=Kept(read, 2)) as feed:
        batch = feed.next()
    assert not batch.problems and (batch.channels != 255).any(axis=(1, 2)).all()


def test_the_last_image_gone_reaches_the_training():
    def read(number: int) -> Example:
        raise ImageError("gone")

    with BatchFeed(Kept(read, 2), plan(), 2) as feed, pytest.raises(ImageError):
        feed.next()


def test_closing_ends_the_thread_even_when_nobody_took_its_batches():
    before = set(threading.enumerate())
    feed = BatchFeed(kept(example(1)), plan(), 1)
    feed.close()
    assert set(threading.enumerate()) <= before


def test_what_weighs_less_is_seen_less_often_and_the_rest_as_before():
    thing = example(50)
    levels = np.where(thing.channels == 1, np.uint8(51), np.uint8(255))
    light = dataclasses.replace(thing, levels=levels)
    before, after = 0, 0
    for number in range(200):
        (pixels, whole, look), (same, channels, as_lit) = plan().draw(thing, number), plan().draw(light, number)
        np.testing.assert_array_equal(pixels, same)
        np.testing.assert_array_equal(look, as_lit)
        assert ((channels == whole) | (channels == 255)).all() and (channels[whole == 0] == 0).all()
        before, after = before + (whole == 1).sum(), after + (channels == 1).sum()
    assert abs(after / before - 0.2) < 0.02
    np.testing.assert_array_equal(plan().draw(light, 3)[1], plan().draw(light, 3)[1])
