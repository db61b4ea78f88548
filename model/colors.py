"""How different two colours look, to normal and to colour-deficient eyes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

SIGHTS = ("normal", "protanopia", "deuteranopia", "tritanopia")

# Machado, Oliveira, Fernandes: A Physiologically-based Model for Simulation of Color Vision Deficiency,
# IEEE TVCG 15 (2009), supplementary table, severity 1.0; rows act on linear RGB.
_DEFICIENCY = {
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
# IEC 61966-2-1 (sRGB) to CIE XYZ, each row divided by the D65 white point.
_XYZ = np.array(
    (
        (0.4124564, 0.3575761, 0.1804375),
        (0.2126729, 0.7151522, 0.0721750),
        (0.0193339, 0.1191920, 0.9503041),
    )
)
_WHITE = np.array((0.95047, 1.0, 1.08883))
# Of 20 colours the nearest two then differ by 14 to a normal eye (17 with no thought of the others) and by 5 to the others (0.5).
_WEIGHT_OF_DEFICIENT = 3


def suggest_color(used: Sequence[tuple[int, int, int]]) -> tuple[int, int, int]:
    """A colour unlike every one of `used`, see `suggest_colors`."""
    return next(suggest_colors(used))


def suggest_colors(used: Sequence[tuple[int, int, int]]) -> Iterator[tuple[int, int, int]]:
    """Without end the colour of a coarse grid, bright enough for an overlay, that differs most from `used` and those before."""
    steps = np.arange(56, 256, 28)
    grid = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), -1).reshape(-1, 3)
    grid = grid[np.ptp(grid, axis=1) >= 84]
    candidates = {sight: lab(grid, sight) for sight in SIGHTS}
    nearest = np.full(len(grid), np.inf)
    taken = [np.array(color) for color in used]
    while True:
        for color, sight in itertools.product(taken, SIGHTS):
            weight = 1 if sight == "normal" else _WEIGHT_OF_DEFICIENT
            np.minimum(nearest, weight * ciede2000(candidates[sight], lab(color, sight)), out=nearest)
        taken = [grid[int(nearest.argmax())]]
        yield tuple(int(part) for part in taken[0])


def lab(colors: np.ndarray, sight: str = "normal") -> np.ndarray:
    """CIELAB (D65) of sRGB colours (..., 3) in 0..255, as an eye with the given `SIGHTS` sees them."""
    srgb = np.asarray(colors, dtype=np.float64) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    if sight != "normal":
        linear = np.clip(linear @ np.array(_DEFICIENCY[sight]).T, 0, 1)
    xyz = linear @ _XYZ.T / _WHITE
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = np.moveaxis(f, -1, 0)
    return np.stack((116 * y - 16, 500 * (x - y), 200 * (y - z)), axis=-1)


def ciede2000(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Difference of CIELAB colours (..., 3): 1 is just noticeable side by side, 10 is seen at a glance.

    Sharma, Wu, Dalal: The CIEDE2000 Color-Difference Formula, Color Research and Application 30 (2005).
    """
    (l1, a1, b1), (l2, a2, b2) = np.moveaxis(first, -1, 0), np.moveaxis(second, -1, 0)
    chroma = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    stretch = 1.5 - 0.5 * np.sqrt(chroma**7 / (chroma**7 + 25.0**7))
    c1, c2 = np.hypot(stretch * a1, b1), np.hypot(stretch * a2, b2)
    h1, h2 = (np.degrees(np.arctan2(b, stretch * a)) % 360 for a, b in ((a1, b1), (a2, b2)))
    colored = c1 * c2 > 0
    turn = np.where(colored, (h2 - h1 + 180) % 360 - 180, 0)
    hue = np.where(colored, (h1 + ((h2 - h1 + 180) % 360 - 180) / 2) % 360, h1 + h2)
    lightness, chroma = (l1 + l2) / 2, (c1 + c2) / 2
    weight = _hue_weight(hue)
    delta_h = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2))
    term_l = (l2 - l1) / (1 + 0.015 * (lightness - 50) ** 2 / np.sqrt(20 + (lightness - 50) ** 2))
    term_c = (c2 - c1) / (1 + 0.045 * chroma)
    term_h = delta_h / (1 + 0.015 * chroma * weight)
    turned = np.sin(np.radians(60 * np.exp(-(((hue - 275) / 25) ** 2))))
    rotation = -2 * np.sqrt(chroma**7 / (chroma**7 + 25.0**7)) * turned
    return np.sqrt(term_l**2 + term_c**2 + term_h**2 + rotation * term_c * term_h)


def _hue_weight(hue: np.ndarray) -> np.ndarray:
    """T of the formula; `hue` in degrees."""
    return (
        1
        - 0.17 * np.cos(np.radians(hue - 30))
        + 0.24 * np.cos(np.radians(2 * hue))
        + 0.32 * np.cos(np.radians(3 * hue + 6))
        - 0.20 * np.cos(np.radians(4 * hue - 63))
    )
