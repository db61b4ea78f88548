"""Augmentation: one random view of an image and its label map, in its place and shape, and in its light and colours."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass

import numpy as np

from model.development import GRAINS, Look
from model.labels import UNTOUCHED
from model.opencv import cv2

_YIQ = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
"""Red, green and blue as brightness and two axes of colour, as NTSC television had them."""
_RGB = np.linalg.inv(_YIQ)
_FURTHEST = 32_000
"""Pixels: a little less than the longest side that OpenCV can warp from."""


@dataclass(frozen=True)
class Augmentation:
    """How far a view may be from the image. Nothing is ever flipped unless `mirror` says left and right do not matter.

    `scale` bounds the zoom, `rotation` is in degrees either way, `shift` a fraction of the view; `contrast` bounds a
    factor, `brightness` and `noise` (its standard deviation) are in units of the network's input, which is 0..1.
    `aspect` bounds the logarithm of a side over the other, `gamma` that of an exponent; `saturation` a factor, `hue` an
    angle in radians, `gain` the logarithm of a factor of each colour: none of these three for grey images. `gradient`
    bounds how much the light grows or falls from the middle to an edge; `blur` is in pixels, for every second view. `hidden`
    bounds the chance of each block of every second view of a coloured image to be covered. What is covered keeps its labels,
    so that it has to be told by what lies around (Singh and Lee 2017, Hide-and-Seek).
    """

    scale: tuple[float, float] = (0.8, 1.25)
    rotation: float = 15.0
    shift: float = 0.06
    contrast: float = 0.15
    brightness: float = 0.08
    noise: float = 0.03
    mirror: bool = False
    aspect: float = 0.0
    gamma: float = 0.0
    saturation: float = 0.0
    hue: float = 0.0
    gain: float = 0.0
    gradient: float = 0.0
    blur: float = 0.0
    hidden: float = 0.0

    @staticmethod
    def wide(coloured: bool, mirror: bool) -> Augmentation:
        """What training uses: on drives that it has not seen, half of a network's score hung on how far the light goes."""
        shape = {"scale": (0.6, 1.8), "rotation": 8.0} if coloured else {"scale": (0.5, 1.4), "rotation": 15.0}
        light = {"contrast": 0.4, "brightness": 0.2, "gamma": 0.6, "gradient": 0.2, "blur": 1.2}
        colour = {"saturation": 0.6, "hue": 0.25, "gain": 0.25}
        return Augmentation(mirror=mirror, aspect=0.25, **shape, **light, **colour)

    def geometry(self, centre: tuple[float, float], size: int, rng: np.random.Generator) -> np.ndarray:
        """A random matrix (2, 3) from pixels (x, y) of a `size` x `size` view to those of the image around `centre`."""
        # Plain numbers: a view costs the threads little but this, and Python lets only one of them compute at a time.
        least, most = self.scale
        flipped, grown, *chance = rng.random(6).tolist()
        angle, aspect, right, down = (2 * share - 1 for share in chance)
        zoom, angle = least * (most / least) ** grown, math.radians(self.rotation * angle)
        across, along = math.exp(self.aspect * aspect / 2) / zoom, math.exp(-self.aspect * aspect / 2) / zoom
        if self.mirror and flipped < 0.5:
            across = -across
        a, b = across * math.cos(angle), -along * math.sin(angle)
        c, d = across * math.sin(angle), along * math.cos(angle)
        x, y = (((size - 1) / 2 + self.shift * size * way) for way in (right, down))
        return np.array([[a, b, centre[0] - a * x - b * y], [c, d, centre[1] - c * x - d * y]])

    def look(self, limits: tuple[float, float], coloured: bool, rng: np.random.Generator) -> Look:
        """A random look of a view whose `limits` become 0 and 1."""
        bounds = (self.contrast, self.brightness, self.gamma, self.gradient, self.gradient, self.blur, self.noise)
        start, step, *chance = rng.random(2 + len(bounds) + 5).tolist()
        chance = [2 * share - 1 for share in chance]
        contrast, brightness, gamma, right, down, blur, noise = map(operator.mul, chance, bounds)
        colour = Look.colour
        if coloured and (self.saturation or self.hue or self.gain):
            hue, saturation, *gains = chance[len(bounds) :]
            turned = _turned(hue * self.hue, 1 + saturation * self.saturation)
            colour = tuple((turned * [math.exp(gain * self.gain) for gain in gains]).ravel().tolist())
        hidden = max(0.0, self.hidden * (2 * rng.random() - 1)) if coloured and self.hidden else 0.0
        tone = 1 + contrast, brightness, math.exp(gamma), (right, down), max(blur, 0.0), abs(noise)
        return Look(limits, colour, *tone, hidden, (int(start * GRAINS), int(step * GRAINS) | 1))


def _turned(angle: float, factor: float) -> np.ndarray:
    """A matrix (3, 3) of colours: their hue turned about grey by an `angle`, their saturation times a `factor`."""
    cos, sin = factor * math.cos(angle), factor * math.sin(angle)
    return _RGB @ np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]]) @ _YIQ


def centred(centre: tuple[float, float], size: int) -> np.ndarray:
    """The matrix (2, 3) of a view that is not augmented: `size` x `size` pixels around `centre` (x, y)."""
    shift = np.asarray(centre, float) - (size - 1) / 2
    return np.column_stack([np.eye(2), shift])


def warp_pixels(pixels: np.ndarray, matrix: np.ndarray, size: int) -> np.ndarray:
    """The view's pixels, in their own type, uint8 or int16; beyond the border the outermost pixels go on."""
    patch, matrix = _surroundings(pixels, matrix, size)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(patch, matrix, (size, size), flags=flags, borderMode=cv2.BORDER_REPLICATE)


def warp_label(label: np.ndarray, matrix: np.ndarray, size: int, beyond: int = UNTOUCHED) -> np.ndarray:
    """The view's label map, never interpolated; `beyond` the border everything is untouched (255) unless said otherwise."""
    patch, matrix = _surroundings(label, matrix, size)
    flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(patch, matrix, (size, size), flags=flags, borderMode=cv2.BORDER_CONSTANT, borderValue=beyond)


def thinned(label: np.ndarray, levels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The label map without a random part of its pixels: each stays with the chance that `levels` gives, of 255.

    Over many views a pixel thereby weighs as much in the loss as its level says, which no kernel has to know of.
    """
    return np.where(rng.integers(0, 255, label.shape, np.uint8) < levels, label, np.uint8(UNTOUCHED))


def _surroundings(plane: np.ndarray, matrix: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The image, or where OpenCV cannot warp from one so long, the part of it that the view touches."""
    if max(plane.shape[:2]) <= _FURTHEST and plane.flags.c_contiguous:  # else OpenCV would copy all of it each time
        return plane, matrix
    corners = np.array([[0, 0, 1], [size, 0, 1], [0, size, 1], [size, size, 1]]) @ matrix.T
    limits = np.array([plane.shape[1], plane.shape[0]])
    low = np.clip(np.floor(corners.min(axis=0)).astype(int) - 2, 0, limits - 1)
    high = np.clip(np.ceil(corners.max(axis=0)).astype(int) + 3, low + 1, limits)
    patch = np.ascontiguousarray(plane[low[1] : high[1], low[0] : high[0]])
    return patch, matrix - np.column_stack([np.zeros((2, 2)), low])
