"""Large images in tiles at their own scale, blended where the tiles overlap."""

from __future__ import annotations

import numpy as np
import torch

from model.assembly import Arrays, Assembly
from model.inference import Inference, Limits
from model.messages import Message
from model.progress import Progress, Report
from model.tiling import Grid


def predict_tiles(
    inference: Inference,
    values: tuple[int, ...],
    pixels: np.ndarray,
    limits: Limits,
    tile: int,
    batch: int,
    report: Report,
) -> Arrays:
    """pixels (H, W) or (H, W, 3) of any type; `tile` is a tile's side, `batch` how many go through at once.

    Only the scores of one row of tiles are held, 235 MB for a width of 8192 and 14 classes. So the shorter side is laid
    across, and each tile is turned upright for the network.
    """
    if pixels.shape[0] >= pixels.shape[1]:
        return _Tiles(inference, values, pixels, limits, tile, batch, turned=False).predict(report)
    turned = pixels.swapaxes(0, 1)
    return _Tiles(inference, values, turned, limits, tile, batch, turned=True).predict(report).turned()


class _Tiles:
    """One image on its way."""

    def __init__(
        self,
        inference: Inference,
        values: tuple[int, ...],
        pixels: np.ndarray,
        limits: Limits,
        tile: int,
        batch: int,
        turned: bool,
    ) -> None:
        self._inference, self._pixels, self._limits = inference, pixels, limits
        self._turned = turned
        self._grid = Grid.over(pixels.shape[:2], tile)
        across = len(self._grid.lefts)
        self._batch = -(-across // -(-across // batch))  # as many each time, so that none is filled up with nothing
        self._assembly = Assembly(pixels.shape[:2], values)
        device, (rows, columns) = inference.device, self._grid.tile
        with inference.on_device():  # in the order of what reads it, and its memory goes back to there
            self._across = torch.from_numpy(self._grid.across).to(device)
            self._down = torch.from_numpy(self._grid.down).to(device)
            self._band = torch.zeros(len(values), rows, self._grid.lefts[-1] + columns, device=device)

    def predict(self, report: Report) -> Arrays:
        """One row of tiles after the other."""
        tops = self._grid.tops
        for index, top in enumerate(tops):
            for first in range(0, len(self._grid.lefts), self._batch):
                done = (index + first / len(self._grid.lefts)) / len(tops)
                report(Progress(done, Message("Segmenting")))
                with self._inference.on_device():
                    self._add(index, first)
            with self._inference.on_device():
                self._finish(top, (tops[index + 1] if index + 1 < len(tops) else len(self._pixels)) - top)
        report(Progress(1.0, Message("Segmenting")))
        return self._assembly.arrays.checked()

    def _add(self, row: int, first: int) -> None:
        """Some tiles of a row onto the band."""
        lefts, columns = self._grid.lefts[first : first + self._batch], self._grid.tile[1]
        crops = [_crop(self._pixels, self._grid.tops[row], left, self._grid.tile) for left in lefts]
        if self._turned:
            crops = [crop.swapaxes(0, 1) for crop in crops]
        scores = self._inference.probabilities(crops, self._limits, self._batch, self._turned)
        for number, left in enumerate(lefts):
            weights = self._down[row, :, None] * self._across[first + number]
            self._band[:, :, left : left + columns].addcmul_(scores[number], weights)

    def _finish(self, top: int, rows: int) -> None:
        """The band's upper rows, which no later tile reaches, become results; the rest moves up."""
        self._assembly.fill(top, self._band[:, :rows, : self._pixels.shape[1]])
        overlap = self._band[:, rows:].clone()
        self._band.zero_()[:, : overlap.shape[1]] = overlap


def _crop(pixels: np.ndarray, top: int, left: int, shape: tuple[int, int]) -> np.ndarray:
    """A tile; what reaches beyond the image repeats its last row or column."""
    crop = pixels[top : top + shape[0], left : left + shape[1]]
    beyond = [(0, full - got) for full, got in zip(shape, crop.shape, strict=False)]
    return np.pad(crop, beyond + [(0, 0)] * (crop.ndim - 2), mode="edge")
