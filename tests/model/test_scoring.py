"""Scores pool pixels, leave a background that is nothing and absent classes out of the mean, and name classes by uid."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from model.classes import Class, ClassTable
from model.judge import Judge
from model.scoring import Scores, count_pairs

TABLE = ClassTable(
    (Class("bg", 0, "Background", (0, 0, 0)), Class("x", 9, "X", (1, 1, 1)), Class("y", 4, "Y", (2, 2, 2)))
)


def scored(prediction: list[int], truth: list[int]) -> Scores:
    return count_pairs(Scores.none(TABLE), np.array([prediction], np.uint8), np.array([truth], np.uint8))


def test_classes_are_named_by_uid_without_the_background():
    scores = scored([0, 9, 9, 4], [0, 9, 0, 4])
    assert scores.dice == {"x": pytest.approx(2 / 3), "y": 1} and scores.iou == {"x": 0.5, "y": 1}
    assert scores.mean_dice == pytest.approx(5 / 6) and scores.pixels == {"bg": 2, "x": 1, "y": 1}


def test_a_class_0_that_is_something_counts_like_any_other():
    street = TABLE.replaced(dataclasses.replace(TABLE.background, name="Sky"))
    truth, said = np.array([[0, 9, 0, 4]], np.uint8), np.array([[0, 9, 9, 4]], np.uint8)
    scores = count_pairs(Scores.none(street), said, truth)
    assert scores.dice == {"bg": pytest.approx(2 / 3), "x": pytest.approx(2 / 3), "y": 1}
    assert scores.mean_iou == pytest.approx((0.5 + 0.5 + 1) / 3)


def test_it_is_told_where_a_class_0_that_is_something_was_learned_and_no_held_out_label_shows_it():
    street = TABLE.replaced(dataclasses.replace(TABLE.background, name="Sky"))
    learned = np.ones(10, np.int64)
    for table, told in ((street, ["Sky", "X"]), (TABLE, ["X"])):
        found = SimpleNamespace(classes=table, training_pixels=lambda: learned, held_out=("one",))
        judge = Judge(found, torch.device("cpu"), lambda progress: None)
        scores = count_pairs(Scores.none(table), np.array([[4]], np.uint8), np.array([[4]], np.uint8))
        assert judge.cannot_judge(scores) == told


def test_absent_classes_are_left_out_and_nothing_gives_no_mean():
    assert scored([9, 4], [9, 9]).dice == {"x": pytest.approx(2 / 3)}
    assert Scores.none(TABLE).mean_dice is None and scored([0, 0], [0, 0]).mean_dice is None
