"""Run: what a run of the accuracy benchmark is of, and what it is called."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from model.schedule import Schedule
from tests.benchmarks.accuracy_recipe import OURS

TEACHER, SELF_TRAINING, MASKED = WAYS = "teacher", "self-training", "masked"
"""How images without a label are learned from, see accuracy_unlabelled: as the product does, or in two other ways."""


@dataclass(frozen=True)
class Run:
    """`seconds` or `steps` say how long, seconds at most until the recipe says that it is enough.

    Of the training images a share is `labelled`; the others are left out, unless the `unlabelled` are looked at, too, in a
    `way` of WAYS. Of each labelled image `strokes` cover a share. Batch, crop and peak rate are the recipe's unless given,
    and so is how much of a view may be `hidden`.
    """

    network: str
    seed: int = 0
    recipe: str = OURS
    seconds: float | None = None
    steps: int | None = None
    labelled: float = 1.0
    unlabelled: bool = False
    way: str = TEACHER
    strokes: float = 1.0
    batch: int | None = None
    crop: int | None = None
    rate: float | None = None
    hidden: float | None = None

    @property
    def name(self) -> str:
        """The network, and how its training is not the usual one."""
        recipe = "" if self.recipe == OURS else f", {self.recipe} recipe"
        share = "" if self.labelled == 1 else f", {100 * self.labelled:g}% labelled"
        share += "" if self.strokes == 1 else f", {100 * self.strokes:g}% by strokes"
        share += ", unlabelled too" if self.unlabelled else ""
        share += f" by {self.way}" if self.unlabelled and self.way != TEACHER else ""
        share += "" if self.batch is None else f", {self.batch} views"
        share += "" if self.crop is None else f", views of {self.crop}"
        share += "" if self.rate is None else f", rate {self.rate:g}"
        share += "" if self.hidden is None else f", {100 * self.hidden:g}% hidden"
        return self.network + recipe + share

    @property
    def budget(self) -> str:
        return f"{self.seconds:g} s" if self.seconds else f"{self.steps} steps"

    @property
    def schedule(self) -> Schedule:
        return Schedule(1, seconds=self.seconds) if self.seconds else Schedule(1, self.steps)

    def part(self, of_it: float) -> Run:
        """The same in this share of the time or of the steps, and nothing learned from what has no label."""
        seconds, steps = self.seconds and of_it * self.seconds, self.steps and max(1, round(of_it * self.steps))
        return dataclasses.replace(self, seconds=seconds, steps=steps, unlabelled=False)

    def file_name(self, data: str, fold: str, state: Mapping[str, str]) -> str:
        """Readable, and no other run's: what a file's name cannot hold (drives in Chinese) and the `state` are in its end."""
        parts = data, fold, self.name, self.budget, f"seed{self.seed}"
        exact = hashlib.sha256(json.dumps([parts, dict(state)], sort_keys=True).encode()).hexdigest()[:12]
        readable = (re.sub(r"[^A-Za-z0-9.=-]+", "-", part).strip("-") for part in parts)
        return f"{'_'.join([*readable, exact])}.json"
