"""Augmentation: one random view of an image and its label map, by scale, rotation, brightness and noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model.labels import UNTOUCHED
from model.opencv import cv2


@dataclass(frozen=True)
class Augmentation:
    """How far a view may be from the image. Nothing is ever flipped unless `mirror` says left and right do not matter.

    `scale` bounds the zoom, `rotation` is in degrees either way, `shift` a fraction of the view; `contrast` bounds a
    factor, `brightness` and `noise` (its standard deviation) are in units of the network's input, which is 0..1.
    """

    scale: tuple[float, float] = (0.8, 1.25)
    rotation: float = 15.0
    shift: float = 0.06
    contrast: float = 0.15
    brightness: float = 0.08
    noise: float = 0.03
    mirror: bool = False

    def geometry(self, centre: tuple[float, float], size: int, rng: np.random.Generator) -> np.ndarray:
        """A random matrix (2, 3) from pixels (x, y) of a `size` x `size` view to those of the image around `centre`."""
        zoom = np.exp(rng.uniform(*np.log(self.scale)))
        angle = np.deg2rad(rng.uniform(-self.rotation, self.rotation))
        flip = -1.0 if self.mirror and rng.random() < 0.5 else 1.0
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) / zoom
        turn = turn @ np.diag([flip, 1.0])
        middle = np.full(2, (size - 1) / 2) + rng.uniform(-self.shift, self.shift, 2) * size
        return np.column_stack([turn, np.asarray(centre) - turn @ middle])

    def intensity(self, view: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The view (float32, 0..1) with a random contrast, brightness and noise; still within 0..1."""
        factor = 1 + rng.uniform(-self.contrast, self.contrast)
        offset = rng.uniform(-self.brightness, self.brightness)
        changed = np.empty((view.shape[0], view.size // view.shape[0]), np.float32)
        cv2.setRNGSeed(int(rng.integers(1 << 31)))  # this thread's own; five times as fast as numpy's generator
        cv2.randn(changed, 0.5 - 0.5 * factor + offset, rng.uniform(0, self.noise))
        cv2.scaleAdd(view.reshape(changed.shape), factor, changed, changed)
        return np.clip(changed, 0, 1, out=changed).reshape(view.shape)


def centred(centre: tuple[float, float], size: int) -> np.ndarray:
    """The matrix (2, 3) of a view that is not augmented: `size` x `size` pixels around `centre` (x, y)."""
    shift = np.asarray(centre, float) - (size - 1) / 2
    return np.column_stack([np.eye(2), shift])


def warp_pixels(pixels: np.ndarray, matrix: np.ndarray, size: int) -> np.ndarray:
    """The view's pixels, as uint8 or float32; beyond the border the outermost pixels go on."""
    patch, matrix = _surroundings(pixels, matrix, size)
    if patch.dtype != np.uint8:
        patch = patch.astype(np.float32)  # OpenCV takes more than twice as long for int16
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(patch, matrix, (size, size), flags=flags, borderMode=cv2.BORDER_REPLICATE)


def warp_label(label: np.ndarray, matrix: np.ndarray, size: int) -> np.ndarray:
    """The view's label map, never interpolated; beyond the border everything is untouched (255)."""
    patch, matrix = _surroundings(label, matrix, size)
    flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(
        patch, matrix, (size, size), flags=flags, borderMode=cv2.BORDER_CONSTANT, borderValue=UNTOUCHED
    )


def thinned(label: np.ndarray, levels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The label map without a random part of its pixels: each stays with the chance that `levels` gives, of 255.

    Over many views a pixel thereby weighs as much in the loss as its level says, which no kernel has to know of.
    """
    return np.where(rng.integers(0, 255, label.shape, np.uint8) < levels, label, np.uint8(UNTOUCHED))


def _surroundings(plane: np.ndarray, matrix: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The part of the image that the view touches, because OpenCV cannot warp from sides above 32767 pixels."""
    corners = np.array([[0, 0, 1], [size, 0, 1], [0, size, 1], [size, size, 1]]) @ matrix.T
    limits = np.array([plane.shape[1], plane.shape[0]])
    low = np.clip(np.floor(corners.min(axis=0)).astype(int) - 2, 0, limits - 1)
    high = np.clip(np.ceil(corners.max(axis=0)).astype(int) + 3, low + 1, limits)
    patch = np.ascontiguousarray(plane[low[1] : high[1], low[0] : high[0]])
    return patch, matrix - np.column_stack([np.zeros((2, 2)), low])
