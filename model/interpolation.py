"""Weight interpolation: what a fine-tuning publishes lies between the weights it began with and those it came to, so that less is
forgotten (Wortsman et al. 2022, Robust fine-tuning of zero-shot models).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

START_SHARE, START_SHARE_ON_CPU = 0.5, 0.3
"""How much stays of a model that knows the classes and has learned from other folders' images. Fine-tuned on the first 5 and
10 images of another drive on a GPU, two seeds, and on 20, one seed, its own drive lost 2.0 to 3.1 points of mIoU with nothing
kept, and 0.7 at most with half; on the new drive five images gained 0.2 and 1.2 more with it, ten and twenty 0.3 to 0.6 less.
With 0.3 the old drive lost up to 1.5. On a CPU, which takes fewer steps, five images, one run: 0.5 lost with 0.3 instead of
3.3 with nothing, and 13.2 instead of 13.1 gained; with half 0.2 and 11.7 gained.
"""
MOST_LOST, DOUBT = 0.02, 0.06
"""Nothing is kept where the held-out images' mean Dice would be better without by more than MOST_LOST and DOUBT by their number:
chosen, not tuned. A model that had hardly learned anything (mIoU 25) gained 2.8 to 3.6 points with half of it kept, and 4.6 to
8.1 without. Of a good one (54.5), fine-tuned on eight images of another drive, two held-out ones said 0.708 without and 0.681
with half; fine-tuned on ten, it scored 60.0 either way on that drive's last part, and on its own 51.8 without and 56.4 with half.
"""


def costs_too_much(kept: float | None, free: float | None, images: int) -> bool:
    """Whether to keep nothing of the start, by the mean Dice (0..1) with its share and without of so many held-out `images`, one
    at least; None where no class was to be found.
    """
    return (free or 0.0) > (kept or 0.0) + MOST_LOST + DOUBT / images


def interpolated(
    first: Mapping[str, np.ndarray], last: Mapping[str, np.ndarray], share: float
) -> dict[str, np.ndarray]:
    """The `last` weights with this share (0..1) of the `first` ones, of the same names and shapes; integers are the last's."""
    return {name: _between(first[name], one, share) for name, one in last.items()}


def _between(first: np.ndarray, last: np.ndarray, share: float) -> np.ndarray:
    return last + last.dtype.type(share) * (first - last) if np.issubdtype(last.dtype, np.floating) else last
