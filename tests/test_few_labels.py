"""The benchmarks of few labels: what judges is never looked at, and they run from end to end at toy size."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from model.checkpoint import Checkpoint, load
from model.development import PARTS
from model.learner import Learner
from model.options import FineTuneOptions
from model.plan import Plan
from model.start import starting_checkpoint
from tests.benchmarks import few_labels, forgetting
from tests.benchmarks.accuracy_data import Fold, street_scenes
from tests.benchmarks.few_label_trainings import tuned
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
    forgetting.main([str(streets), "--counts", "2", "--shares", "1", "0.5", *SMALL])
    told = capsys.readouterr()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in told.out.splitlines()[2:]]
    assert [row[0] for row in rows] == ["none", "2 alone", "2 alone", "2 beside", "2 beside"]
    assert [row[1] for row in rows] == ["", "1", "0.5", "1", "0.5"]
    assert all("(+" in cell or "(-" in cell for row in rows[1:] for cell in row[2:])
    assert "\n2 labels: " in told.err and "\n8 labels: " in told.err and "views" in told.err


def test_between_two_models_are_the_first_ones_weights_and_the_seconds(streets: Path) -> None:
    _, begun = planned(street_scenes(streets, ["0006R0"]))
    after = dataclasses.replace(begun, tensors={name: one + 2 for name, one in begun.tensors.items()})
    quarter = forgetting.mixed(begun, after, 0.25)
    assert all(np.allclose(quarter.tensors[name], one + 0.5) for name, one in begun.tensors.items())


def test_strategies_are_told_apart_from_end_to_end(streets: Path, capsys: pytest.CaptureFixture) -> None:
    few_labels.main([str(streets), "--counts", "2", "3", "--strategies", "random", "order", *SMALL])
    rows = [line.split("|") for line in capsys.readouterr().out.splitlines()[2:]]
    assert [row[1].strip() for row in rows] == ["random", "order"] and rows[0][2] == rows[1][2]


def test_counts_that_cannot_be_what_the_table_says_are_refused(streets: Path) -> None:
    with pytest.raises(SystemExit, match="1 images cannot be spread over the drives; 2 can"):
        few_labels.main([str(streets), "--counts", "1", "2", *SMALL])
    with pytest.raises(SystemExit, match="expected counts up to 6"):
        forgetting.main([str(streets), "--counts", "2", "7", *SMALL])


def test_weights_of_other_classes_are_matched_to_the_streets(streets: Path, resources: Path) -> None:
    fold = street_scenes(streets, ["0006R0"])
    weights = resources / "weights" / "demo.safetensors"
    chosen = few_labels.parser().parse_args([str(streets), "--weights", str(weights), *SMALL])
    found = tuned(fold, list(fold.train)[:2], chosen, None, weights=weights)
    assert found.classes == fold.classes and found.tensors["head.bias"].shape == (11,)
    known = load(weights).tensors
    same = [name for name, tensor in known.items() if name.endswith("norm.weight")]
    assert same and all(np.allclose(found.tensors[name], known[name], atol=0.1) for name in same), "not from scratch"


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
