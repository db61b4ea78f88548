"""Assembly: the arrays of a Prediction, filled in from class probabilities one strip of rows after the other."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from model.errors import CheckpointError
from model.prediction import SCORE_STRIDE

_STRIP = 16 * SCORE_STRIDE
"""Rows that are worked on at once, so that what is needed in between stays small for wide images."""


class Assembly:
    """Label map, confidence and scores of an image of `shape` = (rows, columns); channel i means `values[i]`."""

    def __init__(self, shape: tuple[int, int], values: tuple[int, ...]) -> None:
        self._values = np.array(values, np.uint8)
        self.label_map = np.empty(shape, np.uint8)
        self.confidence = np.empty(shape, np.uint8)
        self.scores = np.empty((len(values), *(-(-side // SCORE_STRIDE) for side in shape)), np.uint8)

    def fill(self, top: int, probabilities: torch.Tensor) -> None:
        """Set the rows from `top`, a multiple of SCORE_STRIDE, on. `probabilities` (C, rows, columns) are on the CPU.

        Raises CheckpointError when they are no numbers.
        """
        for start in range(0, probabilities.shape[1], _STRIP):
            self._fill_strip(top + start, probabilities[:, start : start + _STRIP])

    def _fill_strip(self, top: int, probabilities: torch.Tensor) -> None:
        best, channel = probabilities.max(dim=0)
        if not torch.isfinite(best).all():
            raise CheckpointError(
                "The model's results are no numbers, so its weights are damaged; choose other weights."
            )
        rows = slice(top, top + len(best))
        self.label_map[rows] = self._values[channel.to(torch.uint8).numpy()]
        self.confidence[rows] = _to_bytes(best)
        pooled = F.avg_pool2d(probabilities[None], SCORE_STRIDE, ceil_mode=True)[0]
        first = top // SCORE_STRIDE
        self.scores[:, first : first + pooled.shape[1]] = _to_bytes(pooled)

    def turned(self) -> Assembly:
        """The same with rows and columns swapped."""
        other = Assembly(self.label_map.shape[::-1], tuple(self._values.tolist()))
        other.label_map[:] = self.label_map.T
        other.confidence[:] = self.confidence.T
        other.scores[:] = self.scores.swapaxes(1, 2)
        return other


def _to_bytes(probabilities: torch.Tensor) -> np.ndarray:
    return (probabilities * 255).round_().to(torch.uint8).numpy()
