"""How far the confidence of a trained network can be believed once it is calibrated on other held-out images."""

from __future__ import annotations

import torch
from torch import nn

from model.calibration import calibration_error, count_softmax, fit_temperature
from model.checkpoint import CheckpointHeader
from model.logit_samples import sample_logits
from tests.benchmarks.accuracy_data import Fold


def calibrated(
    network: nn.Module, header: CheckpointHeader, fold: Fold, device: torch.device
) -> dict[str, float | None]:
    """The temperature that the first half of the held-out images asks for, and the error of the others with it.

    `network` is on the device, to predict only, with the weights that are judged.
    """
    truths = list(fold.test.values())
    halves = truths[: len(truths) // 2], truths[len(truths) // 2 :]
    first, second = (sample_logits(network, header, half, max(len(half), 1), device) for half in halves)
    temperature = fit_temperature(*first) or 1.0
    error = calibration_error(count_softmax(second[0] / temperature, second[1]))
    return {"temperature": temperature, "calibrated_error": error}
