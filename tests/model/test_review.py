"""The order of review: doubtful images first, and not one after another of the same scene."""

from __future__ import annotations

from model.review import most_useful_first


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


def test_a_large_folder_is_ordered_at_once():
    assert len(most_useful_first([i / 3000 for i in range(3000)], [False] * 3000)) == 3000
