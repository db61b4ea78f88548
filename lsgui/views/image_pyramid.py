"""The open image at full size and its halves, made beside the window's thread when the image is large."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject, Signal

from lsgui.jobs import JobRunner
from lsgui.rendering import pyramid
from model.messages import Message

SMALL = 1_500_000
"""Pixels up to which the halves are made at once: a few milliseconds."""


class ImagePyramid(QObject):
    """`levels` is never empty while an image is set; until `refined` it may end in coarse, picked-out levels."""

    refined = Signal()

    def __init__(self, jobs: JobRunner, parent: QObject) -> None:
        super().__init__(parent)
        self.levels: list[np.ndarray] = []
        self._jobs = jobs

    def set_pixels(self, pixels: np.ndarray | None) -> None:
        if pixels is None:
            self.levels = []
        elif self.levels and self.levels[0] is pixels:
            return
        elif pixels.shape[0] * pixels.shape[1] <= SMALL:
            self.levels = pyramid(pixels)
        else:
            self.levels = _picked_out(pixels)
            title = Message("Preparing the image")
            self._jobs.submit("display", title, lambda report: pyramid(pixels), self._take, quiet=True)

    def _take(self, levels: list[np.ndarray]) -> None:
        if self.levels and self.levels[0] is levels[0]:
            self.levels = levels
            self.refined.emit()


def _picked_out(pixels: np.ndarray, smallest: int = 1024) -> list[np.ndarray]:
    """Every second pixel of every second row, and so on: views that cost nothing."""
    levels = [pixels]
    while max(levels[-1].shape[:2]) > smallest:
        levels.append(levels[-1][::2, ::2])
    return levels
