"""Options say the same in the window, on the command line and in a run's config.json."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

import pytest

from model.commands import finetune
from model.options import FineTuneOptions

EVERYTHING = FineTuneOptions(
    weights=Path("/w.safetensors").absolute(),
    preset="",
    baseline=Path("/b.safetensors").absolute(),
    epochs=3,
    seconds=20.5,
    batch=2,
    accumulate=4,
    checkpointing=True,
    learning_rate=1e-4,
    crop=128,
    unlabelled=True,
    model_labels=0.25,
    device="cpu",
    seed=5,
    publish=Path("/p.safetensors").absolute(),
    max_pixels=5_000_000,
)


@pytest.mark.parametrize(
    "options",
    [
        EVERYTHING,
        FineTuneOptions(preset="tiny"),
        FineTuneOptions(resume=True, preset=""),
        FineTuneOptions(preset="seed"),
    ],
)
def test_the_command_line_says_what_the_options_say(options):
    parser = argparse.ArgumentParser()
    finetune.add_arguments(parser)
    assert finetune.options_of(parser.parse_args(["folder", *options.arguments()])) == options


def test_a_training_may_be_resumed_while_another_folder_is_the_current_one(tmp_path, monkeypatch):
    parser = argparse.ArgumentParser()
    finetune.add_arguments(parser)
    monkeypatch.chdir(tmp_path)
    names = {"weights": "w.safetensors", "baseline": "b.safetensors", "publish": "p.safetensors"}
    flags = [text for name, file in names.items() for text in (f"--{name}", file)]
    options = finetune.options_of(parser.parse_args(["folder", *flags]))
    assert {name: getattr(options, name) for name in names} == {name: tmp_path / file for name, file in names.items()}


def test_options_survive_json():
    assert FineTuneOptions.from_json(EVERYTHING.to_json()) == EVERYTHING
    assert FineTuneOptions.from_json(dataclasses.replace(EVERYTHING, weights=None).to_json()).weights is None
