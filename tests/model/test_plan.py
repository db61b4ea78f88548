"""A plan suits the device and the network, and survives on disk."""

from __future__ import annotations

import dataclasses
import json

import pytest
import torch

from model.checkpoint import Checkpoint
from model.classes import Class, ClassTable
from model.errors import TrainingError
from model.interpolation import START_SHARE, START_SHARE_ON_CPU
from model.lineage import NOTHING_LEARNED, Lineage
from model.options import FineTuneOptions
from model.plan import (
    ENOUGH_OF_AN_IMAGE,
    ENOUGH_TUNING,
    ENOUGH_VIEWS,
    HIDDEN,
    LONGER,
    Plan,
    default_learning_rate,
)
from model.presets import PRESETS
from model.start import ANY_VALUES

TABLE = ClassTable((Class("b", 0, "B", (0, 0, 0)), Class("x", 9, "X", (1, 1, 1))))


def plan(
    device: str,
    preset: str = "tiny",
    unfamiliar: bool = True,
    coloured: bool = False,
    lineage: Lineage = NOTHING_LEARNED,
) -> Plan:
    network = dataclasses.asdict(PRESETS[preset](2))
    start = Checkpoint(network=network, classes=TABLE, input=ANY_VALUES, tensors={})
    return Plan.make(FineTuneOptions(), start, unfamiliar, torch.device(device), 20, coloured, 0.1, 1, lineage)


def test_only_a_gpu_sees_enough_views_for_wide_ones():
    assert plan("cuda").wide and plan("cuda").batch == 8
    assert not plan("cpu").wide and plan("cpu").batch == 1


def test_a_view_has_as_many_tokens_as_training_was_tuned_for():
    assert plan("cuda").crop == 512
    fine = dataclasses.replace(PRESETS["tiny"](2), patch=2)
    start = Checkpoint(network=dataclasses.asdict(fine), classes=TABLE, input=ANY_VALUES, tensors={})
    assert Plan.make(FineTuneOptions(), start, True, torch.device("cpu"), 20, False, 0.1).crop == 256


def test_a_training_ends_after_enough_views():
    assert plan("cuda").schedule.enough_views == plan("cpu").schedule.enough_views == ENOUGH_VIEWS
    assert plan("cuda", unfamiliar=False).schedule.enough_views == ENOUGH_TUNING * 20
    start = Checkpoint(network=dataclasses.asdict(PRESETS["tiny"](2)), classes=TABLE, input=ANY_VALUES, tensors={})
    options = FineTuneOptions(batch=10, accumulate=2)
    many = Plan.make(options, start, True, torch.device("cuda"), 10_000, False, 0.1, ranks=4)
    assert many.schedule.enough_views == ENOUGH_OF_AN_IMAGE * 10_000


def test_parts_of_coloured_views_are_hidden_while_a_gpu_learns_new_classes_and_the_training_is_longer_then():
    hiding = plan("cuda", coloured=True)
    assert hiding.hidden == HIDDEN and hiding.schedule.enough_views == LONGER * ENOUGH_VIEWS
    others = plan("cpu", coloured=True), plan("cuda"), plan("cuda", unfamiliar=False, coloured=True)
    assert [one.hidden for one in others] == [0, 0, 0]
    assert others[2].schedule == plan("cuda", unfamiliar=False).schedule
    assert hiding.hiding(0) == plan("cuda") and plan("cuda").hiding(HIDDEN) == hiding


def test_part_of_a_model_that_knows_the_classes_and_learned_elsewhere_stays():
    elsewhere = Lineage(elsewhere=True)
    assert plan("cuda", unfamiliar=False, lineage=elsewhere).start_share == START_SHARE
    assert plan("cpu", unfamiliar=False, lineage=elsewhere).start_share == START_SHARE_ON_CPU
    assert plan("cuda", unfamiliar=True, lineage=elsewhere).start_share == 0
    assert plan("cuda", unfamiliar=False, lineage=Lineage(newer=("a.png",))).start_share == 0


def test_labels_that_are_new_to_a_model_count_more_on_a_cpu_where_they_are_the_fewer():
    few, many = (Lineage(newer=tuple(f"{number}.png" for number in range(count))) for count in (9, 10))
    assert plan("cpu", unfamiliar=False, lineage=few).newer == few.newer
    assert plan("cpu", unfamiliar=False, lineage=many).newer == ()
    assert plan("cpu", unfamiliar=True, lineage=few).newer == plan("cuda", unfamiliar=False, lineage=few).newer == ()


def test_a_plan_is_read_as_it_was_written_and_an_older_one_goes_on_as_it_began():
    one = dataclasses.replace(plan("cuda", coloured=True), start_share=0.5, newer=("a.png", "片.png"))
    written = json.loads(json.dumps(one.to_json()))
    assert Plan.from_json(written) == one
    del written["wide"], written["hidden"], written["start_share"], written["newer"], written["elsewhere"]
    del written["schedule"]["enough_views"]
    written["schedule"]["enough"] = 10_000  # steps
    endless = dataclasses.replace(one.schedule, enough_views=None)
    assert Plan.from_json(written) == dataclasses.replace(
        one, wide=False, hidden=0.0, start_share=0.0, newer=(), elsewhere=None, schedule=endless
    )


@pytest.mark.parametrize(
    ("within", "name", "value"),
    [
        (None, "batch", "8"),
        (None, "batch", 0),
        (None, "crop", 2.5),
        (None, "learning_rate", -1),
        (None, "learning_rate", "much"),
        (None, "hidden", 7),
        (None, "start_share", 1.5),
        (None, "newer", [5]),
        (None, "newer", 5),
        (None, "newer", "abc"),
        (None, "elsewhere", "no"),
        (None, "start_share", True),
        (None, "wide", "no"),
        ("schedule", "epochs", 0),
        ("schedule", "steps", -1),
        ("schedule", "seconds", -5),
        ("options", "accumulate", 0),
        ("options", "seed", "x"),
        (None, "classes", {"classes": []}),
    ],
)
def test_a_plan_that_was_edited_to_what_cannot_be_is_refused(within, name, value):
    written = json.loads(json.dumps(plan("cpu").to_json()))
    (written[within] if within else written)[name] = value
    with pytest.raises(TrainingError, match=r"config\.json"):
        Plan.from_json(written)


@pytest.mark.parametrize("preset", PRESETS)
def test_narrow_networks_learn_faster_and_those_that_know_their_classes_slower(preset):
    network = PRESETS[preset](2)
    for many in (False, True):
        rate = default_learning_rate(network, unfamiliar=True, many=many)
        assert rate == pytest.approx(1e-3 if network.width == 96 else 3e-3)
        assert default_learning_rate(network, unfamiliar=False, many=many) < rate / 5
    few, many = (default_learning_rate(network, unfamiliar=False, many=many) for many in (False, True))
    assert many < few / 2


def test_a_gpu_which_sees_many_views_forgets_less_at_a_lower_rate():
    assert plan("cuda", unfamiliar=False).learning_rate < plan("cpu", unfamiliar=False).learning_rate / 2
