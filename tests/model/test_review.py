"""The order of review: doubtful images first, and not one after another of the same scene."""

from __future__ import annotations

import random
import time

from model.review import APART, most_useful_first


def test_the_least_sure_image_comes_first_and_what_has_a_label_does_not_come():
    confidence = [0.9] * 60
    confidence[30], confidence[50], confidence[5] = 0.5, 0.4, 0.1
    labelled = [place == 5 for place in range(60)]
    order = most_useful_first(confidence, labelled)
    assert order[:2] == [50, 30] and 5 not in order and sorted(order) == [p for p in range(60) if p != 5]


def test_neighbours_of_what_was_chosen_wait():
    confidence = [0.5, 0.51, 0.52] + [0.9] * 27 + [0.7]
    order = most_useful_first(confidence, [False] * 31)
    assert order[:2] == [0, 30], "1 and 2 show what 0 shows"


def test_images_without_a_prediction_come_last():
    assert most_useful_first([None, 0.9, None, 0.8], [False] * 4) == [3, 1, 0, 2]
    assert most_useful_first([], []) == []


def test_the_order_is_that_of_the_definition():
    def by_definition(confidence: list[float | None], labelled: list[bool]) -> list[int]:
        near, order = [place for place, one in enumerate(labelled) if one], []
        left = [place for place, one in enumerate(confidence) if one is not None and not labelled[place]]
        while left:
            worth = [
                (1.0 - confidence[p] + 1e-6) * min([APART, *(abs(p - other) for other in (*near, *order))])
                for p in left
            ]
            order.append(left.pop(worth.index(max(worth))))
        return order + [place for place, one in enumerate(confidence) if one is None and not labelled[place]]

    chance = random.Random(0)
    for count in (1, 2, 15, 80, 200):
        confidence = [chance.choice((None, round(chance.random(), 1), chance.random())) for _ in range(count)]
        labelled = [chance.random() < 0.1 for _ in range(count)]
        assert most_useful_first(confidence, labelled) == by_definition(confidence, labelled)


def test_a_large_folder_is_ordered_at_once():
    """In the window's thread: every image compared with every other would take 10 s."""
    count, start = 50_000, time.thread_time()
    order = most_useful_first([i * 7919 % count / count for i in range(count)], [False] * count)
    assert sorted(order) == list(range(count)) and time.thread_time() - start < 4
