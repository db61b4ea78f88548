"""Plan: what is settled before a training's first step, kept in its config.json so that it can go on after a kill."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from model.checkpoint import Checkpoint
from model.classes import ClassTable
from model.errors import ClassTableError, TrainingError
from model.input_range import InputRange
from model.interpolation import START_SHARE, START_SHARE_ON_CPU
from model.lineage import NOTHING_LEARNED, Lineage
from model.network import NetworkConfig
from model.options import FineTuneOptions
from model.schedule import Schedule

SECONDS = 150.0
"""How long a person waits by default, on any machine."""
EPOCHS = 12
FEWEST_EPOCHS = 3
SCORING_SHARE = 0.25
"""No more of the time than this goes to scoring: a large held-out set means fewer points of the curve."""
ENOUGH_VIEWS, ENOUGH_OF_AN_IMAGE = 80_000, 170
"""Once it has seen so many views, and so many of each image, a training at the full rate ends although there is time: on 163
to 305 street scenes four times as many took 2 to 3 points of mIoU on two drives held out, and left a third as it was.
"""
ENOUGH_TUNING = 4_000
"""The same for views of each labelled image, those of other images among them, where a model that knows its classes is
fine-tuned: with five, ten or twenty images of another drive, half of the start's weights kept, it took 0.7 points from the
old one at most; 7,500 for each of five took 2 points more (nothing kept), and taught no more.
"""
HIDDEN, LONGER = 0.5, 2
"""How much may be hidden of a coloured view while classes are new, and how many times as many views are then enough. On
street scenes, two or three runs each, that was 0.8, 0.8 and 0.6 points above nothing hidden at half the views, on three
drives held out in turn; at half the views it gives nothing in the mean. On CT it takes 2 points of Dice (one seed), so that
grey images are shown whole; models that know their classes have not been measured.
"""
FEWEST_STEPS = 20
"""Steps of an epoch where steps are counted: with few images one pass would be too short to score after."""


@dataclass(frozen=True)
class Plan:
    """`batch` views of `crop` pixels a side at a time; `parent` names the checkpoint it starts from.

    `unfamiliar` says that the network has classes yet to meet; `temperature` is the start's. Views are `wide` where there
    will be enough of them: on a GPU, not on a CPU, where with them 60 steps on the sample gave a Dice of 0.15, not 0.54. Of
    wide ones a part may be `hidden`, see Augmentation. Of the start's weights `start_share` stays in what is published.
    `newer` names the images whose labels the start has not learned from, where they come up more often (BatchFeed). `elsewhere`
    is the Lineage's, and None in the plans of before.
    """

    options: FineTuneOptions
    network: NetworkConfig
    classes: ClassTable
    input: InputRange
    parent: str | None
    unfamiliar: bool
    batch: int
    crop: int
    learning_rate: float
    schedule: Schedule
    temperature: float = 1.0
    wide: bool = False
    hidden: float = 0.0
    start_share: float = 0.0
    newer: tuple[str, ...] = ()
    elsewhere: bool | None = None

    @staticmethod
    def make(
        options: FineTuneOptions,
        start: Checkpoint,
        unfamiliar: bool,
        device: torch.device,
        images: int,
        coloured: bool,
        scoring_seconds: float,
        ranks: int = 1,
        lineage: Lineage = NOTHING_LEARNED,
    ) -> Plan:
        """What the person chose, and for the rest what suits the device, the number of training images, whether any has
        colours, the number of processes that share the work, and what the start has learned already.
        """
        network = NetworkConfig.from_fields(start.network)
        wide = device.type != "cpu"
        batch = options.batch or (8 if wide else 1)
        rate = options.learning_rate or default_learning_rate(network, unfamiliar, wide)
        views = batch * options.accumulate * ranks
        schedule = _schedule(options, max(FEWEST_STEPS, math.ceil(images / views)), scoring_seconds)
        enough = max(ENOUGH_VIEWS, ENOUGH_OF_AN_IMAGE * images) if unfamiliar else ENOUGH_TUNING * images
        schedule = dataclasses.replace(schedule, enough_views=enough)
        crop = options.crop or network.view
        given = options, network, start.classes, start.input, start.parent
        plan = Plan(
            *given, unfamiliar, batch, crop, rate, schedule, start.temperature, wide, elsewhere=lineage.elsewhere
        )
        plan = plan if unfamiliar else plan.building_on(lineage, images)
        return plan.hiding(HIDDEN) if wide and unfamiliar and coloured else plan

    def building_on(self, lineage: Lineage, images: int) -> Plan:
        """The same for a start that knows all classes, with so many training images. Labels that are new to it count more where
        they are the fewer, on a CPU: with five among 127, in half of the views, 260 steps scored 33.2 on the new drive and 33.5
        on the old one; with all alike 29.2 and 32.9. On a GPU this has not been measured.
        """
        start_share = (START_SHARE if self.wide else START_SHARE_ON_CPU) if lineage.elsewhere else 0.0
        newer = lineage.newer if not self.wide and 2 * len(lineage.newer) < images else ()
        return dataclasses.replace(self, start_share=start_share, newer=newer)

    def hiding(self, share: float) -> Plan:
        """The same with so much hidden, and as many views as are enough for that."""
        enough = self.schedule.enough_views // (LONGER if self.hidden else 1) * (LONGER if share else 1)
        return dataclasses.replace(self, hidden=share, schedule=dataclasses.replace(self.schedule, enough_views=enough))

    def checkpoint(self, tensors: Mapping[str, np.ndarray]) -> Checkpoint:
        """These weights as a checkpoint, without a name, scores or a temperature yet."""
        network = dataclasses.asdict(self.network)
        return Checkpoint(
            network=network, classes=self.classes, input=self.input, parent=self.parent, tensors=dict(tensors)
        )

    def to_json(self) -> dict[str, object]:
        return {
            "options": self.options.to_json(),
            "network": dataclasses.asdict(self.network),
            "classes": self.classes.to_json(),
            "input": vars(self.input),
            "parent": self.parent,
            "unfamiliar": self.unfamiliar,
            "batch": self.batch,
            "crop": self.crop,
            "learning_rate": self.learning_rate,
            "schedule": vars(self.schedule),
            "temperature": self.temperature,
            "wide": self.wide,
            "hidden": self.hidden,
            "start_share": self.start_share,
            "newer": self.newer,
            "elsewhere": self.elsewhere,
        }

    @staticmethod
    def from_json(data: Mapping[str, object]) -> Plan:
        """Raises TrainingError for a config.json that is missing, damaged or edited to what cannot be. `enough` was a number
        of steps, once.
        """
        try:
            made = {
                "options": FineTuneOptions.from_json(data["options"]),
                "network": NetworkConfig.from_fields(data["network"]),
                "classes": ClassTable.from_json(data["classes"]),
                "input": InputRange(**data["input"]),
                "newer": tuple(data.get("newer", ())),
                "schedule": Schedule(**{name: one for name, one in data["schedule"].items() if name != "enough"}),
            }
            plan = Plan(**(dict(data) | made))
            _check(plan, data)
            return plan
        except (KeyError, TypeError, ValueError, AttributeError, ClassTableError) as error:
            raise TrainingError("The interrupted training's config.json is damaged; start a new training.") from error


def _check(plan: Plan, data: Mapping[str, object]) -> None:
    """Raises ValueError or TypeError for what would fail later with a sentence of something else, or never end."""
    options, schedule = plan.options, plan.schedule
    counts = plan.batch, plan.crop, options.accumulate, options.max_pixels, schedule.epochs, schedule.steps
    amounts = plan.learning_rate, plan.temperature, 1 if schedule.seconds is None else schedule.seconds
    shares = plan.hidden, plan.start_share, options.model_labels, schedule.warm_up
    sound = (
        all(isinstance(one, int) and one > 0 for one in (*counts, schedule.enough_views or 1)),
        all(0 < one < math.inf for one in amounts),
        all(0 <= one <= 1 for one in shares),
        isinstance(options.seed, int) and options.seed >= 0,
        isinstance(data.get("newer", []), list | tuple) and all(isinstance(one, str) for one in plan.newer),
        plan.elsewhere in (None, False, True) and not isinstance(plan.start_share, bool),
        all(isinstance(one, bool) for one in (plan.unfamiliar, plan.wide, options.unlabelled, options.checkpointing)),
    )
    if not all(sound):
        raise ValueError("a value that no training can have")


def default_learning_rate(network: NetworkConfig, unfamiliar: bool, many: bool) -> float:
    """1e-3 from scratch at a width of 96, more for a narrower network (Yang et al. 2022, Tensor Programs V).

    Gentler for one that knows its classes, and gentler still where it will see `many` views: at a width of 96, 12 s on a GPU
    with five images of another drive, at 3e-5 instead of 1e-4, gave an mIoU of 61.3 instead of 59.8 there, and on the old
    drive 1.9 more than before instead of 0.6 less (its images were looked at without their labels). For other widths it follows
    from that.
    """
    share = 1.0 if unfamiliar else 0.03 if many else 0.1
    return 1e-3 * 96 / network.width * share


def _schedule(options: FineTuneOptions, steps: int, scoring_seconds: float) -> Schedule:
    """By the clock, unless a number of epochs alone was asked for."""
    if options.epochs and not options.seconds:
        return Schedule(options.epochs, steps)
    seconds = options.seconds or SECONDS
    affordable = int(SCORING_SHARE * seconds / scoring_seconds) if scoring_seconds else EPOCHS
    return Schedule(options.epochs or min(max(affordable, FEWEST_EPOCHS), EPOCHS), seconds=seconds)
