"""Assembly: the arrays of a Prediction, made from class probabilities on the device they are on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from model.errors import CheckpointError
from model.prediction import SCORE_STRIDE

_STRIP = 16 * SCORE_STRIDE
"""Rows that a CPU works on at once, so that what is needed in between stays small for wide images."""

Summary = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
"""(channel (B, H, W), confidence (B, H, W), scores (B, C, ceil(H/4), ceil(W/4))), all uint8."""


@dataclass(frozen=True, eq=False)
class Arrays:
    """What a Prediction of the same names holds."""

    label_map: np.ndarray
    confidence: np.ndarray
    scores: np.ndarray

    def turned(self) -> Arrays:
        """The same with rows and columns swapped."""
        parts = self.label_map.T, self.confidence.T, self.scores.swapaxes(1, 2)
        return Arrays(*(np.ascontiguousarray(part) for part in parts))

    def checked(self) -> Arrays:
        """Itself. Raises CheckpointError when the probabilities were no numbers: the winner's is never 0 otherwise.

        A number that is none reaches every token that follows, so every eighth row from the last tells.
        """
        if not self.confidence[::-8].min():
            raise CheckpointError(
                "The model's results are no numbers, so its weights are damaged; choose other weights."
            )
        return self


def summarise(probabilities: torch.Tensor) -> Summary:
    """probabilities (B, C, H, W) -> what a Prediction keeps of them. What is no number becomes confidence 0."""
    best, channel = probabilities.max(dim=1)
    scores = F.avg_pool2d(probabilities, SCORE_STRIDE, ceil_mode=True)
    return channel.to(torch.uint8), _to_bytes(best), _to_bytes(scores)


def pack(summary: Summary, values: torch.Tensor | None) -> torch.Tensor:
    """One tensor (B, bytes) to be copied at once; channel i becomes `values[i]`, or stays i where there are none."""
    channel, confidence, scores = summary
    label_map = channel if values is None else values[channel.int()]
    return torch.cat([label_map.flatten(1), confidence.flatten(1), scores.flatten(1)], dim=1)


def unpack(packed: np.ndarray, shape: tuple[int, int], classes: int) -> list[Arrays]:
    """Views of what `pack` made for B images of `shape` (H, W)."""
    height, width = shape
    pixels, coarse = height * width, (classes, -(-height // SCORE_STRIDE), -(-width // SCORE_STRIDE))
    return [
        Arrays(row[:pixels].reshape(shape), row[pixels : 2 * pixels].reshape(shape), row[2 * pixels :].reshape(coarse))
        for row in packed
    ]


class Assembly:
    """Fills the arrays of an image of `shape` = (rows, columns) strip by strip; channel i means `values[i]`."""

    def __init__(self, shape: tuple[int, int], values: tuple[int, ...]) -> None:
        self._values = np.array(values, np.uint8)
        scores = np.empty((len(values), *(-(-side // SCORE_STRIDE) for side in shape)), np.uint8)
        self.arrays = Arrays(np.empty(shape, np.uint8), np.empty(shape, np.uint8), scores)

    def fill(self, top: int, probabilities: torch.Tensor) -> None:
        """Set the rows from `top`, a multiple of SCORE_STRIDE, on, from `probabilities` (C, rows, columns)."""
        rows = _STRIP if probabilities.device.type == "cpu" else probabilities.shape[1]
        for start in range(0, probabilities.shape[1], rows):
            self._fill_strip(top + start, summarise(probabilities[None, :, start : start + rows]))

    def _fill_strip(self, top: int, summary: Summary) -> None:
        channel, confidence, scores = (part[0].cpu().numpy() for part in summary)
        rows, first = slice(top, top + len(channel)), top // SCORE_STRIDE
        self.arrays.label_map[rows] = self._values[channel]
        self.arrays.confidence[rows] = confidence
        self.arrays.scores[:, first : first + scores.shape[1]] = scores


def _to_bytes(probabilities: torch.Tensor) -> torch.Tensor:
    return (probabilities * 255).round_().nan_to_num_(nan=0.0).to(torch.uint8)
