"""Street scenes of toy size, in the folders that CamVid has."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from model.opencv import cv2


def write_streets(folder: Path, drives: Iterable[str], frames: int) -> Path:
    """Drives of 40 x 32 pixels: a bright square of class 1 on class 0, with a stripe of void (11). Returns the folder."""
    rng = np.random.default_rng(0)
    for part in ("images", "labels"):
        (folder / part).mkdir(parents=True)
    for drive in drives:
        for frame in range(frames):
            pixels, label = rng.integers(0, 60, (32, 40, 3), np.uint8), np.zeros((32, 40), np.uint8)
            x, y = rng.integers(4, 20, 2)
            pixels[y : y + 12, x : x + 12] += 150
            label[y : y + 12, x : x + 12] = 1
            label[:, -2:] = 11
            for part, array in (("images", pixels), ("labels", label)):
                path = folder / part / f"{drive}_{frame:05d}.png"
                path.write_bytes(cv2.imencode(".png", array)[1].tobytes())
    return folder
