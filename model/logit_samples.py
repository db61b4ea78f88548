"""Logit samples: what a network says at labelled pixels, evenly spread over images that it has not learned from."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch

from model.augment import centred, warp_label, warp_pixels
from model.checkpoint import CheckpointHeader
from model.dataset import Example, make_example
from model.device import computes_in_bfloat16
from model.errors import LabelError
from model.input_range import to_unit
from model.labels import UNTOUCHED
from model.network import NetworkConfig
from model.progress import Progress, Report, silent
from model.truth import Truth

SAMPLES = 300_000
"""Labelled pixels in all: one number is fitted to them."""
MOST_VIEWS = 4
"""Views of an image that is larger than the network's input."""


def sample_logits(
    network: torch.nn.Module,
    header: CheckpointHeader,
    truths: Iterable[Truth],
    images: int,
    device: torch.device,
    report: Report = silent,
) -> tuple[np.ndarray, np.ndarray]:
    """Logits (N, C) float32 and channels (N,) uint8 at up to SAMPLES labelled pixels of so many `images`.

    `network` is the header's own, on the device, to predict only. `report` is called before each image and may raise
    Cancelled.
    """
    size = NetworkConfig.from_fields(header.network).size
    logits, channels = [np.empty((0, len(header.classes.classes)), np.float32)], [np.empty(0, np.uint8)]
    for truth in truths:
        report(Progress(None))
        try:
            example = make_example(truth, header.classes, header.input, size)
        except LabelError:
            continue
        views = _views(example, size)
        for pixels, label in views:
            found = _sample(network, pixels, label, SAMPLES // images // len(views), device)
            logits.append(found[0])
            channels.append(found[1])
    return np.concatenate(logits), np.concatenate(channels)


def _views(example: Example, size: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Pixels (P, h, w) and channels (h, w): the whole example, or squares around labelled pixels of a larger one."""
    if max(example.channels.shape) <= size:
        return [(to_unit(example.pixels, example.limits), example.channels)]
    places = np.concatenate(list(example.anchors.values()))
    matrices = [centred(place, size) for place in places[:: -(-len(places) // MOST_VIEWS)]]
    return [
        (to_unit(warp_pixels(example.pixels, one, size), example.limits), warp_label(example.channels, one, size))
        for one in matrices
    ]


@torch.no_grad()
def _sample(
    network: torch.nn.Module, pixels: np.ndarray, channels: np.ndarray, count: int, device: torch.device
) -> tuple[np.ndarray, np.ndarray]:
    known = np.flatnonzero(channels.ravel() != UNTOUCHED)
    known = known[np.linspace(0, len(known) - 1, min(count, len(known))).astype(int)]
    planes = pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
    planes = torch.from_numpy(np.ascontiguousarray(planes))[None].to(device)
    with torch.autocast(device.type, torch.bfloat16, computes_in_bfloat16(device)):  # as predictions are computed
        logits = network(planes)[0].flatten(1)
    chosen = logits[:, torch.from_numpy(known).to(device)]
    return chosen.float().T.cpu().numpy(), channels.ravel()[known]
