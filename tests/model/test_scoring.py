"""Scores pool pixels, leave the background and absent classes out of the mean, and name classes by uid."""

from __future__ import annotations

import numpy as np
import pytest

from model.classes import Class, ClassTable
from model.scoring import Scores, count_pairs

TABLE = ClassTable((Class("bg", 0, "B", (0, 0, 0)), Class("x", 9, "X", (1, 1, 1)), Class("y", 4, "Y", (2, 2, 2))))


def scored(prediction: list[int], truth: list[int]) -> Scores:
    return count_pairs(Scores.none(TABLE), np.array([prediction], np.uint8), np.array([truth], np.uint8))


def test_classes_are_named_by_uid_without_the_background():
    scores = scored([0, 9, 9, 4], [0, 9, 0, 4])
    assert scores.dice == {"x": pytest.approx(2 / 3), "y": 1} and scores.iou == {"x": 0.5, "y": 1}
    assert scores.mean_dice == pytest.approx(5 / 6) and scores.pixels == {"bg": 2, "x": 1, "y": 1}


def test_absent_classes_are_left_out_and_nothing_gives_no_mean():
    assert scored([9, 4], [9, 9]).dice == {"x": pytest.approx(2 / 3)}
    assert Scores.none(TABLE).mean_dice is None and scored([0, 0], [0, 0]).mean_dice is None
