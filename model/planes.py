"""Planes: measured pixels as the network's input, on the device they are on; the numbers of `input_range.to_unit`."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F

from model.opencv import cv2


def limits_tensor(limits: Sequence[tuple[float, float]]) -> np.ndarray:
    """(B, 2) float32: the value that becomes 0, and by what the difference to it is multiplied."""
    return np.array([(low, 1 / (high - low)) for low, high in limits], np.float32)


def unit_planes(pixels: torch.Tensor, limits: torch.Tensor) -> torch.Tensor:
    """pixels (B, H, W) or (B, H, W, 3) of any type, `limits` of `limits_tensor` -> (B, 1 or 3, H, W) float32 in 0..1.

    What is not a number becomes 0.
    """
    low, scale = limits[:, :, None, None, None].unbind(1)
    scaled = _floats(as_planes(pixels)) - low
    return scaled.mul_(scale).clamp_(0, 1).nan_to_num_(nan=0.0)


def as_planes(pixels: torch.Tensor) -> torch.Tensor:
    """(B, H, W) or (B, H, W, 3) -> a view (B, 1 or 3, H, W)."""
    return pixels[:, None] if pixels.dim() == 3 else pixels.permute(0, 3, 1, 2)


class Zoom:
    """Planes (B, P, H, W) float32 of one size at another: averaged when they become fewer, linear when more."""

    def __init__(self, found: tuple[int, int], shape: tuple[int, int], device: torch.device) -> None:
        self.found, self.shape = found, shape
        self._matrices = None
        if device.type != "cpu" and found != shape:
            self._matrices = tuple(
                torch.from_numpy(resizing(*sides)).to(device) for sides in zip(found, shape, strict=True)
            )

    def __call__(self, planes: torch.Tensor) -> torch.Tensor:
        if self.found == self.shape:
            return planes
        if self._matrices is None:
            return self._by_opencv(planes)
        down, across = self._matrices
        return down @ planes.contiguous() @ across.T

    def _by_opencv(self, planes: torch.Tensor) -> torch.Tensor:
        way = cv2.INTER_AREA if max(self.shape) < max(self.found) else cv2.INTER_LINEAR
        images = planes.flatten(0, 1).numpy()
        resized = np.stack([cv2.resize(image, self.shape[::-1], interpolation=way) for image in images])
        return torch.from_numpy(resized).unflatten(0, planes.shape[:2])

    def back(self, probabilities: torch.Tensor) -> torch.Tensor:
        """(B, C, h, w) of the zoomed image at the size of the image itself."""
        if self.found == self.shape:
            return probabilities
        resized = functools.partial(F.interpolate, mode="bilinear", antialias=max(self.found) < max(self.shape))
        if self.found[1] > 1:
            return resized(probabilities, self.found)
        # A single column lies down meanwhile: on a CPU PyTorch 2.13 gives all pixels of one what its first has.
        lying = resized(probabilities.mT, (1, self.shape[0]))
        return resized(lying, (1, self.found[0])).mT


def resizing(source: int, target: int) -> np.ndarray:
    """The matrix (target, source) float32 by which OpenCV's INTER_AREA shrinks and INTER_LINEAR enlarges one axis."""
    if target <= source:
        edges = np.arange(target + 1) * (source / target)
        cells = np.arange(source)
        shared = np.minimum(edges[1:, None], cells + 1) - np.maximum(edges[:-1, None], cells)
        weights = np.maximum(shared, 0)
        return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    centre = np.clip((np.arange(target) + 0.5) * (source / target) - 0.5, 0, source - 1)
    before = np.minimum(centre.astype(np.intp), max(source - 2, 0))
    weights = np.zeros((target, source))
    weights[np.arange(target), before] = 1 - (centre - before)
    weights[np.arange(target), np.minimum(before + 1, source - 1)] += centre - before
    return weights.astype(np.float32)


def _floats(values: torch.Tensor) -> torch.Tensor:
    """PyTorch has few operations for uint16: its bits are read as int16, and what became negative is put right."""
    if values.dtype == torch.uint16:
        return (values.view(torch.int16).to(torch.int32) & 0xFFFF).float()
    return values.float()
