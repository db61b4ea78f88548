"""The benchmarks of few labels: what judges is never looked at, and they run from end to end at toy size."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from model.checkpoint import Checkpoint
from model.development import PARTS
from model.learner import Learner
from model.options import FineTuneOptions
from model.plan import Plan
from model.start import starting_checkpoint
from tests.benchmarks import few_labels, forgetting
from tests.benchmarks.accuracy_data import Fold, street_scenes
from tests.streets import write_streets

SMALL = ["--preset", "tiny", "--crop", "64", "--seconds", "0.3", "--device", "cpu"]


@pytest.fixture
def streets(tmp_path: Path) -> Path:
    return write_streets(tmp_path, ("0001TP", "0006R0", "0016E5"), frames=10)


def test_no_training_that_is_judged_by_what_it_forgets_has_seen_what_judges(streets: Path) -> None:
    old, new = forgetting.folds(street_scenes(streets, [forgetting.NEW]))
    judged = old.test.keys() | new.test.keys()
    assert not judged & (old.train.keys() | new.train.keys())
    assert [len(fold.test) for fold in (old, new)] == [3, 3] and len(new.train) == 6
    assert sorted({name[:6] for name in old.train}) == ["0006R0", "0016E5"]


def test_what_is_forgotten_is_told_from_end_to_end(streets: Path, capsys: pytest.CaptureFixture) -> None:
    forgetting.main([str(streets), "--counts", "2", *SMALL])
    told = capsys.readouterr()
    rows = [line.split("|") for line in told.out.splitlines()[2:]]
    assert [row[1].strip() for row in rows] == ["0", "2"] and rows[1][3].strip()[0] in "+-"
    assert "2 labels: " in told.err and "views" in told.err


def test_strategies_are_told_apart_from_end_to_end(streets: Path, capsys: pytest.CaptureFixture) -> None:
    few_labels.main([str(streets), "--counts", "2", "3", "--strategies", "random", "order", *SMALL])
    rows = [line.split("|") for line in capsys.readouterr().out.splitlines()[2:]]
    assert [row[1].strip() for row in rows] == ["random", "order"] and rows[0][2] == rows[1][2]


def planned(fold: Fold, **changes: object) -> tuple[Plan, Checkpoint]:
    options = FineTuneOptions(preset="tiny", batch=8, crop=64)
    start, unfamiliar = starting_checkpoint(options, fold.classes, False)
    plan = Plan.make(options, start, unfamiliar, torch.device("cpu"), len(fold.train), True, 0.0)
    return dataclasses.replace(plan, **changes), start


@pytest.mark.parametrize("hidden", [0.0, 0.5])
def test_a_learner_hides_what_its_plan_says(streets: Path, hidden: float) -> None:
    fold = street_scenes(streets, ["0006R0"])
    plan, start = planned(fold, wide=True, hidden=hidden)
    learner = Learner(plan, fold.survey(), start, torch.device("cpu"), lambda message: None)
    try:
        with learner._open() as feed:
            levels = np.concatenate([feed.next().looks[:, sum(PARTS[:3])] for _ in range(4)])
    finally:
        learner.close()
    hiding = np.isfinite(levels)
    assert 6 < hiding.sum() < 26 if hidden else not hiding.any()
    assert (levels[hiding] <= 0).all(), "never more than half"
