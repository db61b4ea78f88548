"""The checkpoint that a training starts from, loaded or made anew, and the form in which one is shipped."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch

from model.adapt import missing_classes, network_from_checkpoint, tensors_of
from model.checkpoint import Checkpoint, load
from model.classes import ClassTable
from model.errors import CheckpointError, TrainingError
from model.input_range import InputRange
from model.network import LightningUnet
from model.options import FineTuneOptions
from model.presets import PRESETS

SOFT_TISSUE = InputRange("fixed", -160, 240)
"""HU: the abdomen window, which separates organs and still tells fat, soft tissue and contrast apart."""
ANY_VALUES = InputRange("percentile", 0.5, 99.5)


def starting_checkpoint(options: FineTuneOptions, classes: ClassTable, hounsfield: bool) -> tuple[Checkpoint, bool]:
    """A checkpoint of exactly `classes`: that of `options.weights` by uid, or random weights of `options.preset`.

    The second value says whether any of the classes is new to it. Raises CheckpointError, and TrainingError for an
    unknown preset.
    """
    if options.weights is not None:
        parent = load(options.weights)
        if not parent.is_finite:
            raise CheckpointError(
                "The weights in {name} are no numbers, so the file is damaged; choose other weights.",
                name=options.weights.name,
            )
        network = network_from_checkpoint(parent, classes)
        unfamiliar = bool(missing_classes(parent, classes))
        known = {"input": parent.input, "temperature": parent.temperature}
        header = known | {"parent": parent.name or options.weights.stem}
    else:
        if options.preset not in PRESETS:
            raise TrainingError(
                "{preset} is no network; choose one of {known}.", preset=options.preset, known=", ".join(PRESETS)
            )
        torch.manual_seed(options.seed)
        network = LightningUnet(PRESETS[options.preset](len(classes.classes)))
        unfamiliar = True
        header = {"input": SOFT_TISSUE if hounsfield else ANY_VALUES}
    config = dataclasses.asdict(network.config)
    return Checkpoint(network=config, classes=classes, tensors=tensors_of(network), **header), unfamiliar


def half_precision(checkpoint: Checkpoint, name: str) -> Checkpoint:
    """The same weights rounded to float16: half the size to ship, and no visible difference in what they predict."""
    tensors = {key: tensor.astype(np.float16) for key, tensor in checkpoint.tensors.items()}
    return dataclasses.replace(checkpoint, tensors=tensors, name=name)
